"""`/v1/reviews/{id}/text`: the text of a review as the decisions make it."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, Field

from copydesk.core.checks import RiskClass
from copydesk.core.suggestion import TextField
from copydesk.server.api.contract import CONFLICT, NOT_FOUND, make_router
from copydesk.server.api.suggestions import EvidenceOut, SuggestionOut, suggestion_out
from copydesk.server.asking import DeskNow, Editor, actor_of
from copydesk.server.owned import check_review
from copydesk.work.reviews.approving import standing_of
from copydesk.work.reviews.reviewing import look_at
from copydesk.work.reviews.revising import reword

router = make_router("reviews")


class TextIn(BaseModel):
    """The text as it should read; what is left away stays as it is."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"title": "Opening hours"}]}
    )

    title: str | None = Field(None, max_length=500)
    summary: str | None = Field(None, max_length=2000)
    body: str | None = Field(None, max_length=1_000_000)
    note: str = Field("", max_length=2000)
    version: int | None = Field(None, description="of the review as you read it")


class ObjectionOut(EvidenceOut):
    """What a check says about the text that it did not say when the review was opened."""

    check: str


class TextOut(BaseModel):
    """The text that follows from the decisions, and what speaks against letting it go."""

    title: str
    summary: str
    body: str
    is_changed: bool = Field(description="whether it differs from the revision under review")
    risk: RiskClass | None
    objections: Sequence[ObjectionOut]
    undecided: Sequence[int] = Field(
        description="numbers of suggestions that need a decision of their own"
    )


@router.get("/{id}/text", responses=NOT_FOUND)
async def get_text(id: str, desk: DeskNow) -> TextOut:
    """Return the text as it would go out now, and what the checks say about what was changed."""
    await check_review(desk, id)
    look = await look_at(desk, id)
    standing = await standing_of(desk, look)
    hidden = look.review.is_blind
    return TextOut(
        title=standing.text.title,
        summary=standing.text.summary,
        body=standing.text.body,
        is_changed=standing.is_changed,
        risk=None if hidden else standing.risk,
        objections=[
            ObjectionOut(check=check, message=e.message, span=e.span)
            for check, e in (() if hidden else standing.objections)
        ],
        undecided=[suggestion.number for suggestion in standing.undecided],
    )


@router.put("/{id}/text", responses={**NOT_FOUND, **CONFLICT})
async def put_text(id: str, body: TextIn, desk: DeskNow, asking: Editor) -> Sequence[SuggestionOut]:
    """Make the text read as given; what changed becomes edits and suggestions of yours."""
    await check_review(desk, id)
    given = {
        TextField.TITLE: body.title,
        TextField.SUMMARY: body.summary,
        TextField.BODY: body.body,
    }
    made = await reword(
        desk,
        id,
        {field: text for field, text in given.items() if text is not None},
        actor=actor_of(asking, "api"),
        note=body.note,
        version=body.version,
    )
    async with desk.store.read() as unit:
        review = await unit.reviews.get(id)
    return [suggestion_out(suggestion, review) for suggestion in made]
