"""`/v1/posts`: canonical content with its revisions and checks."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from copydesk.core.checks import CheckResult, RiskClass
from copydesk.core.findings import Finding
from copydesk.core.post import Content, Edit, Fate, Revision, Tier
from copydesk.core.states import PostState
from copydesk.core.timetable import LatePolicy, read_length
from copydesk.server.api.contract import (
    CONFLICT,
    NOT_FOUND,
    REPEATABLE,
    Cursor,
    Limit,
    Page,
    make_router,
    page_of,
)
from copydesk.server.asking import DeskNow, Editor, actor_of, check_own
from copydesk.transformation.content import read_markdown_file
from copydesk.work.deliveries.manuscripts import Manuscript
from copydesk.work.deliveries.publishing import publish
from copydesk.work.deliveries.times import Wish
from copydesk.work.desk import Desk

router = make_router("posts")


class PostLine(BaseModel):
    """A post in a list."""

    id: str = Field(examples=["pst_01kbk7v2e0c4m8s6q1r5t9w3x7"])
    state: PostState
    title: str
    source_key: str
    submission_id: str | None
    created_at: datetime
    published_at: datetime | None


class RevisionOut(BaseModel):
    """One immutable version of a post and what made it."""

    id: str
    number: int
    content: Content
    tier: Tier = Field(description="what wrote the text")
    model: str
    prompt_version: str
    created_at: datetime
    created_by: str
    edits: Sequence[Edit]
    fates: Sequence[Fate]
    omitted: Sequence[str]
    open_questions: Sequence[str]
    route: str = Field(description="which models were asked and why, in words")
    degraded_because: str = Field(
        description="why rules wrote what a model should have written; see `POST /v1/rework`"
    )


class PostOut(PostLine):
    """A post with its current revision and the checks on it."""

    risk: RiskClass
    revision: RevisionOut
    checks: Sequence[CheckResult]


@router.get("")
async def list_posts(
    desk: DeskNow,
    state: Annotated[PostState | None, Query()] = None,
    limit: Limit = 50,
    cursor: Cursor = "",
) -> Page[PostLine]:
    """List posts, newest first."""
    async with desk.store.read() as unit:
        rows = await unit.posts.newest(
            desk.workspace_id, state=state or "", before=cursor, limit=limit + 1
        )
    lines = [
        PostLine(
            id=post.id,
            state=post.state,
            title=title,
            source_key=post.source_key,
            submission_id=post.submission_id,
            created_at=post.created_at,
            published_at=post.published_at,
        )
        for post, title in rows
    ]
    return page_of(lines, limit, lambda line: line.id, rows.further)


class PostIn(BaseModel):
    """A Markdown text to publish, where to, and when."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "text": "# Opening hours\n\nWe open on **Sunday**.",
                    "accounts": ["newsroom"],
                    "source_key": "opening-hours",
                    "at": "2026-12-01 09:00",
                    "zone": "Europe/Berlin",
                }
            ]
        },
    )

    text: str = Field(min_length=1, description="Markdown, with front matter if you like")
    accounts: list[str] = Field(min_length=1, max_length=50, description="names of accounts")
    source_key: str = Field(
        "",
        max_length=300,
        description="what this post is called where it comes from: publishing the same key again "
        "revises the post; without one, the text's slug is taken",
    )
    filename: str = Field("post.md", max_length=255)
    overwrite: bool = Field(
        False, description="replace even what somebody changed or removed on a platform"
    )
    at: str | None = Field(
        None,
        max_length=40,
        description="when it should go out, ISO 8601; without an offset it is local time in "
        "`zone`, or in each account's own zone; null: when the front matter says, else now",
    )
    zone: str = Field("", max_length=64, description="IANA zone of `at`")
    queue: str = Field(
        "", max_length=100, description="at the next free slot of this queue instead"
    )
    late: LatePolicy | None = Field(
        None, description="what becomes of it when it gets late; null: as the account has it"
    )
    grace: str = Field("", max_length=20, description="how late is still in time, such as 15m")


class PublishedOut(BaseModel):
    """The post and the deliveries that were scheduled; none when nothing has changed."""

    post: PostOut
    delivery_ids: list[str]
    notes: Sequence[Finding] = Field(description="about the text itself")


@router.post("", status_code=201, responses={**NOT_FOUND, **CONFLICT}, dependencies=REPEATABLE)
async def publish_post(given: PostIn, desk: DeskNow, asking: Editor) -> PublishedOut:
    """Publish a text to accounts, now or later: all of them or, if one would refuse it, none."""
    file = await asyncio.to_thread(read_markdown_file, given.text, filename=given.filename)
    key = f"api:{given.source_key or file.content.slug}"
    publication = await publish(
        desk,
        Manuscript(source_key=key, file=file, images=()),
        given.accounts,
        wish=wish_of(given),
        overwrite=given.overwrite,
        actor=actor_of(asking, "api"),
    )
    return PublishedOut(
        post=await _post_out(desk, publication.post.id),
        delivery_ids=[delivery.id for delivery in publication.deliveries],
        notes=publication.findings,
    )


def wish_of(given: PostIn) -> Wish | None:
    """Return when the post should go out, None when nothing was said about it."""
    wish = Wish(
        at=given.at or "",
        zone=given.zone,
        queue=given.queue,
        late=given.late,
        grace=read_length(given.grace, "grace") if given.grace else None,
    )
    return None if wish == Wish() else wish


@router.get("/{id}", responses=NOT_FOUND)
async def get_post(id: str, desk: DeskNow) -> PostOut:
    """Return one post with its current revision and checks."""
    return await _post_out(desk, id)


async def _post_out(desk: Desk, id: str) -> PostOut:
    async with desk.store.read() as unit:
        post = await unit.posts.get(id)
        check_own(post.workspace_id, desk, f"post {id}")
        revision = await unit.posts.revision(post.revision_id)
        checks = await unit.posts.checks(post.revision_id)
        risk = await unit.posts.risk(id)
    return PostOut(
        id=post.id,
        state=post.state,
        title=revision.content.title,
        source_key=post.source_key,
        submission_id=post.submission_id,
        created_at=post.created_at,
        published_at=post.published_at,
        risk=risk,
        revision=_revision_out(revision),
        checks=checks,
    )


@router.get("/{id}/revisions", responses=NOT_FOUND)
async def list_revisions(id: str, desk: DeskNow) -> list[RevisionOut]:
    """Return every revision of a post, oldest first."""
    async with desk.store.read() as unit:
        check_own((await unit.posts.get(id)).workspace_id, desk, f"post {id}")
        found = await unit.posts.revisions(id)
    return [_revision_out(revision) for revision in found]


def _revision_out(revision: Revision) -> RevisionOut:
    return RevisionOut(**{name: getattr(revision, name) for name in RevisionOut.model_fields})
