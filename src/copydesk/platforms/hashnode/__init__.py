"""Hashnode: posts in a Hashnode publication, over its GraphQL API."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import ClassVar, Final
from urllib.parse import urlsplit

from copydesk.core.account import Account
from copydesk.core.delivery import Delivery, Rendition
from copydesk.core.findings import Finding
from copydesk.platforms.kit.contract import Client, Platform, Session, Setting, Subject
from copydesk.platforms.kit.manifest import Manifest, read_manifest
from copydesk.platforms.kit.public_files import IMAGES_URL_HELP
from copydesk.platforms.kit.titles import check_title

#: The endpoint. The earlier gql.hashnode.com only redirects to a notice since May 2026.
ENDPOINT: Final = "https://gql-beta.hashnode.com"

#: The page of a post's discussion, the one address that has the post's id in it.
_DISCUSSION: Final = re.compile(r"/posts/[^/]+/(?P<id>[0-9a-f]{24})")

YES_NO: Final = ("no", "yes")


class Hashnode(Platform):
    """Posts in a Hashnode publication."""

    name: ClassVar[str] = "hashnode"
    manifest: ClassVar[Manifest] = read_manifest(__name__)
    host_setting: ClassVar[str] = "base_url"
    settings: ClassVar[tuple[Setting, ...]] = (
        Setting(
            key="access_token",
            help="a personal access token: Account Settings, Developer",
            required=True,
            secret=True,
        ),
        Setting(
            key="publication",
            help="the publication: blog.example.com, NAME for NAME.hashnode.dev, or its id",
            required=True,
        ),
        Setting(
            key="newsletter",
            help="whether posts are mailed to subscribers; always sent explicitly",
            default="no",
            choices=YES_NO,
        ),
        Setting(
            key="table_of_contents",
            help="whether posts show a table of contents",
            default="no",
            choices=YES_NO,
        ),
        Setting(key="base_url", help="the GraphQL endpoint", default=ENDPOINT),
        Setting(key="images_url", help=f"for images Hashnode does not take: {IMAGES_URL_HELP}"),
    )

    def render(self, subject: Subject, account: Account, recipient: str = "") -> Rendition:
        """Return the post; see `render.py`."""
        from copydesk.platforms.hashnode.render import render

        return render(subject, account)

    def validate(self, rendition: Rendition, account: Account) -> list[Finding]:
        """Return everything Hashnode would refuse; see `validate.py`."""
        from copydesk.platforms.hashnode.validate import validate

        title = rendition.payload["title"]
        return [*check_title(title, self.manifest), *validate(rendition, self.limits(account))]

    def connect(self, session: Session) -> Client:
        """Return a client for the account's publication."""
        from copydesk.platforms.hashnode.client import HashnodeClient

        return HashnodeClient(session, timeout=self.manifest.timeout, paces=self.manifest.pace)

    def host(self, account: Account) -> str:
        """Return the endpoint's host."""
        return super().host(account) or urlsplit(ENDPOINT).netloc

    def remote_id(self, url: str, account: Account, delivery: Delivery) -> str:
        """Return the post's id in the address of its discussion on hashnode.com.

        The address on the publication's own host names the post by its slug alone.
        """
        found = urlsplit(url)
        if found.hostname not in {"hashnode.com", "www.hashnode.com"}:
            return ""
        match = _DISCUSSION.match(found.path)
        return match["id"] if match else ""

    def check_settings(
        self, settings: Mapping[str, str], secrets: Mapping[str, str]
    ) -> list[Finding]:
        """Return what is wrong with addresses and publication, besides what is declared."""
        from copydesk.platforms.hashnode.settings import check_hashnode

        return [*super().check_settings(settings, secrets), *check_hashnode(settings)]


PLATFORM = Hashnode()

__all__ = ["ENDPOINT", "PLATFORM", "Hashnode"]
