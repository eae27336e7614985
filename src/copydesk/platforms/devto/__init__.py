"""dev.to: articles on dev.to and on every other Forem."""

from __future__ import annotations

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

DEV: Final = "https://dev.to"


class Devto(Platform):
    """Articles on dev.to and on every other Forem."""

    name: ClassVar[str] = "devto"
    manifest: ClassVar[Manifest] = read_manifest(__name__)
    host_setting: ClassVar[str] = "base_url"
    settings: ClassVar[tuple[Setting, ...]] = (
        Setting(
            key="api_key",
            help="an API key: Settings, Extensions, DEV Community API Keys",
            required=True,
            secret=True,
        ),
        Setting(key="base_url", help="the Forem; dev.to unless said otherwise", default=DEV),
        Setting(key="organization_id", help="number of the organization to publish under"),
        Setting(key="images_url", help=IMAGES_URL_HELP),
    )

    def render(self, subject: Subject, account: Account, recipient: str = "") -> Rendition:
        """Return the article; see `render.py`."""
        from copydesk.platforms.devto.render import render

        return render(subject, account)

    def validate(self, rendition: Rendition, account: Account) -> list[Finding]:
        """Return everything the Forem would refuse; see `validate.py`."""
        from copydesk.platforms.devto.validate import validate

        title = rendition.payload["article"]["title"]
        return [*check_title(title, self.manifest), *validate(rendition, self.limits(account))]

    def connect(self, session: Session) -> Client:
        """Return a client for the account's Forem."""
        from copydesk.platforms.devto.client import DevtoClient

        return DevtoClient(session, timeout=self.manifest.timeout, paces=self.manifest.pace)

    def host(self, account: Account) -> str:
        """Return the Forem's host."""
        return super().host(account) or urlsplit(DEV).netloc

    def remote_id(self, url: str, account: Account, delivery: Delivery) -> str:
        """Return the number of the draft that was made for `delivery`: publishing keeps it.

        An address there names the article by its slug alone; one on another host is none of ours.
        """
        if url and urlsplit(url).hostname != self.host(account):
            return ""
        return str(delivery.handles.get("article_id", ""))

    def check_settings(
        self, settings: Mapping[str, str], secrets: Mapping[str, str]
    ) -> list[Finding]:
        """Return what is wrong with addresses and organization, besides what is declared."""
        from copydesk.platforms.devto.settings import check_forem

        return [*super().check_settings(settings, secrets), *check_forem(settings)]


PLATFORM = Devto()

__all__ = ["DEV", "PLATFORM", "Devto"]
