"""Site: a complete static website in a folder, with pages, feeds, sitemap and images."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from copydesk.core.account import Account
from copydesk.core.delivery import Delivery, Rendition
from copydesk.core.findings import Finding
from copydesk.platforms.kit.contract import Client, Platform, Session, Setting, Subject
from copydesk.platforms.kit.manifest import Manifest, read_manifest


class Site(Platform):
    """A complete static website in a folder."""

    name: ClassVar[str] = "site"
    manifest: ClassVar[Manifest] = read_manifest(__name__)
    settings: ClassVar[tuple[Setting, ...]] = (
        Setting(
            key="path",
            help="the folder the site is written to",
            required=True,
            is_path=True,
            example="site",
        ),
        Setting(
            key="url",
            help="the address the folder is served at, https://…",
            required=True,
            example="https://example.org",
        ),
        Setting(key="title", help="the name of the site; its host name without one"),
        Setting(key="description", help="one sentence about the site, for feeds and searches"),
        Setting(key="language", help="language tag of the site, such as en-GB", default="en"),
        Setting(key="author", help="who writes when a post names nobody"),
        Setting(key="posts_per_page", help="posts on a list page, 1 to 100", default="10"),
    )

    def render(self, subject: Subject, account: Account, recipient: str = "") -> Rendition:
        """Return the post as page data; see `render.py`."""
        from copydesk.platforms.site.render import render

        return render(subject, account)

    def validate(self, rendition: Rendition, account: Account) -> list[Finding]:
        """Return what keeps the post from being a good page: limits, images, types."""
        from copydesk.platforms.site.render import validate

        return validate(rendition, self.limits(account))

    def connect(self, session: Session) -> Client:
        """Return the client that writes the folder."""
        from copydesk.platforms.site.client import SiteClient

        return SiteClient(session)

    def remote_id(self, url: str, account: Account, delivery: Delivery) -> str:
        """Return the post's own id, by which the site keeps it; "" for a page that is elsewhere."""
        base = account.settings["url"].rstrip("/")
        return delivery.post_id if not url or url.startswith(f"{base}/posts/") else ""

    def check_settings(
        self, settings: Mapping[str, str], secrets: Mapping[str, str]
    ) -> list[Finding]:
        """Return what is wrong with the address, the language and the numbers."""
        from copydesk.platforms.site.config import check_values

        return [*super().check_settings(settings, secrets), *check_values(settings)]


PLATFORM = Site()

__all__ = ["PLATFORM", "Site"]
