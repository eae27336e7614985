"""The gate before every call of an account: rate budgets are asked before and learn after.

It sits in the transport, so publishing, look-ups, refreshes, tests and metrics share the budgets.
`Budgets` is what a process knows: lumps of tokens taken from the rows, and what is closed. An
account whose platform names no pace never costs a statement here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
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
from copydesk.distribution.closing import (
    account_key,
    app_key,
    bucket_key,
    close_scope,
    endpoints,
)
from copydesk.distribution.fares import Fares, note
from copydesk.platforms.kit.contract import Platform
from copydesk.platforms.kit.pace import Pace
from copydesk.platforms.kit.rate_headers import (
    Rate,
    asked_wait,
    closed_scope,
    is_limited,
    read_rates,
)
from copydesk.platforms.kit.retry_after import ends_at
from copydesk.platforms.kit.transport import Closed, NotSent, Reply
from copydesk.store import Store

_log = structlog.get_logger(__name__)

#: How long to rest after a refusal that does not say how long.
CAREFUL = timedelta(seconds=60)

#: A platform that says "nothing left" for less than this is waited for without writing it down.
FLEETING = timedelta(seconds=5)

#: For how long tokens may gather before a bucket that was used up is opened again.
GATHERING = timedelta(seconds=10)

#: How many lumps and closings a process remembers before it looks which are over.
_MANY = 10_000


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

    def gate(self, account: Account, platform: Platform) -> BudgetGate:
        """Return the gate for the calls of `account`."""
        return BudgetGate(self, account, platform)

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

    async def close(
        self, gate: BudgetGate, scope: str, closed: Closed, paces: list[Pace], *, write: bool
    ) -> None:
        """Close what `scope` names, here at once and, with `write`, for everybody."""
        for key in gate.keys(scope, paces):
            self.shut(key, closed)
        if not write:
            return
        try:
            async with self._store.begin("budget") as unit:
                await close_scope(
                    unit, gate.platform, gate.account, scope, closed.until, closed.reason, paces
                )
        except CopydeskError as error:
            # the answer in hand may be a receipt: nothing may be lost over a budget
            _log.warning("closing_not_written", account=gate.account.name, reason=error.message)

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


class BudgetGate:
    """The gate of one account: an observer of its transport."""

    def __init__(self, budgets: Budgets, account: Account, platform: Platform) -> None:
        self.account = account
        self.platform = platform
        self._budgets = budgets
        self._account_key = account_key(account)
        self._app_key = app_key(platform, account)
        self._paces = [(p, bucket_key(platform, account, p)) for p in platform.manifest.pace]

    @property
    def fares(self) -> Fares:
        """Return what this process has seen publishing calls take."""
        return self._budgets.fares

    @property
    def batches(self) -> bool:
        """Return whether one call may publish several deliveries."""
        return self.platform.manifest.batch > 1

    async def before(self, method: str, url: str) -> None:
        """Take what the call costs from every bucket that counts it; raises `Closed`.

        Raises `NotSent` when the budgets cannot be read.
        """
        taken: list[tuple[Lump, int]] = []
        try:
            counted = [(p, key, c) for p, key in self._paces if (c := p.cost(method, url))]
            for _, key, cost in counted:
                note(key, cost)
            self._check_account()
            for _, key, _ in counted:
                self._budgets.check(key)
            for pace, key, cost in counted:
                taken.append((await self._budgets.take(key, pace, cost), cost))
        except Closed:
            _put_back(taken)
            raise
        except CopydeskError as error:
            _put_back(taken)
            raise NotSent(f"the rate budget could not be asked: {error.message}") from error

    async def after(self, method: str, url: str, reply: Reply) -> None:
        """Learn from an answer: close what a refusal or an empty allowance names."""
        rates = read_rates(reply.headers)
        limited = is_limited(reply)
        if not rates and not limited:
            return
        now = self._budgets.now
        if limited:
            until = ends_at(asked_wait(reply.headers, rates), now) or now + CAREFUL
            reason = f"the platform answered {reply.status} and asked us to rest"
            await self._close(method, url, rates, Closed(until, reason=reason), write=True)
        for rate in rates:
            resets = ends_at(rate.resets, now)
            if rate.remaining == 0 and resets is not None and resets > now and not limited:
                closed = Closed(resets, reason="the platform says that its limit is used up")
                await self._close(method, url, [rate], closed, write=resets - now > FLEETING)
            elif (about := self._about(method, url, rate)) is not None:
                self._budgets.heard(about, Heard(rate.limit, rate.remaining, resets))

    async def left(self, fare: Mapping[str, int], most: int) -> int:
        """Return for how many calls that cost `fare`, by bucket, there is enough: at most `most`.

        Takes nothing. Raises `Closed` where there is not enough for one.
        """
        self._check_account()
        for pace, key in self._paces:
            if cost := fare.get(key):
                most = min(most, await self._budgets.left(key, pace, cost, most))
        return most

    def keys(self, scope: str, paces: Iterable[Pace]) -> list[str]:
        """Return the keys that a closing of `scope` shuts."""
        match scope:
            case "endpoint":
                return [bucket_key(self.platform, self.account, pace) for pace in paces]
            case "app":
                shared = [key for pace, key in self._paces if pace.scope == "app"]
                return [self._app_key, *shared]
            case _:
                return [self._account_key]

    async def _close(
        self, method: str, url: str, rates: Sequence[Rate], closed: Closed, *, write: bool
    ) -> None:
        paces = endpoints(self.platform, method, url)
        scope = closed_scope(self.platform.manifest.pace, method, url, rates)
        if scope == "endpoint" and not paces:
            scope = "account"  # an endpoint that the manifest does not name has no bucket to close
        closed = Closed(closed.until, scope, closed.reason)
        await self._budgets.close(self, scope, closed, paces, write=write)

    def _check_account(self) -> None:
        paused = self.account.paused_until
        if paused is not None and paused > self._budgets.now:
            raise Closed(paused, reason=f"the account rests until {paused:%H:%M:%S} UTC")
        self._budgets.check(self._account_key)
        self._budgets.check(self._app_key)

    def _about(self, method: str, url: str, rate: Rate) -> str | None:
        """Return the key of the bucket that `rate` tells about, None when none counts the call."""
        counted = [(pace, key) for pace, key in self._paces if pace.cost(method, url)]
        for fits in (
            [key for pace, key in counted if pace.seconds == rate.window],
            [key for pace, key in counted if pace.calls == rate.limit],
            [key for pace, key in sorted(counted, key=lambda one: one[0].calls)],
        ):
            if fits:
                return fits[0]
        return None


def _put_back(taken: Iterable[tuple[Lump, int]]) -> None:
    # into the lump they are from: in a later one they would count in a slice that leaves too early
    for lump_of, cost in taken:
        lump_of.tokens += cost


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
