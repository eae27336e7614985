"""Breakers as people meet them: which accounts they stop, why, and until when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from copydesk.core.account import Account
from copydesk.core.breaker import host_breaker_id
from copydesk.core.errors import NotFound
from copydesk.core.states import BreakerState
from copydesk.distribution.breaker import close
from copydesk.platforms.kit.registry import load_platform
from copydesk.store import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """No calls are made for these `accounts` (names), because `what` (a host or the one account)
    does not answer. At `until` (aware UTC) one delivery is let through to see."""

    what: str
    platform: str
    accounts: tuple[str, ...]
    state: BreakerState
    reason: str
    until: datetime | None

    def __str__(self) -> str:
        until = f"; the next call is made at {self.until:%H:%M:%S} UTC" if self.until else ""
        if self.state is BreakerState.HALF_OPEN:
            until = "; one delivery was let through to see"
        return f"{self.what} ({self.platform}) is left alone: {self.reason}{until}"


async def stopped(unit: UnitOfWork, accounts: Sequence[Account]) -> list[Stopped]:
    """Return what is stopped among `accounts`; one statement while nothing is."""
    standing = await unit.breakers.standing()
    if not standing:
        return []
    concerned: dict[str, list[str]] = {}
    for account in accounts:
        for id in breaker_ids(account):
            concerned.setdefault(id, []).append(account.name)
    return [
        Stopped(
            what=breaker.host or concerned[breaker.id][0],
            platform=breaker.platform,
            accounts=tuple(concerned[breaker.id]),
            state=breaker.state,
            reason=breaker.reason,
            until=breaker.open_until,
        )
        for breaker in standing
        if breaker.id in concerned
    ]


async def close_breakers(unit: UnitOfWork, account: Account) -> None:
    """Let calls for an account be made again: a person has tried it, and it works."""
    for breaker in (await unit.breakers.locked(breaker_ids(account))).values():
        if breaker.stands_in_the_way:
            await unit.breakers.put(close(breaker, unit.now), breaker, account.workspace_id)
            await unit.letters.wake_stopped(account.id)
            unit.hint("courier", account.id)


def breaker_ids(account: Account) -> list[str]:
    """Return the ids of the breakers that can stop an account."""
    try:
        host = load_platform(account.platform).host(account)
    except NotFound:
        host = ""
    return [account.id, *([host_breaker_id(account.platform, host)] if host else [])]
