"""`/v1/validate`: what platforms and accounts would refuse about a text, and what gets lost."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from copydesk.core.findings import Finding, Loss
from copydesk.distribution.planning import Plan
from copydesk.server.api.contract import NOT_FOUND, REPEATABLE, make_router
from copydesk.server.asking import DeskNow
from copydesk.transformation.content import read_markdown_file
from copydesk.work.publishing import Manuscript, preview, preview_plans, sample_account
from copydesk.work.times import Wish

router = make_router("validate")


class ValidateIn(BaseModel):
    """A Markdown text and what to hold it against: accounts by name, or platforms in general."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"text": "# Opening hours\n\nWe open on **Sunday**.", "platforms": ["mastodon"]}
            ]
        },
    )

    text: str = Field(min_length=1, description="Markdown, with front matter if you like")
    filename: str = Field("post.md", max_length=255)
    accounts: list[str] = Field([], max_length=50)
    platforms: list[str] = Field([], max_length=50)
    at: str = Field(
        "", max_length=40, description="when it should go out to the accounts, as in `/v1/posts`"
    )
    zone: str = Field("", max_length=64, description="IANA zone of `at`")
    queue: str = Field("", max_length=100, description="a queue of the accounts instead")

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        if not self.accounts and not self.platforms:
            raise ValueError("name at least one of `accounts` or `platforms`")
        return self


class Judged(BaseModel):
    """What one account (and recipient) would make of the text."""

    account: str
    platform: str
    recipient: str
    valid: bool
    findings: Sequence[Finding]
    losses: Sequence[Loss] = Field(description="what the rendition does not carry over as it was")
    text: str = Field(description="how it would read there")


class Validated(BaseModel):
    """The judgement of everything that was named; `valid` only if nobody would refuse."""

    valid: bool
    notes: Sequence[Finding] = Field(description="about the text itself")
    results: list[Judged]


@router.post("", responses=NOT_FOUND, dependencies=REPEATABLE)
async def validate_text(given: ValidateIn, desk: DeskNow) -> Validated:
    """Say what would be refused and what would be lost. Nothing is stored or sent.

    A text that cannot be read at all is a 422 with its findings.
    """
    async with desk.store.read() as unit:
        accounts = [await unit.accounts.by_name(desk.workspace_id, n) for n in given.accounts]
        now = unit.now
    samples = [sample_account(name) for name in given.platforms]

    def work() -> tuple[Manuscript, list[Plan]]:
        file = read_markdown_file(given.text, filename=given.filename)
        manuscript = Manuscript(source_key="", file=file, images=())
        return manuscript, preview_plans(manuscript, samples, now, desk.ids)

    manuscript, plans = await asyncio.to_thread(work)
    wish = Wish(at=given.at, zone=given.zone, queue=given.queue)
    own = await preview(desk, manuscript, accounts, wish=None if wish == Wish() else wish)
    plans = [*own, *plans]
    return Validated(
        valid=not any(plan.errors for plan in plans),
        notes=manuscript.file.findings,
        results=[
            Judged(
                account=plan.account.name,
                platform=plan.account.platform,
                recipient=plan.rendition.recipient,
                valid=not plan.errors,
                findings=plan.findings,
                losses=plan.rendition.losses,
                text=plan.rendition.text,
            )
            for plan in plans
        ],
    )
