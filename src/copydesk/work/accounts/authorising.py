"""Connecting an account through the platform's own pages: begun here, finished by any process.

An attempt is a row. What comes back from the platform carries a ticket that only whoever began it
knows; it is used once, within ten minutes, by the browser it was given to (`granting`).
"""

from __future__ import annotations

import ipaddress
import json
import secrets as randomness
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

from copydesk.core.account import Account
from copydesk.core.errors import ConfigError, CopydeskError, NotAllowed, NotFound
from copydesk.core.findings import Finding
from copydesk.core.outcomes import Outcome, RateLimited, Unavailable
from copydesk.platforms.kit import auth_oauth1, auth_oauth2
from copydesk.platforms.kit.auth import (
    CLIENT_ID,
    CLIENT_SECRET,
    CREDENTIAL_KEYS,
    App,
    Endpoints,
    OAuth1,
    OAuth2ClientCredentials,
    OAuth2Code,
    OAuth2Device,
)
from copydesk.platforms.kit.auth_oauth2 import DeviceCode, TokenRequest
from copydesk.platforms.kit.clock_watch import ClocksApart, ClockWatch
from copydesk.platforms.kit.contract import Platform
from copydesk.platforms.kit.registry import load_platform
from copydesk.platforms.kit.transport import AnswerLost, NotSent, Reply
from copydesk.store.connections import Connection
from copydesk.work.accounts.connecting import check_given, name_findings, refuse
from copydesk.work.desk import Desk

#: For how long an attempt can be finished.
LASTS: Final = timedelta(minutes=10)

T = TypeVar("T")

Connects = OAuth2Code | OAuth2Device | OAuth2ClientCredentials | OAuth1


class NotAuthorised(NotAllowed):
    """The platform gave no credential, or the answer is not one to our question."""

    code = "not_authorised"


class AuthorisationUnavailable(CopydeskError):
    """The platform's authorization server could not be asked; try again later."""

    status = 503
    code = "authorisation_unavailable"
    exit_code = 11


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be connected.

    `auth` names a way ("": the platform's first), `other_identity` says that an existing account
    may become somebody else on the platform. `secrets` are the operator's, such as the app's.
    """

    name: str
    platform: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    inbox: bool = False
    auth: str = ""
    other_identity: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """An attempt that waits for a person: at `authorize_url`, or with `device`'s code elsewhere.

    `ticket` is the state that comes back with the answer.
    """

    connection: Connection
    ticket: str = field(default="", repr=False)
    authorize_url: str = field(default="", repr=False)
    device: DeviceCode | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What is connected and how: everything known before a person is asked."""

    platform: Platform
    kind: Connects
    settings: Mapping[str, str]
    endpoints: Endpoints
    app: App | None


# -- beginning ------------------------------------------------------------------------------------


async def begin_connection(
    desk: Desk, wanted: Wanted, *, redirect_uri: str, session: str, actor: str
) -> Begun:
    """Open an attempt and return where the person has to go.

    `redirect_uri` is where the platform sends them back; `session` the secret of the browser that
    alone may finish it ("": anybody signed in). Raises `NotFound`, `ContentInvalid` with every
    wrong setting, `NotAuthorised`, `AuthorisationUnavailable`.
    """
    target = await _target_of(desk, wanted)
    ticket = randomness.token_urlsafe(32)
    kept: dict[str, Any] = {"secrets": dict(wanted.secrets), "redirect_uri": redirect_uri}
    device: DeviceCode | None = None
    url = ""
    app = target.app
    match target.kind:
        case OAuth2Code():
            app = app or await _register(desk, target, redirect_uri)
            kept["verifier"] = randomness.token_urlsafe(48)
            url = auth_oauth2.authorization_url(
                target.kind,
                target.endpoints,
                app,
                redirect_uri=redirect_uri,
                state=ticket,
                verifier=kept["verifier"],
            )
        case OAuth2Device():
            app = app or await _register(desk, target, redirect_uri)
            request = auth_oauth2.device_request(target.kind, target.endpoints, app)
            device = given_or_raise(auth_oauth2.read_device(await send(desk, request)), DeviceCode)
            kept["device_code"] = device.device_code
        case OAuth1():
            if app is None:
                raise _no_app(target)
            callback = auth_oauth2.with_query(redirect_uri, {"state": ticket})
            first = auth_oauth1.request_token_request(
                target.endpoints, app, fresh_moment(desk), callback=callback
            )
            token = given_or_raise(
                auth_oauth1.read_temporary(await send(desk, first, signed=True)),
                auth_oauth1.Token,
            )
            kept |= {"token": token.value, "token_secret": token.secret}
            url = auth_oauth1.authorization_url(target.kind, target.endpoints, token)
        case OAuth2ClientCredentials():
            if app is None:
                raise _no_app(target)
    assert app is not None
    kept |= {CLIENT_ID: app.client_id, CLIENT_SECRET: app.client_secret}
    lasts = LASTS if device is None else timedelta(seconds=min(device.expires_in, 3600.0))
    async with desk.store.begin(actor) as unit:
        connection = await unit.connections.open(
            id=desk.ids.new("connection"),
            workspace_id=desk.workspace_id,
            platform=target.platform.name,
            account_name=wanted.name,
            settings=dict(wanted.settings),
            inbox=wanted.inbox,
            other_identity=wanted.other_identity,
            auth=target.kind.name,
            ticket=ticket,
            session=session,
            secrets=desk.vault.seal({"kept": json.dumps(kept)}),
            lasts=lasts,
        )
    return Begun(connection=connection, ticket=ticket, authorize_url=url, device=device)


async def _target_of(desk: Desk, wanted: Wanted) -> Target:
    known: Mapping[str, str] = {}
    settings: Mapping[str, str] = {}
    name = wanted.platform
    async with desk.store.read() as unit:
        existing = {a.name: a for a in await unit.accounts.all(desk.workspace_id)}.get(wanted.name)
        if existing is not None:
            settings, name = existing.settings, existing.platform
            sealed = await unit.accounts.secrets(existing.id)
            known = opened_or_none(desk, sealed)
    if existing is not None and wanted.platform and wanted.platform != existing.platform:
        refuse([_is_elsewhere(existing)])
    if not name:
        refuse([_no_platform(wanted.name)])
    platform = load_platform(name)
    kind = kind_of(platform, wanted.auth)
    settings = {**settings, **wanted.settings}
    given = {**known, **wanted.secrets}
    coming = {k: given.get(k) or "comes with connecting" for k in CREDENTIAL_KEYS}
    checked = {s.key: coming[s.key] for s in platform.settings if s.secret and s.key in coming}
    refuse(
        [
            *name_findings(wanted.name),
            *check_given(platform, settings, {**given, **checked}),
        ]
    )
    endpoints = kind.endpoints(settings)
    refuse(_server_missing(platform, kind, settings) or _endpoint_findings(endpoints))
    client_id = wanted.secrets.get(CLIENT_ID) or settings.get(CLIENT_ID, "")
    app = None
    if client_id:
        secret = given.get(CLIENT_SECRET, "") if CLIENT_SECRET in checked else ""
        app = App(client_id=client_id, client_secret=secret)
    return Target(platform=platform, kind=kind, settings=settings, endpoints=endpoints, app=app)


def kind_of(platform: Platform, auth: str) -> Connects:
    """Return the way called `auth` ("": the first) to connect. Raises `NotFound`."""
    kinds = [kind for kind in platform.auth if isinstance(kind, Connects)]
    found = next((kind for kind in kinds if kind.name == auth or not auth), None)
    if found is not None:
        return found
    ways = ", ".join(kind.name for kind in kinds)
    raise NotFound(
        f"{platform.manifest.title} cannot be connected"
        + (f" by {auth!r}." if auth and ways else " through its own pages."),
        remedy=f"Possible: {ways}." if ways else f"Use `copydesk accounts add {platform.name}`.",
    )


async def _register(desk: Desk, target: Target, redirect_uri: str) -> App:
    kind = target.kind
    if not (isinstance(kind, OAuth2Code) and kind.registers):
        raise _no_app(target)
    request = auth_oauth2.registration_request(
        kind, target.endpoints, redirect_uri=redirect_uri, app_name="copydesk"
    )
    return given_or_raise(auth_oauth2.read_app(await send(desk, request)), App)


# -- the pieces -----------------------------------------------------------------------------------


def open_kept(desk: Desk, connection: Connection) -> dict[str, Any]:
    """Return what was kept, sealed, for the end of an attempt."""
    opened = desk.vault.open(connection.secrets)
    kept: dict[str, Any] = json.loads(opened.get("kept", "{}"))
    return kept


def opened_or_none(desk: Desk, sealed: bytes) -> dict[str, str]:
    """Return sealed secrets, none when no key opens them."""
    try:
        return desk.vault.open(sealed)
    except ConfigError:
        return {}


async def send(desk: Desk, request: TokenRequest, *, signed: bool = False) -> Reply:
    """Make one call to an authorization server; `signed` says that it tells our time.

    Raises `AuthorisationUnavailable`.
    """
    transport = ClockWatch(desk.transport, desk.clock.now) if signed else desk.transport
    try:
        return await transport.call(
            "POST",
            request.url,
            headers=request.headers,
            form=request.form,
            json_body=request.json_body,
            timeout=20.0,
        )
    except ClocksApart as error:
        raise AuthorisationUnavailable(f"{error}.", remedy="Then begin again.") from error
    except (NotSent, AnswerLost) as error:
        host = urlsplit(request.url).netloc
        raise AuthorisationUnavailable(
            f"{host} could not be asked: {error}.", remedy="Try again in a moment."
        ) from error


def given_or_raise(found: T | Outcome, expected: type[T]) -> T:
    """Return what was expected of an answer, or raise what its refusal means."""
    if isinstance(found, expected):
        return found
    reason = getattr(found, "reason", "") or type(found).__name__
    if isinstance(found, Unavailable | RateLimited):
        raise AuthorisationUnavailable(f"{reason}.", remedy="Try again in a moment.")
    raise NotAuthorised(f"{reason}.", remedy=getattr(found, "remedy", "") or "Begin again.")


def fresh_moment(desk: Desk) -> auth_oauth1.Moment:
    """Return a timestamp and a nonce for one signature."""
    return auth_oauth1.Moment(
        timestamp=int(desk.clock.now().timestamp()), nonce=randomness.token_hex(16)
    )


def _server_missing(
    platform: Platform, kind: Connects, settings: Mapping[str, str]
) -> list[Finding]:
    """Return a finding for each setting that was left out and names the server to connect at."""
    known = kind.endpoints(settings)
    if urlsplit(known.token).netloc:
        return []
    return [
        Finding(
            code="setting_missing",
            field=setting.key,
            message=f"it is missing ({setting.help}), so there is no server to connect at",
            remedy=f"Give it: --set {setting.key}=…",
        )
        for setting in platform.settings
        if not settings.get(setting.key)
        and kind.endpoints({**settings, setting.key: "https://server.example"}) != known
    ]


def _endpoint_findings(endpoints: Endpoints) -> list[Finding]:
    """Return a finding for an endpoint that credentials must not be sent to."""
    for url in (endpoints.authorize, endpoints.token, endpoints.register, endpoints.device):
        if url and not _is_safe(url):
            return [
                Finding(
                    code="address_invalid",
                    field="address",
                    message=f"{url!r} is not an address to send credentials to",
                    remedy="It has to begin with https://, or be on this machine.",
                )
            ]
    return []


def _is_safe(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    if parts.scheme == "https":
        return bool(host)
    try:
        return parts.scheme == "http" and (
            host == "localhost" or ipaddress.ip_address(host).is_loopback
        )
    except ValueError:
        return False


def _no_app(target: Target) -> CopydeskError:
    return ConfigError(
        [f"{CLIENT_ID}: {target.platform.manifest.title} wants to know which app is asking"],
        remedy=f"Register an app there and give --set {CLIENT_ID}=… and its secret.",
    )


def _no_platform(name: str) -> Finding:
    return Finding(
        code="platform_missing",
        field="platform",
        message=f"there is no account called {name!r} yet",
        remedy="Say which platform it is on: --platform NAME.",
    )


def _is_elsewhere(existing: Account) -> Finding:
    return Finding(
        code="platform_differs",
        field="platform",
        message=f"account {existing.name} is on {existing.platform}",
        remedy="Choose another name for the new account.",
    )


__all__ = [
    "LASTS",
    "AuthorisationUnavailable",
    "Begun",
    "Connects",
    "NotAuthorised",
    "Target",
    "Wanted",
    "begin_connection",
    "fresh_moment",
    "given_or_raise",
    "kind_of",
    "open_kept",
    "opened_or_none",
    "send",
]
