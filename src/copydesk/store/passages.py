"""Our own texts as passages: kept, found by words and by vectors; and which posts to look at."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from copydesk.core.passages import Passage, PassageKind, StyleGuide
from copydesk.core.similarity import Vector
from copydesk.core.states import PostState
from copydesk.core.terms import terms
from copydesk.store.tables import deliveries, passages, posts, style_guides

if TYPE_CHECKING:
    from copydesk.store.unit import UnitOfWork

_INDEX_SQLITE: Final = sa.text("INSERT INTO passage_words (rowid, words) VALUES (:number, :words)")
_INDEX_POSTGRES: Final = sa.text(
    "INSERT INTO passage_words (number, words) "
    "VALUES (:number, array_to_tsvector(string_to_array(:words, ' ')))"
)
_FORGET_SQLITE: Final = sa.text("DELETE FROM passage_words WHERE rowid = :number")
_FORGET_POSTGRES: Final = sa.text("DELETE FROM passage_words WHERE number = :number")
_FIND_SQLITE: Final = sa.text(
    "SELECT p.* FROM passage_words w JOIN passages p ON p.number = w.rowid "
    "WHERE passage_words MATCH :query AND p.workspace_id = :workspace AND p.kind = :kind "
    "ORDER BY bm25(passage_words), p.number LIMIT :most"
)
_FIND_POSTGRES: Final = sa.text(
    "SELECT p.* FROM passage_words w JOIN passages p ON p.number = w.number "
    "WHERE w.words @@ CAST(CAST(:query AS text) AS tsquery) "
    "AND p.workspace_id = :workspace AND p.kind = :kind "
    "ORDER BY ts_rank(w.words, CAST(CAST(:query AS text) AS tsquery)) DESC, p.number LIMIT :most"
)

#: Deliveries under an address of their own that are taken for standing. What went to a person by
#: mail has none, and is nobody else's to read.
_later = deliveries.alias("later")
_STANDS: Final = sa.and_(
    deliveries.c.state == "delivered",
    deliveries.c.action != "delete",
    deliveries.c.url != "",
    deliveries.c.standing != "gone",
    ~sa.exists().where(
        _later.c.post_id == deliveries.c.post_id,
        _later.c.account_id == deliveries.c.account_id,
        _later.c.recipient == deliveries.c.recipient,
        _later.c.action == "delete",
        _later.c.state == "delivered",
        _later.c.id > deliveries.c.id,
    ),
)
_SETTLED: Final = ("delivered", "cancelled", "expired", "failed")


class Passages:
    """Reads and writes style guides and passages."""

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    # -- style guides -----------------------------------------------------------------------------

    async def style(self, workspace_id: str) -> StyleGuide | None:
        """Return the newest version of the style guide, None where there never was one."""
        rows = await self._unit.connection.execute(
            sa.select(style_guides.c.number, style_guides.c.text)
            .where(style_guides.c.workspace_id == workspace_id)
            .order_by(style_guides.c.number.desc())
            .limit(1)
        )
        row = rows.one_or_none()
        return StyleGuide(number=row.number, text=row.text) if row else None

    async def add_style(self, workspace_id: str, text: str) -> StyleGuide:
        """Keep `text` as the next version of the style guide."""
        newest = await self.style(workspace_id)
        guide = StyleGuide(number=newest.number + 1 if newest else 1, text=text)
        await self._unit.connection.execute(
            sa.insert(style_guides).values(
                workspace_id=workspace_id,
                number=guide.number,
                text=text,
                created_at=self._unit.now,
                created_by=self._unit.actor,
            )
        )
        return guide

    # -- passages ---------------------------------------------------------------------------------

    async def put(self, workspace_id: str, source_id: str, found: Sequence[Passage]) -> None:
        """Make `found` the passages of the text `source_id`; those it had are removed."""
        await self.remove(workspace_id, [source_id])
        for passage in found:
            number = await self._unit.connection.scalar(
                sa.insert(passages)
                .values(
                    workspace_id=workspace_id,
                    kind=passage.kind,
                    source_id=source_id,
                    version=passage.version,
                    position=passage.position,
                    title=passage.title,
                    text=passage.text,
                    embedder=passage.embedder,
                    vector=_packed(passage.vector),
                )
                .returning(passages.c.number)
            )
            words = " ".join(terms(f"{passage.title}\n{passage.text}"))
            index = _INDEX_SQLITE if self._is_sqlite else _INDEX_POSTGRES
            await self._unit.connection.execute(index, {"number": number, "words": words})

    async def remove(self, workspace_id: str, sources: Collection[str]) -> None:
        """Remove the passages of these texts."""
        await self._remove(
            passages.c.workspace_id == workspace_id, passages.c.source_id.in_(list(sources))
        )

    async def remove_kind(self, workspace_id: str, kind: PassageKind) -> None:
        """Remove all passages of a kind."""
        await self._remove(passages.c.workspace_id == workspace_id, passages.c.kind == kind)

    async def any(self, workspace_id: str) -> bool:
        """Whether there is any passage at all."""
        found = await self._unit.connection.scalar(
            sa.select(sa.literal(1)).where(passages.c.workspace_id == workspace_id).limit(1)
        )
        return bool(found)

    async def by_words(
        self, workspace_id: str, kind: PassageKind, query: Sequence[str], most: int
    ) -> list[Passage]:
        """Return at most `most` passages that hold one of the terms `query`, the best first.

        `query` is as `core.terms` makes it. Which are best the database says in its own way: to
        compare them is the caller's business.
        """
        wanted = list(dict.fromkeys(query))
        if not wanted:
            return []
        if self._is_sqlite:
            statement, asked = _FIND_SQLITE, " OR ".join(f'"{term}"' for term in wanted)
        else:
            statement, asked = _FIND_POSTGRES, " | ".join(f"'{term}'" for term in wanted)
        rows = await self._unit.connection.execute(
            statement,
            {"query": asked, "workspace": workspace_id, "kind": kind.value, "most": most},
        )
        return [_passage(row) for row in rows]

    async def of(self, workspace_id: str, source_id: str) -> list[Passage]:
        """Return the passages of the text `source_id`, in order."""
        rows = await self._unit.connection.execute(
            sa.select(passages)
            .where(passages.c.workspace_id == workspace_id, passages.c.source_id == source_id)
            .order_by(passages.c.position)
        )
        return [_passage(row) for row in rows]

    async def newest(
        self, workspace_id: str, kind: PassageKind, embedder: str, most: int
    ) -> list[Passage]:
        """Return the newest `most` passages of a kind with vectors of `embedder`."""
        rows = await self._unit.connection.execute(
            sa.select(passages)
            .where(
                passages.c.workspace_id == workspace_id,
                passages.c.embedder == embedder,
                passages.c.kind == kind,
            )
            .order_by(passages.c.number.desc())
            .limit(most)
        )
        return [_passage(row) for row in rows]

    # -- which posts can be cited -----------------------------------------------------------------

    async def standing(self, post_ids: Collection[str]) -> set[str]:
        """Return those of the posts that stand somewhere under an address of their own."""
        if not post_ids:
            return set()
        rows = await self._unit.connection.execute(
            sa.select(deliveries.c.post_id)
            .where(deliveries.c.post_id.in_(list(post_ids)), _STANDS)
            .distinct()
        )
        return {row.post_id for row in rows}

    async def pending(self, post_id: str) -> datetime | None:
        """Return when the first delivery of a post that is still on its way is due, None where
        all have come to rest."""
        due: datetime | None = await self._unit.connection.scalar(
            sa.select(sa.func.min(deliveries.c.due_at)).where(
                deliveries.c.post_id == post_id, deliveries.c.state.not_in(_SETTLED)
            )
        )
        return due

    async def look_at(self, post_id: str, at: datetime | None) -> None:
        """Have a post looked at for its passages at `at`; None: not again by itself."""
        await self._unit.connection.execute(
            sa.update(posts).where(posts.c.id == post_id).values(cite_at=at)
        )

    async def look_at_all(self, workspace_id: str) -> int:
        """Have every post that went out looked at now; return how many those are."""
        result = await self._unit.connection.execute(
            sa.update(posts)
            .where(posts.c.workspace_id == workspace_id, posts.c.state == PostState.DISTRIBUTED)
            .values(cite_at=self._unit.now)
        )
        return result.rowcount

    async def due(self, now: datetime, limit: int = 100) -> list[str]:
        """Return the posts to look at at `now` (aware UTC), the longest overdue first."""
        rows = await self._unit.connection.execute(
            sa.select(posts.c.id)
            .where(posts.c.cite_at <= now)
            .order_by(posts.c.cite_at)
            .limit(limit)
        )
        return [row.id for row in rows]

    @property
    def _is_sqlite(self) -> bool:
        return self._unit.connection.dialect.name == "sqlite"

    async def _remove(self, *conditions: sa.ColumnElement[bool]) -> None:
        rows = await self._unit.connection.execute(sa.select(passages.c.number).where(*conditions))
        numbers = [row.number for row in rows]
        if not numbers:
            return
        await self._unit.connection.execute(
            _FORGET_SQLITE if self._is_sqlite else _FORGET_POSTGRES,
            [{"number": number} for number in numbers],
        )
        await self._unit.connection.execute(sa.delete(passages).where(*conditions))


def _passage(row: Any) -> Passage:
    return Passage(
        kind=PassageKind(row.kind),
        source_id=row.source_id,
        version=row.version,
        position=row.position,
        title=row.title,
        text=row.text,
        embedder=row.embedder,
        vector=_unpacked(bytes(row.vector)),
    )


def _packed(vector: Vector) -> bytes:
    numbers = array("f", vector)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers.tobytes()


def _unpacked(data: bytes) -> Vector:
    numbers = array("f", data)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers
