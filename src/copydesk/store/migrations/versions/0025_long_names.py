"""What others call things may be long: PostgreSQL refuses much in an index, and the row with it."""

from __future__ import annotations

import hashlib

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_NAMED = sa.text("remote_id != ''")

#: What rows are filed under; from here on at most so many characters of it.
_LONGEST = 500
_KEYS = {
    "submissions": ("source_key", "message_id"),
    "threads": ("root_key",),
    "posts": ("source_key",),
    "chats": ("opening",),
    "moved_turns": ("turn", "answers"),
    "audits": ("writer",),
    "restarts": ("writer",),
}


def upgrade() -> None:
    """Bring the schema to this version."""
    _index_remote_ids(sa.text("substr(remote_id, 1, 255)"))
    for table, columns in _KEYS.items():
        for column in columns:
            _shorten(table, column)


def downgrade() -> None:
    """Take it back; what was shortened stays so."""
    _index_remote_ids("remote_id")


def _shorten(table: str, name_of_column: str) -> None:
    # as `core.keys` did on the day of this migration
    column: sa.ColumnClause[str] = sa.column(name_of_column)
    rows = sa.table(table, column)
    filed = sa.select(column).select_from(rows).distinct()
    too_long = filed.where(sa.func.length(column) > _LONGEST)
    for name in op.get_bind().scalars(too_long).all():
        digest = hashlib.sha256(name.encode()).hexdigest()
        key = f"{name[: _LONGEST - len(digest) - 1]}…{digest}"
        op.execute(sa.update(rows).where(column == name).values({name_of_column: key}))


def _index_remote_ids(held: str | sa.TextClause) -> None:
    # an index of an expression makes SQLite walk through the table, and it takes what is long
    if op.get_bind().dialect.name == "sqlite":
        return
    op.drop_index("ix_deliveries_remote", "deliveries")
    op.create_index(
        "ix_deliveries_remote", "deliveries", ["account_id", held], postgresql_where=_NAMED
    )
