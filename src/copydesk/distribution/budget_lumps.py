"""What one process knows of rate budgets: lumps of tokens taken from the rows, and what is closed.

The rows are the truth. What is lost with the process counts as spent, no longer than a call would.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from weakref import WeakValueDictionary

import structlog

from copydesk.core.account import Account
from copydesk.core.errors import CopydeskError
from copydesk.distribution.budget import (
    Fill,
    Heard,
    allowed,
    from_stored,
    give_back,
    hear,
    lump,
    opens_at,
    room,
    slice_at,
    take,
    to_stored,
)
from copydesk.distribution.closing import account_key, app_key, bucket_key, close_scope
from copydesk.distribution.fares import Fares
from copydesk.platforms.kit.contract import Platform
from copydesk.platforms.kit.pace import Pace
from copydesk.platforms.kit.transport import Closed
from copydesk.store import Store

_log = structlog.get_logger(__name__)

#: For how long tokens may gather before a bucket that was used up is opened again.
GATHERING: Final = timedelta(seconds=10)

#: How many lumps and closings a process remembers before it looks which are over.
_MANY: Final = 10_000


@dataclass(slots=True)
class Lump:
    """Tokens taken from a bucket in slice `number` and good until `until`; what was heard since."""

    tokens: int
    number: int
    until: datetime
    heard: Heard | None = None


class Budgets:
    """What one process knows of rate budgets. The rows are the truth."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lumps: dict[str, Lump] = {}
        self._closed: dict[str, Closed] = {}
        # the same in monotonic seconds: a wall clock put forward does not end a rest
        self._ends: dict[str, float] = {}
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self.fares = Fares()

    @property
    def now(self) -> datetime:
        """Return the current time, aware UTC."""
        return self._store.clock.now()

    def closed_until(self, account: Account, platform: Platform) -> datetime | None:
        """Return until when the reads of an account are known to be refused; None when they are
        not. What a look could not ask for then was never looked for."""
        keys = [account_key(account), app_key(platform, account)]
        keys += [
            bucket_key(platform, account, pace)
            for pace in platform.manifest.pace
            if not pace.of or any(calls.method in {"", "GET"} for calls in pace.of)
        ]
        now = self.now
        closed = (self._closed.get(key) for key in keys)
        return max((c.until for c in closed if c is not None and c.until > now), default=None)

    def check(self, key: str) -> None:
        """Raise `Closed` when `key` is known to be closed."""
        closed = self._closed.get(key)
        if closed is None:
            return
        left = self._ends.get(key, 0.0) - self._store.clock.monotonic()
        until = max(closed.until, self.now + timedelta(seconds=max(0.0, left)))
        if until > self.now:
            raise Closed(until, closed.scope, closed.reason)
        del self._closed[key]
        self._ends.pop(key, None)

    def shut(self, key: str, closed: Closed) -> None:
        """Remember that `key` is closed; a longer closing stays."""
        known = self._closed.get(key)
        if known is None or known.until < closed.until:
            self._closed[key] = closed
            rest = (closed.until - self.now).total_seconds()
            self._ends[key] = self._store.clock.monotonic() + rest
        self._lumps.pop(key, None)
        if len(self._closed) > _MANY:
            now = self.now
            self._closed = {k: c for k, c in self._closed.items() if c.until > now}
            self._ends = {k: end for k, end in self._ends.items() if k in self._closed}

    async def left(self, key: str, pace: Pace, cost: int, most: int) -> int:
        """Return how often, at most `most` times, `cost` tokens could be had now; takes none.

        Raises `Closed` where they could not be had once.
        """
        self.check(key)
        known = self._lumps.get(key)
        held = known.tokens if known is not None and self.now < known.until else 0
        if held >= cost * most:
            return most
        async with self._store.read() as unit:
            bucket = (await unit.budgets.all([key])).get(key)
            now = unit.now
        if bucket is not None and bucket.closed_until is not None and bucket.closed_until > now:
            raise Closed(bucket.closed_until, bucket.scope, bucket.closed_because)
        fill = Fill() if bucket is None else from_stored(bucket.fill)
        if known is not None:
            # with the next lump what is left of this one is given back
            fill = give_back(fill, known.number, known.tokens)
        # a call that costs more than a lowered limit takes the whole of it
        needed = max(1, min(cost, allowed(pace, fill)))
        times = max(held // cost, room(pace, fill, now) // needed)
        if not times:
            raise _used_up(pace, fill, cost, now)
        return min(most, times)

    async def take(self, key: str, pace: Pace, cost: int) -> Lump:
        """Take `cost` tokens and return the lump that they are from, for those of a call that is
        not made after all; raises `Closed` when the bucket does not give them now."""
        if found := self._from_lump(key, cost):
            return found
        lock = self._locks.setdefault(key, asyncio.Lock())
        async with lock:
            # whoever waited here may find what the one before has fetched
            self.check(key)
            return self._from_lump(key, cost) or await self._fetch(key, pace, cost)

    def heard(self, key: str, heard: Heard) -> None:
        """Remember what an answer said; the row learns it with the next lump."""
        known = self._lumps.get(key)
        if known is None or heard.remaining is None:
            return
        known.tokens = min(known.tokens, heard.remaining)
        known.heard = heard

    async def write_closed(
        self, platform: Platform, account: Account, closed: Closed, paces: list[Pace]
    ) -> None:
        """Let everybody know that `closed` is, of an endpoint the `paces` that count it."""
        try:
            async with self._store.begin("budget") as unit:
                await close_scope(
                    unit, platform, account, closed.scope, closed.until, closed.reason, paces
                )
        except CopydeskError as error:
            # the answer in hand may be a receipt: nothing may be lost over a budget
            _log.warning("closing_not_written", account=account.name, reason=error.message)

    def _from_lump(self, key: str, cost: int) -> Lump | None:
        known = self._lumps.get(key)
        if known is None or known.tokens < cost or self.now >= known.until:
            return None
        known.tokens -= cost
        if known.heard and known.heard.remaining is not None:
            left = max(0, known.heard.remaining - cost)
            known.heard = Heard(known.heard.limit, left, known.heard.resets_at)
        return known

    async def _fetch(self, key: str, pace: Pace, cost: int) -> Lump:
        # forgotten first: should we be stopped midway, the tokens are lost, never used twice
        old = self._lumps.pop(key, None)
        refused: Closed | None = None
        async with self._store.begin("budget") as unit:
            bucket = await unit.budgets.lock(key, pace.scope)
            now = unit.now
            if bucket.closed_until is not None and bucket.closed_until > now:
                refused = Closed(bucket.closed_until, bucket.scope, bucket.closed_because)
            fill = from_stored(bucket.fill)
            if old is not None:
                fill = give_back(fill, old.number, old.tokens)
                if old.heard is not None:
                    fill = hear(pace, fill, old.heard, now)
            tokens, until = (0, now) if refused else lump(pace, fill, cost, now)
            if tokens:
                fill = take(pace, fill, tokens, now)
            await unit.budgets.fill(key, to_stored(fill))
        if not tokens:
            refused = refused or _used_up(pace, fill, cost, now)
            self.shut(key, refused)
            raise refused
        if len(self._lumps) > _MANY:
            self._lumps = {k: known for k, known in self._lumps.items() if known.until > now}
        number = slice_at(pace, now).number
        fetched = self._lumps[key] = Lump(max(0, tokens - cost), number, until)
        return fetched


def _used_up(pace: Pace, fill: Fill, cost: int, now: datetime) -> Closed:
    first = opens_at(pace, fill, now, cost)
    # a little later there is more: a long queue is not woken for every single token
    several = opens_at(pace, fill, now, max(cost, pace.calls // 10))
    until = max(first, min(several, first + GATHERING))
    which = pace.name or "calls"
    return Closed(
        max(until, now + timedelta(milliseconds=1)),
        # other accounts of the app find out by themselves; only a refusal stops them all
        "endpoint" if pace.scope == "endpoint" else "account",
        f"the rate budget is used up: {which}, {pace.calls} in {pace.seconds} s",
    )
