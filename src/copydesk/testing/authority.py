"""A strict authorization server's memory and rules: RFC 6749, 7636, 8628, with rotation.

It forgives nothing that a strict server does not: an authorization code works once, a refresh token
works once, and using either again revokes the whole grant, as RFC 9700 §4.14.2 advises. It shares
no code with what it judges.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from urllib.parse import unquote_plus

from copydesk.core.clock import Clock

_VERIFIER: Final = re.compile(r"[A-Za-z0-9\-._~]{43,128}")


class TokenLie(StrEnum):
    """How the token endpoint misbehaves when a refresh token is used."""

    UNAVAILABLE = "unavailable"  # 503, nothing done
    RATE_LIMITED = "rate_limited"  # 429, nothing done
    HTML = "html"  # a page of a proxy, nothing done
    ERROR_AFTER_ROTATING = "error_after_rotating"
    LOST_AFTER_ROTATING = "lost_after_rotating"
    HANG_AFTER_ROTATING = "hang_after_rotating"
    EMPTY_REFRESH_TOKEN = "empty_refresh_token"  # not rotated, and an empty one in the answer
    NO_REFRESH_TOKEN = "no_refresh_token"  # not rotated, and none in the answer
    NO_EXPIRY = "no_expiry"
    TEXT_EXPIRY = "text_expiry"


#: Lies told after the old refresh token has stopped working.
AFTER_ROTATING: Final = frozenset(
    {
        TokenLie.ERROR_AFTER_ROTATING,
        TokenLie.LOST_AFTER_ROTATING,
        TokenLie.HANG_AFTER_ROTATING,
        TokenLie.NO_EXPIRY,
        TokenLie.TEXT_EXPIRY,
    }
)


class Refusal(Exception):
    """An error answer of RFC 6749 §5.2: its code, words and HTTP status."""

    def __init__(self, code: str, words: str, status: int = 400) -> None:
        super().__init__(f"{code}: {words}")
        self.code, self.words, self.status = code, words, status


@dataclass(slots=True, kw_only=True)
class Registered:
    """An app. A public one has no secret."""

    client_id: str
    client_secret: str = field(default="", repr=False)
    redirect_uris: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True)
class Grant:
    """What a person agreed to: lives until it is revoked, however often its tokens change."""

    id: int
    client_id: str
    user: str
    scopes: tuple[str, ...]
    revoked: bool = False


@dataclass(slots=True, kw_only=True)
class _Code:
    grant: Grant
    redirect_uri: str
    challenge: str
    expires_at: datetime
    used: bool = False


@dataclass(slots=True, kw_only=True)
class _Token:
    grant: Grant
    expires_at: datetime | None = None
    used: bool = False


@dataclass(slots=True, kw_only=True)
class _Device:
    client_id: str
    user_code: str
    scopes: tuple[str, ...]
    expires_at: datetime
    interval: float
    polled_at: datetime | None = None
    decision: str = ""


class Authority:
    """The rules. `lifetime` of access tokens and `refresh_lifetime` are in seconds; None: no end.

    `user` is who agrees, `denies` makes them say no. `counts` has one entry for each thing that
    happened: `refreshed`, `reused`, `grants_revoked`, `codes`, `refused_<code>` …
    """

    def __init__(
        self,
        clock: Clock,
        *,
        lifetime: float | None = 7200.0,
        refresh_lifetime: float | None = None,
        rotates: bool = True,
        user: str = "desk",
    ) -> None:
        self.clock = clock
        self.lifetime = lifetime
        self.refresh_lifetime = refresh_lifetime
        self.rotates = rotates
        self.user = user
        self.denies = False
        self.grants_less: tuple[str, ...] = ()
        self.code_lifetime = 30.0
        self.interval = 5.0
        self.pkce_required = True
        self.counts: Counter[str] = Counter()
        self.apps: dict[str, Registered] = {}
        self.grants: list[Grant] = []
        self.lies: list[TokenLie] = []
        self._codes: dict[str, _Code] = {}
        self._access: dict[str, _Token] = {}
        self._refresh: dict[str, _Token] = {}
        self._devices: dict[str, _Device] = {}

    # -- apps -------------------------------------------------------------------------------------

    def register(self, *redirect_uris: str, public: bool = False) -> Registered:
        """Make an app known."""
        app = Registered(
            client_id=f"app-{len(self.apps) + 1}",
            client_secret="" if public else secrets.token_urlsafe(24),
            redirect_uris=redirect_uris,
        )
        self.apps[app.client_id] = app
        self.counts["registered"] += 1
        return app

    def app_of(self, form: dict[str, str], authorization: str) -> Registered:
        """Return the app a token request proves to be; raises `Refusal`."""
        scheme, _, value = authorization.partition(" ")
        if scheme.lower() == "basic":
            if "client_secret" in form:
                raise Refusal("invalid_request", "two ways to authenticate the app")
            try:
                pair = base64.b64decode(value, validate=True).decode()
            except ValueError:
                raise Refusal("invalid_client", "not Basic", 401) from None
            client_id, _, secret = (unquote_plus(part) for part in pair.partition(":"))
        else:
            client_id, secret = form.get("client_id", ""), form.get("client_secret", "")
        app = self.apps.get(client_id)
        if app is None or not secrets.compare_digest(app.client_secret, secret):
            raise Refusal("invalid_client", "unknown app or wrong secret", 401)
        return app

    # -- the code flow ----------------------------------------------------------------------------

    def authorize(self, query: dict[str, str]) -> tuple[str, dict[str, str]]:
        """Return where to send the browser and with which answer.

        Raises `Refusal` for what must not be answered by a redirect (RFC 6749 §4.1.2.1): an
        unknown app or another address than the registered one.
        """
        app = self.apps.get(query.get("client_id", ""))
        if app is None:
            raise Refusal("invalid_request", "unknown app")
        redirect_uri = query.get("redirect_uri", "")
        if redirect_uri not in app.redirect_uris:
            raise Refusal("invalid_request", f"{redirect_uri!r} is not registered")
        state = {"state": query["state"]} if query.get("state") else {}
        if query.get("response_type") != "code":
            return redirect_uri, {"error": "unsupported_response_type", **state}
        if not state:
            return redirect_uri, {"error": "invalid_request", "error_description": "no state"}
        challenge = query.get("code_challenge", "")
        plain = query.get("code_challenge_method") != "S256"
        if self.pkce_required and (plain or not re.fullmatch(r"[A-Za-z0-9\-_]{43}", challenge)):
            return redirect_uri, {"error": "invalid_request", **state}
        if self.denies:
            self.counts["denied"] += 1
            return redirect_uri, {"error": "access_denied", **state}
        asked = tuple(query.get("scope", "").split())
        grant = self._grant(app, tuple(s for s in asked if s not in self.grants_less))
        code = secrets.token_urlsafe(24)
        self._codes[code] = _Code(
            grant=grant,
            redirect_uri=redirect_uri,
            challenge=challenge,
            expires_at=self.clock.now() + timedelta(seconds=self.code_lifetime),
        )
        return redirect_uri, {"code": code, **state}

    def token(self, form: dict[str, str], authorization: str) -> dict[str, object]:
        """Return the answer of the token endpoint; raises `Refusal`."""
        app = self.app_of(form, authorization)
        match form.get("grant_type"):
            case "authorization_code":
                return self._redeem(app, form)
            case "refresh_token":
                return self._renew(app, form)
            case "client_credentials":
                if not app.client_secret:
                    raise Refusal("unauthorized_client", "a public app speaks for nobody")
                grant = self._grant(app, tuple(form.get("scope", "").split()))
                return self._issue(grant, refresh=False)
            case "urn:ietf:params:oauth:grant-type:device_code":
                return self._poll(app, form)
            case _:
                raise Refusal("unsupported_grant_type", str(form.get("grant_type")))

    def revoke_grant(self, grant: Grant) -> None:
        """End a grant with all its tokens, as a person does on the platform's own pages."""
        if not grant.revoked:
            grant.revoked = True
            self.counts["grants_revoked"] += 1

    def revoke(self, token: str) -> None:
        """End the grant that a token belongs to (RFC 7009); unknown tokens are no error."""
        found = self._refresh.get(token) or self._access.get(token)
        if found is not None:
            self.revoke_grant(found.grant)

    def bearer(self, token: str) -> Grant | None:
        """Return the grant of an access token that is good now."""
        found = self._access.get(token)
        if found is None or found.grant.revoked:
            return None
        if found.expires_at is not None and found.expires_at <= self.clock.now():
            return None
        return found.grant

    def _redeem(self, app: Registered, form: dict[str, str]) -> dict[str, object]:
        code = self._codes.get(form.get("code", ""))
        if code is None or code.grant.client_id != app.client_id:
            raise Refusal("invalid_grant", "unknown code")
        if code.used:
            self.counts["codes_reused"] += 1
            self.revoke_grant(code.grant)
            raise Refusal("invalid_grant", "the code was used already")
        if code.expires_at <= self.clock.now():
            raise Refusal("invalid_grant", "the code has expired")
        if form.get("redirect_uri") != code.redirect_uri:
            raise Refusal("invalid_grant", "another redirect_uri")
        code.used = True
        if code.challenge:
            verifier = form.get("code_verifier", "")
            digest = hashlib.sha256(verifier.encode("ascii", "replace")).digest()
            proof = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
            if not _VERIFIER.fullmatch(verifier) or proof != code.challenge:
                raise Refusal("invalid_grant", "the code verifier is wrong")
        self.counts["codes"] += 1
        return self._issue(code.grant)

    def _renew(self, app: Registered, form: dict[str, str]) -> dict[str, object]:
        held = self._refresh.get(form.get("refresh_token", ""))
        if held is None or held.grant.client_id != app.client_id:
            raise Refusal("invalid_grant", "unknown refresh token")
        if held.used:
            self.counts["reused"] += 1
            self.revoke_grant(held.grant)
            raise Refusal("invalid_grant", "the refresh token was used already")
        if held.grant.revoked:
            raise Refusal("invalid_grant", "the grant was revoked")
        if held.expires_at is not None and held.expires_at <= self.clock.now():
            raise Refusal("invalid_grant", "the refresh token has expired")
        lie = self.lies[0] if self.lies else None
        keeps = lie in {TokenLie.EMPTY_REFRESH_TOKEN, TokenLie.NO_REFRESH_TOKEN}
        rotates = self.rotates and not keeps
        held.used = rotates
        self.counts["refreshed"] += 1
        return self._issue(held.grant, refresh=rotates)

    def _grant(self, app: Registered, scopes: tuple[str, ...]) -> Grant:
        grant = Grant(
            id=len(self.grants) + 1, client_id=app.client_id, user=self.user, scopes=scopes
        )
        self.grants.append(grant)
        return grant

    def _issue(self, grant: Grant, *, refresh: bool = True) -> dict[str, object]:
        now = self.clock.now()
        token = f"access-{secrets.token_urlsafe(18)}"
        ends = None if self.lifetime is None else now + timedelta(seconds=self.lifetime)
        self._access[token] = _Token(grant=grant, expires_at=ends)
        answer: dict[str, object] = {"access_token": token, "token_type": "Bearer"}
        if grant.scopes:
            answer["scope"] = " ".join(grant.scopes)
        if self.lifetime is not None:
            answer["expires_in"] = int(self.lifetime)
        if refresh:
            renewing = f"refresh-{secrets.token_urlsafe(18)}"
            last = self.refresh_lifetime
            until = None if last is None else now + timedelta(seconds=last)
            self._refresh[renewing] = _Token(grant=grant, expires_at=until)
            answer["refresh_token"] = renewing
            if last is not None:
                answer["refresh_expires_in"] = int(last)
        return answer

    # -- the device flow --------------------------------------------------------------------------

    def device(self, form: dict[str, str], authorization: str, where: str) -> dict[str, object]:
        """Return what a device shows to a person (RFC 8628 §3.2)."""
        app = self.app_of(form, authorization)
        code, user_code = secrets.token_urlsafe(24), secrets.token_hex(4).upper()
        self._devices[code] = _Device(
            client_id=app.client_id,
            user_code=user_code,
            scopes=tuple(form.get("scope", "").split()),
            expires_at=self.clock.now() + timedelta(seconds=600),
            interval=self.interval,
        )
        return {
            "device_code": code,
            "user_code": user_code,
            "verification_uri": where,
            "expires_in": 600,
            "interval": int(self.interval),
        }

    def decide(self, user_code: str, decision: str) -> None:
        """Enter a user code: `allow` or `deny`."""
        for device in self._devices.values():
            if device.user_code == user_code:
                device.decision = decision

    def _poll(self, app: Registered, form: dict[str, str]) -> dict[str, object]:
        device = self._devices.get(form.get("device_code", ""))
        now = self.clock.now()
        if device is None or device.client_id != app.client_id:
            raise Refusal("invalid_grant", "unknown device code")
        if device.expires_at <= now:
            raise Refusal("expired_token", "the device code has expired")
        early = device.polled_at is not None and (
            now < device.polled_at + timedelta(seconds=device.interval)
        )
        device.polled_at = now
        if early:
            device.interval += 5
            self.counts["polled_too_fast"] += 1
            raise Refusal("slow_down", "not so fast")
        if device.decision == "deny":
            raise Refusal("access_denied", "the person said no")
        if device.decision != "allow":
            raise Refusal("authorization_pending", "nobody has entered the code yet")
        del self._devices[form["device_code"]]
        return self._issue(self._grant(app, device.scopes))
