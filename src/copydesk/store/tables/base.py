"""What every table is made of: metadata, column types, keys and references."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect

from copydesk.core.keys import key_of

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Instant(sa.types.TypeDecorator[datetime]):
    """An aware UTC time on both stores; SQLite itself knows no zones."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive times, hand SQLite the UTC wall time."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"naive time {value.isoformat()} must not reach the store")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Return the stored time in UTC."""
        if value is None:
            return None
        moment: datetime = value
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def storable(text: str) -> str:
    """Return text that both stores can keep: NUL becomes its symbol, a lone surrogate U+FFFD.

    One character for one, so that offsets into the text stay right.
    """
    if text.isascii() and "\0" not in text:
        return text
    if "\0" in text:
        text = text.replace("\0", "\N{SYMBOL FOR NULL}")
    try:
        text.encode()
    except UnicodeEncodeError:
        text = "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in text)
    return text


class Text(sa.types.TypeDecorator[str]):
    """Text that may come from anywhere. PostgreSQL keeps no NUL, neither keeps lone surrogates."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Make the text storable."""
        return None if value is None else storable(value)


class Key(sa.types.TypeDecorator[str]):
    """Text from anywhere that rows are filed under: what is long is shortened, and so is what is
    asked for (`core.keys`). What comes out is the key; keep a name elsewhere where it is needed."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Make the text a key that both stores can keep."""
        return None if value is None else key_of(storable(value))


def id_column() -> sa.Column[str]:
    """Return the primary key of a noun: a prefixed ULID."""
    return sa.Column("id", sa.String(40), primary_key=True)


def reference(
    name: str, target: str, *, nullable: bool = False, index: bool = False
) -> sa.Column[str]:
    """Return a foreign key to the id of `target`."""
    return sa.Column(
        name, sa.String(40), sa.ForeignKey(f"{target}.id"), nullable=nullable, index=index
    )


#: Auto-incremented 64-bit keys; SQLite only increments a plain INTEGER primary key.
Sequence = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
