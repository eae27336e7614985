"""Statements compiled once for a driver, whose rows go to it as tuples.

The statements are the ones the repositories use; only the way to the driver is shorter. Per row
there is nothing left but to turn values into what the driver takes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.engine import Dialect

from copydesk.core.json_text import read_json
from copydesk.store.tables.base import Instant, Text, storable

#: A driver's row: values in the order of the statement's parameters.
Row = Sequence[Any]

_IN_ONE_ROW = (
    "WITH found ({names}) AS ({sql}) SELECT json_group_array(json_array({names})) FROM found"
)


class Prepared:
    """`statement` for `dialect`. `names` are its parameters, in the order in which rows come."""

    __slots__ = ("_converters", "_fixed", "_steps", "sql")

    def __init__(
        self, statement: sa.sql.ClauseElement, names: Sequence[str], dialect: Dialect
    ) -> None:
        compiled: Any = statement.compile(
            dialect=dialect, column_keys=list(names), for_executemany=True
        )
        self.sql: str = compiled.string
        self._converters = {
            name: converter_of(compiled.binds[name].type, dialect) for name in compiled.positiontup
        }
        # what the statement itself says, like a NULL, follows what is given with each row
        fixed = [name for name in compiled.positiontup if name not in names]
        self._fixed = tuple(compiled.binds[name].value for name in fixed)
        order = [*names, *fixed]
        self._steps = [(order.index(name), self._converters[name]) for name in compiled.positiontup]

    def row(self, values: Sequence[Any]) -> Row:
        """Return `values`, given in the order of `names`, as the driver takes them."""
        if self._fixed:
            values = (*values, *self._fixed)
        return tuple(
            [
                values[position] if convert is None else convert(values[position])
                for position, convert in self._steps
            ]
        )

    def value(self, name: str, value: Any) -> Any:
        """Return the value of one parameter as the driver takes it."""
        convert = self._converters[name]
        return value if convert is None else convert(value)


class Question:
    """`statement` for `dialect`, and its rows read without the library's rows between.

    The values of a row come in the order of its columns, as their types say. What a type makes of
    a text it makes once while the text comes again and again: times, and JSON that is empty.

    On SQLite the rows come as JSON: raises `TypeError` for columns that it would not keep as they
    are, of fractions or bytes.
    """

    __slots__ = ("_converters", "_order", "_parameters", "_unpack", "sql")

    def __init__(self, statement: sa.Select[Any], dialect: Dialect) -> None:
        compiled: Any = statement.compile(dialect=dialect)
        self.sql: str = compiled.string
        self._unpack = dialect.name == "sqlite"
        if self._unpack:
            for column in statement.selected_columns:
                if isinstance(column.type, sa.Numeric | sa.Float | sa.LargeBinary):
                    raise TypeError(f"JSON does not keep {column.name} as it is")
            self.sql = in_one_row(self.sql, len(statement.selected_columns))
        self._order: tuple[str, ...] = tuple(compiled.positiontup)
        self._parameters = {
            name: (bind.value, converter_of(bind.type, dialect))
            for name, bind in compiled.binds.items()
        }
        self._converters = tuple(_reader_of(c.type, dialect) for c in statement.selected_columns)

    def parameters(self, **given: Any) -> tuple[Any, ...]:
        """Return what the driver takes; what is not given is as the statement says."""
        values = {}
        for name, (fixed, convert) in self._parameters.items():
            value = given.get(name, fixed)
            values[name] = value if convert is None else convert(value)
        return tuple([values[name] for name in self._order])

    def rows(self, found: Sequence[Sequence[Any]]) -> Iterable[list[Any]]:
        """Return what the driver found as rows of values."""
        for raw in out_of_one_row(found) if self._unpack else found:
            yield [
                value if convert is None else convert(value)
                for convert, value in zip(self._converters, raw, strict=True)
            ]


def in_one_row(sql: str, width: int) -> str:
    """Return the question `sql` of `width` columns so that SQLite answers it with a single row.

    After each row SQLite's module waits for the interpreter, behind a busy event loop, and the loop
    then waits for it: 57 rows took 34 ms for 3 of work (2026-11-22).
    """
    names = ", ".join([f"c{number}" for number in range(width)])
    return _IN_ONE_ROW.format(names=names, sql=sql)


def out_of_one_row(found: Sequence[Sequence[Any]]) -> list[list[Any]]:
    """Return the rows that are in the row of a question made by `in_one_row`."""
    rows: list[list[Any]] = read_json(found[0][0])
    return rows


def listed(column: sa.Column[str], name: str, dialect: Dialect) -> sa.ColumnElement[bool]:
    """Return the condition that `column` is among the texts of one parameter, however many.

    The parameter is a list on PostgreSQL and a JSON list on SQLite.
    """
    if dialect.name == "postgresql":
        texts = sa.bindparam(name, type_=ARRAY(sa.String))
        return column == sa.any_(texts)
    entries = sa.func.json_each(sa.bindparam(name)).table_valued("value")
    return column.in_(sa.select(entries.c.value))


def converter_of(kind: sa.types.TypeEngine[Any], dialect: Dialect) -> Callable[[Any], Any] | None:
    """Return what turns a value of a column of `kind` into what the driver takes; None: nothing."""
    process: Callable[[Any], Any] | None = kind._cached_bind_processor(dialect)
    match kind:
        case Instant():
            # the rows of a group share their times, and writing one out costs more than all else
            return lru_cache(maxsize=256)(process) if process else None
        case Text():
            return _storable
        case sa.JSON() if process:
            return lambda value: "{}" if value == {} else process(value)
    return process


def _storable(text: str | None) -> str | None:
    # nearly all are; asked here, that costs one call less for each of eleven texts a delivery
    if text is None or (text.isascii() and "\0" not in text):
        return text
    return storable(text)


def _reader_of(kind: sa.types.TypeEngine[Any], dialect: Dialect) -> Callable[[Any], Any] | None:
    process: Callable[[Any], Any] | None = kind._cached_result_processor(dialect, None)
    if process is None:
        return None
    if isinstance(kind, Instant):
        return lru_cache(maxsize=256)(process)
    if isinstance(kind, sa.JSON):
        return lambda text: {} if text == "{}" else [] if text == "[]" else process(text)
    return process
