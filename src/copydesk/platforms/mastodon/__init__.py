"""Mastodon: statuses on any Mastodon instance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar
from urllib.parse import urlsplit

from copydesk.core.account import Account
from copydesk.core.delivery import Delivery, Rendition
from copydesk.core.findings import Finding
from copydesk.platforms.kit.auth import AuthKind, ClientAuth, Endpoints, OAuth2Code
from copydesk.platforms.kit.contract import Client, Platform, Session, Setting, Subject
from copydesk.platforms.kit.forms import form_setting
from copydesk.platforms.kit.manifest import Idempotency, Limit, Manifest, read_manifest
from copydesk.platforms.mastodon.software import SOFTWARE, VISIBILITIES, software_of

#: Source: https://docs.joinmastodon.org/api/oauth-scopes/ (checked 2026-11-21).
SCOPES = ("write:statuses", "write:media", "read:statuses", "read:accounts")


def _endpoints(settings: Mapping[str, str]) -> Endpoints:
    base = settings.get("base_url", "").rstrip("/")
    return Endpoints(
        authorize=f"{base}/oauth/authorize",
        token=f"{base}/oauth/token",
        revoke=f"{base}/oauth/revoke",
        register=f"{base}/api/v1/apps",
    )


class Mastodon(Platform):
    """Statuses on any Mastodon instance."""

    name: ClassVar[str] = "mastodon"
    manifest: ClassVar[Manifest] = read_manifest(__name__)
    host_setting: ClassVar[str] = "base_url"
    # tokens do not expire; PKCE is checked since 4.3 and ignored before, and by forks
    auth: ClassVar[tuple[AuthKind, ...]] = (
        OAuth2Code(
            endpoints=_endpoints,
            required=SCOPES,
            client_auth=ClientAuth.POST,
            registers="mastodon",
        ),
    )
    settings: ClassVar[tuple[Setting, ...]] = (
        Setting(
            key="base_url",
            help="the instance, such as https://mastodon.example",
            required=True,
            example="https://mastodon.example",
        ),
        Setting(
            key="access_token",
            help="a token with write:statuses write:media read:statuses read:accounts",
            required=True,
            secret=True,
        ),
        Setting(
            key="visibility",
            help="who sees a status; always sent explicitly",
            default="public",
            choices=VISIBILITIES,
        ),
        Setting(
            key="software",
            help="what the instance runs, where it is not Mastodon",
            choices=tuple(SOFTWARE),
        ),
        form_setting(manifest),
        Setting(key="language", help="ISO 639 code for posts that name no language"),
        Setting(key="max_characters", help="the instance's limit when it is not 500"),
    )

    def render(self, subject: Subject, account: Account, recipient: str = "") -> Rendition:
        """Return the status; see `render.py` for what a post that is too long becomes."""
        from copydesk.platforms.mastodon.render import render

        return render(subject, account, self.limits(account))

    def validate(self, rendition: Rendition, account: Account) -> list[Finding]:
        """Return everything the instance would refuse; see `validate.py`."""
        from copydesk.platforms.mastodon.validate import validate

        return validate(rendition, self.limits(account), software_of(account.settings))

    def connect(self, session: Session) -> Client:
        """Return a client for the account's instance."""
        from copydesk.platforms.mastodon.client import MastodonClient

        return MastodonClient(
            session,
            timeout=self.manifest.timeout,
            most_bytes=self.limits(session.account)["image"].value,
            paces=self.manifest.pace,
        )

    def limits(self, account: Account) -> Mapping[str, Limit]:
        """Return the documented defaults of the account's software, with the account's own
        `max_characters` if it has one."""
        limits = {**self.manifest.limits, **software_of(account.settings).limits}
        if own := account.settings.get("max_characters"):
            source = "the account's setting max_characters"
            limits["text"] = limits["text"].model_copy(update={"value": int(own), "source": source})
        return limits

    def idempotency(self, account: Account) -> Idempotency:
        """Return that a repeated key gives the first status where the software is known to keep to
        that; elsewhere nothing is repeated before it was looked for."""
        repeats = software_of(account.settings).repeats_keys
        return Idempotency.KEY_HEADER if repeats else Idempotency.NONE

    def remote_id(self, url: str, account: Account, delivery: Delivery) -> str:
        """Return the status id in an address of the account's own instance (…/@name/ID).

        Elsewhere the same status has another id.
        """
        found = urlsplit(url)
        last = found.path.rstrip("/").rpartition("/")[2]
        return last if found.hostname == self.host(account) and last.isdecimal() else ""

    def check_settings(
        self, settings: Mapping[str, str], secrets: Mapping[str, str]
    ) -> list[Finding]:
        """Return what is wrong with the address and the limit, besides what is declared."""
        from copydesk.platforms.mastodon.settings import check_instance

        return [*super().check_settings(settings, secrets), *check_instance(settings)]


PLATFORM = Mastodon()

__all__ = ["PLATFORM", "VISIBILITIES", "Mastodon"]
