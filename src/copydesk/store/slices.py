"""Lists, newest first, of which few rows may be wanted: how far one look goes at most.

What is filtered until nothing is left would read every row there is. So a look stops after so many
rows, found or not, and says where the next one begins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
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
    """Some rows of a list. `further` is the id before which the next look begins where this one
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
    before: str,
    limit: int,
    ways: Sequence[Way] = ((),),
) -> Slice[sa.Row[Any]]:
    """Return the newest rows of `query`, at most `limit`, of those before the id `before`.

    Each row that is wanted fulfils one of `ways`; rows of every other kind are not counted. With
    none `query` names something of which there are few, and has an index that finds them all.
    """
    if not ways:
        part = _before(query, id, before).order_by(sorted_by(id).desc()).limit(limit)
        return Slice((await unit.connection.execute(part)).all())
    found: list[sa.Row[Any]] = []
    for many in WINDOWS:
        floors = [await _floor(unit, id, way, before, many) for way in ways]
        floor = max(floors)
        part = _before(query, id, before)
        if floor:
            part = part.where(id >= floor)
        rows = await unit.connection.execute(part.order_by(id.desc()).limit(limit - len(found)))
        found += rows.all()
        if not floor or len(found) == limit:
            return Slice(found)
        before = floor
    return Slice(found, before)


def sorted_by(id: sa.ColumnElement[str]) -> sa.ColumnElement[str]:
    """Return what few rows are sorted by once they are found. By the id itself both stores would
    rather walk through the whole table in its order until they have come upon enough of them."""
    return id.concat("")


async def _floor(
    unit: UnitOfWork, id: sa.ColumnElement[str], way: Way, before: str, many: int
) -> str:
    """Return the id of the last of the newest `many` rows on a way, "" where there are fewer."""
    query = _before(sa.select(id).where(*way), id, before)
    found = await unit.connection.scalar(query.order_by(id.desc()).offset(many - 1).limit(1))
    return found or ""


def _before(query: sa.Select[Any], id: sa.ColumnElement[str], before: str) -> sa.Select[Any]:
    return query.where(id < before) if before else query
