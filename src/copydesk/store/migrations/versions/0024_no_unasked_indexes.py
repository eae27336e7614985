"""No index that nothing asks: each cost every row a write, on PostgreSQL every change as well."""

from __future__ import annotations

from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

_UNASKED = {"ix_deliveries_created_at": "deliveries", "ix_posts_created_at": "posts"}


def upgrade() -> None:
    """Bring the schema to this version."""
    for name, table in _UNASKED.items():
        op.drop_index(name, table)


def downgrade() -> None:
    """Take it back."""
    for name, table in _UNASKED.items():
        op.create_index(name, table, ["created_at"])
