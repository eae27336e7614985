"""Room: how much text fits, in every unit a platform counts at once."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

#: How much white space a seam between two parts may take away, in any unit.
_SEAM: Final = 8

#: Counts a text in one unit.
Measure = Callable[[str], int]


@dataclass(frozen=True, slots=True)
class Bound:
    """At most `most`, as `measure` counts; `unit` is the word for it in messages."""

    measure: Measure
    most: int
    unit: str


@dataclass(frozen=True, slots=True)
class Room:
    """All bounds a text has to keep together (Bluesky: graphemes and UTF-8 bytes); none: any text
    fits."""

    bounds: tuple[Bound, ...]

    @property
    def guess(self) -> int:
        """Return about how many code points fit: where looking for the end of a part begins."""
        return min((bound.most for bound in self.bounds), default=sys.maxsize)

    def holds(self, text: str) -> bool:
        """Tell whether `text` keeps every bound."""
        return all(bound.measure(text) <= bound.most for bound in self.bounds)

    def holds_in(self, text: str, parts: int) -> bool:
        """Tell whether `text` could fit into so many parts: one measurement instead of a split.

        What is left out at the seams (white space of at most a few characters) is allowed for.
        """
        return all(bound.measure(text) <= parts * (bound.most + _SEAM) for bound in self.bounds)

    def excess(self, text: str) -> tuple[str, ...]:
        """Return what `text` exceeds, for people: "312 of 300 graphemes"; empty when it fits."""
        return tuple(
            f"{length} of {bound.most} {bound.unit}"
            for bound in self.bounds
            if (length := bound.measure(text)) > bound.most
        )
