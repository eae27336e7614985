"""Rate budgets: buckets by scope, daily caps, money."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema to this version."""
    op.create_table(
        "buckets",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("scope", sa.String(length=16), nullable=False),
        sa.Column("fill", sa.JSON(), nullable=False),
        sa.Column("closed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_because", sa.Text(), server_default="", nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_buckets")),
    )
    op.create_index(op.f("ix_buckets_changed_at"), "buckets", ["changed_at"])
    op.create_table(
        "allowances",
        sa.Column("workspace_id", sa.String(length=40), nullable=False),
        sa.Column("account_id", sa.String(length=40), nullable=False),
        sa.Column("period", sa.String(length=8), nullable=False),
        sa.Column("micros", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_allowances_workspace_id")
        ),
        sa.PrimaryKeyConstraint("workspace_id", "account_id", "period", name=op.f("pk_allowances")),
    )
    op.create_table(
        "spendings",
        sa.Column("delivery_id", sa.String(length=40), nullable=False),
        sa.Column("workspace_id", sa.String(length=40), nullable=False),
        sa.Column("account_id", sa.String(length=40), nullable=False),
        sa.Column("micros", sa.BigInteger(), nullable=False),
        sa.Column("spent_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["deliveries.id"], name=op.f("fk_spendings_delivery_id")
        ),
        sa.PrimaryKeyConstraint("delivery_id", name=op.f("pk_spendings")),
    )
    op.create_index("ix_spendings_workspace_id_spent_at", "spendings", ["workspace_id", "spent_at"])


def downgrade() -> None:
    """Take it back."""
    op.drop_index("ix_spendings_workspace_id_spent_at", table_name="spendings")
    op.drop_table("spendings")
    op.drop_table("allowances")
    op.drop_index(op.f("ix_buckets_changed_at"), table_name="buckets")
    op.drop_table("buckets")
