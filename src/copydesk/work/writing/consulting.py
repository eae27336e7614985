"""Looking up what our own texts say that helps with a message: style guide and published posts."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from copydesk.core.passages import Passage, PassageKind
from copydesk.core.similarity import Vector
from copydesk.generation.embedding import open_embedder
from copydesk.generation.material import Reference
from copydesk.generation.retrieval import (
    merged,
    query_terms,
    ranked_by_meaning,
    ranked_by_words,
    reference,
)
from copydesk.work.desk import Desk

#: How many passages of the style guide and of posts are candidates for a prompt, which says itself
#: how many of them it shows.
STYLE: Final = 4
POSTS: Final = 2
#: How many are compared with a message, by words and by meaning.
_BY_WORDS: Final = 60
_BY_MEANING: Final = 1_000
_BEST: Final = 20
#: How much of a text is compared by meaning, in characters.
_COMPARED: Final = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Consulted:
    """Passages that may help, the best first, the style guide's before those of posts; and the
    version of the style guide, "" where there is none."""

    references: tuple[Reference, ...] = ()
    style: str = ""


async def consult(desk: Desk, text: str) -> Consulted:
    """Return what helps with `text`. Of a style guide there is always something: rules that share
    no word with a message hold for it as well."""
    workspace = desk.workspace_id
    async with desk.store.read() as unit:
        if not await unit.passages.any(workspace):
            return Consulted()
        query = query_terms(text)
        embedder = await asyncio.to_thread(open_embedder)
        guide = await unit.passages.style(workspace)
        rules = await unit.passages.of(workspace, guide.name) if guide else []
        worded = {
            kind: await unit.passages.by_words(workspace, kind, query, _BY_WORDS)
            for kind in PassageKind
        }
        posts = await unit.passages.newest(workspace, PassageKind.POST, embedder.name, _BY_MEANING)
    (vector,) = await asyncio.to_thread(embedder.embed, [text[:_COMPARED]])
    alike = [rule for rule in rules if rule.embedder == embedder.name]
    best_rules = await asyncio.to_thread(_ranked, query, vector, worded[PassageKind.STYLE], alike)
    best_posts = await asyncio.to_thread(_ranked, query, vector, worded[PassageKind.POST], posts)
    async with desk.store.read() as unit:
        standing = await unit.passages.standing({post.source_id for post in best_posts})
    shown = _of_guide(best_rules, rules)
    shown += [post for post in best_posts if post.source_id in standing][:POSTS]
    return Consulted(
        references=tuple(reference(passage) for passage in shown),
        style=guide.name if guide and guide.text else "",
    )


def _ranked(
    query: Sequence[str], vector: Vector, words: Sequence[Passage], everything: Sequence[Passage]
) -> list[Passage]:
    by_meaning = ranked_by_meaning(vector, everything, _BEST)
    return merged([ranked_by_words(query, words)[:_BEST], by_meaning], _BEST)


def _of_guide(best: Sequence[Passage], rules: Sequence[Passage]) -> list[Passage]:
    """Return the passages of the style guide to show: those that fit, then its first ones."""
    fitting = list(best[:STYLE])
    ids = {passage.id for passage in fitting}
    return [*fitting, *(rule for rule in rules if rule.id not in ids)][:STYLE]
