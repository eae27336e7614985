"""The books about models: every call with its cost, what may be spent, and answers kept.

A call is written down before it is made, with what it may cost at most; what is under way counts as
spent until it is settled. So workers that call at once never spend more together than there is.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from copydesk.core.model_call import CallOutcome, ModelBudget
from copydesk.core.money import MICROS, Period
from copydesk.core.states import ReviewState
from copydesk.store.tables import model_budgets, model_calls, model_replies, posts, reviews

if TYPE_CHECKING:
    from copydesk.store.unit import UnitOfWork

#: How many answers a workspace keeps, and how long one may be, in characters.
MOST_REPLIES: Final = 2_000
LONGEST_REPLY: Final = 200_000
#: How long an answer is kept that was not used: for a process that died before it could say so, not
#: for the next who asks.
REJECTED_KEPT: Final = timedelta(minutes=15)

#: What stands where the words of a rejection were; its signal stays.
FORGOTTEN: Final = "no longer kept"

#: What a settled call has cost; what is under way, or was answered without a known bill, may have
#: cost what was reserved.
_COST = sa.func.coalesce(model_calls.c.cost_usd, model_calls.c.reserved_usd)
_MADE = model_calls.c.outcome != CallOutcome.REMEMBERED


class ModelCalls:
    """Reads and writes calls to models, budgets for them, and answers kept."""

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    # -- calls ------------------------------------------------------------------------------------

    async def add(self, id: str, workspace_id: str, **values: Any) -> None:
        """Write a call down; `values` are fields of the table."""
        usual = {
            "model": "",
            "finish_reason": "",
            "latency_ms": 0.0,
            "reply": "",
            "rejected_because": "",
            "called_at": self._unit.now,
            "evidence_from": self._unit.now,
        }
        await self._unit.connection.execute(
            sa.insert(model_calls).values(
                {**usual, "id": id, "workspace_id": workspace_id, **values}
            )
        )

    async def settle(self, id: str, **values: Any) -> None:
        """Write down what came of a call; `values` are fields of the table."""
        await self._unit.connection.execute(
            sa.update(model_calls).where(model_calls.c.id == id).values(values)
        )

    async def reject(self, id: str, signal: str, because: str) -> None:
        """Write down that an answer was not used; it is not kept for the next who asks."""
        await self._unit.connection.execute(
            sa.update(model_calls)
            .where(model_calls.c.id == id)
            .values(
                signal=signal,
                rejected_because=because,
                # what was remembered stays so: nothing was paid
                outcome=sa.case((_MADE, CallOutcome.REJECTED), else_=model_calls.c.outcome),
            )
        )
        until = self._unit.now + REJECTED_KEPT
        call = sa.select(model_calls.c.workspace_id, model_calls.c.digest).where(
            model_calls.c.id == id
        )
        row = (await self._unit.connection.execute(call)).one_or_none()
        if row is not None and row.digest:
            await self._unit.connection.execute(
                sa.update(model_replies)
                .where(
                    model_replies.c.workspace_id == row.workspace_id,
                    model_replies.c.digest == row.digest,
                    model_replies.c.expires_at > until,
                )
                .values(expires_at=until)
            )

    async def of_submission(self, submission_id: str) -> list[dict[str, Any]]:
        """Return the calls made for a submission, oldest first."""
        rows = await self._unit.connection.execute(
            sa.select(model_calls)
            .where(model_calls.c.submission_id == submission_id)
            .order_by(model_calls.c.id)
        )
        return [dict(row._mapping) for row in rows]

    # -- evidence ---------------------------------------------------------------------------------

    async def has_evidence(self, before: datetime) -> bool:
        """Return whether what was answered is still there of a call from before `before` (aware
        UTC)."""
        found = await self._unit.connection.scalar(
            sa.select(model_calls.c.id).where(model_calls.c.evidence_from <= before).limit(1)
        )
        return found is not None

    async def prune(self, before: datetime, *, again: datetime, most: int) -> int:
        """Delete what was answered in at most `most` calls from before `before`, and answers kept
        for the next who asks whose time is over; return how many calls were looked at.

        Where a review is open about what came of it, its days are counted from `again` on.
        """
        rows = await self._unit.connection.execute(
            sa.select(model_calls.c.id, model_calls.c.submission_id)
            .where(model_calls.c.evidence_from <= before)
            .order_by(model_calls.c.evidence_from)
            .limit(most)
            .with_for_update(skip_locked=True)
        )
        found = rows.all()
        asked_about = await self._asked_about({row.submission_id for row in found} - {None})
        kept = [row.id for row in found if row.submission_id in asked_about]
        gone = [row.id for row in found if row.submission_id not in asked_about]
        because = model_calls.c.rejected_because
        for ids, values in (
            (kept, {"evidence_from": again}),
            (
                gone,
                {
                    "evidence_from": None,
                    "reply": "",
                    "rejected_because": sa.case((because != "", FORGOTTEN), else_=""),
                },
            ),
        ):
            if ids:
                await self._unit.connection.execute(
                    sa.update(model_calls).where(model_calls.c.id.in_(ids)).values(values)
                )
        over = (
            sa.select(model_replies.c.digest)
            .where(model_replies.c.expires_at <= self._unit.now)
            .limit(most)
        )
        await self._unit.connection.execute(
            sa.delete(model_replies).where(
                model_replies.c.digest.in_(over), model_replies.c.expires_at <= self._unit.now
            )
        )
        return len(found)

    async def _asked_about(self, submission_ids: Collection[str]) -> frozenset[str]:
        """Return those of the submissions whose post a person is still asked about."""
        rows = await self._unit.connection.execute(
            sa.select(posts.c.submission_id)
            .join(reviews, reviews.c.post_id == posts.c.id)
            .where(
                posts.c.submission_id.in_(list(submission_ids)),
                reviews.c.state.in_([ReviewState.OPENED, ReviewState.RETURNED]),
            )
        )
        return frozenset(row.submission_id for row in rows)

    # -- answers kept -----------------------------------------------------------------------------

    async def remembered(self, workspace_id: str, digest: str) -> Mapping[str, Any] | None:
        """Return the answer kept for a question, None where there is none that still counts."""
        found = await self._unit.connection.scalar(
            sa.select(model_replies.c.completion).where(
                model_replies.c.workspace_id == workspace_id,
                model_replies.c.digest == digest,
                model_replies.c.expires_at > self._unit.now,
            )
        )
        return None if found is None else dict(found)

    async def remember(
        self, workspace_id: str, digest: str, completion: Mapping[str, Any], until: datetime
    ) -> None:
        """Keep an answer until `until` (aware UTC); the oldest make room, and one too long is not
        kept."""
        if len(str(completion.get("text", ""))) > LONGEST_REPLY:
            return
        where = (model_replies.c.workspace_id == workspace_id, model_replies.c.digest == digest)
        await self._unit.connection.execute(
            sa.delete(model_replies).where(
                sa.and_(*where) | (model_replies.c.expires_at <= self._unit.now)
            )
        )
        await self._unit.connection.execute(
            sa.insert(model_replies).values(
                workspace_id=workspace_id,
                digest=digest,
                completion=dict(completion),
                stored_at=self._unit.now,
                expires_at=until,
            )
        )
        oldest = (
            sa.select(model_replies.c.digest)
            .where(model_replies.c.workspace_id == workspace_id)
            .order_by(model_replies.c.stored_at.desc(), model_replies.c.digest)
            .offset(MOST_REPLIES)
        )
        await self._unit.connection.execute(
            sa.delete(model_replies).where(
                model_replies.c.workspace_id == workspace_id, model_replies.c.digest.in_(oldest)
            )
        )

    async def forget(self, submission_id: str) -> None:
        """Forget what was answered for a submission: somebody wants it written up again."""
        asked = sa.select(model_calls.c.digest).where(
            model_calls.c.submission_id == submission_id, model_calls.c.digest != ""
        )
        workspace = sa.select(model_calls.c.workspace_id).where(
            model_calls.c.submission_id == submission_id
        )
        await self._unit.connection.execute(
            sa.delete(model_replies).where(
                model_replies.c.workspace_id.in_(workspace), model_replies.c.digest.in_(asked)
            )
        )

    # -- money ------------------------------------------------------------------------------------

    async def budgets(self, workspace_id: str, *, locked: bool = False) -> list[ModelBudget]:
        """Return what may be spent in a workspace; `locked`: nobody else reserves until the unit
        ends."""
        query = (
            sa.select(model_budgets.c.period, model_budgets.c.micros, model_budgets.c.noticed_at)
            .where(model_budgets.c.workspace_id == workspace_id)
            .order_by(model_budgets.c.period)
        )
        rows = await self._unit.connection.execute(query.with_for_update() if locked else query)
        return [
            ModelBudget(period=Period(row.period), micros=row.micros, noticed_at=row.noticed_at)
            for row in rows
        ]

    async def allow(self, workspace_id: str, period: Period, micros: int | None) -> None:
        """Set what may be spent on models in a period; None: no limit."""
        await self._unit.connection.execute(
            sa.delete(model_budgets).where(
                model_budgets.c.workspace_id == workspace_id, model_budgets.c.period == period
            )
        )
        if micros is not None:
            await self._unit.connection.execute(
                sa.insert(model_budgets).values(
                    workspace_id=workspace_id,
                    period=period,
                    micros=micros,
                    changed_at=self._unit.now,
                )
            )

    async def noticed(self, workspace_id: str, period: Period) -> None:
        """Write down that somebody was told now that a budget runs low."""
        await self._unit.connection.execute(
            sa.update(model_budgets)
            .where(model_budgets.c.workspace_id == workspace_id, model_budgets.c.period == period)
            .values(noticed_at=self._unit.now)
        )

    async def spent(self, workspace_id: str, since: datetime) -> int:
        """Return what calls from `since` on (aware UTC) cost or may cost, in micro-dollars."""
        total = await self._unit.connection.scalar(
            sa.select(sa.func.sum(_COST)).where(
                model_calls.c.workspace_id == workspace_id, model_calls.c.called_at >= since
            )
        )
        return math.ceil(float(total or 0.0) * MICROS - 1e-6)
