"""Connecting an account: the form, the way to the platform, and how a credential stands."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from copydesk.core.account import Account
from copydesk.distribution.notices import Notice
from copydesk.platforms.kit.auth import OAuth1, OAuth2Code
from copydesk.platforms.kit.registry import load_platform, platform_modules
from copydesk.server.views.frame import Frame


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingField:
    """One setting to fill in."""

    key: str
    help: str
    value: str
    secret: bool
    required: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectView:
    """The form: first which platform, then its settings. `existing` is renewed, not made."""

    frame: Frame
    platforms: tuple[tuple[str, str], ...]
    platform: str
    name: str
    existing: bool
    fields: tuple[SettingField, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OnwardView:
    """The way to the platform's own page. A link: no form of ours may lead to another site."""

    frame: Frame
    host: str
    authorize_url: str


def connectable() -> tuple[tuple[str, str], ...]:
    """Return name and address of every platform that can be connected through its own pages."""
    found = []
    for name in platform_modules():
        platform = load_platform(name)
        if any(isinstance(kind, OAuth2Code | OAuth1) for kind in platform.auth):
            found.append((platform.manifest.title, f"/accounts/connect?platform={name}"))
    return tuple(found)


def connect_view(platform: str, account: Account | None) -> ConnectView:
    """Return the form for a platform ("": choose one) or for an account that exists."""
    name = account.platform if account else platform
    chosen = load_platform(name) if name else None
    declared = chosen.settings if chosen else ()
    title = f"Connect to {chosen.manifest.title}" if chosen else "Connect an account"
    stored = account.settings if account else {}
    return ConnectView(
        frame=Frame(title=title, section="Accounts"),
        platforms=() if name else connectable(),
        platform=name,
        name=account.name if account else "",
        existing=account is not None,
        fields=tuple(
            SettingField(
                key=setting.key,
                help=setting.help,
                value="" if setting.secret else stored.get(setting.key, setting.default),
                secret=setting.secret,
                required=setting.required,
            )
            for setting in declared
            # the token is what connecting is for
            if setting.key != "access_token"
            and (setting.required or setting.key in {"auth_url", "client_id", "client_secret"})
        ),
    )


def onward_view(name: str, authorize_url: str) -> OnwardView:
    """Return the page that leads to the platform."""
    return OnwardView(
        frame=Frame(title=f"Connect {name}", section="Accounts"),
        host=urlsplit(authorize_url).netloc,
        authorize_url=authorize_url,
    )


def credential_words(account: Account) -> tuple[str, ...]:
    """Return what is known of a credential, for people."""
    words = [f"Signed in as {account.identity}."] if account.identity else []
    if account.scopes:
        words.append(f"May: {account.scopes}.")
    if account.expires_at is not None:
        renewal = "renewed by itself before that" if account.renew_at else "not renewed by itself"
        words.append(f"Good until {account.expires_at:%Y-%m-%d %H:%M} UTC, {renewal}.")
    return tuple(words)


def connect_url(account: Account, notice: Notice) -> str:
    """Return where the account is connected again, "" where that is not how it works."""
    if not notice.connectable:
        return ""
    return f"/accounts/connect?{urlencode({'account': account.name})}"
