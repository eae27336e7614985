"""OAuth 1.0a (RFC 5849): three-legged requests, and a transport that signs every call.

Signing is authlib's; timestamps and nonces are handed in, so a signature can be checked against the
examples of the RFC.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from copydesk.core.outcomes import AuthRevoked, Outcome, RateLimited, Unavailable
from copydesk.platforms.kit.auth import TOKEN_SECRET, App, Endpoints, Grant, OAuth1
from copydesk.platforms.kit.auth_oauth2 import TokenRequest, with_query
from copydesk.platforms.kit.classify import evidence
from copydesk.platforms.kit.retry_after import read_wait
from copydesk.platforms.kit.transport import Reply, Transport

_FORM: Final = "application/x-www-form-urlencoded"


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
    from authlib.oauth1.rfc5849.client_auth import (  # type: ignore[import-untyped]
        ClientAuth,
    )
    from authlib.oauth1.rfc5849.parameters import (  # type: ignore[import-untyped]
        prepare_headers,
    )

    signer = ClientAuth(
        app.client_id,
        app.client_secret,
        token=token.value or None,
        token_secret=token.secret or None,
        redirect_uri=callback or None,
        verifier=verifier or None,
    )
    parameters = signer.get_oauth_params(moment.nonce, str(moment.timestamp))
    body = urlencode({key: str(value) for key, value in (form or {}).items()})
    headers = prepare_headers(parameters, {"Content-Type": _FORM} if form else {})
    signature = signer.get_oauth_signature(method, url, headers, body)
    signed = prepare_headers([*parameters, ("oauth_signature", signature)], {})
    header: str = signed["Authorization"]
    return header


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


def read_token(reply: Reply) -> Token | Outcome:
    """Return the token of a first or third leg, or what its refusal means."""
    body = dict(parse_qsl(reply.body[:20_000].decode("utf-8", "replace")))
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
