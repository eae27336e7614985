"""Short ways from what a platform reports to the later parts of a thread."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_THREADS = sa.text("CAST(handles AS TEXT) LIKE '%\"parts\"%'")
_LATER_CALLS = sa.text("attempt > 1")


def upgrade() -> None:
    """Bring the schema to this version."""
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


def downgrade() -> None:
    """Take it back."""
    op.drop_index("ix_intents_later", table_name="intents")
    op.drop_index("ix_deliveries_threads", table_name="deliveries")
