"""Calls that prove themselves by a signature over their time; what a wrong clock makes of them."""

from __future__ import annotations

import secrets as randomness
from collections.abc import Mapping

from copydesk.core.clock import Clock
from copydesk.platforms.kit.auth import (
    ACCESS_TOKEN,
    CLIENT_ID,
    CLIENT_SECRET,
    TOKEN_SECRET,
    App,
    AuthKind,
    JwtMaker,
    OAuth1,
)
from copydesk.platforms.kit.clock_watch import ClockWatch
from copydesk.platforms.kit.transport import Transport


def proving(
    transport: Transport, kind: AuthKind | None, known: Mapping[str, str], clock: Clock
) -> Transport:
    """Return `transport` with each call signed where `kind` of account does so; `known` are the
    account's settings and secrets.

    Where a signature or a token tells our time, a refusal for it is told apart (`ClockWatch`).
    """
    if isinstance(kind, OAuth1):
        return ClockWatch(_signed(transport, known, clock), clock.now)
    if isinstance(kind, JwtMaker):
        from copydesk.platforms.kit.auth_jwt import dated_back

        return ClockWatch(transport, clock.now, dated_back(kind))
    return transport


def _signed(transport: Transport, known: Mapping[str, str], clock: Clock) -> Transport:
    from copydesk.platforms.kit.auth_oauth1 import Moment, SignedTransport, Token

    def moment() -> Moment:
        timestamp = int(clock.now().timestamp())
        return Moment(timestamp=timestamp, nonce=randomness.token_hex(16))

    app = App(client_id=known.get(CLIENT_ID, ""), client_secret=known.get(CLIENT_SECRET, ""))
    token = Token(value=known.get(ACCESS_TOKEN, ""), secret=known.get(TOKEN_SECRET, ""))
    return SignedTransport(transport, app, token, moment)
