"""What others call things may be long: PostgreSQL refuses much in an index, and the row with it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_NAMED = sa.text("remote_id != ''")


def upgrade() -> None:
    """Bring the schema to this version."""
    _index_remote_ids(sa.text("substr(remote_id, 1, 255)"))


def downgrade() -> None:
    """Take it back."""
    _index_remote_ids("remote_id")


def _index_remote_ids(held: str | sa.TextClause) -> None:
    # an index of an expression makes SQLite walk through the table, and it takes what is long
    if op.get_bind().dialect.name == "sqlite":
        return
    op.drop_index("ix_deliveries_remote", "deliveries")
    op.create_index(
        "ix_deliveries_remote", "deliveries", ["account_id", held], postgresql_where=_NAMED
    )
