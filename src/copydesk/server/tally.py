"""How many deliveries stand in each state, for whoever asks again and again.

Counting looks at every delivery. Where that is quick it is done whenever somebody asks; where it
takes its time, the last count is told at once and the next one is made beside the requests.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from copydesk.core.clock import Clock
from copydesk.store import Store

#: A count that takes longer than this is not waited for again. Seconds.
QUICK: Final = 0.1

#: What counting may take of a process's time, where it is not quick.
_SHARE: Final = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """Deliveries by state; `age` is how old the count is, in seconds."""

    by_state: Mapping[str, int]
    age: float


class Tally:
    """Counts the deliveries of one workspace for one process."""

    def __init__(self, store: Store, clock: Clock, workspace_id: str) -> None:
        self._store = store
        self._clock = clock
        self._workspace_id = workspace_id
        self._known: Mapping[str, int] | None = None
        self._ended = 0.0
        self._took = 0.0
        self._counting = asyncio.Lock()

    async def now(self) -> Counted:
        """Return how many there are: at this moment, or where counting takes long, a while ago."""
        if self._known is None or self._took <= QUICK:
            async with self._counting:
                await self._count()
        assert self._known is not None
        return Counted(by_state=self._known, age=self._clock.monotonic() - self._ended)

    async def renew(self) -> None:
        """Count anew if the last count took long and was made long enough ago; meant to be called
        once an answer is on its way."""
        if self._took <= QUICK or self._counting.locked():
            return
        if self._clock.monotonic() - self._ended >= self._took / _SHARE:
            async with self._counting:
                await self._count()

    async def _count(self) -> None:
        began = self._clock.monotonic()
        async with self._store.read() as unit:
            self._known = await unit.deliveries.counts(self._workspace_id)
        self._ended = self._clock.monotonic()
        self._took = self._ended - began
