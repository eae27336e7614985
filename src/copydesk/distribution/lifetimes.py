"""When a credential is renewed, when a person is warned, and when it has ended. Pure.

An unknown expiry stays unknown: inventing a far one has left whole products publishing with dead
tokens (postiz #1935).
"""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Final

from copydesk.core.account import Account
from copydesk.platforms.kit.auth import (
    AppPassword,
    AuthKind,
    Grant,
    OAuth2ClientCredentials,
    OAuth2Code,
    OAuth2Device,
)
from copydesk.store.credentials import Lifetimes

#: Days before the end of a credential on which a person is told, once each; 0: it has ended.
NOTICES: Final = (7, 3, 1, 0)

#: A credential is renewed when this share of its life is left, but never earlier than a week ahead.
_SHARE: Final = 0.25
_EARLIEST: Final = timedelta(days=7)


def is_renewable(kind: AuthKind | None, *, has_refresh_token: bool) -> bool:
    """Return whether a credential of this kind can be renewed without a person."""
    match kind:
        case OAuth2Code() | OAuth2Device():
            return kind.renewable and has_refresh_token
        case OAuth2ClientCredentials() | AppPassword():
            return True
        case _:
            return False


def lifetimes_of(
    grant: Grant,
    now: datetime,
    *,
    renewable: bool,
    kept_until: datetime | None,
    source: random.Random,
) -> Lifetimes:
    """Return what a grant received at `now` (aware UTC) means for the times to come.

    `kept_until` is when the refresh token that stays in use ends, as far as it is known. The
    moment of renewal is drawn from the first half of the margin, so that accounts connected
    together are not renewed together.
    """
    expires_at = None if grant.expires_in is None else now + timedelta(seconds=grant.expires_in)
    if not renewable:
        return Lifetimes(
            expires_at=expires_at, ends_at=expires_at, notify_at=next_notice(expires_at, now)
        )
    ends_at = kept_until
    if grant.refresh_expires_in is not None:
        ends_at = now + timedelta(seconds=grant.refresh_expires_in)
    elif grant.refresh_token:
        ends_at = None
    renew_at = None
    if grant.expires_in is not None and expires_at is not None:
        margin = min(timedelta(seconds=grant.expires_in * _SHARE), _EARLIEST)
        renew_at = expires_at - margin * source.uniform(0.5, 1.0)
    return Lifetimes(
        expires_at=expires_at,
        renew_at=renew_at,
        ends_at=ends_at,
        notify_at=next_notice(ends_at, now),
    )


def next_notice(ends_at: datetime | None, now: datetime) -> datetime | None:
    """Return when a person is to be told next that a credential ends, None when never again."""
    if ends_at is None:
        return None
    ahead = (ends_at - timedelta(days=days) for days in NOTICES)
    return next((moment for moment in ahead if moment > now), None)


def days_noticed(ends_at: datetime, now: datetime) -> int:
    """Return which notice is due at `now`: the fewest days of `NOTICES` that are not over yet."""
    left = ends_at - now
    return min((days for days in NOTICES if left <= timedelta(days=days)), default=NOTICES[0])


def has_expired(account: Account, now: datetime) -> bool:
    """Return whether the account's credential is certainly over; False when nobody knows."""
    return account.expires_at is not None and account.expires_at <= now
