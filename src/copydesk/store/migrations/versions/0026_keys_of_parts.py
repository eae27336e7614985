"""Events tell the key of each call about a later part: no index of calls and threads is asked."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

_THREADS = sa.text("CAST(handles AS TEXT) LIKE '%\"parts\"%'")
_LATER_CALLS = sa.text("attempt > 1")

#: Name of an index, and what of an event's data it knows.
_INDEXES = {"ix_events_part_id": "remote_id", "ix_events_part_key": "key"}


def upgrade() -> None:
    """Bring the schema to this version."""
    op.drop_index("ix_intents_later", table_name="intents")
    op.drop_index("ix_deliveries_threads", table_name="deliveries")
    # one condition for both let PostgreSQL look for a key in the index of ids
    for name, field in _INDEXES.items():
        _index(name, field, of=field)


def downgrade() -> None:
    """Take it back."""
    for name, field in _INDEXES.items():
        _index(name, field, of="part")
    op.create_index(
        "ix_deliveries_threads",
        "deliveries",
        ["account_id", "id"],
        sqlite_where=_THREADS,
        postgresql_where=_THREADS,
    )
    op.create_index(
        "ix_intents_later",
        "intents",
        ["key"],
        sqlite_where=_LATER_CALLS,
        postgresql_where=_LATER_CALLS,
    )


def _index(name: str, field: str, *, of: str) -> None:
    embedded = op.get_bind().dialect.name == "sqlite"
    value = f"json_extract(data, '$.{field}')" if embedded else f"data ->> '{field}'"
    op.execute(f"DROP INDEX {name}")
    op.execute(
        f"CREATE INDEX {name} ON events (substr({value}, 1, 255)) "
        f"""WHERE noun = 'delivery' AND CAST(data AS TEXT) LIKE '%"{of}":%'"""
    )
