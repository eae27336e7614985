"""What has just happened, for everybody who follows: one poll of the history per process.

Several processes write events, so a follower cannot be told by the writer. Sequence numbers are
given out before a transaction commits; on PostgreSQL a lower one may therefore appear after a
higher one. The horizon stops at such a gap until it is filled, or old enough to be a rollback.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import structlog

from copydesk.core.clock import Clock
from copydesk.core.errors import CopydeskError
from copydesk.core.events import Event
from copydesk.store import Store

_log = structlog.get_logger(__name__)

_BATCH = 500
#: A gap in the sequence that stays for this many seconds comes from a rolled-back transaction.
_GAP_HOLDS = 2.0
#: A stream ends after this many seconds; clients come back by themselves and are checked again.
_STREAM_LASTS = 900.0


class TooManyFollowers(CopydeskError):
    """Too many clients follow the events of this process."""

    status = 503
    code = "too_many_followers"


@dataclass(frozen=True, slots=True)
class Place:
    """One follower's place in the feed, and the sequence it was taken at."""

    feed: Feed
    taken_at: int

    def batches(self, after: int | None) -> AsyncGenerator[list[Event], None]:
        """Yield everything later than sequence `after` (None: than the place was taken)."""
        return self.feed.batches(self.taken_at if after is None else after)


class Feed:
    """Follows the history of a store. `every` is the seconds between two looks."""

    def __init__(
        self, store: Store, clock: Clock, *, every: float = 0.5, most_followers: int = 200
    ) -> None:
        self._store = store
        self._clock = clock
        self._every = every
        self._most = most_followers
        self._followers = 0
        self._horizon: int | None = None
        self._gap_since: float | None = None
        self._moved = asyncio.Condition()
        self._left = asyncio.Event()
        self._polling: asyncio.Task[None] | None = None
        self._closed = False

    @asynccontextmanager
    async def place(self) -> AsyncIterator[Place]:
        """Take one of the places there are; raises `TooManyFollowers`.

        "From now on" begins here, before the client has heard anything: what happens between its
        request and the first look of its stream must not be missed.
        """
        if self._followers >= self._most:
            raise TooManyFollowers(
                f"{self._most} clients follow events already.", remedy="Try again later."
            )
        self._followers += 1
        try:
            self._left.clear()
            if self._polling is None or self._polling.done():
                self._polling = asyncio.create_task(self._poll(), name="feed")
            await self.look()
            yield Place(self, self._horizon or 0)
        finally:
            self._followers -= 1
            if not self._followers:
                self._left.set()

    async def batches(self, after: int) -> AsyncGenerator[list[Event], None]:
        """Yield everything later than sequence `after`, as it happens."""
        cursor = after
        ends_at = self._clock.monotonic() + _STREAM_LASTS
        while not self._closed and self._clock.monotonic() < ends_at:
            async with self._store.read() as unit:
                found = await unit.events.after(cursor, _BATCH)
            ready = [event for event in found if event.sequence <= (self._horizon or 0)]
            if ready:
                cursor = ready[-1].sequence
                yield ready
            else:
                await self._wait_beyond(cursor, ends_at)

    async def look(self) -> None:
        """Read what is new and move the horizon."""
        full = True
        while full:
            async with self._store.read() as unit:
                if self._horizon is None:
                    self._horizon = await unit.events.newest()
                found = await unit.events.after(self._horizon, _BATCH)
            full = self._advance(found) and len(found) == _BATCH
        async with self._moved:
            self._moved.notify_all()

    async def close(self) -> None:
        """End every stream, so that the server can stop."""
        self._closed = True
        self._left.set()
        async with self._moved:
            self._moved.notify_all()
        if self._polling is not None:
            await self._polling

    def _advance(self, found: list[Event]) -> bool:
        """Move the horizon as far as there is no young gap; says whether all was taken."""
        for event in found:
            if event.sequence <= (self._horizon or 0):
                continue
            if event.sequence > (self._horizon or 0) + 1:
                now = self._clock.monotonic()
                if self._gap_since is None:
                    self._gap_since = now
                if now - self._gap_since < _GAP_HOLDS:
                    return False
            self._gap_since = None
            self._horizon = event.sequence
        return True

    async def _poll(self) -> None:
        """Look until nobody follows. Never cancelled: that would break a query in the middle."""
        while self._followers and not self._closed:
            try:
                await self.look()
            except Exception as error:
                # Followers are waiting: whatever it was, the next look may succeed.
                _log.warning("events cannot be read", reason=str(error))
            with suppress(TimeoutError):
                await asyncio.wait_for(self._left.wait(), self._every)

    async def _wait_beyond(self, cursor: int, ends_at: float) -> None:
        async with self._moved:
            try:
                async with asyncio.timeout(ends_at - self._clock.monotonic()):
                    await self._moved.wait_for(
                        lambda: self._closed or (self._horizon or 0) > cursor
                    )
            except TimeoutError:
                return
