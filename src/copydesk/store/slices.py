"""Lists in the order of ids of which few rows may be wanted: how far one look goes at most.

What is filtered until nothing is left would read every row there is. So a look stops after so many
rows, found or not, and says where the next one begins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar

import sqlalchemy as sa

if TYPE_CHECKING:
    from copydesk.store.unit import UnitOfWork

T = TypeVar("T")
S = TypeVar("S")

#: How many rows a look goes through: first few, as most lists are full by then, then many, which
#: takes some 0.1 s.
WINDOWS: Final = (1_000, 50_000)

#: Conditions whose rows an index has in the order of their ids; none: all rows of the table.
Way = tuple[sa.ColumnElement[bool] | sa.TextClause, ...]


class Slice(list[T]):
    """Some rows of a list. `further` is the id from which the next look goes on where this one
    stopped before it had as many as were asked for, else "": then there are no more, or enough."""

    def __init__(self, rows: Iterable[T] = (), further: str = "") -> None:
        super().__init__(rows)
        self.further = further

    def each(self, make: Callable[[T], S]) -> Slice[S]:
        """Return the same slice of what `make` makes of each row."""
        return Slice(map(make, self), self.further)

    def next_after(self, shown: int, id_of: Callable[[T], str]) -> str:
        """Return the id before which the list goes on behind the first `shown` rows, "" where it
        ends; one row more than that was asked for."""
        return id_of(self[shown - 1]) if len(self) > shown else self.further


async def slice_of(
    unit: UnitOfWork,
    query: sa.Select[Any],
    id: sa.ColumnElement[str],
    *,
    limit: int,
    before: str = "",
    after: str | None = None,
    ways: Sequence[Way] = ((),),
) -> Slice[sa.Row[Any]]:
    """Return the newest rows of `query`, at most `limit`, of those before the id `before`; with
    `after` the oldest of those behind that id.

    Each row that is wanted fulfils one of `ways`; rows of every other kind are not counted. With
    none `query` names something of which there are few, and has an index that finds them all.
    """
    course = _Course(id, forward=after is not None)
    reached = before if after is None else after
    if not ways:
        part = course.behind(query, reached).order_by(course.order(sorted_by(id))).limit(limit)
        return Slice((await unit.connection.execute(part)).all())
    found: list[sa.Row[Any]] = []
    for many in WINDOWS:
        edges = [await course.edge(unit, way, reached, many) for way in ways]
        edge = course.nearest(edges)
        part = course.until(course.behind(query, reached), edge)
        rows = await unit.connection.execute(
            part.order_by(course.order(id)).limit(limit - len(found))
        )
        found += rows.all()
        if not edge or len(found) == limit:
            return Slice(found)
        reached = edge
    return Slice(found, reached)


def sorted_by(id: sa.ColumnElement[str]) -> sa.ColumnElement[str]:
    """Return what few rows are sorted by once they are found. By the id itself both stores would
    rather walk through the whole table in its order until they have come upon enough of them."""
    return id.concat("")


@dataclass(frozen=True, slots=True)
class _Course:
    """In which direction a list is gone through: from the newest id on, or `forward`."""

    id: sa.ColumnElement[str]
    forward: bool

    def order(self, by: sa.ColumnElement[str]) -> sa.UnaryExpression[str]:
        return by.asc() if self.forward else by.desc()

    def behind(self, query: sa.Select[Any], reached: str) -> sa.Select[Any]:
        """Return what of a query is still ahead where `reached` was seen last."""
        if not reached:
            return query
        return query.where(self.id > reached if self.forward else self.id < reached)

    def until(self, query: sa.Select[Any], edge: str) -> sa.Select[Any]:
        """Return what of a query comes up to `edge`, "" for all."""
        if not edge:
            return query
        return query.where(self.id <= edge if self.forward else self.id >= edge)

    def nearest(self, edges: Sequence[str]) -> str:
        """Return which of several edges comes first, "" where there is none."""
        there = [edge for edge in edges if edge]
        return (min if self.forward else max)(there, default="")

    async def edge(self, unit: UnitOfWork, way: Way, reached: str, many: int) -> str:
        """Return the id of the last of the next `many` rows on a way, "" where there are fewer."""
        query = self.behind(sa.select(self.id).where(*way), reached)
        last = query.order_by(self.order(self.id)).offset(many - 1).limit(1)
        return await unit.connection.scalar(last) or ""
