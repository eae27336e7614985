"""A Markdown text that is held against accounts and platforms, and kept nowhere: what
`/v1/validate` and `/v1/render` share."""

from __future__ import annotations

import asyncio
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from copydesk.distribution.plans import Plan
from copydesk.platforms.kit.registry import platform_modules
from copydesk.transformation.content import read_markdown_file
from copydesk.transformation.forms import Form
from copydesk.work.deliveries.manuscripts import Manuscript
from copydesk.work.deliveries.publishing import preview, preview_plans, sample_account
from copydesk.work.deliveries.rendering import in_form
from copydesk.work.deliveries.times import Wish
from copydesk.work.desk import Desk


class TextIn(BaseModel):
    """A Markdown text and what to hold it against: accounts by name, or platforms in general."""

    model_config = ConfigDict(extra="forbid")

    text: str = Field(min_length=1, description="Markdown, with front matter if you like")
    filename: str = Field("post.md", max_length=255)
    accounts: list[str] = Field([], max_length=50)
    platforms: list[str] = Field([], max_length=50, description='names, or `["all"]`')

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        if not self.accounts and not self.platforms:
            raise ValueError("name at least one of `accounts` or `platforms`")
        return self


async def plans_of(
    desk: Desk, given: TextIn, *, wish: Wish | None = None, form: Form | None = None
) -> tuple[Manuscript, list[Plan]]:
    """Return the text as read and its plans, the accounts' first.

    Raises `NotFound` for an unknown account or platform, `ContentInvalid` for a text that cannot be
    read, `InputRefused` when nobody named has `form`.
    """
    async with desk.store.read() as unit:
        accounts = [await unit.accounts.by_name(desk.workspace_id, n) for n in given.accounts]
        now = unit.now
    names = list(platform_modules()) if given.platforms == ["all"] else given.platforms
    targets = [*accounts, *(sample_account(name) for name in names)]

    def work() -> tuple[Manuscript, list[Plan]]:
        file = read_markdown_file(given.text, filename=given.filename)
        manuscript = Manuscript(source_key="", file=file, images=())
        if form is not None:
            manuscript, targets[:] = in_form(manuscript, targets, form)
        return manuscript, preview_plans(manuscript, targets[len(accounts) :], now, desk.ids)

    manuscript, plans = await asyncio.to_thread(work)
    own = await preview(desk, manuscript, targets[: len(accounts)], wish=wish)
    return manuscript, [*own, *plans]
