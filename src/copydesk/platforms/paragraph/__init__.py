"""Paragraph: posts and newsletters of a publication on paragraph.com."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from copydesk.core.account import Account
from copydesk.core.delivery import Delivery, Rendition
from copydesk.core.findings import Finding
from copydesk.platforms.kit.base_url import check_base_url
from copydesk.platforms.kit.contract import Client, Platform, Session, Setting, Subject
from copydesk.platforms.kit.manifest import Idempotency, Manifest, Reconcile, read_manifest
from copydesk.platforms.kit.public_files import IMAGES_URL_HELP, check_images_url

#: When a post is mailed: not at all, where the post itself asks for it, or always.
NEWSLETTERS = ("never", "when asked", "always")


def _may_mail(account: Account) -> bool:
    return account.settings.get("newsletter", "never") != "never"


class Paragraph(Platform):
    """Posts and newsletters of a publication on paragraph.com."""

    name: ClassVar[str] = "paragraph"
    manifest: ClassVar[Manifest] = read_manifest(__name__)
    host_setting: ClassVar[str] = "base_url"
    settings: ClassVar[tuple[Setting, ...]] = (
        Setting(
            key="api_key",
            help="the publication's API key (its settings, Developer)",
            required=True,
            secret=True,
        ),
        Setting(
            key="base_url",
            help="the server of the API",
            default="https://public.api.paragraph.com",
        ),
        Setting(
            key="newsletter",
            help="whether a new post is mailed to the subscribers; said with every call",
            default="never",
            choices=NEWSLETTERS,
        ),
        Setting(
            key="removal",
            help="what taking down does: delete for good, or keep it as a draft",
            default="delete",
            choices=("delete", "draft"),
        ),
        Setting(key="images_url", help=IMAGES_URL_HELP),
        Setting(
            key="credit",
            help="the line that names the canonical page ({url}); none leaves it out",
            default="Originally published at {url}",
        ),
        Setting(key="author_ids", help="user ids to credit as authors, comma-separated"),
    )

    def render(self, subject: Subject, account: Account, recipient: str = "") -> Rendition:
        """Return the post with its body as Markdown; see `render.py`."""
        from copydesk.platforms.paragraph.render import render

        return render(subject, account, self.limits(account))

    def validate(self, rendition: Rendition, account: Account) -> list[Finding]:
        """Return everything Paragraph would refuse, and what it must not be told."""
        from copydesk.platforms.paragraph.validate import validate

        return validate(rendition, account, self.limits(account))

    def connect(self, session: Session) -> Client:
        """Return a client for the account's publication."""
        from copydesk.platforms.paragraph.client import ParagraphClient

        return ParagraphClient(session, timeout=self.manifest.timeout, paces=self.manifest.pace)

    def idempotency(self, account: Account) -> Idempotency:
        """Return that publishing a draft again changes nothing, unless it may send mails: what may
        have been mailed is never repeated."""
        return Idempotency.NONE if _may_mail(account) else self.manifest.idempotency

    def reconcile(self, account: Account) -> Reconcile:
        """Return that a draft proves nothing about a mailing, which may be under way."""
        return self.manifest.reconcile.model_copy(update={"absence": not _may_mail(account)})

    def remote_id(self, url: str, account: Account, delivery: Delivery) -> str:
        """Return the id of the draft that was made for `delivery`: an address does not hold one."""
        return str(delivery.handles.get("post_id", ""))

    def check_settings(
        self, settings: Mapping[str, str], secrets: Mapping[str, str]
    ) -> list[Finding]:
        """Return what is wrong with the addresses, besides what is declared."""
        return [
            *super().check_settings(settings, secrets),
            *check_base_url(settings, "https://public.api.paragraph.com"),
            *check_images_url(settings),
        ]


PLATFORM = Paragraph()

__all__ = ["NEWSLETTERS", "PLATFORM", "Paragraph"]
