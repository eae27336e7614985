"""Pairing the items of a canary, where each has one version only, each item at most once.

One of the new version is paired with one of the old that came through the same channel at about
the same time, so that what changes with channel or time of day does not look like a difference
between the versions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from copydesk.core.release import Arm, Outcome, Unpaired

#: So many items of each arm wait for their other half; with a small share most of the old never
#: find one, and the latest are the best match.
MOST_WAITING: Final[Mapping[Arm, int]] = {Arm.OLD: 20, Arm.NEW: 500}


def pair(
    waiting: Unpaired, arm: Arm, channel: str, outcome: Outcome
) -> tuple[Unpaired, tuple[Outcome, Outcome] | None]:
    """Return who waits afterwards, and the (old, new) pair that `outcome` completes if it does.

    It is paired with the one that waits longest; of too many that wait the oldest is given up.
    """
    old, new = dict(waiting.old), dict(waiting.new)
    mine, others = (old, new) if arm is Arm.OLD else (new, old)
    found = others.get(channel, ())
    if found:
        others[channel] = found[1:]
        other = found[0]
        both = (outcome, other) if arm is Arm.OLD else (other, outcome)
        return Unpaired(old=old, new=new), both
    mine[channel] = (*mine.get(channel, ()), outcome)[-MOST_WAITING[arm] :]
    return Unpaired(old=old, new=new), None
