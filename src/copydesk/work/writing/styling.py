"""The style guide of a workspace: kept in versions, and shown to models in passages."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Final

from copydesk.core.errors import ContentInvalid
from copydesk.core.findings import Finding
from copydesk.core.passages import Passage, PassageKind, StyleGuide
from copydesk.transformation.passages import passages_of
from copydesk.work.desk import Desk
from copydesk.work.writing.citing import embedded

#: How many characters a style guide may have.
LONGEST: Final = 200_000


async def set_style(desk: Desk, text: str, *, actor: str) -> StyleGuide:
    """Make `text` (CommonMark) the style guide of the desk's workspace; "" takes it away.

    The same text again is no new version. Raises `ContentInvalid` when it is too long.
    """
    text = text.strip()
    if len(text) > LONGEST:
        words = f"the style guide has {len(text):,} characters, {LONGEST:,} are allowed"
        remedy = "Leave out what does not help a writer."
        raise ContentInvalid([Finding(code="too_long", field="text", message=words, remedy=remedy)])
    async with desk.store.read() as unit:
        current = await unit.passages.style(desk.workspace_id)
    if (current.text if current else "") == text:
        return current or StyleGuide(number=0, text="")
    number = current.number + 1 if current else 1
    found = await asyncio.to_thread(_passages, StyleGuide(number=number, text=text))
    async with desk.store.begin(actor) as unit:
        guide = await unit.passages.add_style(desk.workspace_id, text)
        await unit.passages.remove_kind(desk.workspace_id, PassageKind.STYLE)
        # somebody else may have been quicker by a version
        await unit.passages.put(desk.workspace_id, guide.name, _named(found, guide))
    return guide


async def current_style(desk: Desk) -> StyleGuide:
    """Return the style guide of the desk's workspace; number 0 and no text where it has none."""
    async with desk.store.read() as unit:
        return await unit.passages.style(desk.workspace_id) or StyleGuide(number=0, text="")


def _passages(guide: StyleGuide) -> list[Passage]:
    return embedded(
        [
            Passage(
                kind=PassageKind.STYLE,
                source_id=guide.name,
                version=guide.name,
                position=position,
                title=heading,
                text=text,
            )
            for position, (heading, text) in enumerate(passages_of(guide.text))
        ]
    )


def _named(found: list[Passage], guide: StyleGuide) -> list[Passage]:
    return [replace(one, source_id=guide.name, version=guide.name) for one in found]
