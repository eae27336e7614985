"""`/v1/budgets`: what is left of every rate limit, what is closed and why, what may be spent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from copydesk.core.money import Period
from copydesk.server.api.contract import NOT_FOUND, REPEATABLE, make_router
from copydesk.server.asking import Admin, DeskNow, actor_of
from copydesk.store import UnitOfWork
from copydesk.work.accounts.budgeting import SpentOn, report_budgets, set_budget
from copydesk.work.desk import Desk

router = make_router("budgets")


class RateOut(BaseModel):
    """One rate limit, shared by `accounts`; without `calls` something is only closed."""

    platform: str = Field(examples=["mastodon"])
    scope: str = Field(examples=["account", "app", "endpoint"])
    name: str = Field(examples=["all calls"])
    accounts: Sequence[str] = Field(examples=[["newsroom"]])
    calls: int = Field(description="how many calls a window holds", examples=[300])
    seconds: int = Field(description="how long the window is", examples=[300])
    used: int = Field(description="calls made or reserved in the window that ends now")
    left: int
    resets_at: datetime | None = Field(description="when all of it is there again")
    closed_until: datetime | None = Field(description="no call is made before")
    closed_because: str


class MoneyOut(BaseModel):
    """What was spent in the current day or month (UTC), in millionths of a US dollar."""

    account: str = Field(description='the account\'s name; "" is the whole workspace')
    period: Period
    spent: int = Field(examples=[230000])
    limit: int | None = Field(description="null: spending is only recorded", examples=[5000000])
    left: int | None
    resets_at: datetime
    spent_on: SpentOn = Field(description="what platforms charge, or what models cost")


class BudgetsOut(BaseModel):
    """Everything about budgets."""

    rates: Sequence[RateOut]
    money: Sequence[MoneyOut]


class BudgetIn(BaseModel):
    """What may be spent in a period."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"account": "news", "period": "day", "amount": "5.00"}]},
    )

    account: str = Field("", max_length=64, description='an account\'s name; "": the workspace')
    period: Period
    amount: str | None = Field(
        max_length=20, description="dollars; null takes the budget away", examples=["5.00"]
    )
    spent_on: SpentOn = SpentOn.PLATFORMS


@router.get("")
async def show_budgets(desk: DeskNow) -> BudgetsOut:
    """Return every rate limit with what is left of it, and the money."""
    async with desk.store.read() as unit:
        return await _budgets_out(unit, desk)


@router.post("", responses=NOT_FOUND, dependencies=REPEATABLE)
async def change_budget(desk: DeskNow, asking: Admin, budget: BudgetIn) -> BudgetsOut:
    """Set what may be spent; what waited for money goes on if there is some now."""
    async with desk.store.begin(actor_of(asking, "api")) as unit:
        await set_budget(
            unit,
            desk.workspace_id,
            budget.account,
            budget.period,
            budget.amount,
            budget.spent_on,
        )
        return await _budgets_out(unit, desk)


async def _budgets_out(unit: UnitOfWork, desk: Desk) -> BudgetsOut:
    report = await report_budgets(unit, desk.workspace_id)
    return BudgetsOut(
        rates=[
            RateOut(**{name: getattr(line, name) for name in RateOut.model_fields})
            for line in report.rates
        ],
        money=[
            MoneyOut(**{name: getattr(line, name) for name in MoneyOut.model_fields})
            for line in report.money
        ],
    )
