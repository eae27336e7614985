"""Statements that write many rows at once: what a group of couriers hands in takes few steps.

One statement for each row costs a message each on PostgreSQL; on SQLite the thread that executes it
has to wait for the interpreter after every row, behind a busy event loop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import cache, lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect

from copydesk.store.prepared import Row, converter_of
from copydesk.store.tables.base import Text

#: How many rows a statement takes on SQLite at most. It takes as many as the next power of two, so
#: that few statements have to be kept compiled; rows of nothing but NULL are none.
_MOST = 256

_INSERT = "INSERT INTO {table} ({names}) SELECT * FROM (VALUES {rows}) WHERE column1 IS NOT NULL"
_INSERT_SELECTED = "INSERT INTO {table} ({names}) SELECT {values} FROM {given}"
_UPDATE = "UPDATE {table} SET {changes} FROM {given} WHERE {table}.{key} = given.{key}"


class Bulk:
    """Rows for `names`, columns of `table`: inserted, or with `key` the rows to be changed there.

    `key` is the one of `names` that says which row is changed. No row may be without it, or
    without the first of `names` where rows are inserted: raises `ValueError` if the table lets it.
    """

    __slots__ = ("_converters", "_key", "_names", "_table", "sql")

    def __init__(
        self, table: sa.Table, names: Sequence[str], dialect: Dialect, *, key: str = ""
    ) -> None:
        self._table = table.name
        self._names = tuple(names)
        self._key = key
        columns = [table.c[name] for name in names]
        if table.c[key or names[0]].nullable:
            raise ValueError(f"a row of {table.name} may be without {key or names[0]}")
        is_listed = dialect.name == "postgresql"
        converters = [
            _as_text(column, dialect) if is_listed else converter_of(column.type, dialect)
            for column in columns
        ]
        self._converters = [(n, convert) for n, convert in enumerate(converters) if convert]
        #: For PostgreSQL: takes what `lists` makes of rows.
        self.sql = self._from_lists(columns, dialect) if is_listed else ""

    def row(self, values: Sequence[Any]) -> Row:
        """Return `values`, given in the order of `names`, as the driver takes them."""
        row = list(values)
        for position, convert in self._converters:
            row[position] = convert(row[position])
        return row

    def lists(self, rows: Sequence[Row]) -> list[str]:
        """Return the parameters for `rows` on PostgreSQL: for each of `names` a list, as a text."""
        return [_list_of(column) for column in zip(*rows, strict=True)]

    def steps(self, rows: Sequence[Row]) -> Iterator[tuple[str, list[Any]]]:
        """Return what SQLite has to execute for `rows`: statements with their parameters."""
        for start in range(0, len(rows), _MOST):
            part = rows[start : start + _MOST]
            size = 1 << (len(part) - 1).bit_length()
            values = [value for row in part for value in row]
            values += [None] * (len(self._names) * (size - len(part)))
            yield _on_sqlite(self._table, self._names, self._key, size), values

    def _from_lists(self, columns: Sequence[sa.Column[Any]], dialect: Dialect) -> str:
        lists, values = [], []
        for number, column in enumerate(columns, 1):
            # a cast to VARCHAR(n) would cut what is longer and say nothing, which the column itself
            # refuses
            is_json = isinstance(column.type, sa.JSON)
            kind = "TEXT" if _is_text(column) else column.type.compile(dialect)
            # the driver asks of each entry of a list whether it is one itself, 22 µs a delivery
            # (asyncpg 0.31, 2026-11-23): lists go to it as text
            lists.append(f"${number}::TEXT::{kind}[]")
            values.append(f"given.{column.name}" + ("::JSON" if is_json else ""))
        names = ", ".join(self._names)
        given = f"unnest({', '.join(lists)}) AS given ({names})"
        if not self._key:
            return _INSERT_SELECTED.format(
                table=self._table, names=names, values=", ".join(values), given=given
            )
        changes = _changes(self._names, values, self._key)
        return _UPDATE.format(table=self._table, changes=changes, given=given, key=self._key)


def _is_text(column: sa.Column[Any]) -> bool:
    return isinstance(column.type, sa.JSON | sa.String | Text)


def _as_text(column: sa.Column[Any], dialect: Dialect) -> Callable[[Any], str | None] | None:
    """Return what turns a value of `column` into the text it has in a list of PostgreSQL's."""
    convert = converter_of(column.type, dialect)
    if _is_text(column):
        return convert

    @lru_cache(maxsize=256)
    def written(value: Any) -> str | None:
        match value if convert is None else convert(value):
            case None:
                return None
            case bool() as truth:
                return str(truth).lower()
            case datetime() as moment:
                return moment.isoformat()
            case other:
                return str(other)

    return written


def _list_of(texts: Sequence[str | None]) -> str:
    """Return a list as PostgreSQL reads it (its documentation, 8.15.6, 2026-11-23)."""
    if None not in texts:
        # no text there has a NUL in it: one that had would be told by their number
        entries = "\0".join(texts)  # type: ignore[arg-type]
        if entries.count("\0") == len(texts) - 1:
            return '{"' + _escaped(entries).replace("\0", '","') + '"}'
    quoted = ["NULL" if text is None else f'"{_escaped(text)}"' for text in texts]
    return "{" + ",".join(quoted) + "}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


@cache
def _on_sqlite(table: str, names: tuple[str, ...], key: str, size: int) -> str:
    group = f"({', '.join('?' * len(names))})"
    rows = ", ".join([group] * size)
    columns = ", ".join(names)
    if not key:
        return _INSERT.format(table=table, names=columns, rows=rows)
    changes = _changes(names, [f"given.{name}" for name in names], key)
    update = _UPDATE.format(table=table, changes=changes, given="given", key=key)
    return f"WITH given ({columns}) AS (VALUES {rows}) {update}"


def _changes(names: Sequence[str], values: Sequence[str], key: str) -> str:
    pairs = zip(names, values, strict=True)
    return ", ".join([f"{name} = {value}" for name, value in pairs if name != key])
