"""`/v1/costs`: what models cost, how long they took, and what is left of their budgets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from copydesk.core.money import Period
from copydesk.server.api.contract import make_router
from copydesk.server.asking import DeskNow
from copydesk.work.models.costs import By, report_costs

router = make_router("costs")


class CostOut(BaseModel):
    """What the calls of one tier, model, capability or day came to."""

    model_config = ConfigDict(from_attributes=True)

    key: str = Field(examples=["light"])
    calls: int = Field(description="all of them, with those answered from memory")
    answered: int = Field(description="answered, and nothing spoke against the answer")
    rejected: int = Field(description="answered, and the answer was not used")
    failed: int = Field(description="no answer came")
    limited: int = Field(description="of those: the server wanted no calls just then")
    remembered: int = Field(description="not made: the same question had been answered before")
    under_way: int = Field(description="not settled; some may have died with their process")
    unpriced: int = Field(description="made, and their price is not known: not free")
    input_tokens: int
    cached_tokens: int = Field(description="of the input, kept by the server from earlier calls")
    output_tokens: int
    cost_usd: float = Field(description="of the calls whose price is known", examples=[0.0021])


class LatencyOut(BaseModel):
    """How long answers of a tier took, in milliseconds."""

    model_config = ConfigDict(from_attributes=True)

    tier: str
    calls: int
    p50: float
    p95: float
    p99: float


class ModelBudgetOut(BaseModel):
    """What may be spent on models in a day or month (UTC), in millionths of a US dollar."""

    model_config = ConfigDict(from_attributes=True)

    period: Period
    limit: int = Field(examples=[5000000])
    spent: int = Field(description="calls under way count with what they may cost")
    left: int
    runs_low: bool = Field(description="80 in 100 are spent")
    resets_at: AwareDatetime


class CostsOut(BaseModel):
    """What models cost in a time."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={
            "examples": [
                {
                    "since": "2026-10-23T00:00:00Z",
                    "until": "2026-11-22T00:00:00Z",
                    "by": "tier",
                    "calls": 118,
                    "saved": 2,
                    "cost_usd": 0.4127,
                    "unpriced": 0,
                    "lines": [
                        {
                            "key": "light",
                            "calls": 120,
                            "answered": 113,
                            "rejected": 4,
                            "failed": 1,
                            "limited": 0,
                            "remembered": 2,
                            "under_way": 0,
                            "unpriced": 0,
                            "input_tokens": 214300,
                            "cached_tokens": 180200,
                            "output_tokens": 41200,
                            "cost_usd": 0.4127,
                        }
                    ],
                    "latencies": [
                        {"tier": "light", "calls": 117, "p50": 910.0, "p95": 2140.0, "p99": 3300.0}
                    ],
                    "budgets": [],
                }
            ]
        },
    )

    since: AwareDatetime
    until: AwareDatetime
    by: By
    calls: int = Field(description="made; answers from memory are none")
    saved: int = Field(description="not made: answered from memory")
    cost_usd: float
    unpriced: int
    lines: Sequence[CostOut]
    latencies: Sequence[LatencyOut]
    budgets: Sequence[ModelBudgetOut] = Field(description="set with POST /v1/budgets")


@router.get("")
async def show_costs(
    desk: DeskNow,
    by: By = By.TIER,
    since: Annotated[AwareDatetime | None, Query(description="default: 30 days before")] = None,
    until: Annotated[AwareDatetime | None, Query(description="default: now")] = None,
) -> CostsOut:
    """Return what calls to models cost in a time of at most 400 days, and how long they took."""
    async with desk.store.read() as unit:
        report = await report_costs(unit, desk.workspace_id, by=by, since=since, until=until)
    return CostsOut.model_validate(report)
