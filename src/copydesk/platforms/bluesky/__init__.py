"""Bluesky: posts and threads on the AT Protocol, on Bluesky's servers or any other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from copydesk.core.account import Account
from copydesk.core.delivery import Delivery, Rendition
from copydesk.core.findings import Finding
from copydesk.platforms.kit.auth import AppPassword, AuthKind
from copydesk.platforms.kit.contract import Client, Platform, Session, Setting, Subject
from copydesk.platforms.kit.forms import form_setting
from copydesk.platforms.kit.manifest import Manifest, read_manifest

#: Where accounts are unless they say otherwise.
HOME = "https://bsky.social"


class Bluesky(Platform):
    """Posts and threads on the AT Protocol."""

    name: ClassVar[str] = "bluesky"
    manifest: ClassVar[Manifest] = read_manifest(__name__)
    host_setting: ClassVar[str] = "base_url"
    auth: ClassVar[tuple[AuthKind, ...]] = (AppPassword(),)
    settings: ClassVar[tuple[Setting, ...]] = (
        Setting(
            key="identifier",
            help="the handle, such as ada.example.org",
            required=True,
            example="ada.example.org",
        ),
        Setting(
            key="app_password",
            help="an app password (Settings, Privacy and security)",
            required=True,
            secret=True,
        ),
        Setting(key="base_url", help="the server the account is on", default=HOME),
        form_setting(manifest),
        Setting(key="language", help="BCP 47 tag for posts that name no language"),
    )

    def render(self, subject: Subject, account: Account, recipient: str = "") -> Rendition:
        """Return the post or the thread; see `render.py`."""
        from copydesk.platforms.bluesky.render import render

        return render(subject, account, self.limits(account))

    def validate(self, rendition: Rendition, account: Account) -> list[Finding]:
        """Return everything the server would refuse; see `validate.py`."""
        from copydesk.platforms.bluesky.validate import validate

        return validate(rendition, self.limits(account))

    def connect(self, session: Session) -> Client:
        """Return a client for the account's server."""
        from copydesk.platforms.bluesky.client import BlueskyClient

        return BlueskyClient(session, timeout=self.manifest.timeout, paces=self.manifest.pace)

    def remote_id(self, url: str, account: Account, delivery: Delivery) -> str:
        """Return the `at://` address of the post that `url`, a page of any app, shows.

        Pages may name the author by handle; that is as good a name, since only the record key is
        asked of the account's own server.
        """
        from copydesk.platforms.bluesky.addresses import read_name

        name = read_name(url)
        return name.uri if name else ""

    def check_settings(
        self, settings: Mapping[str, str], secrets: Mapping[str, str]
    ) -> list[Finding]:
        """Return what is wrong with the server and the handle, besides what is declared."""
        from copydesk.platforms.bluesky.settings import check_account

        return [*super().check_settings(settings, secrets), *check_account(settings)]


PLATFORM = Bluesky()

__all__ = ["HOME", "PLATFORM", "Bluesky"]
