"""How many couriers one of several workers takes in hand, so that the others get theirs.

A courier keeps its account until nothing is due. Whoever woke first would take every account of a
moment when many fall due, and the other workers would look on.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil
from typing import Final

#: So many couriers are never too many for one worker.
A_FEW: Final = 4

#: For how many seconds an account is left to the others; then whoever can takes it.
LEFT_FOR: Final = 1.0


class Share:
    """One worker's share, reckoned with each sweep."""

    def __init__(self) -> None:
        self._waiting_since: dict[str, float] = {}

    def reckon(
        self, waiting: Iterable[str], *, couriers: int, workers: int, at: float
    ) -> int | None:
        """Return how many couriers this worker may have in hand, None for as many as there are.

        `waiting` are the accounts with work that no courier has, `couriers` is how many couriers
        all `workers` have, `at` is the time in seconds of a clock that only goes forward.
        """
        self._waiting_since = {one: self._waiting_since.get(one, at) for one in waiting}
        longest = at - min(self._waiting_since.values(), default=at)
        if workers < 2 or longest >= LEFT_FOR:
            return None
        return max(A_FEW, ceil((len(self._waiting_since) + couriers) / workers))
