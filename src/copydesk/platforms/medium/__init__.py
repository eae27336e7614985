"""Medium: stories over its legacy API, which is closed to new integrations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from copydesk.core.account import Account
from copydesk.core.delivery import Delivery, Rendition
from copydesk.core.findings import Finding
from copydesk.platforms.kit.contract import Client, Platform, Session, Setting, Subject
from copydesk.platforms.kit.manifest import Manifest, read_manifest
from copydesk.platforms.kit.public_files import IMAGES_URL_HELP

BASE_URL = "https://api.medium.com"

#: What a story can be; a draft is seen by nobody but its author.
STATES = ("draft", "public", "unlisted")

FORMATS = ("markdown", "html")

LICENSES = (
    "all-rights-reserved",
    "cc-40-by",
    "cc-40-by-sa",
    "cc-40-by-nd",
    "cc-40-by-nc",
    "cc-40-by-nc-nd",
    "cc-40-by-nc-sa",
    "cc-40-zero",
    "public-domain",
)


class Medium(Platform):
    """Stories of a person, or in a publication they write for."""

    name: ClassVar[str] = "medium"
    manifest: ClassVar[Manifest] = read_manifest(__name__)
    host_setting: ClassVar[str] = "base_url"
    settings: ClassVar[tuple[Setting, ...]] = (
        Setting(key="base_url", help="the API, or a compatible server", default=BASE_URL),
        Setting(
            key="access_token",
            help="an integration token you still have; Medium issues no new ones",
            required=True,
            secret=True,
        ),
        Setting(
            key="publish_status",
            help="what a story is made as; always sent explicitly",
            default="draft",
            choices=STATES,
        ),
        Setting(key="publication", help="id of a publication to post to; writers make drafts"),
        Setting(key="format", help="what stories are sent as", default="markdown", choices=FORMATS),
        Setting(
            key="license",
            help="the license of stories",
            default="all-rights-reserved",
            choices=LICENSES,
        ),
        Setting(
            key="notify_followers",
            help="whether Medium tells followers of a public story",
            default="no",
            choices=("no", "yes"),
        ),
        Setting(
            key="images",
            help="upload a post's images to Medium, or let it fetch them where they are public",
            default="upload",
            choices=("upload", "fetch"),
        ),
        Setting(key="images_url", help=IMAGES_URL_HELP),
    )

    def render(self, subject: Subject, account: Account, recipient: str = "") -> Rendition:
        """Return the story; see `render.py` for what Medium cannot show."""
        from copydesk.platforms.medium.render import render

        return render(subject, account, self.limits(account))

    def validate(self, rendition: Rendition, account: Account) -> list[Finding]:
        """Return everything Medium would refuse or ignore; see `validate.py`."""
        from copydesk.platforms.medium.validate import validate

        return validate(rendition, self.limits(account))

    def connect(self, session: Session) -> Client:
        """Return a client for the account."""
        from copydesk.platforms.medium.client import MediumClient

        return MediumClient(session, timeout=self.manifest.timeout, paces=self.manifest.pace)

    def remote_id(self, url: str, account: Account, delivery: Delivery) -> str:
        """Return the story's id: the hexadecimal end of its address."""
        from copydesk.platforms.medium.addresses import story_at

        return story_at(url)

    def check_settings(
        self, settings: Mapping[str, str], secrets: Mapping[str, str]
    ) -> list[Finding]:
        """Return what is wrong with the addresses, besides what is declared."""
        from copydesk.platforms.medium.settings import check_addresses

        return [*super().check_settings(settings, secrets), *check_addresses(settings)]


PLATFORM = Medium()

__all__ = ["BASE_URL", "FORMATS", "LICENSES", "PLATFORM", "STATES", "Medium"]
