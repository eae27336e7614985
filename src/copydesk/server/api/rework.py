"""`/v1/rework`: have written up again what no model could write."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, Field

from copydesk.server.api.contract import NOT_FOUND, REPEATABLE, make_router
from copydesk.server.asking import DeskNow, Editor, actor_of
from copydesk.work.writing.reworking import LIMIT, Verdict, rework

router = make_router("rework")


class ReworkIn(BaseModel):
    """What is to be written up again."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"dry_run": True}, {"posts": ["pst_01m…"]}]}
    )

    posts: Sequence[str] = Field(
        (), max_length=LIMIT, description="these; else all that no model could write"
    )
    dry_run: bool = Field(False, description="say what would happen; change nothing")
    limit: int = Field(LIMIT, ge=1, le=LIMIT)


class LookedOut(BaseModel):
    """One post that was looked at."""

    model_config = ConfigDict(from_attributes=True)

    post_id: str
    title: str
    because: str = Field(description="why no model wrote it")
    verdict: Verdict = Field(description="`queued`: a worker writes it up again")


class ReworkOut(BaseModel):
    """What was done, or would be."""

    model_config = ConfigDict(from_attributes=True)

    dry_run: bool
    queued: int
    looked: Sequence[LookedOut]
    more: bool = Field(description="the limit ended it")


@router.post("", responses=NOT_FOUND, dependencies=REPEATABLE)
async def rework_posts(given: ReworkIn, desk: DeskNow, asking: Editor) -> ReworkOut:
    """Have posts written up again by a worker. What a person decided or changed is left alone."""
    done = await rework(
        desk,
        given.posts,
        dry_run=given.dry_run,
        limit=given.limit,
        actor=actor_of(asking, "api"),
    )
    return ReworkOut.model_validate(done)
