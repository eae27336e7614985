"""Sessions: an app password traded for a pair of tokens, and the pair for the next one.

An access token lives two hours, a refresh token 90 days; using one hands out another. As long as
the app password stands, no person is needed: whatever ends the pair, a new session is begun.
Sessions are kept, since only 30 may be begun in 5 minutes and 300 in a day. Source:
https://docs.bsky.app/docs/advanced-guides/rate-limits and lexicons com.atproto.server.* (checked
2026-11-22).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any, Final

from copydesk.core.outcomes import (
    AuthExpired,
    AuthRevoked,
    Misconfigured,
    Outcome,
    Refused,
    Unavailable,
)
from copydesk.platforms.kit.auth import Grant
from copydesk.platforms.kit.transport import Reply
from copydesk.platforms.kit.wire import Wire

_CREATE: Final = "/xrpc/com.atproto.server.createSession"
_REFRESH: Final = "/xrpc/com.atproto.server.refreshSession"


async def renewed(wire: Wire, identifier: str, secrets: Mapping[str, str]) -> Grant | Outcome:
    """Return the next pair of tokens; `wire` must send no credential by itself.

    `AuthRevoked` only when the server does not take the app password.
    """
    if refresh := secrets.get("refresh_token", ""):
        reply = await wire.read("POST", _REFRESH, headers={"Authorization": f"Bearer {refresh}"})
        if not isinstance(reply, AuthExpired | AuthRevoked | Refused):
            return _grant(reply)
    password = secrets.get("app_password", "")
    body = {"identifier": identifier, "password": password}
    reply = await wire.read("POST", _CREATE, json_body=body)
    if not isinstance(reply, AuthExpired | AuthRevoked):
        return _grant(reply)
    if reply.answer.vendor_code == "AuthFactorTokenRequired":
        return Misconfigured(
            "the account's own password was given, and that takes a code by e-mail",
            "Make an app password (Settings, Privacy and security) and give that.",
            reply.answer,
        )
    return AuthRevoked("the server does not take the app password", reply.answer)


def _grant(reply: Reply | Outcome) -> Grant | Outcome:
    if not isinstance(reply, Reply):
        return reply
    body = reply.json()
    tokens = body if isinstance(body, dict) else {}
    access, refresh = tokens.get("accessJwt"), tokens.get("refreshJwt")
    if not isinstance(access, str) or not isinstance(refresh, str) or not access:
        return Unavailable("the server began a session without saying its tokens")
    if tokens.get("active") is False:
        return Misconfigured(
            f"the account is {tokens.get('status') or 'not active'}",
            "Open Bluesky and see what it says about the account.",
        )
    return Grant(access_token=access, refresh_token=refresh, expires_in=lifetime(access))


def lifetime(token: str) -> float | None:
    """Return how many seconds a token lives, as far as it says so itself; it is not verified: only
    its server can, and only we are misled by what it says."""
    try:
        middle = token.split(".")[1]
        claims: Any = json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
        seconds = float(claims["exp"]) - float(claims["iat"])
    except (IndexError, KeyError, TypeError, ValueError, RecursionError):
        return None
    return seconds if 0 < seconds < 1e9 else None
