"""Reviews: questions put to a person about one revision of a post."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from copydesk.core.checks import RiskClass
from copydesk.core.errors import Conflict, NotFound
from copydesk.core.states import ReviewState, check_transition
from copydesk.store.tables import reviews, revisions

if TYPE_CHECKING:
    from copydesk.store.unit import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """A review as a row. `reasons` say in words why a person is asked."""

    id: str
    workspace_id: str
    post_id: str
    revision_id: str
    state: ReviewState
    risk: RiskClass
    reasons: tuple[str, ...]
    opened_at: datetime
    decided_at: datetime | None
    decided_by: str
    decision_reason: str
    title: str = ""


class Reviews:
    """Reads and writes reviews."""

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    async def open(
        self,
        workspace_id: str,
        post_id: str,
        revision_id: str,
        risk: RiskClass,
        reasons: Sequence[str],
    ) -> str:
        """Open a review and return its id; the store allows one open review per post."""
        id = self._unit.ids.new("review")
        await self._unit.connection.execute(
            sa.insert(reviews).values(
                id=id,
                workspace_id=workspace_id,
                post_id=post_id,
                revision_id=revision_id,
                state=ReviewState.OPENED,
                risk=risk,
                reasons=list(reasons),
                opened_at=self._unit.now,
            )
        )
        await self._unit.events.append(
            workspace_id, "review", id, "", ReviewState.OPENED, reason="; ".join(reasons)
        )
        return id

    async def get(self, id: str) -> Review:
        """Return a review by its own id or by its post's id (the newest); raises `NotFound`."""
        rows = await self._unit.connection.execute(
            self._select()
            .where((reviews.c.id == id) | (reviews.c.post_id == id))
            .order_by(reviews.c.id.desc())
            .limit(1)
        )
        row = rows.one_or_none()
        if row is None:
            raise NotFound(f"There is no review {id}.", remedy="`copydesk review list` shows them.")
        return _review(row)

    async def newest_of(self, post_id: str) -> Review | None:
        """Return the newest review of a post, or None if nobody was ever asked."""
        rows = await self._unit.connection.execute(
            self._select()
            .where(reviews.c.post_id == post_id)
            .order_by(reviews.c.id.desc())
            .limit(1)
        )
        row = rows.one_or_none()
        return _review(row) if row else None

    async def queue(self, workspace_id: str, *, state: str = "", limit: int = 100) -> list[Review]:
        """Return reviews, oldest first; `state` narrows."""
        query = self._select().where(reviews.c.workspace_id == workspace_id)
        if state:
            query = query.where(reviews.c.state == state)
        rows = await self._unit.connection.execute(query.order_by(reviews.c.id).limit(limit))
        return [_review(row) for row in rows]

    async def decide(self, review: Review, to: ReviewState, reason: str) -> None:
        """Record the unit's actor's decision; raises `TransitionNotAllowed` or `Conflict`."""
        check_transition("review", review.id, review.state, to)
        result = await self._unit.connection.execute(
            sa.update(reviews)
            .where(reviews.c.id == review.id, reviews.c.state == review.state)
            .values(
                state=to,
                decided_at=self._unit.now,
                decided_by=self._unit.actor,
                decision_reason=reason,
            )
        )
        if result.rowcount != 1:
            raise Conflict(f"Review {review.id} was decided in the meantime.")
        await self._unit.events.append(
            review.workspace_id, "review", review.id, review.state, to, reason=reason
        )

    def _select(self) -> sa.Select[Any]:
        return sa.select(reviews, revisions.c.title).join(
            revisions, revisions.c.id == reviews.c.revision_id
        )


def _review(row: Any) -> Review:
    values = dict(row._mapping)
    values["state"] = ReviewState(values["state"])
    values["risk"] = RiskClass(values["risk"])
    values["reasons"] = tuple(values["reasons"])
    return Review(**values)
