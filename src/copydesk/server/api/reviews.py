"""`/v1/reviews`: what waits for a person, who has it, and their decision."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from copydesk.core.checks import RiskClass
from copydesk.core.review import ReviewKind, SentTo, signatures_needed
from copydesk.core.states import ReviewState
from copydesk.core.suggestion import RejectionReason
from copydesk.editorial import reviewing
from copydesk.server.api.contract import (
    BAD_CURSOR,
    CONFLICT,
    NOT_FOUND,
    REPEATABLE,
    Cursor,
    Limit,
    Page,
    check_cursor,
    make_router,
    page_of,
)
from copydesk.server.api.suggestions import SuggestionOut, suggestion_out
from copydesk.server.asking import DeskNow, Editor, actor_of
from copydesk.server.owned import check_review, own_review
from copydesk.store.reviews import Review, WantedReviews
from copydesk.work.reviews.approving import approve
from copydesk.work.reviews.reviewing import look_at
from copydesk.work.reviews.revising import answer

router = make_router("reviews")

_PERSON = Field(min_length=1, max_length=200, examples=["ada"])
_REASON = Field("", max_length=2000, description="kept in the history")


class ReviewOut(BaseModel):
    """A question to a person about one revision of a post. Times are UTC."""

    id: str = Field(examples=["rvw_01kbk7v2e0c4m8s6q1r5t9w3x7"])
    kind: ReviewKind = Field(
        description="`question`: a text waits for it; `audit`, `second`: a blind opinion"
    )
    state: ReviewState
    post_id: str
    revision_id: str
    title: str
    risk: RiskClass | None = Field(description="null while an opinion is asked for blindly")
    reasons: Sequence[str] = Field(description="why a person is asked, in words; as `risk`")
    note: str = Field(
        description="what to know about the review itself, such as that its suggestions could not "
        "be made; empty: nothing"
    )
    opened_at: datetime
    due_at: datetime | None = Field(description="when it is escalated; nothing goes out by itself")
    escalated_at: datetime | None = Field(description="when it was last said to be overdue")
    assignee: str = Field(description="who has it, until `claimed_until`")
    claimed_until: datetime | None
    sent_to: SentTo | None = Field(description="to whom it was sent back")
    signatures_needed: int = Field(description="how many different people have to accept")
    version: int = Field(description="grows with every decision in it")
    decided_at: datetime | None
    decided_by: str
    decision_reason: str


class SignatureOut(BaseModel):
    """One person's yes, where it takes two."""

    person: str
    signed_at: datetime
    reason: str


class ReviewDetail(ReviewOut):
    """A review with the texts and what is suggested."""

    tier: str = Field(description="what wrote the text: rules, light, capable or person")
    own: str = Field(
        description="the author's own text, which `start` and `end` count in; the revision's where "
        "`note` says that no suggestions could be made"
    )
    proposed: str = Field(description="what the revision says")
    text: str = Field(description="what follows from the decisions by now")
    suggestions: Sequence[SuggestionOut]
    signatures: Sequence[SignatureOut]


class Next(BaseModel):
    """The review to take next."""

    review: ReviewOut | None = Field(description="null when nothing waits")


class Acceptance(BaseModel):
    """What goes with accepting a review."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"reason": "checked with the author"}]}
    )

    reason: str = _REASON
    rest: bool = Field(
        False, description="accept what is undecided too, also what changes facts or meaning"
    )
    despite: str = Field(
        "", max_length=2000, description="why it goes although checks object to what was changed"
    )
    version: int | None = Field(None, description="of the review as you read it")


class Refusal(BaseModel):
    """What goes with rejecting a review."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"code": "wrong_fact", "reason": "the date is last year's"}]
        },
    )

    reason: str = _REASON
    code: RejectionReason | None = None


class Assignment(BaseModel):
    """To whom a review is handed on."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"person": "ada"}]})

    person: str = _PERSON


class SendingBack(BaseModel):
    """To whom a text goes back, and what is missing."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"to": "author", "reason": "Which Sunday?"}]},
    )

    to: SentTo
    reason: str = _REASON


class Answer(BaseModel):
    """The new text of a review that was sent back."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"body": "We open on Sunday 6 December at ten."}]},
    )

    body: str = Field(min_length=1, max_length=1_000_000, description="Markdown")
    title: str = Field("", max_length=500, description="empty: as it was")
    reason: str = _REASON


# -- looking --------------------------------------------------------------------------------------


@router.get("", responses=BAD_CURSOR)
async def list_reviews(
    desk: DeskNow,
    state: Annotated[ReviewState | None, Query()] = None,
    kind: Annotated[ReviewKind | None, Query()] = None,
    risk: Annotated[RiskClass | None, Query()] = None,
    assignee: Annotated[str, Query(max_length=200)] = "",
    free: Annotated[bool, Query(description="only what nobody has at the moment")] = False,
    overdue: Annotated[bool, Query(description="only what is past its deadline")] = False,
    limit: Limit = 50,
    cursor: Cursor = "",
) -> Page[ReviewOut]:
    """List reviews in the order to take them: the greatest risk, the nearest deadline, the oldest
    first."""
    wanted = WantedReviews(
        state=state, kind=kind, risk=risk, assignee=assignee, free=free, overdue=overdue
    )
    async with desk.store.read() as unit:
        found = await unit.reviews.queue(
            desk.workspace_id, wanted, after=check_cursor(cursor, "review"), limit=limit + 1
        )
    return page_of([_review_out(review) for review in found], limit, lambda review: review.id)


@router.get("/{id}", responses=NOT_FOUND)
async def get_review(id: str, desk: DeskNow) -> ReviewDetail:
    """Return one review with its texts and suggestions, by its own id or its post's."""
    await check_review(desk, id)
    look = await look_at(desk, id)
    return ReviewDetail(
        **_fields(look.review),
        tier=look.revision.tier,
        own=look.base.body,
        proposed=look.revision.content.body,
        text=look.text.body,
        suggestions=[suggestion_out(s, look.review) for s in look.suggestions],
        signatures=[
            SignatureOut(person=s.person, signed_at=s.signed_at, reason=s.reason)
            for s in look.signatures
        ],
    )


# -- who has it -----------------------------------------------------------------------------------


@router.post("/next", dependencies=REPEATABLE)
async def take_next(
    desk: DeskNow,
    asking: Editor,
    kind: Annotated[ReviewKind | None, Query(description="only of this kind")] = None,
) -> Next:
    """Take the review that is most urgent and that nobody has; or the one you have already."""
    async with desk.store.begin(actor_of(asking, "api")) as unit:
        review = await reviewing.claim_next(unit, desk.workspace_id, kind=kind)
    return Next(review=None if review is None else _review_out(review))


@router.post("/{id}/claim", responses={**NOT_FOUND, **CONFLICT}, dependencies=REPEATABLE)
async def claim_review(id: str, desk: DeskNow, asking: Editor) -> ReviewOut:
    """Take a review for a while (`review_claim_minutes`); every decision gives the time anew."""
    async with desk.store.begin(actor_of(asking, "api")) as unit:
        return _review_out(await reviewing.claim(unit, await own_review(unit, desk, id)))


@router.post("/{id}/release", responses={**NOT_FOUND, **CONFLICT}, dependencies=REPEATABLE)
async def release_review(id: str, desk: DeskNow, asking: Editor) -> ReviewOut:
    """Let anybody take a review again. What was decided in it stays."""
    async with desk.store.begin(actor_of(asking, "api")) as unit:
        return _review_out(await reviewing.release(unit, await own_review(unit, desk, id)))


@router.post("/{id}/assign", responses={**NOT_FOUND, **CONFLICT}, dependencies=REPEATABLE)
async def assign_review(id: str, body: Assignment, desk: DeskNow, asking: Editor) -> ReviewOut:
    """Hand a review on to a person, whoever has it."""
    async with desk.store.begin(actor_of(asking, "api")) as unit:
        review = await own_review(unit, desk, id)
        return _review_out(await reviewing.assign(unit, review, body.person))


@router.post("/{id}/send-back", responses={**NOT_FOUND, **CONFLICT}, dependencies=REPEATABLE)
async def send_review_back(id: str, body: SendingBack, desk: DeskNow, asking: Editor) -> ReviewOut:
    """Send a text back to its author or the composer. It is held until a new text comes."""
    async with desk.store.begin(actor_of(asking, "api")) as unit:
        review = await own_review(unit, desk, id)
        return _review_out(await reviewing.send_back(unit, review, body.to, body.reason))


@router.post("/{id}/answer", responses={**NOT_FOUND, **CONFLICT}, dependencies=REPEATABLE)
async def answer_review(id: str, body: Answer, desk: DeskNow, asking: Editor) -> ReviewOut:
    """Give the new text that was asked for. Decisions are carried over where it leaves a place."""
    await check_review(desk, id)
    answered = await answer(
        desk,
        id,
        body=body.body,
        title=body.title,
        reason=body.reason,
        actor=actor_of(asking, "api"),
    )
    return _review_out(answered)


# -- deciding -------------------------------------------------------------------------------------


@router.post("/{id}/accept", responses={**NOT_FOUND, **CONFLICT}, dependencies=REPEATABLE)
async def accept_review(
    id: str, desk: DeskNow, asking: Editor, body: Acceptance | None = None
) -> ReviewOut:
    """Accept a held post: it is approved and goes its way. Doing it twice is harmless.

    Critical risk takes two different people; after the first one the review is still open.
    """
    await check_review(desk, id)
    given = body or Acceptance(reason="", rest=False, despite="", version=None)
    await approve(
        desk,
        id,
        actor=actor_of(asking, "api"),
        reason=given.reason,
        rest=given.rest,
        despite=given.despite,
        version=given.version,
    )
    async with desk.store.read() as unit:
        return _review_out(await unit.reviews.get(id))


@router.post("/{id}/reject", responses={**NOT_FOUND, **CONFLICT}, dependencies=REPEATABLE)
async def reject_review(
    id: str, desk: DeskNow, asking: Editor, body: Refusal | None = None
) -> ReviewOut:
    """Reject a held post: it is kept and goes nowhere. Doing it twice is harmless."""
    async with desk.store.begin(actor_of(asking, "api")) as unit:
        review = await own_review(unit, desk, id)
        reason, code = (body.reason, body.code) if body else ("", None)
        await reviewing.reject(unit, review, reason, code)
        return _review_out(await unit.reviews.get(review.id))


def _fields(review: Review) -> dict[str, Any]:
    known = {
        name: getattr(review, name)
        for name in ReviewOut.model_fields
        if name != "signatures_needed"
    }
    known["signatures_needed"] = signatures_needed(review.kind, review.risk)
    if review.is_blind:
        known |= {"risk": None, "reasons": ()}
    return known


def _review_out(review: Review) -> ReviewOut:
    return ReviewOut(**_fields(review))
