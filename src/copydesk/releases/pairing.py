"""Pairing items of two versions that were written up side by side, each item at most once.

While a release is in shadow every item is written up under both versions and is its own pair. In a
canary each item has one version only: one of the new version is paired with one of the old that
came through the same channel at about the same time, so that what changes with channel or time of
day does not look like a difference between the versions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from copydesk.releases.assignment import Arm
from copydesk.releases.guards import Outcome

#: So many items of each arm wait for their other half; with a small share most of the old never
#: find one, and the latest are the best match.
MOST_WAITING: Final[Mapping[Arm, int]] = {Arm.OLD: 20, Arm.NEW: 500}


@dataclass(slots=True, kw_only=True)
class Unpaired:
    """Items that wait for their other half, by stratum (channel), oldest first."""

    old: dict[str, list[Outcome]] = field(default_factory=dict)
    new: dict[str, list[Outcome]] = field(default_factory=dict)

    def add(self, arm: Arm, stratum: str, outcome: Outcome) -> tuple[Outcome, Outcome] | None:
        """Return the (old, new) pair that `outcome` completes, or keep it waiting.

        The two who wait longest are paired; of too many the oldest is given up.
        """
        mine, others = (self.old, self.new) if arm is Arm.OLD else (self.new, self.old)
        waiting = others.get(stratum)
        if waiting:
            other = waiting.pop(0)
            return (outcome, other) if arm is Arm.OLD else (other, outcome)
        queue = mine.setdefault(stratum, [])
        queue.append(outcome)
        del queue[: -MOST_WAITING[arm]]
        return None
