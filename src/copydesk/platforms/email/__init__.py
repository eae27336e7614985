"""Newsletters and replies by SMTP."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from copydesk.core.account import Account
from copydesk.core.delivery import Rendition
from copydesk.core.findings import Finding
from copydesk.core.post import Content
from copydesk.platforms.email.settings import SETTINGS, check, recipients_of
from copydesk.platforms.kit.contract import Client, Platform, Session, Setting, Subject
from copydesk.platforms.kit.forms import check_form, form_setting
from copydesk.platforms.kit.manifest import Manifest, read_manifest


class Email(Platform):
    """One letter to each recipient."""

    name: ClassVar[str] = "email"
    manifest: ClassVar[Manifest] = read_manifest(__name__)
    host_setting: ClassVar[str] = "smtp"
    settings: ClassVar[tuple[Setting, ...]] = (*SETTINGS, form_setting(manifest))

    def recipients(self, account: Account, content: Content) -> tuple[str, ...]:
        """Return who gets a letter: the list's addresses, or whom the post answers.

        A reply without an address gives `("",)`, which `validate` refuses: it must not vanish.
        """
        if account.settings.get("mode") == "reply":
            return (content.reply_to.address if content.reply_to else "",)
        return recipients_of(account.settings) or ("",)

    def render(self, subject: Subject, account: Account, recipient: str = "") -> Rendition:
        """Return the letter for one recipient."""
        from copydesk.platforms.email.render import render

        return render(subject, account, recipient)

    def validate(self, rendition: Rendition, account: Account) -> list[Finding]:
        """Return what a mail server would refuse and what readers would not see."""
        from copydesk.platforms.email.validate import validate

        wanted = {"form": rendition.payload["form"]}
        return [*validate(rendition, self.limits(account)), *check_form(self.manifest, wanted)]

    def connect(self, session: Session) -> Client:
        """Return the client; it connects on first use."""
        from copydesk.platforms.email.client import EmailClient

        return EmailClient(session)

    def check_settings(
        self, settings: Mapping[str, str], secrets: Mapping[str, str]
    ) -> list[Finding]:
        """Return what is wrong with the settings; contacts nobody."""
        return super().check_settings(settings, secrets) + check(settings, secrets)


PLATFORM = Email()
