"""OAuth 2 as pure functions: the requests to make and what their answers mean.

RFC 6749 (code, client credentials, refresh), RFC 7636 (PKCE), RFC 8628 (device), RFC 7009
(revocation), RFC 7591 (registration). What matters most is one distinction: an answer that ends a
grant against one that only says "not now". Only the first may ever disconnect an account.
"""

from __future__ import annotations

import base64
import hashlib
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import parse_qsl, quote_plus, urlencode, urlsplit, urlunsplit

from copydesk.core.outcomes import (
    AuthRevoked,
    Misconfigured,
    Outcome,
    RateLimited,
    Unavailable,
)
from copydesk.platforms.kit.auth import (
    App,
    ClientAuth,
    Endpoints,
    Grant,
    OAuth2ClientCredentials,
    OAuth2Code,
    OAuth2Device,
    asked_scopes,
)
from copydesk.platforms.kit.classify import evidence, redact
from copydesk.platforms.kit.retry_after import read_wait
from copydesk.platforms.kit.transport import Reply

OAuth2 = OAuth2Code | OAuth2ClientCredentials | OAuth2Device

#: Error codes of RFC 6749 §5.2 and RFC 8628 §3.5 that end a grant for good. `invalid_request` is
#: among them because X answers a dead refresh token with it (checked 2026-11-21).
_ENDED: Final = frozenset({"invalid_grant", "invalid_request", "access_denied", "expired_token"})
#: Codes that blame the app, not the grant.
_OUR_APP: Final = frozenset(
    {"invalid_client", "unauthorized_client", "unsupported_grant_type", "invalid_scope"}
)
_NOT_NOW: Final = frozenset({"temporarily_unavailable", "server_error", "slow_down"})
#: What proxies and frameworks call an error in JSON of their own, such as "Unauthorized": the name
#: of an HTTP status says nothing about a grant.
_OF_HTTP: Final = frozenset(re.sub(r"\W+", "_", status.phrase.lower()) for status in HTTPStatus)

_DEVICE_GRANT: Final = "urn:ietf:params:oauth:grant-type:device_code"
#: What to wait between polls when a device answer does not say (RFC 8628 §3.2), in seconds.
_INTERVAL: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRequest:
    """One POST to an authorization server, as `Transport.call` takes it."""

    url: str
    form: Mapping[str, str] | None = field(default=None, repr=False)
    json_body: Mapping[str, Any] | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceCode:
    """What a person enters where, and how often to ask whether they have. Times in seconds."""

    device_code: str = field(repr=False)
    user_code: str
    verification_uri: str
    expires_in: float
    interval: float


@dataclass(frozen=True, slots=True)
class NotYet:
    """The person has not answered; ask again after `interval` seconds."""

    interval: float


def challenge_of(verifier: str) -> str:
    """Return the S256 challenge of a PKCE verifier (RFC 7636 §4.2)."""
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def authorization_url(
    kind: OAuth2Code,
    endpoints: Endpoints,
    app: App,
    *,
    redirect_uri: str,
    state: str,
    verifier: str,
) -> str:
    """Return the address a person agrees at; its answer comes to `redirect_uri`."""
    query = {
        "response_type": "code",
        kind.client_id_field: app.client_id,
        "redirect_uri": redirect_uri,
        "state": state,
        **kind.extra,
    }
    if scopes := asked_scopes(kind):
        query["scope"] = kind.scope_separator.join(scopes)
    if kind.pkce:
        query |= {"code_challenge": challenge_of(verifier), "code_challenge_method": "S256"}
    return with_query(endpoints.authorize, query)


def code_request(
    kind: OAuth2Code,
    endpoints: Endpoints,
    app: App,
    *,
    code: str,
    redirect_uri: str,
    verifier: str,
) -> TokenRequest:
    """Return the request that trades an authorization code for a grant."""
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
    if kind.pkce:
        form["code_verifier"] = verifier
    return _token_request(kind, endpoints.token, app, form)


def refresh_request(
    kind: OAuth2, endpoints: Endpoints, app: App, refresh_token: str
) -> TokenRequest:
    """Return the request that trades a refresh token for the next grant."""
    form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
    return _token_request(kind, endpoints.token, app, form)


def client_request(kind: OAuth2ClientCredentials, endpoints: Endpoints, app: App) -> TokenRequest:
    """Return the request of an app that speaks for itself."""
    form = {"grant_type": "client_credentials"}
    if scopes := asked_scopes(kind):
        form["scope"] = kind.scope_separator.join(scopes)
    return _token_request(kind, endpoints.token, app, form)


def device_request(kind: OAuth2Device, endpoints: Endpoints, app: App) -> TokenRequest:
    """Return the request for a code that a person enters elsewhere."""
    form: dict[str, str] = {}
    if scopes := asked_scopes(kind):
        form["scope"] = kind.scope_separator.join(scopes)
    return _token_request(kind, endpoints.device, app, form)


def device_poll(
    kind: OAuth2Device, endpoints: Endpoints, app: App, device_code: str
) -> TokenRequest:
    """Return the request that asks whether the person has agreed."""
    form = {"grant_type": _DEVICE_GRANT, "device_code": device_code}
    return _token_request(kind, endpoints.token, app, form)


def revoke_request(kind: OAuth2, endpoints: Endpoints, app: App, token: str) -> TokenRequest:
    """Return the request that gives a token back (RFC 7009)."""
    return _token_request(kind, endpoints.revoke, app, {"token": token})


def registration_request(
    kind: OAuth2Code, endpoints: Endpoints, *, redirect_uri: str, app_name: str
) -> TokenRequest:
    """Return the request that makes us known to an instance nobody registered us at."""
    scopes = kind.scope_separator.join(asked_scopes(kind))
    if kind.registers == "mastodon":
        form = {"client_name": app_name, "redirect_uris": redirect_uri, "scopes": scopes}
        return TokenRequest(url=endpoints.register, form=form)
    body = {
        "client_name": app_name,
        "redirect_uris": [redirect_uri],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "scope": scopes,
        "token_endpoint_auth_method": kind.client_auth.value,
    }
    return TokenRequest(url=endpoints.register, json_body=body)


def read_app(reply: Reply) -> App | Outcome:
    """Return the app an instance registered, or why it did not."""
    body = reply.json()
    if reply.status // 100 == 2 and isinstance(body, dict) and body.get("client_id"):
        return App(
            client_id=str(body["client_id"]), client_secret=str(body.get("client_secret") or "")
        )
    return _refused(reply, body if isinstance(body, dict) else {}, ())


def read_grant(reply: Reply, kind: OAuth2, secrets: tuple[str, ...] = ()) -> Grant | Outcome:
    """Return the grant in a token answer (RFC 6749 §5.1), or what its refusal means (§5.2).

    The outcome is `AuthRevoked` or `Misconfigured` only where the server says so in OAuth's own
    words; everything else, an unreadable answer included, is `Unavailable` or `RateLimited`.
    """
    body = reply.json()
    if not isinstance(body, dict):
        # before RFC 6749 was final, and at a few vendors still: a form
        body = dict(parse_qsl(reply.body[:20_000].decode("utf-8", "replace")))
    token = body.get("access_token")
    if reply.status // 100 == 2 and isinstance(token, str) and token:
        kind_of_token = str(body.get("token_type") or "bearer").lower()
        if kind_of_token in {"mac", "dpop"}:
            return Misconfigured(
                f"the server issues {kind_of_token} tokens, which copydesk cannot use"
            )
        refresh = body.get("refresh_token")
        return Grant(
            access_token=token,
            refresh_token=refresh if isinstance(refresh, str) else "",
            expires_in=read_seconds(body.get("expires_in")),
            refresh_expires_in=read_seconds(
                body.get("refresh_expires_in", body.get("refresh_token_expires_in"))
            ),
            scopes=_scopes(body.get("scope"), kind.scope_separator),
        )
    return _refused(reply, body, secrets)


def read_device(reply: Reply) -> DeviceCode | Outcome:
    """Return what a device answer (RFC 8628 §3.2) asks a person to do."""
    body = reply.json()
    if not isinstance(body, dict):
        body = {}
    code, user_code = body.get("device_code"), body.get("user_code")
    # Google says verification_url (checked 2026-11-21)
    where = body.get("verification_uri") or body.get("verification_url")
    if reply.status // 100 == 2 and code and user_code and where:
        return DeviceCode(
            device_code=str(code),
            user_code=str(user_code),
            verification_uri=str(where),
            expires_in=read_seconds(body.get("expires_in")) or 600.0,
            interval=read_seconds(body.get("interval")) or _INTERVAL,
        )
    return _refused(reply, body, ())


def read_poll(
    reply: Reply, kind: OAuth2Device, interval: float, secrets: tuple[str, ...] = ()
) -> Grant | NotYet | Outcome:
    """Return what a poll brought: a grant, "not yet", or the end (RFC 8628 §3.5)."""
    body = reply.json()
    code = body.get("error") if isinstance(body, dict) else None
    if code == "authorization_pending":
        return NotYet(interval)
    if code == "slow_down":
        return NotYet(interval + 5.0)
    return read_grant(reply, kind, secrets)


def read_seconds(value: Any) -> float | None:
    """Return a lifetime in seconds from what a server wrote, None where it is none.

    Numbers arrive as text at several vendors; 0, "", null and nonsense mean that nobody knows.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        seconds = float(value)
    except (ValueError, OverflowError):
        return None
    # ten years: no vendor issues longer ones, and dates beyond overflow
    return seconds if math.isfinite(seconds) and 0 < seconds < 315_360_000 else None


def with_query(url: str, query: Mapping[str, str]) -> str:
    """Return `url` with `query` added to the one it may have."""
    parts = urlsplit(url)
    joined = "&".join(part for part in (parts.query, urlencode(query)) if part)
    return urlunsplit((parts.scheme, parts.netloc, parts.path, joined, ""))


def _token_request(kind: OAuth2, url: str, app: App, form: Mapping[str, str]) -> TokenRequest:
    headers = {"Accept": "application/json"}
    body = {**form, **kind.extra_token}
    if kind.client_auth is ClientAuth.BASIC and app.client_secret:
        # RFC 6749 §2.3.1: both parts are form-encoded before they are joined
        pair = f"{quote_plus(app.client_id)}:{quote_plus(app.client_secret)}"
        headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    else:
        body[kind.client_id_field] = app.client_id
        if kind.client_auth is not ClientAuth.NONE and app.client_secret:
            body["client_secret"] = app.client_secret
    return TokenRequest(url=url, form=body, headers=headers)


def _scopes(value: Any, separator: str) -> tuple[str, ...] | None:
    if isinstance(value, list):
        return tuple(str(scope) for scope in value)
    if not isinstance(value, str) or not value.strip():
        return None
    return tuple(value.replace(separator, " ").replace(",", " ").split())


def _refused(reply: Reply, body: Mapping[str, Any], secrets: tuple[str, ...]) -> Outcome:
    code = body.get("error")
    code = code if isinstance(code, str) else ""
    detail = body.get("error_description")
    said = redact(detail if isinstance(detail, str) and detail else code, secrets)[:500]
    answer = evidence(reply, code[:100], secrets)
    wait = read_wait(reply.headers)
    status = reply.status
    if status == 429:
        return RateLimited(until=wait.until, answer=answer, retry_after=wait.seconds)
    if status >= 500 or status in {408, 425} or code in _NOT_NOW:
        return Unavailable(
            said or f"the authorization server answered {status}",
            retry_at=wait.until,
            answer=answer,
            retry_after=wait.seconds,
        )
    if status in {200, 400, 401, 403} and code in _ENDED:
        return AuthRevoked(f"the authorization server says: {said}", answer)
    if status in {200, 400, 401, 403} and code in _OUR_APP:
        return Misconfigured(
            f"the authorization server does not accept our app: {said}",
            remedy="Check the app's id, secret and scopes on the platform, then connect again.",
            answer=answer,
        )
    if status in {400, 401} and code and re.sub(r"\W+", "_", code.lower()) not in _OF_HTTP:
        return AuthRevoked(f"the authorization server says: {said}", answer)
    # a page of a proxy, an empty body, a moved endpoint: no proof that the grant has ended
    return Unavailable(
        f"the authorization server's answer ({status}) cannot be read",
        retry_at=wait.until,
        answer=answer,
        retry_after=wait.seconds,
    )
