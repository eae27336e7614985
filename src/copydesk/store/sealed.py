"""Everything sealed in the database, wherever it stands: for replacing keys, and for counting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from copydesk.store import tables

if TYPE_CHECKING:
    from copydesk.store.unit import UnitOfWork

#: Table and column of all that is sealed; each table has an `id`. A new one belongs here.
PLACES: Final[tuple[tuple[str, str], ...]] = (
    ("accounts", "secrets"),
    ("connections", "secrets"),
    ("webhooks", "secrets"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedRow:
    """One sealed value and where it stands."""

    table: str
    column: str
    id: str
    sealed: bytes = field(repr=False)


class SealedRows:
    """Reads sealed values in batches and replaces them one by one."""

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    async def after(self, table: str, column: str, id: str, limit: int) -> Sequence[SealedRow]:
        """Return the next sealed values of a place, by id, after `id` ("": from the start)."""
        place = _table(table)
        rows = await self._unit.connection.execute(
            sa.select(place.c.id, place.c[column])
            .where(place.c.id > id, place.c[column] != b"")
            .order_by(place.c.id)
            .limit(limit)
        )
        return [
            SealedRow(table=table, column=column, id=row[0], sealed=bytes(row[1])) for row in rows
        ]

    async def replace(self, row: SealedRow, sealed: bytes) -> bool:
        """Put `sealed` in place of what `row` shows; tell whether it was still that.

        A credential that was renewed meanwhile is never overwritten with an older one.
        """
        place = _table(row.table)
        result = await self._unit.connection.execute(
            sa.update(place)
            .where(place.c.id == row.id, place.c[row.column] == row.sealed)
            .values({row.column: sealed})
        )
        return bool(result.rowcount == 1)


def _table(name: str) -> sa.Table:
    return tables.metadata.tables[name]
