"""`/v1/reviews`: questions to a person, and their answers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from copydesk.core.checks import RiskClass
from copydesk.core.states import ReviewState
from copydesk.editorial import reviewing
from copydesk.server.api.contract import CONFLICT, NOT_FOUND, REPEATABLE, make_router
from copydesk.server.asking import DeskNow, Editor, actor_of, check_own
from copydesk.store import UnitOfWork
from copydesk.store.reviews import Review, WantedReviews
from copydesk.work.desk import Desk

router = make_router("reviews")


class ReviewOut(BaseModel):
    """A question to a person about one revision of a post."""

    id: str = Field(examples=["rvw_01kbk7v2e0c4m8s6q1r5t9w3x7"])
    state: ReviewState
    post_id: str
    revision_id: str
    title: str
    risk: RiskClass
    reasons: Sequence[str] = Field(description="why a person is asked, in words")
    opened_at: datetime
    decided_at: datetime | None
    decided_by: str
    decision_reason: str


class Verdict(BaseModel):
    """What goes with a decision."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"reason": "checked with the author"}]}
    )

    reason: str = Field("", max_length=2000)


@router.get("")
async def list_reviews(
    desk: DeskNow,
    state: Annotated[ReviewState | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 100,
) -> list[ReviewOut]:
    """List reviews, oldest first: what waits longest comes first."""
    async with desk.store.read() as unit:
        found = await unit.reviews.queue(
            desk.workspace_id, WantedReviews(state=state), limit=limit
        )
    return [_review_out(review) for review in found]


@router.get("/{id}", responses=NOT_FOUND)
async def get_review(id: str, desk: DeskNow) -> ReviewOut:
    """Return one review, by its own id or its post's."""
    async with desk.store.read() as unit:
        return _review_out(await _own_review(unit, desk, id))


@router.post("/{id}/accept", responses={**NOT_FOUND, **CONFLICT}, dependencies=REPEATABLE)
async def accept_review(
    id: str, desk: DeskNow, asking: Editor, verdict: Verdict | None = None
) -> ReviewOut:
    """Accept a held post: it is approved and goes its way. Doing it twice is harmless."""
    async with desk.store.begin(actor_of(asking, "api")) as unit:
        review = await _own_review(unit, desk, id)
        await reviewing.accept(unit, review.id, verdict.reason if verdict else "")
        return _review_out(await unit.reviews.get(review.id))


@router.post("/{id}/reject", responses={**NOT_FOUND, **CONFLICT}, dependencies=REPEATABLE)
async def reject_review(
    id: str, desk: DeskNow, asking: Editor, verdict: Verdict | None = None
) -> ReviewOut:
    """Reject a held post: it is kept and goes nowhere. Doing it twice is harmless."""
    async with desk.store.begin(actor_of(asking, "api")) as unit:
        review = await _own_review(unit, desk, id)
        await reviewing.reject(unit, review.id, verdict.reason if verdict else "")
        return _review_out(await unit.reviews.get(review.id))


async def _own_review(unit: UnitOfWork, desk: Desk, id: str) -> Review:
    review = await unit.reviews.get(id)
    check_own(review.workspace_id, desk, f"review {id}")
    return review


def _review_out(review: Review) -> ReviewOut:
    return ReviewOut(**{name: getattr(review, name) for name in ReviewOut.model_fields})
