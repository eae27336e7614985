"""API versions, edit detection, link liveness."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_ADDED: tuple[tuple[str, tuple[sa.Column[object], ...]], ...] = (
    (
        "renditions",
        (sa.Column("api_version", sa.String(60), nullable=False, server_default=""),),
    ),
    (
        "deliveries",
        (
            sa.Column("awaits", sa.Text(), nullable=False, server_default=""),
            sa.Column("overwrite", sa.Boolean, nullable=False, server_default=sa.false()),
            sa.Column("standing", sa.String(16), nullable=False, server_default=""),
            sa.Column("standing_note", sa.Text(), nullable=False, server_default=""),
            sa.Column("inspected_at", sa.DateTime(timezone=True)),
            sa.Column("inspect_at", sa.DateTime(timezone=True)),
        ),
    ),
    (
        "accounts",
        (
            sa.Column("api_version", sa.String(60), nullable=False, server_default=""),
            sa.Column("wait_for_link", sa.Boolean, nullable=False, server_default=sa.false()),
        ),
    ),
)


def upgrade() -> None:
    """Bring the schema to this version."""
    for table, columns in _ADDED:
        for column in columns:
            op.add_column(table, column._copy())
    op.create_index(
        "ix_deliveries_inspect",
        "deliveries",
        ["inspect_at", "account_id"],
        sqlite_where=sa.text("inspect_at IS NOT NULL"),
        postgresql_where=sa.text("inspect_at IS NOT NULL"),
    )
    op.create_table(
        "api_notices",
        sa.Column("account_id", sa.String(40), nullable=False),
        sa.Column("api_version", sa.String(60), nullable=False),
        sa.Column("deprecated_at", sa.DateTime(timezone=True)),
        sa.Column("sunset_at", sa.DateTime(timezone=True)),
        sa.Column("link", sa.Text(), nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_api_notices_account_id"),
        sa.PrimaryKeyConstraint("account_id", "api_version", name="pk_api_notices"),
    )


def downgrade() -> None:
    """Take it back."""
    op.drop_table("api_notices")
    op.drop_index("ix_deliveries_inspect", "deliveries")
    for table, columns in reversed(_ADDED):
        for column in columns:
            op.drop_column(table, column.name)
