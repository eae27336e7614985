"""X: posts and threads."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import ClassVar, Final
from urllib.parse import urlsplit

from copydesk.core.account import Account
from copydesk.core.delivery import Delivery, Outgoing, Rendition
from copydesk.core.findings import Finding
from copydesk.platforms.kit.auth import (
    AuthKind,
    ClientAuth,
    Endpoints,
    OAuth1,
    OAuth2Code,
)
from copydesk.platforms.kit.contract import Client, Platform, Session, Setting, Subject
from copydesk.platforms.kit.forms import form_setting
from copydesk.platforms.kit.manifest import Limit, Manifest, read_manifest

HOME: Final = "https://api.x.com"

#: Source: https://docs.x.com/fundamentals/authentication/oauth-2-0/authorization-code (2026-11-22).
SCOPES: Final = ("tweet.read", "tweet.write", "users.read", "media.write", "offline.access")

#: Who may reply; X knows no word for everybody, who is meant when none is sent.
EVERYONE: Final = "everyone"
REPLY_SETTINGS: Final = (EVERYONE, "following", "mentionedUsers", "subscribers", "verified")

_STATUS = re.compile(r"/status/(\d{1,19})(?:/|$)")


def base_url(settings: Mapping[str, str]) -> str:
    """Return the address of the API an account uses, without a slash at the end."""
    return (settings.get("base_url") or HOME).rstrip("/")


def _oauth2(settings: Mapping[str, str]) -> Endpoints:
    base = base_url(settings)
    # the page people agree on is on the site itself; elsewhere it is where the API is
    site = "https://x.com/i" if base == HOME else f"{base}/2"
    return Endpoints(
        authorize=f"{site}/oauth2/authorize",
        token=f"{base}/2/oauth2/token",
        revoke=f"{base}/2/oauth2/revoke",
    )


def _oauth1(settings: Mapping[str, str]) -> Endpoints:
    base = base_url(settings)
    return Endpoints(
        request_token=f"{base}/oauth/request_token",
        authorize=f"{base}/oauth/authorize",
        token=f"{base}/oauth/access_token",
    )


# an access token lasts two hours; its refresh token works once. A public app has no secret.
OAUTH2: Final = OAuth2Code(endpoints=_oauth2, required=SCOPES, client_auth=ClientAuth.BASIC)
OAUTH1: Final = OAuth1(endpoints=_oauth1)


class X(Platform):
    """Posts and threads on X, or on a server that speaks its API."""

    name: ClassVar[str] = "x"
    manifest: ClassVar[Manifest] = read_manifest(__name__)
    auth: ClassVar[tuple[AuthKind, ...]] = (OAUTH2, OAUTH1)
    settings: ClassVar[tuple[Setting, ...]] = (
        Setting(key="base_url", help="the API", default=HOME),
        Setting(key="client_id", help="your app: its OAuth 2 client id, or its OAuth 1.0a API key"),
        Setting(
            key="client_secret",
            help="the app's secret; a public OAuth 2 app has none",
            secret=True,
        ),
        Setting(key="access_token", help="the account's token", required=True, secret=True),
        Setting(
            key="refresh_token", help="what renews an OAuth 2 token that was pasted", secret=True
        ),
        Setting(key="token_secret", help="what belongs to a pasted OAuth 1.0a token", secret=True),
        Setting(
            key="tokens",
            help="what kind of token was pasted; OAuth 1.0a ones do not expire",
            default=OAUTH2.name,
            choices=(OAUTH2.name, OAUTH1.name),
        ),
        Setting(
            key="premium",
            help="whether the account has X Premium: long posts, and edits within half an hour",
            default="no",
            choices=("no", "yes"),
        ),
        Setting(
            key="plan",
            help="how the app pays: self-serve apps may use one cashtag and hardly reply",
            default="self-serve",
            choices=("self-serve", "enterprise"),
        ),
        form_setting(manifest),
        Setting(
            key="reply_settings",
            help="who may reply",
            default=EVERYONE,
            choices=REPLY_SETTINGS,
        ),
    )

    def render(self, subject: Subject, account: Account, recipient: str = "") -> Rendition:
        """Return the post or thread; see `render.py` for what a long post becomes."""
        from copydesk.platforms.x.render import render

        return render(subject, account, self.limits(account))

    def validate(self, rendition: Rendition, account: Account) -> list[Finding]:
        """Return everything X would refuse; see `validate.py`."""
        from copydesk.platforms.x.validate import validate

        return validate(rendition, account, self.limits(account))

    def connect(self, session: Session) -> Client:
        """Return a client for the account."""
        from copydesk.platforms.x.client import XClient

        return XClient(session, self.manifest)

    def limits(self, account: Account) -> Mapping[str, Limit]:
        """Return the documented limits, with what Premium and an enterprise plan change."""
        limits = dict(self.manifest.limits)
        long_text = limits.pop("long_text")
        if account.settings.get("premium") == "yes":
            limits["text"] = long_text
        if account.settings.get("plan") == "enterprise":
            del limits["cashtags"]
        return limits

    def can_update(self, account: Account) -> bool:
        """Return whether the account is said to have Premium: nobody else can edit."""
        return account.settings.get("premium") == "yes"

    def price(self, outgoing: Outgoing, account: Account) -> int:
        """Return what the part about to go costs, its alternative texts included."""
        from copydesk.platforms.x.pricing import price

        return price(self.manifest.price, outgoing)

    def auth_of(self, account: Account) -> AuthKind | None:
        """Return how calls are signed and tokens renewed, of pasted ones what `tokens` says."""
        if account.auth:
            return super().auth_of(account)
        return OAUTH1 if account.settings.get("tokens") == OAUTH1.name else OAUTH2

    def host(self, account: Account) -> str:
        """Return the host of the API."""
        try:
            return urlsplit(base_url(account.settings)).hostname or ""
        except ValueError:
            return ""

    def remote_id(self, url: str, account: Account, delivery: Delivery) -> str:
        """Return the id in the address of a post, …/NAME/status/ID."""
        shown = _STATUS.search(urlsplit(url).path)
        return shown[1] if shown else ""

    def check_settings(
        self, settings: Mapping[str, str], secrets: Mapping[str, str]
    ) -> list[Finding]:
        """Return what is wrong with the address or a pasted token, besides what is declared."""
        from copydesk.platforms.x.settings import check_app

        return [*super().check_settings(settings, secrets), *check_app(settings, secrets)]


PLATFORM = X()

__all__ = ["EVERYONE", "PLATFORM", "REPLY_SETTINGS", "SCOPES", "X", "base_url"]
