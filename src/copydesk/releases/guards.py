"""How the results of two versions are compared on each thing that may not get worse."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

from copydesk.core.release import Guard, Outcome, Tally

#: A cost counts as another one when it differs by more than this share.
COST_TOLERANCE: Final = 0.10

#: So many items say how slow slow is; fewer say nothing about the slowest 5 in 100.
LATENCIES_NEEDED: Final = 40


def slow_from(latencies_ms: Sequence[float]) -> float | None:
    """Return the 95th percentile of `latencies_ms`, None where there are too few to tell."""
    if len(latencies_ms) < LATENCIES_NEEDED:
        return None
    return sorted(latencies_ms)[math.ceil(0.95 * len(latencies_ms)) - 1]


def compare(old: Outcome, new: Outcome, *, slow_over_ms: float | None) -> Mapping[Guard, Tally]:
    """Return one pair as a tally of one, for every guard that both results can be compared on.

    `slow_over_ms` is what 95 in 100 items of the old version stayed under, None if not known.
    """
    found: dict[Guard, Tally] = {}
    for guard, before, after in (
        (Guard.FAILED, old.failed, new.failed),
        (Guard.FLAGGED, old.flagged, new.flagged),
        (Guard.EDITED, old.edited, new.edited),
    ):
        if before is not None and after is not None:
            found[guard] = _pair(before, after)
    if slow_over_ms is not None and old.latency_ms is not None and new.latency_ms is not None:
        found[Guard.SLOWED] = _pair(old.latency_ms > slow_over_ms, new.latency_ms > slow_over_ms)
    if old.cost_usd is not None and new.cost_usd is not None:
        more = 1 + COST_TOLERANCE
        found[Guard.DEARER] = _pair(
            old.cost_usd > new.cost_usd * more, new.cost_usd > old.cost_usd * more
        )
    return found


def added(tallies: Mapping[Guard, Tally], more: Mapping[Guard, Tally]) -> dict[Guard, Tally]:
    """Return `tallies` with `more` added."""
    return {**tallies, **{guard: tallies.get(guard, Tally()) + one for guard, one in more.items()}}


def _pair(old: bool, new: bool) -> Tally:
    return Tally(
        worse=int(new and not old),
        better=int(old and not new),
        both=int(old and new),
        neither=int(not old and not new),
    )
