"""What each part of a thread cost."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema to this version."""
    with op.batch_alter_table("spendings") as table:
        table.add_column(sa.Column("part", sa.Integer, nullable=False, server_default="0"))
        table.drop_constraint("pk_spendings", type_="primary")
        table.create_primary_key("pk_spendings", ["delivery_id", "part"])


def downgrade() -> None:
    """Take it back."""
    op.execute("DELETE FROM spendings WHERE part > 0")
    with op.batch_alter_table("spendings") as table:
        table.drop_constraint("pk_spendings", type_="primary")
        table.create_primary_key("pk_spendings", ["delivery_id"])
        table.drop_column("part")
