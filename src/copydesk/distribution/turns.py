"""Turns: who may carry now. What hangs holds up its own kind, and a backlog waits its turn.

Couriers of one process sit down at lanes: a lane is what goes out of reach together, a host or a
platform. It has so many seats, taken in the order of arrival; so a stuck platform never uses up
another's. Who has carried for a while while others of the lane wait goes back to the end.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

#: How many couriers of one process carry in a lane at once.
SEATS = 64

#: Of how many accounts the lane is kept in mind.
_KNOWN = 10_000

#: After how many seconds a courier stands up for those who wait.
TURN = 1.0


class Turns:
    """The lanes of one process; they exist while somebody is there. `seats` are those of a lane."""

    def __init__(self, seats: int = SEATS) -> None:
        self._seats = seats
        self._lanes: dict[str, _Lane] = {}
        #: Lanes by account, as they were found last. One that is out of date does no harm.
        self.known: dict[str, str] = {}

    def remember(self, account_id: str, lane: str) -> str:
        """Keep in mind which lane an account is in; return it."""
        if len(self.known) >= _KNOWN:
            self.known.clear()
        self.known[account_id] = lane
        return lane

    @property
    def lanes(self) -> int:
        """Return how many lanes somebody is in."""
        return len(self._lanes)

    @asynccontextmanager
    async def seat(self, name: str, monotonic: Callable[[], float]) -> AsyncIterator[Seat]:
        """Wait for a seat in the lane called `name` and keep it for the body."""
        lane = self._lanes.setdefault(name, _Lane(self._seats))
        lane.present += 1
        try:
            async with lane.free:
                yield Seat(lane, monotonic)
        finally:
            lane.present -= 1
            if not lane.present:
                self._lanes.pop(name, None)


class _Lane:
    def __init__(self, seats: int) -> None:
        self.seats = seats
        self.free = asyncio.Semaphore(seats)
        self.present = 0


class Seat:
    """A courier's place. `gave_way` is set by one that got up before its work was done."""

    def __init__(self, lane: _Lane, monotonic: Callable[[], float]) -> None:
        self._lane = lane
        self._monotonic = monotonic
        self._since = monotonic()
        self.gave_way = False

    @property
    def is_over(self) -> bool:
        """Whether it is somebody else's turn."""
        waiting = self._lane.present > self._lane.seats
        return waiting and self._monotonic() - self._since >= TURN
