"""Circuit breakers and dead letters."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_WAITS = sa.text("state IN ('blocked', 'cancelled', 'expired', 'failed', 'held', 'unknown')")


def upgrade() -> None:
    """Bring the schema to this version."""
    op.create_table(
        "breakers",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("platform", sa.String(length=60), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failing", sa.JSON(), nullable=False),
        sa.Column("trips", sa.Integer(), nullable=False),
        sa.Column("open_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("probe", sa.String(length=40), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_breakers")),
    )
    op.create_table(
        "looks",
        sa.Column(
            "sequence",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("delivery_id", sa.String(length=40), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("found", sa.String(length=20), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["deliveries.id"], name=op.f("fk_looks_delivery_id")
        ),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_looks")),
    )
    op.create_index(op.f("ix_looks_delivery_id"), "looks", ["delivery_id"])
    op.add_column("deliveries", sa.Column("spent", sa.JSON(), server_default="{}", nullable=False))
    # only what waits for somebody is in it: a delivery that goes well never touches it
    op.create_index(
        "ix_deliveries_waiting",
        "deliveries",
        ["workspace_id", "state", "id"],
        sqlite_where=_WAITS,
        postgresql_where=_WAITS,
    )


def downgrade() -> None:
    """Take it back."""
    op.drop_index("ix_deliveries_waiting", table_name="deliveries")
    op.drop_column("deliveries", "spent")
    op.drop_index(op.f("ix_looks_delivery_id"), table_name="looks")
    op.drop_table("looks")
    op.drop_table("breakers")
