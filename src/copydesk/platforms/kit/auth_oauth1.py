"""OAuth 1.0a (RFC 5849): three-legged requests, and a transport that signs every call.

Timestamps and nonces are handed in, so a signature can be checked against published examples.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl, quote, unquote_to_bytes, urlsplit

from copydesk.core.outcomes import (
    AuthRevoked,
    Misconfigured,
    Outcome,
    RateLimited,
    Unavailable,
)
from copydesk.platforms.kit.auth import TOKEN_SECRET, App, Endpoints, Grant, OAuth1
from copydesk.platforms.kit.auth_oauth2 import TokenRequest, with_query
from copydesk.platforms.kit.classify import evidence
from copydesk.platforms.kit.retry_after import read_wait
from copydesk.platforms.kit.transport import Reply, Transport

#: What stays as it is in a path (RFC 3986 §3.3), escapes included; the rest is sent escaped.
_IN_PATHS: Final = "/%:@!$&'()*+,;=~"
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What makes a signature unique: seconds since the epoch and a value never used before."""

    timestamp: int
    nonce: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A token with its secret; both "" before there is one."""

    value: str = field(default="", repr=False)
    secret: str = field(default="", repr=False)


def authorization_header(
    app: App,
    token: Token,
    moment: Moment,
    method: str,
    url: str,
    *,
    form: Mapping[str, Any] | None = None,
    callback: str = "",
    verifier: str = "",
) -> str:
    """Return the `Authorization` header of a call, signed with HMAC-SHA1 (RFC 5849 §3.4.2).

    `url` carries its query. `form` is signed where it is the whole body; JSON and multipart bodies
    are not part of the signature (§3.4.1.3.1).
    """
    protocol = {
        "oauth_consumer_key": app.client_id,
        "oauth_nonce": moment.nonce,
        "oauth_signature_method": "HMAC-SHA1",
        "oauth_timestamp": str(moment.timestamp),
        "oauth_version": "1.0",
        "oauth_token": token.value,
        "oauth_callback": callback,
        "oauth_verifier": verifier,
    }
    protocol = {name: value for name, value in protocol.items() if value}
    sent = {key: str(value) for key, value in (form or {}).items()}
    base = base_string(method, url, [*protocol.items(), *sent.items()])
    protocol["oauth_signature"] = signature_of(base, app.client_secret, token.secret)
    fields = (f'{_escaped(name)}="{_escaped(value)}"' for name, value in protocol.items())
    return f"OAuth {', '.join(fields)}"


def base_string(method: str, url: str, parameters: Iterable[tuple[str, str]]) -> str:
    """Return what a signature is made of (RFC 5849 §3.4.1).

    `parameters` are those of the protocol and of a form, not escaped; those in the query of `url`
    are added.
    """
    parts = urlsplit(url)
    scheme, host = parts.scheme.lower(), (parts.hostname or "").lower()
    if ":" in host:
        host = f"[{host}]"
    if parts.port and parts.port != _DEFAULT_PORTS.get(scheme):
        host = f"{host}:{parts.port}"
    where = f"{scheme}://{host}{quote(parts.path, safe=_IN_PATHS) or '/'}"
    pairs = [(_escaped(name), _escaped(value)) for name, value in parameters]
    for field_ in filter(None, parts.query.split("&")):
        name, _, value = field_.partition("=")
        pairs.append((_reescaped(name), _reescaped(value)))
    joined = "&".join(f"{name}={value}" for name, value in sorted(pairs))
    return "&".join((method.upper(), _escaped(where), _escaped(joined)))


def signature_of(base: str, client_secret: str, token_secret: str) -> str:
    """Return the HMAC-SHA1 of a base string in base64 (RFC 5849 §3.4.2)."""
    key = f"{_escaped(client_secret)}&{_escaped(token_secret)}"
    return base64.b64encode(hmac.digest(key.encode(), base.encode(), "sha1")).decode()


def _fields(reply: Reply) -> dict[str, str]:
    return dict(parse_qsl(reply.body[:20_000].decode("utf-8", "replace")))


def _escaped(text: str) -> str:
    # RFC 5849 §3.6: letters, digits and -._~ alone stay
    return quote(text, safe="")


def _reescaped(text: str) -> str:
    # by its bytes: a query need not be UTF-8
    return quote(unquote_to_bytes(text.replace("+", " ")), safe="")


def request_token_request(
    endpoints: Endpoints, app: App, moment: Moment, *, callback: str
) -> TokenRequest:
    """Return the first leg: a temporary token that `callback` will get an answer for."""
    header = authorization_header(
        app, Token(), moment, "POST", endpoints.request_token, callback=callback
    )
    return TokenRequest(url=endpoints.request_token, headers={"Authorization": header})


def authorization_url(kind: OAuth1, endpoints: Endpoints, token: Token) -> str:
    """Return the second leg: the address a person agrees at."""
    return with_query(endpoints.authorize, {"oauth_token": token.value, **kind.extra})


def access_token_request(
    endpoints: Endpoints, app: App, token: Token, moment: Moment, *, verifier: str
) -> TokenRequest:
    """Return the third leg: the temporary token and the verifier for a lasting token."""
    header = authorization_header(app, token, moment, "POST", endpoints.token, verifier=verifier)
    return TokenRequest(url=endpoints.token, headers={"Authorization": header})


def read_temporary(reply: Reply) -> Token | Outcome:
    """Return the temporary token of a first leg, or what its refusal means."""
    found = read_token(reply)
    if isinstance(found, Token) and _fields(reply).get("oauth_callback_confirmed") != "true":
        # before 1.0a whoever sent a person there could use what that person agreed to (§2.1)
        return Misconfigured(
            "the platform does not confirm where it sends people back to: it speaks OAuth 1.0,"
            " not 1.0a",
            remedy="It has to answer oauth_callback_confirmed=true.",
        )
    return found


def read_token(reply: Reply) -> Token | Outcome:
    """Return the token of a third leg, or what its refusal means."""
    body = _fields(reply)
    token, secret = body.get("oauth_token", ""), body.get("oauth_token_secret", "")
    if reply.status // 100 == 2 and token and secret:
        return Token(value=token, secret=secret)
    answer, wait = evidence(reply, "", (token, secret)), read_wait(reply.headers)
    if reply.status == 429:
        return RateLimited(until=wait.until, answer=answer, retry_after=wait.seconds)
    if reply.status in {400, 401, 403}:
        return AuthRevoked(f"the platform refused to issue a token (HTTP {reply.status})", answer)
    return Unavailable(f"no token in the answer (HTTP {reply.status})", answer=answer)


def grant_of(token: Token) -> Grant:
    """Return a lasting token as a grant; it does not say that it ends."""
    return Grant(access_token=token.value, more={TOKEN_SECRET: token.secret})


class SignedTransport:
    """A transport that signs every call; `moment` makes a fresh timestamp and nonce."""

    def __init__(
        self, transport: Transport, app: App, token: Token, moment: Callable[[], Moment]
    ) -> None:
        self._transport = transport
        self._app = app
        self._token = token
        self._moment = moment

    async def call(self, method: str, url: str, **content: Any) -> Reply:
        """Make one signed call; see `Transport.call`."""
        whole = with_query(url, content.pop("query", None) or {})
        form = content.get("form") if content.get("files") is None else None
        header = authorization_header(
            self._app, self._token, self._moment(), method, whole, form=form
        )
        headers = {**(content.pop("headers", None) or {}), "Authorization": header}
        return await self._transport.call(method, whole, headers=headers, **content)
