"""Inserting what two processes may insert at once: the first wins, the second changes nothing."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import sqlalchemy as sa

if TYPE_CHECKING:
    from copydesk.store.unit import UnitOfWork


def insert_if_absent(unit: UnitOfWork, table: sa.Table) -> sa.Insert:
    """Return an insert into `table` that does nothing where a unique key is taken already."""
    return _insert(unit.connection.dialect.name, table)


@cache
def _insert(dialect: str, table: sa.Table) -> sa.Insert:
    if dialect == "sqlite":
        from sqlalchemy.dialects.sqlite import insert as sqlite_insert

        return sqlite_insert(table).on_conflict_do_nothing()
    from sqlalchemy.dialects.postgresql import insert as postgres_insert

    return postgres_insert(table).on_conflict_do_nothing()
