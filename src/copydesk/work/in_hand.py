"""Which couriers a process has in hand, and which accounts wait outside until one is done.

A courier in hand mostly waits: for its platform, or for a seat at its lane (`distribution.turns`).
There are hands for so many, so neither a platform that hangs nor a workspace with a thousand
accounts may use them all up. Who is turned away waits here and follows whoever leaves; the sweep
need not send it again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Set
from dataclasses import dataclass
from typing import Final

from copydesk.distribution.turns import SEATS

#: How many couriers a process has in hand at once; how many of these are kept for workspaces that
#: have a few. Below what the queue gives out, which has to have hands for other jobs too.
COURIERS: Final = 1000
RESERVED: Final = 100
A_FEW: Final = 10

#: How many couriers of one lane are in hand: those that carry, and as many to follow them at once.
IN_LANE: Final = 2 * SEATS

#: How many accounts are kept in mind that wait outside. Others come with a later sweep.
OUTSIDE: Final = 10_000


@dataclass(frozen=True, slots=True)
class Place:
    """Where an account stands in line: whose it is, and the lane it is in."""

    workspace_id: str
    lane: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How many couriers are in hand; see the constants of this module."""

    couriers: int = COURIERS
    reserved: int = RESERVED
    few: int = A_FEW
    in_lane: int = IN_LANE
    outside: int = OUTSIDE


class InHand:
    """The couriers of one process."""

    def __init__(self, bounds: Bounds | None = None) -> None:
        self._bounds = bounds or Bounds()
        self._places: dict[str, Place] = {}
        self._workspaces: Counter[str] = Counter()
        self._lanes: Counter[str] = Counter()
        # in the order in which they came; places nobody waits for are not kept
        self._outside: dict[Place, dict[str, None]] = {}
        self._waiting: set[str] = set()

    def take(self, account_id: str, place: Place) -> bool:
        """Take an account in hand, or let it wait outside and return False.

        Also False for an account that is in hand already.
        """
        if account_id in self._places:
            return False
        if not self._has_room(place):
            if len(self._waiting) < self._bounds.outside:
                self._outside.setdefault(place, {})[account_id] = None
                self._waiting.add(account_id)
            return False
        self._forget(account_id, place)
        self._places[account_id] = place
        self._workspaces[place.workspace_id] += 1
        self._lanes[place.lane] += 1
        return True

    def leave(self, account_id: str) -> None:
        """Let an account go: its courier is done."""
        place = self._places.pop(account_id)
        for counted, name in ((self._workspaces, place.workspace_id), (self._lanes, place.lane)):
            counted[name] -= 1
            if not counted[name]:
                del counted[name]

    def next_one(self) -> str | None:
        """Return an account that waited outside and can be taken in hand now, None for none.

        It is of the workspace that has the fewest in hand, and there the one that came first.
        """
        open_to = [place for place in self._outside if self._has_room(place)]
        if not open_to:
            return None
        place = min(open_to, key=lambda place: self._workspaces[place.workspace_id])
        account_id = next(iter(self._outside[place]))
        self._forget(account_id, place)
        return account_id

    def known(self) -> Set[str]:
        """Return the accounts nobody need send again: in hand, or outside without room for them."""
        for place in [place for place in self._outside if self._has_room(place)]:
            self._waiting.difference_update(self._outside.pop(place))
        return self._places.keys() | self._waiting

    def _has_room(self, place: Place) -> bool:
        if self._lanes[place.lane] >= self._bounds.in_lane:
            return False
        has_many = self._workspaces[place.workspace_id] >= self._bounds.few
        kept = self._bounds.reserved if has_many else 0
        return len(self._places) < self._bounds.couriers - kept

    def _forget(self, account_id: str, place: Place) -> None:
        self._waiting.discard(account_id)
        waiting = self._outside.get(place)
        if waiting is not None:
            waiting.pop(account_id, None)
            if not waiting:
                del self._outside[place]
