"""Turns: who may carry now. What hangs holds up its own kind, and a backlog waits its turn.

Couriers of one process sit down at lanes: a lane is what goes out of reach together, a host or a
platform. It has so many seats; so a stuck platform never uses up another's. A seat that gets free
goes to the workspace that has the fewest in the lane, and there in the order of arrival; so a
thousand accounts of one never keep another's one waiting. Who has carried for a while while others
of the lane wait goes back to the end.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from copy import copy
from typing import Self

from copydesk.core.account import Account
from copydesk.core.errors import NotFound
from copydesk.platforms.kit.registry import load_platform

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
        self._workspace_id = ""
        self._lanes: dict[str, _Lane] = {}
        #: Lanes by account, as they were found last. One that is out of date does no harm.
        self.known: dict[str, str] = {}

    def of(self, workspace_id: str) -> Self:
        """Return the same lanes as couriers of one workspace sit down at them."""
        theirs = copy(self)
        theirs._workspace_id = workspace_id
        return theirs

    def lane_of(self, account: Account) -> str:
        """Return which lane an account is in, and keep it in mind."""
        try:
            host = load_platform(account.platform).host(account)
        except NotFound:
            host = ""
        if len(self.known) >= _KNOWN:
            self.known.clear()
        lane = self.known[account.id] = f"{account.platform}/{host}"
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
            await lane.sit_down(self._workspace_id)
            try:
                yield Seat(lane, monotonic)
            finally:
                lane.stand_up(self._workspace_id)
        finally:
            lane.present -= 1
            if not lane.present:
                self._lanes.pop(name, None)


class _Lane:
    def __init__(self, seats: int) -> None:
        self.seats = seats
        self.present = 0
        self._seated: Counter[str] = Counter()
        #: who waits, by workspace; the workspace that was served longest ago stands first
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}

    async def sit_down(self, workspace_id: str) -> None:
        """Wait for a seat; `stand_up` gives it back."""
        if self._seated.total() < self.seats:
            self._seated[workspace_id] += 1
            return
        called = asyncio.get_running_loop().create_future()
        queue = self._waiting.setdefault(workspace_id, deque())
        queue.append(called)
        try:
            await called
        except asyncio.CancelledError:
            if called.done() and not called.cancelled():
                self.stand_up(workspace_id)  # called, and gone before sitting down
            raise

    def stand_up(self, workspace_id: str) -> None:
        """Give a seat back, to whoever is next."""
        self._seated[workspace_id] -= 1
        while self._waiting:
            next_one = min(self._waiting, key=self._seated.__getitem__)
            queue = self._waiting.pop(next_one)
            called = queue.popleft()
            if queue:
                self._waiting[next_one] = queue
            if not called.done():
                self._seated[next_one] += 1
                called.set_result(None)
                return


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
