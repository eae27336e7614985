"""Money for models: reserved before a call, settled after it, and a word before it runs out.

Without a budget spending is only recorded. A model whose price nobody knows costs an unknown sum,
which no budget can hold; the report says how many such calls there were.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from copydesk.core.errors import ModelUnavailable
from copydesk.core.model_call import ModelBudget
from copydesk.core.money import MICROS, Period, dollars

if TYPE_CHECKING:
    from copydesk.store import UnitOfWork

#: From which share of a budget on somebody is told.
LOW: Final = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Purse:
    """What a budget still gives: micro-dollars until `resets_at` (aware UTC)."""

    period: Period
    limit: int
    spent: int
    resets_at: datetime

    @property
    def left(self) -> int:
        """Return what may still be spent, in micro-dollars."""
        return max(0, self.limit - self.spent)

    @property
    def runs_low(self) -> bool:
        """Whether most of it is spent."""
        return self.spent >= self.limit * LOW

    @property
    def name(self) -> str:
        """Return what people call it."""
        per = "daily" if self.period is Period.DAY else "monthly"
        return f"the {per} budget for models, {dollars(self.limit)}"


async def purses(unit: UnitOfWork, workspace_id: str, *, locked: bool = False) -> list[Purse]:
    """Return what the budgets of a workspace still give; `locked` as in `ModelCalls.budgets`."""
    budgets = await unit.model_calls.budgets(workspace_id, locked=locked)
    return [await _purse(unit, workspace_id, budget) for budget in budgets]


async def afford(
    unit: UnitOfWork, workspace_id: str, worst_usd: float, *, calls: int = 1
) -> ModelUnavailable | None:
    """Return why `calls` that may cost so much together must not be made, None where there is
    money.

    Until the unit ends nobody else reserves anything.
    """
    worst = round(worst_usd * MICROS)
    for purse in await purses(unit, workspace_id, locked=True):
        # with a known price even the last cent is held; without one an empty purse stops it
        if purse.left < max(1, worst):
            return ModelUnavailable(
                f"The model was not asked: {purse.name}, has {dollars(purse.left)} left until "
                f"{purse.resets_at:%Y-%m-%d %H:%M} UTC, and "
                f"{'the call' if calls == 1 else f'{calls} calls'} may cost {dollars(worst)}.",
                remedy="Wait, or raise it: copydesk budgets set --models.",
                asked=False,
            )
    return None


async def notice(unit: UnitOfWork, workspace_id: str) -> None:
    """Tell once in each period that most of a budget is spent."""
    for budget in await unit.model_calls.budgets(workspace_id):
        if budget.noticed_at is not None and budget.noticed_at >= budget.period.starts(unit.now):
            continue
        purse = await _purse(unit, workspace_id, budget)
        if purse.runs_low:
            await unit.model_calls.noticed(workspace_id, budget.period)
            await unit.events.append(
                workspace_id,
                "model_budget",
                f"{workspace_id}:{budget.period}",
                "",
                "low",
                reason=f"{dollars(purse.spent)} of {purse.name}, are spent until "
                f"{purse.resets_at:%Y-%m-%d %H:%M} UTC; when it is spent, rules write and a "
                "person decides",
                data={"spent": purse.spent, "limit": purse.limit},
            )


async def _purse(unit: UnitOfWork, workspace_id: str, budget: ModelBudget) -> Purse:
    return Purse(
        period=budget.period,
        limit=budget.micros,
        spent=await unit.model_calls.spent(workspace_id, budget.period.starts(unit.now)),
        resets_at=budget.period.ends(unit.now),
    )
