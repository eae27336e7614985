"""When each account's first delivery wakes, and what is few, whatever the backlog."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_WAITS = sa.text("state IN ('blocked', 'cancelled', 'expired', 'failed', 'held', 'unknown')")
_FEW = sa.text(
    "state IN ('blocked', 'cancelled', 'expired', 'failed', 'held', 'planned', 'sending', "
    "'snoozed', 'unknown')"
)
_REASONED = sa.text("reason_code != ''")
_WAKES = sa.text("wake_at IS NOT NULL")


def upgrade() -> None:
    """Bring the schema to this version."""
    _index("ix_deliveries_account_first", ["account_id", "wake_at"], _WAKES)
    op.drop_index("ix_deliveries_waiting", "deliveries")
    _index("ix_deliveries_few", ["workspace_id", "state", "id"], _FEW)
    _index("ix_deliveries_reason", ["workspace_id", "reason_code", "id"], _REASONED)


def downgrade() -> None:
    """Take it back."""
    op.drop_index("ix_deliveries_reason", "deliveries")
    op.drop_index("ix_deliveries_few", "deliveries")
    _index("ix_deliveries_waiting", ["workspace_id", "state", "id"], _WAITS)
    op.drop_index("ix_deliveries_account_first", "deliveries")


def _index(name: str, columns: list[str], where: sa.TextClause) -> None:
    op.create_index(name, "deliveries", columns, sqlite_where=where, postgresql_where=where)
