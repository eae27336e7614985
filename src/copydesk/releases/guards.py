"""What may not get worse, and how the results of two versions are compared on each of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

#: A cost counts as another one when it differs by more than this share.
COST_TOLERANCE: Final = 0.10


class Guard(StrEnum):
    """One thing a new version may not do worse than the old one."""

    FAILED = "failed"  # the gate failed it, or the model's reply could not be used
    FLAGGED = "flagged"  # a person has to look
    EDITED = "edited"  # the person rejected it or changed much of it
    SLOWED = "slowed"  # it took longer than 95 in 100 items of the old version
    DEARER = "dearer"  # it cost over a tenth more than the item it is compared with


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How one item went. What is not known is None, which is not the same as good.

    `broke` tells that the version itself left the text incomplete: a reply that was cut or had no
    usable form, or a segment without a fate. A provider that was down is none of its doing.
    `latency_ms` and `cost_usd` are of all calls for the item together.
    """

    failed: bool | None = None
    flagged: bool | None = None
    broke: bool = False
    edited: bool | None = None
    latency_ms: float | None = None
    cost_usd: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Whether the old and the new result of a pair are at fault, for one guard."""

    old: bool
    new: bool


def compare(old: Outcome, new: Outcome, *, slow_over_ms: float | None) -> Mapping[Guard, Fault]:
    """Return who is at fault, for every guard that both results can be compared on.

    `slow_over_ms` is what 95 in 100 items of the old version stayed under, None if not known yet.
    """
    faults: dict[Guard, Fault] = {}
    for guard, before, after in (
        (Guard.FAILED, old.failed, new.failed),
        (Guard.FLAGGED, old.flagged, new.flagged),
        (Guard.EDITED, old.edited, new.edited),
    ):
        if before is not None and after is not None:
            faults[guard] = Fault(old=before, new=after)
    if slow_over_ms is not None and old.latency_ms is not None and new.latency_ms is not None:
        faults[Guard.SLOWED] = Fault(
            old=old.latency_ms > slow_over_ms, new=new.latency_ms > slow_over_ms
        )
    if old.cost_usd is not None and new.cost_usd is not None:
        most = 1 + COST_TOLERANCE
        faults[Guard.DEARER] = Fault(
            old=old.cost_usd > new.cost_usd * most, new=new.cost_usd > old.cost_usd * most
        )
    return faults
