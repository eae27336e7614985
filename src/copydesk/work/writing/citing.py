"""Keeping what models are shown of our own texts up to date: the passages of published posts.

A post is looked at when it goes out and when it is taken down. It can be cited once it stands under
an address that anybody can read: an answer that went to one person by mail never is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from copydesk.core.passages import Passage, PassageKind
from copydesk.core.post import Revision
from copydesk.generation.embedding import open_embedder
from copydesk.store import UnitOfWork
from copydesk.transformation.passages import passages_of
from copydesk.work.desk import Desk

#: How long after a delivery is due a post is looked at again; later where it stays on its way.
SOON: Final = timedelta(minutes=1)
LATER: Final = timedelta(hours=1)


async def to_cite(desk: Desk, unit: UnitOfWork, now: datetime) -> list[str]:
    """Return the posts to look at now; none where no model is there to be shown anything."""
    if desk.model is None and desk.light_model is None:
        return []
    return await unit.passages.due(now)


async def cite(desk: Desk, post_id: str) -> None:
    """Make the passages of a post those of its current text, or none. Safe to run twice."""
    async with desk.store.begin("citing") as unit:
        # a text that fails, or takes its process with it, is tried again later, not at once
        await unit.passages.look_at(post_id, unit.now + LATER)
        post = await unit.posts.get(post_id)
        revision = await unit.posts.revision(post.revision_id)
        is_public = bool(await unit.passages.standing([post_id]))
        pending = await unit.passages.pending(post_id)
        now = unit.now
    found: Sequence[Passage] = ()
    if is_public:
        found = await asyncio.to_thread(passages_of_post, revision)
    async with desk.store.begin("citing") as unit:
        if (await unit.posts.get(post_id)).revision_id != revision.id:
            return  # it is due again already
        await unit.passages.put(post.workspace_id, post_id, found)
        await unit.passages.look_at(post_id, _next_look(pending, now))


def passages_of_post(revision: Revision) -> list[Passage]:
    """Return the passages of a post's text; computation only, half a second the first time."""
    content = revision.content
    return embedded(
        [
            Passage(
                kind=PassageKind.POST,
                source_id=revision.post_id,
                version=revision.id,
                position=position,
                title=f"{content.title}: {heading}" if heading else content.title,
                text=text,
            )
            for position, (heading, text) in enumerate(passages_of(content.body))
        ]
    )


def embedded(found: Sequence[Passage]) -> list[Passage]:
    """Return `found` with vectors; computation only."""
    embedder = open_embedder()
    vectors = embedder.embed([f"{passage.title}\n{passage.text}" for passage in found])
    return [
        replace(passage, embedder=embedder.name, vector=vector)
        for passage, vector in zip(found, vectors, strict=True)
    ]


def _next_look(pending: datetime | None, now: datetime) -> datetime | None:
    if pending is None:
        return None
    return pending + SOON if pending > now - SOON else now + LATER
