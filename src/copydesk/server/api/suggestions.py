"""`/v1/reviews/{id}/suggestions`: single changes; each accepted, edited, rejected, taken back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from copydesk.core.checks import Evidence, RiskClass
from copydesk.core.errors import ContentInvalid
from copydesk.core.findings import Finding
from copydesk.core.states import SuggestionState
from copydesk.core.suggestion import Intent, Origin, RejectionReason, Suggestion, TextField
from copydesk.editorial import deciding
from copydesk.server.api.contract import CONFLICT, NOT_FOUND, REPEATABLE, make_router
from copydesk.server.asking import DeskNow, Editor, actor_of
from copydesk.server.owned import check_review, own_review
from copydesk.store.reviews import Review
from copydesk.work.desk import Desk
from copydesk.work.reviews.reviewing import look_at
from copydesk.work.reviews.revising import edit

router = make_router("reviews")


class EvidenceOut(BaseModel):
    """What a check points at."""

    message: str
    span: str


class SuggestionOut(BaseModel):
    """One change: `[start, end)` in code points of the author's own text becomes `text`."""

    id: str = Field(examples=["sgn_01kbk7v2e0c4m8s6q1r5t9w3x7"])
    review_id: str
    number: int = Field(description="counts within the review; serves as its name in addresses")
    field: TextField
    segment: int | None = Field(description="index among the segments of the message")
    start: int
    end: int
    before: str = Field(description="what stands there without it")
    after: str = Field(description="what was proposed")
    text: str = Field(description="what stands there when it is accepted or edited")
    quote_before: str
    quote_after: str
    origin: Origin
    origin_version: str = Field(description="which rule, model or person")
    prompt_version: str
    intent: Intent
    evidence: Sequence[EvidenceOut] = Field(description="what checks say about the change")
    findings: Sequence[EvidenceOut] = Field(description="what checks say about a person's words")
    risk: RiskClass | None
    state: SuggestionState
    version: int = Field(description="grows with every decision on it")
    decided_by: str
    decided_at: datetime | None
    reason_code: str
    note: str
    propensity: float | None = Field(
        description="chance (0..1) with which a person was asked about it; null of old ones"
    )


class VerdictIn(BaseModel):
    """A decision on one suggestion."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"verdict": "accepted"},
                {"verdict": "edited", "text": "on Sunday"},
                {"verdict": "rejected", "reason": "wrong_fact", "note": "it was 45.90"},
            ]
        },
    )

    verdict: Literal["accepted", "edited", "rejected"]
    text: str | None = Field(None, max_length=100_000, description="with `edited`: what to put")
    reason: RejectionReason | None = Field(None, description="with `rejected`: why")
    note: str = Field("", max_length=2000)
    key: str = Field("", max_length=255, description="the same decision under one key happens once")
    version: int | None = Field(
        None, description="of the suggestion as you read it; needed to decide over somebody else"
    )


class Together(BaseModel):
    """What is accepted at once."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"intent": "fluency"}, {}]}
    )

    intent: Intent | None = Field(None, description="only `fluency`; left away: all the rest")
    key: str = Field("", max_length=255)


class DecisionOut(BaseModel):
    """One decision that was taken on a suggestion."""

    version: int
    state: SuggestionState
    text: str
    reason_code: str
    note: str
    decided_by: str
    decided_at: datetime
    undone_at: datetime | None
    undone_by: str


@router.get("/{id}/suggestions", responses=NOT_FOUND)
async def list_suggestions(
    id: str, desk: DeskNow, state: Annotated[SuggestionState | None, Query()] = None
) -> Sequence[SuggestionOut]:
    """List the suggestions of a review in the order of the text."""
    await check_review(desk, id)
    look = await look_at(desk, id)
    wanted = [s for s in look.suggestions if state in (None, s.state)]
    return [suggestion_out(suggestion, look.review) for suggestion in wanted]


@router.put("/{id}/suggestions/{number}", responses={**NOT_FOUND, **CONFLICT})
async def decide_suggestion(
    id: str, number: str, body: VerdictIn, desk: DeskNow, asking: Editor
) -> SuggestionOut:
    """Accept, edit or reject one suggestion, by its number or id. The same twice is once."""
    await check_review(desk, id)
    await look_at(desk, id)  # whoever comes before the worker finds the suggestions made
    actor = actor_of(asking, "api")
    if body.verdict == "edited":
        if body.text is None:
            raise _no_text()
        decided = await edit(
            desk,
            id,
            number,
            body.text,
            actor=actor,
            note=body.note,
            key=body.key,
            version=body.version,
        )
    else:
        verdict = deciding.Verdict(
            state=SuggestionState(body.verdict), reason=body.reason, note=body.note
        )
        async with desk.store.begin(actor) as unit:
            review = await unit.reviews.get(id)
            decided = await deciding.decide(
                unit, review, number, verdict, key=body.key, version=body.version
            )
    return await _answered(desk, decided)


@router.delete("/{id}/suggestions/{number}", responses={**NOT_FOUND, **CONFLICT})
async def undo_suggestion(
    id: str,
    number: str,
    desk: DeskNow,
    asking: Editor,
    version: Annotated[int | None, Query(description="of the suggestion as you read it")] = None,
) -> SuggestionOut:
    """Take the newest decision on a suggestion back: it is as it was before."""
    async with desk.store.begin(actor_of(asking, "api")) as unit:
        review = await own_review(unit, desk, id)
        undone = await deciding.undo(unit, review, number, version=version)
    return await _answered(desk, undone)


@router.post("/{id}/suggestions/accept", responses={**NOT_FOUND, **CONFLICT},
             dependencies=REPEATABLE)  # fmt: skip
async def accept_together(
    id: str, desk: DeskNow, asking: Editor, body: Together | None = None
) -> Sequence[SuggestionOut]:
    """Accept every open suggestion, or those for fluency; returns what this accepted."""
    await check_review(desk, id)
    await look_at(desk, id)
    async with desk.store.begin(actor_of(asking, "api")) as unit:
        review = await unit.reviews.get(id)
        intent, key = (body.intent, body.key) if body else (None, "")
        accepted = await deciding.accept_rest(unit, review, intent=intent, key=key)
    return [suggestion_out(suggestion, review) for suggestion in accepted]


@router.get("/{id}/suggestions/{number}/decisions", responses=NOT_FOUND)
async def list_decisions(id: str, number: str, desk: DeskNow) -> Sequence[DecisionOut]:
    """List what was decided on a suggestion, oldest first, with what was taken back."""
    async with desk.store.read() as unit:
        review = await own_review(unit, desk, id)
        suggestion = await unit.suggestions.get(review.id, number)
        found = await unit.suggestions.decisions(suggestion.id)
    return [
        DecisionOut(**{name: getattr(one, name) for name in DecisionOut.model_fields})
        for one in found
    ]


async def _answered(desk: Desk, suggestion: Suggestion) -> SuggestionOut:
    async with desk.store.read() as unit:
        return suggestion_out(suggestion, await unit.reviews.get(suggestion.review_id))


def suggestion_out(suggestion: Suggestion, review: Review) -> SuggestionOut:
    """Return a suggestion for the outside; an opinion is asked for without risk and evidence."""
    hidden = review.is_blind
    values = {name: getattr(suggestion, name) for name in SuggestionOut.model_fields}
    values["evidence"] = () if hidden else _evidence(suggestion.evidence)
    values["findings"] = () if hidden else _evidence(suggestion.findings)
    values["risk"] = None if hidden else suggestion.risk
    return SuggestionOut(**values)


def _evidence(found: Sequence[Evidence]) -> Sequence[EvidenceOut]:
    return [EvidenceOut(message=e.message, span=e.span) for e in found]


def _no_text() -> ContentInvalid:
    return ContentInvalid(
        [
            Finding(
                code="text_missing",
                field="text",
                message="an edit says what to put",
                remedy='Send `text`; "" takes the words out.',
            )
        ]
    )
