"""What models cost, as people see it: by tier, model, capability or day; and what is left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from copydesk.core.errors import ContentInvalid
from copydesk.core.findings import Finding
from copydesk.store import UnitOfWork
from copydesk.store.model_costs import CostLine, Latency
from copydesk.work.models.money import Purse, purses

#: What is looked at unless told otherwise, and at most.
USUAL: Final = timedelta(days=30)
LONGEST: Final = timedelta(days=400)


class By(StrEnum):
    """What calls are grouped by."""

    TIER = "tier"
    MODEL = "model"
    CAPABILITY = "capability"
    DAY = "day"


@dataclass(frozen=True, slots=True, kw_only=True)
class CostReport:
    """What the calls in `[since, until)` (aware UTC) came to.

    `saved` counts answers taken from memory. `cost_usd` adds up what is known: `unpriced` calls
    cost something nobody knows.
    """

    since: datetime
    until: datetime
    by: By
    lines: Sequence[CostLine]
    latencies: Sequence[Latency]
    budgets: Sequence[Purse]

    @property
    def cost_usd(self) -> float:
        """Return what all calls with a known price cost together."""
        return sum(line.cost_usd for line in self.lines)

    @property
    def unpriced(self) -> int:
        """Return how many calls were made whose price is not known."""
        return sum(line.unpriced for line in self.lines)

    @property
    def calls(self) -> int:
        """Return how many calls were made; answers taken from memory are none."""
        return sum(line.calls - line.remembered for line in self.lines)

    @property
    def saved(self) -> int:
        """Return how many calls were not made, since the answer was there."""
        return sum(line.remembered for line in self.lines)


async def report_costs(
    unit: UnitOfWork,
    workspace_id: str,
    *,
    by: By = By.TIER,
    since: datetime | None = None,
    until: datetime | None = None,
) -> CostReport:
    """Return what models cost in `[since, until)` (aware UTC; default: the last 30 days).

    Raises `ContentInvalid` for a time that ends before it begins or is longer than 400 days.
    """
    until = until or unit.now + timedelta(microseconds=1)
    since = since or until - USUAL
    if not since < until <= since + LONGEST:
        raise ContentInvalid(
            [
                Finding(
                    code="time_invalid",
                    field="since",
                    message="the time must end after it begins and be at most 400 days long",
                    remedy="Give times such as 2026-11-01.",
                )
            ]
        )
    return CostReport(
        since=since,
        until=until,
        by=by,
        lines=await unit.model_costs.costs(workspace_id, by, since, until),
        latencies=await unit.model_costs.latencies(workspace_id, since, until),
        budgets=await purses(unit, workspace_id),
    )
