"""`/v1/reviews/{id}/hints`: what would read better, and one step to have it so."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, Field

from copydesk.server.api.contract import CONFLICT, NOT_FOUND, REPEATABLE, make_router
from copydesk.server.api.suggestions import SuggestionOut, suggestion_out
from copydesk.server.asking import DeskNow, Editor, actor_of
from copydesk.server.owned import check_review
from copydesk.work.reviews.hinting import hints_of, take_hint
from copydesk.work.reviews.reviewing import look_at

router = make_router("reviews")


class HintOut(BaseModel):
    """What would read better in the text as it is now, `[start, end)` in code points."""

    number: int = Field(description="counts in the text at the review's `version`")
    message: str
    start: int
    end: int
    before: str
    after: str | None = Field(description="what to put there; null: that is for a person to find")


class HintsOut(BaseModel):
    """Hints about style. None of them speaks against letting the text go."""

    version: int = Field(description="of the review they were found in")
    hints: Sequence[HintOut]


class HintTaken(BaseModel):
    """What goes with taking a hint."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"version": 3}]})

    version: int | None = Field(None, description="of the review as you read it")


@router.get("/{id}/hints", responses=NOT_FOUND)
async def get_hints(id: str, desk: DeskNow) -> HintsOut:
    """Return what would read better in the text as it is now."""
    await check_review(desk, id)
    look = await look_at(desk, id)
    found = [
        HintOut(**{name: getattr(hint, name) for name in HintOut.model_fields})
        for hint in await hints_of(look)
    ]
    return HintsOut(version=look.review.version, hints=found)


@router.post(
    "/{id}/hints/{number}/accept", responses={**NOT_FOUND, **CONFLICT}, dependencies=REPEATABLE
)
async def accept_hint(
    id: str, number: int, desk: DeskNow, asking: Editor, body: HintTaken | None = None
) -> Sequence[SuggestionOut]:
    """Put right what a hint says; it becomes a suggestion of yours, which can be undone."""
    await check_review(desk, id)
    version = body.version if body else None
    made = await take_hint(desk, id, number, actor=actor_of(asking, "api"), version=version)
    async with desk.store.read() as unit:
        review = await unit.reviews.get(id)
    return [suggestion_out(suggestion, review) for suggestion in made]
