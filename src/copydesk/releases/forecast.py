"""What a trial can find out with the traffic there is: told before it starts."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from typing import Final

from copydesk.core.release import Tally
from copydesk.releases.pairs import evidence_of_no_worse, worse_needed

#: Standard normal quantiles of 95 % and 80 %, times the square root of 2 for two arms, rounded as
#: the usual tables do: 1.645 + 0.842 = 2.49.
_ONE_SIDED_5_POWER_80: Final = 2.49


def smallest_change(share: float, items: int) -> float:
    """Return the smallest rise of a share that a test with fixed numbers finds 8 times in 10.

    Args:
        share: the share of bad items now, 0..1.
        items: how many items each version gets.

    `2.49 * sqrt(2 p (1 - p) / n)`: one-sided 5 %, power 80 %, two equal arms (normal
    approximation). Tests that may be looked at every day need more: `simulate` says how much.
    """
    if items <= 0:
        return 1.0
    return min(1.0, _ONE_SIDED_5_POWER_80 * math.sqrt(2 * share * (1 - share) / items))


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulated:
    """What came of many trials played through.

    `rolled_back` and `shown_no_worse` are shares of the runs; the counts are pairs until a run was
    rolled back, None where not that many were.
    """

    runs: int
    rolled_back: float
    shown_no_worse: float
    median: int | None
    four_in_five: int | None


def simulate(
    *,
    worse: float,
    better: float,
    alpha: float,
    margin: float,
    most_pairs: int,
    runs: int,
    randomness: random.Random,
) -> Simulated:
    """Play trials through in which pairs go against the new version with a share of `worse` and for
    it with one of `better` (0..1 each), with a look after every pair.

    For two arms with bad shares p and q that know nothing of each other these are q (1 - p) and
    p (1 - q). `alpha` is one guard's part. Every run ends after `most_pairs`.
    """
    stops: list[int] = []
    shown = 0
    for _ in range(runs):
        found = _run(worse, better, alpha, most_pairs, randomness)
        if isinstance(found, int):
            stops.append(found)
        elif evidence_of_no_worse(found, margin) >= 1 / alpha:
            shown += 1
    stops.sort()
    return Simulated(
        runs=runs,
        rolled_back=len(stops) / runs,
        shown_no_worse=shown / runs,
        median=_at(stops, runs, 0.5),
        four_in_five=_at(stops, runs, 0.8),
    )


def split_shares(old: float, new: float) -> tuple[float, float]:
    """Return the shares of pairs that go against and for the new version when two arms with these
    shares of bad items (0..1) are paired by chance."""
    return new * (1 - old), old * (1 - new)


def _run(
    worse: float, better: float, alpha: float, most_pairs: int, randomness: random.Random
) -> int | Tally:
    """Return after how many pairs it was rolled back, or else what was counted."""
    against = spared = 0
    for number in range(1, most_pairs + 1):
        drawn = randomness.random()
        if drawn < worse:
            against += 1
            if against >= worse_needed(spared, alpha):
                return number
        elif drawn < worse + better:
            spared += 1
    return Tally(worse=against, better=spared, neither=most_pairs - against - spared)


def _at(stops: list[int], runs: int, share: float) -> int | None:
    place = math.ceil(runs * share) - 1
    return stops[place] if place < len(stops) else None
