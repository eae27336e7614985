"""Statements compiled once for a driver, whose rows go to it as tuples.

The statements are the ones the repositories use; only the way to the driver is shorter. Per row
there is nothing left but to turn values into what the driver takes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.engine import Dialect

from copydesk.store.tables.base import Instant

#: A driver's row: values in the order of the statement's parameters.
Row = tuple[Any, ...]


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
            name: _converter(compiled._bind_processors.get(name), compiled.binds[name])
            for name in compiled.positiontup
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


def listed(column: sa.Column[str], name: str, dialect: Dialect) -> sa.ColumnElement[bool]:
    """Return the condition that `column` is among the texts of one parameter, however many.

    The parameter is a list on PostgreSQL and a JSON list on SQLite.
    """
    if dialect.name == "postgresql":
        texts = sa.bindparam(name, type_=ARRAY(sa.String))
        return column == sa.any_(texts)
    entries = sa.func.json_each(sa.bindparam(name)).table_valued("value")
    return column.in_(sa.select(entries.c.value))


def _converter(process: Any, parameter: sa.BindParameter[Any]) -> Callable[[Any], Any] | None:
    if process is not None and isinstance(parameter.type, Instant):
        # the rows of a group share their times, and writing one out costs more than all the rest
        return lru_cache(maxsize=256)(process)
    converter: Callable[[Any], Any] | None = process
    return converter
