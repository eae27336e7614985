"""What calls to models came to, and how long they took: reports over the books."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from copydesk.core.model_call import LIMITED, CallOutcome
from copydesk.store.tables import model_calls

if TYPE_CHECKING:
    from copydesk.store.unit import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class CostLine:
    """What the calls of one tier, model, capability or day (`key`) came to.

    `limited` are those of the `failed` whose server wanted no calls just then. `cost_usd` adds up
    what is known; `unpriced` calls were made whose price is not.
    """

    key: str
    calls: int
    answered: int
    rejected: int
    failed: int
    limited: int
    remembered: int
    under_way: int
    unpriced: int
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    cost_usd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """How long answered calls of a tier took, in milliseconds: half, 95 and 99 in 100 no longer."""

    tier: str
    calls: int
    p50: float
    p95: float
    p99: float


class ModelCosts:
    """Adds up what `ModelCalls` has written down."""

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    async def costs(
        self, workspace_id: str, by: str, since: datetime, until: datetime
    ) -> list[CostLine]:
        """Return what calls in `[since, until)` (aware UTC) came to, grouped `by` tier, model,
        capability or day (UTC), in the order of the key."""
        key = self._key(by)

        def count(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
            return sa.func.coalesce(sa.func.sum(sa.case((condition, 1), else_=0)), 0)

        def total(column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
            return sa.func.coalesce(sa.func.sum(column), 0)

        outcome = model_calls.c.outcome
        rows = await self._unit.connection.execute(
            sa.select(
                key.label("key"),
                sa.func.count().label("calls"),
                count(outcome == CallOutcome.ANSWERED).label("answered"),
                count(outcome == CallOutcome.REJECTED).label("rejected"),
                count(outcome == CallOutcome.FAILED).label("failed"),
                count(model_calls.c.signal == LIMITED).label("limited"),
                count(outcome == CallOutcome.REMEMBERED).label("remembered"),
                count(outcome == CallOutcome.ASKED).label("under_way"),
                count(model_calls.c.cost_usd.is_(None)).label("unpriced"),
                total(model_calls.c.input_tokens).label("input_tokens"),
                total(model_calls.c.cached_tokens).label("cached_tokens"),
                total(model_calls.c.output_tokens).label("output_tokens"),
                total(model_calls.c.cost_usd).label("cost_usd"),
            )
            .where(
                model_calls.c.workspace_id == workspace_id,
                model_calls.c.called_at >= since,
                model_calls.c.called_at < until,
            )
            .group_by(key)
            .order_by(key)
        )
        return [CostLine(**row._mapping) for row in rows]

    def _key(self, by: str) -> sa.ColumnElement[str]:
        if by != "day":
            columns = {"tier": "tier", "model": "provider", "capability": "capability"}
            return model_calls.c[columns[by]]
        if self._unit.connection.dialect.name == "sqlite":
            return sa.func.strftime("%Y-%m-%d", model_calls.c.called_at)
        return sa.func.to_char(sa.func.timezone("UTC", model_calls.c.called_at), "YYYY-MM-DD")

    async def latencies(self, workspace_id: str, since: datetime, until: datetime) -> list[Latency]:
        """Return by tier how long the calls in `[since, until)` took that were answered."""
        took = model_calls.c.latency_ms
        ranked = (
            sa.select(
                model_calls.c.tier,
                took,
                sa.func.row_number()
                .over(partition_by=model_calls.c.tier, order_by=took)
                .label("n"),
                sa.func.count().over(partition_by=model_calls.c.tier).label("calls"),
            )
            .where(
                model_calls.c.workspace_id == workspace_id,
                model_calls.c.called_at >= since,
                model_calls.c.called_at < until,
                model_calls.c.outcome.in_([CallOutcome.ANSWERED, CallOutcome.REJECTED]),
            )
            .subquery()
        )

        def at(percent: int) -> sa.ColumnElement[Any]:
            # the nearest rank: the smallest time that so many in a hundred did not exceed
            reached = ranked.c.n * 100 >= ranked.c.calls * percent
            return sa.func.min(sa.case((reached, ranked.c.latency_ms)))

        rows = await self._unit.connection.execute(
            sa.select(
                ranked.c.tier,
                sa.func.max(ranked.c.calls).label("calls"),
                at(50).label("p50"),
                at(95).label("p95"),
                at(99).label("p99"),
            )
            .group_by(ranked.c.tier)
            .order_by(ranked.c.tier)
        )
        return [Latency(**row._mapping) for row in rows]
