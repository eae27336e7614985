"""Circuit breakers, pure: from what a round felt of a platform to what may be called next.

closed → open after failures in a row → half open, with one delivery let through → closed, or open
again for longer. Only what says that nobody is there counts: not reached, no answer, a 5xx. What a
platform refuses it has answered. A host's breaker needs failures of two accounts, so that one bad
account never stops the others; where a host has one account only, that account's breaker does.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from copydesk.core.breaker import MANY, Breaker, host_breaker_id
from copydesk.core.outcomes import (
    Existence,
    Inconclusive,
    Outcome,
    Pending,
    RateLimited,
    Ready,
    Unavailable,
    Unknown,
)
from copydesk.core.states import BreakerState
from copydesk.platforms.kit.transport import Reply


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerPolicy:
    """After how many failures in a row breakers open, and for how long. Seconds.

    The rest doubles with each opening, with full jitter above `least`, and ends at `longest`.
    `term` is how long a delivery that was let through has to tell how things are.
    """

    account_failures: int = 5
    host_failures: int = 10
    host_accounts: int = 2
    first: float = 2.0
    least: float = 0.5
    longest: float = 600.0
    term: float = 60.0

    def rest(self, trips: int, source: random.Random) -> timedelta:
        """Return how long a breaker stays open that opened for the `trips`-th time in a row."""
        bound = min(self.longest, self.first * 2 ** min(60, max(0, trips - 1)))
        return timedelta(seconds=max(self.least, source.uniform(0, bound)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """How many HTTP calls were begun and how many were answered, up to some moment."""

    asked: int = 0
    told: int = 0


class Pulse:
    """What one round felt of its platform, call by call; it also watches the HTTP calls."""

    def __init__(self) -> None:
        self._asked = 0
        self._told = 0
        self.begin()

    def begin(self) -> None:
        """Begin another round."""
        self.failures = 0
        self.answered = False
        self.reason = ""

    def feel(self, answer: Ready | Pending | Outcome | Existence, since: Mark) -> None:
        """Take in an answer of the spoke to a step that began at `since`."""
        match answer:
            case Unavailable() | Unknown():
                self.miss(answer.reason)
            case Inconclusive():
                # a spoke that could not ask says the same as one that was told nothing
                if self._asked - self._told > since.asked - since.told:
                    self.miss(answer.reason)
            case RateLimited() if (answer.answer.status or 0) >= 500:
                self.miss("it is overloaded")
            case Ready() | Pending() | RateLimited() if self._told == since.told:
                pass  # said without a call: there was nothing to prepare, or the budget is used up
            case _:
                self.failures, self.answered = 0, True

    def mark(self) -> Mark:
        """Return where the calls stand, for `feel`."""
        return Mark(asked=self._asked, told=self._told)

    def miss(self, reason: str) -> None:
        """Take in that nobody answered."""
        self.failures += 1
        self.reason = reason

    # -- as an observer of the transport ----------------------------------------------------------

    async def before(self, method: str, url: str) -> None:
        """Count a call that is about to be made."""
        self._asked += 1

    async def after(self, method: str, url: str, reply: Reply) -> None:
        """Count a call that was answered by somebody."""
        if reply.status < 500:
            self._told += 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What a breaker guards: one account, or a host with all accounts on it."""

    id: str
    platform: str
    host: str
    failures: int
    accounts: int


def scopes(account_id: str, platform: str, host: str, policy: BreakerPolicy) -> tuple[Scope, ...]:
    """Return the breakers that guard calls for an account: the host's first, where it has one."""
    own = Scope(
        id=account_id, platform=platform, host="", failures=policy.account_failures, accounts=1
    )
    if not host:
        return (own,)
    shared = Scope(
        id=host_breaker_id(platform, host),
        platform=platform,
        host=host,
        failures=policy.host_failures,
        accounts=policy.host_accounts,
    )
    return (shared, own)


def closed(scope: Scope) -> Breaker:
    """Return the breaker of a scope that never failed."""
    return Breaker(id=scope.id, platform=scope.platform, host=scope.host, state=BreakerState.CLOSED)


def resting_until(breakers: Sequence[Breaker], now: datetime) -> Breaker | None:
    """Return the breaker that stops calls for longest, or None if none does at `now`."""
    stopping = [b for b in breakers if b.stands_in_the_way and b.open_until and b.open_until > now]
    return max(stopping, key=lambda b: b.open_until or now, default=None)


def learn(
    breaker: Breaker,
    scope: Scope,
    pulse: Pulse,
    *,
    account_id: str,
    probe: str,
    now: datetime,
    policy: BreakerPolicy,
    source: random.Random,
) -> Breaker:
    """Return what a breaker is after a round of `account_id` in which `pulse` was felt.

    `probe` is the delivery this round let through, "" for a round that was not stopped. Returns
    `breaker` itself when it has not changed.
    """
    if breaker.state is BreakerState.CLOSED:
        return _learn_closed(breaker, scope, pulse, account_id, now, policy, source)
    if not probe or breaker.probe != probe:
        return breaker  # what was under way when it opened proves nothing about now
    if pulse.failures:
        return _open(breaker, pulse.reason, now, policy, source)
    if pulse.answered:
        return close(breaker, now)
    # let through, but no call was made: the next one may try at once
    return replace(breaker, state=BreakerState.OPEN, open_until=now, probe="", changed_at=now)


def close(breaker: Breaker, now: datetime) -> Breaker:
    """Return the breaker closed: somebody answered, or a person says that it works."""
    return replace(
        breaker,
        state=BreakerState.CLOSED,
        failures=0,
        failing=(),
        trips=0,
        open_until=None,
        probe="",
        reason="",
        changed_at=now,
    )


def _learn_closed(
    breaker: Breaker,
    scope: Scope,
    pulse: Pulse,
    account_id: str,
    now: datetime,
    policy: BreakerPolicy,
    source: random.Random,
) -> Breaker:
    if not pulse.failures:
        return close(breaker, now) if pulse.answered and breaker.failures else breaker
    earlier, failing = (0, ()) if pulse.answered else (breaker.failures, breaker.failing)
    if account_id not in failing:
        failing = (*failing, account_id)[-MANY:]
    counted = replace(
        breaker,
        failures=earlier + pulse.failures,
        failing=failing,
        reason=pulse.reason,
        changed_at=now,
    )
    if counted.failures >= scope.failures and len(failing) >= scope.accounts:
        return _open(counted, pulse.reason, now, policy, source)
    return counted


def _open(
    breaker: Breaker, reason: str, now: datetime, policy: BreakerPolicy, source: random.Random
) -> Breaker:
    trips = breaker.trips + 1
    return replace(
        breaker,
        state=BreakerState.OPEN,
        trips=trips,
        open_until=now + policy.rest(trips, source),
        probe="",
        reason=reason,
        changed_at=now,
    )
