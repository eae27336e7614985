"""How far the history is complete: behind this sequence nothing can appear any more.

PostgreSQL gives sequences out before transactions commit, so a lower one may become visible after a
higher one; a cursor that went by what is visible would lose it. Waiting a while is a guess. Here is
the proof: a sequence is taken under a lock that its transaction holds to the end. Once every
transaction that held that lock after we saw sequence N has ended, all up to N is there or will
never be.
"""

from __future__ import annotations

import asyncio

from copydesk.store import Store


class Horizon:
    """The horizon as one process knows it; it only ever moves forward."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._settled = 0
        self._seen = 0
        self._unfinished: frozenset[str] = frozenset()
        self._turn = asyncio.Lock()

    async def look(self) -> int:
        """Return the sequence up to which the history is complete, as it is now."""
        async with self._turn:
            return await self._look()

    async def _look(self) -> int:
        async with self._store.read() as unit:
            # in this order: who takes a sequence up to `newest` has its lock by then
            newest = await unit.events.newest()
            if newest == self._settled:
                return self._settled
            writers = await unit.events.writers()
        if self._seen > self._settled and not (self._unfinished & writers):
            self._settled = self._seen
        if self._settled == self._seen:
            self._seen, self._unfinished = newest, writers
            if not writers:
                self._settled = newest
        return self._settled
