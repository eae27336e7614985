"""A short way from what a platform reports to the event that says which part of a thread is out."""

from __future__ import annotations

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

#: Name of an index, and what of an event's data it knows.
_INDEXES = {"ix_events_part_id": "remote_id", "ix_events_part_key": "key"}


def upgrade() -> None:
    """Bring the schema to this version."""
    embedded = op.get_bind().dialect.name == "sqlite"
    for name, field in _INDEXES.items():
        value = f"json_extract(data, '$.{field}')" if embedded else f"data ->> '{field}'"
        op.execute(
            # whatever a platform calls a part: PostgreSQL refuses to keep much in an index
            f"CREATE INDEX {name} ON events (substr({value}, 1, 255)) "
            """WHERE noun = 'delivery' AND CAST(data AS TEXT) LIKE '%"part":%'"""
        )


def downgrade() -> None:
    """Take it back."""
    for name in _INDEXES:
        op.execute(f"DROP INDEX {name}")
