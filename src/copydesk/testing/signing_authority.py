"""The rules of OAuth 1.0a (RFC 5849), with signatures checked by code of its own."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from collections import Counter
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote, unquote, urlencode, urlsplit

from copydesk.core.clock import Clock

_PART: Final = re.compile(r'(\w+)="([^"]*)"')
#: How far a timestamp may be off, in seconds.
_SKEW: Final = 300


def escape(text: str) -> str:
    """Return `text` percent-encoded as RFC 5849 §3.6 has it."""
    return quote(text, safe="-._~")


def base_string(method: str, url: str, parameters: list[tuple[str, str]]) -> str:
    """Return what is signed (RFC 5849 §3.4.1); `parameters` are decoded."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    if ":" in host:
        host = f"[{host}]"
    if parts.port and (parts.scheme.lower(), parts.port) not in {("http", 80), ("https", 443)}:
        host = f"{host}:{parts.port}"
    encoded = sorted((escape(k), escape(v)) for k, v in parameters if k != "oauth_signature")
    joined = "&".join(f"{k}={v}" for k, v in encoded)
    where = f"{parts.scheme.lower()}://{host}{parts.path or '/'}"
    return "&".join((method.upper(), escape(where), escape(joined)))


def hmac_sha1(base: str, app_secret: str, token_secret: str = "") -> str:
    """Return the signature of a base string (RFC 5849 §3.4.2)."""
    key = f"{escape(app_secret)}&{escape(token_secret)}".encode()
    return base64.b64encode(hmac.new(key, base.encode(), hashlib.sha1).digest()).decode()


@dataclass(slots=True, kw_only=True)
class _Token:
    value: str
    secret: str = field(repr=False)
    callback: str = ""
    verifier: str = ""
    used: bool = False


class SigningAuthority:
    """Three legs and a protected API; a nonce works once."""

    def __init__(self, clock: Clock, user: str = "desk") -> None:
        self.clock = clock
        self.user = user
        self.denies = False
        self.app_id = "consumer"
        self.app_secret = secrets.token_urlsafe(16)
        self.counts: Counter[str] = Counter()
        self._temporary: dict[str, _Token] = {}
        self._lasting: dict[str, _Token] = {}
        self._nonces: set[tuple[str, str]] = set()

    def temporary(
        self, method: str, url: str, header: str, fields: list[tuple[str, str]]
    ) -> dict[str, str] | None:
        """Return a temporary token for a signed request with a callback, or None."""
        given = self._check(method, url, header, fields, None)
        if given is None or not given.get("oauth_callback"):
            return None
        token = _new("temporary", given["oauth_callback"])
        self._temporary[token.value] = token
        return {
            "oauth_token": token.value,
            "oauth_token_secret": token.secret,
            "oauth_callback_confirmed": "true",
        }

    def agree(self, value: str) -> str:
        """Return where the person is sent after the second leg; "" for an unknown token."""
        token = self._temporary.get(value)
        if token is None:
            return ""
        mark = "&" if "?" in token.callback else "?"
        if self.denies:
            return f"{token.callback}{mark}{urlencode({'denied': value})}"
        token.verifier = secrets.token_hex(4)
        answer = {"oauth_token": value, "oauth_verifier": token.verifier}
        return f"{token.callback}{mark}{urlencode(answer)}"

    def lasting(
        self, method: str, url: str, header: str, fields: list[tuple[str, str]]
    ) -> dict[str, str] | None:
        """Trade an agreed temporary token for a lasting one, once."""
        token = self._temporary.get(_parts(header).get("oauth_token", ""))
        if token is None or token.used:
            return None
        given = self._check(method, url, header, fields, token)
        if given is None or not token.verifier or given.get("oauth_verifier") != token.verifier:
            return None
        token.used = True
        lasting = _new("lasting")
        self._lasting[lasting.value] = lasting
        return {"oauth_token": lasting.value, "oauth_token_secret": lasting.secret}

    def user_of(self, method: str, url: str, header: str, fields: list[tuple[str, str]]) -> str:
        """Return who signed a call to the API, or ""."""
        token = self._lasting.get(_parts(header).get("oauth_token", ""))
        if token is None or self._check(method, url, header, fields, token) is None:
            return ""
        return self.user

    def _check(
        self,
        method: str,
        url: str,
        header: str,
        fields: list[tuple[str, str]],
        token: _Token | None,
    ) -> dict[str, str] | None:
        given = _parts(header)
        if given.get("oauth_consumer_key") != self.app_id:
            return None
        moment = given.get("oauth_timestamp", "")
        used = (moment, given.get("oauth_nonce", ""))
        now = self.clock.now().timestamp()
        fresh = moment.isdigit() and abs(int(moment) - now) <= _SKEW and used not in self._nonces
        signed = [*given.items(), *fields]
        expected = hmac_sha1(
            base_string(method, url, signed), self.app_secret, token.secret if token else ""
        )
        if not fresh or not hmac.compare_digest(expected, given.get("oauth_signature", "")):
            self.counts["refused"] += 1
            return None
        self._nonces.add(used)
        return given


def _new(kind: str, callback: str = "") -> _Token:
    return _Token(
        value=f"{kind}-{secrets.token_urlsafe(9)}",
        secret=secrets.token_urlsafe(18),
        callback=callback,
    )


def _parts(header: str) -> dict[str, str]:
    return {
        name: unquote(value)
        for name, value in _PART.findall(header.removeprefix("OAuth "))
        if name != "realm"
    }
