"""Timetables, timings, series, late policies."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Bring the schema to this version."""
    op.add_column("accounts", sa.Column("timetable", sa.JSON(), nullable=True))
    op.add_column("accounts", sa.Column("last_sent_at", _INSTANT, nullable=True))
    op.create_table(
        "series",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("workspace_id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("rule", sa.JSON(), nullable=False),
        sa.Column("sources", sa.JSON(), nullable=False),
        sa.Column("account_ids", sa.JSON(), nullable=False),
        sa.Column("late", sa.String(length=16), nullable=False),
        sa.Column("grace_seconds", sa.BigInteger(), nullable=True),
        sa.Column("planned", sa.Integer(), nullable=False),
        sa.Column("planned_until", _INSTANT, nullable=False),
        sa.Column("wake_at", _INSTANT, nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_series_workspace_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_series")),
        sa.UniqueConstraint("workspace_id", "name", name=op.f("uq_series_workspace_id_name")),
    )
    op.create_index(
        "ix_series_wake",
        "series",
        ["wake_at"],
        sqlite_where=sa.text("wake_at IS NOT NULL"),
        postgresql_where=sa.text("wake_at IS NOT NULL"),
    )
    op.create_table(
        "timings",
        sa.Column("delivery_id", sa.String(length=40), nullable=False),
        sa.Column("due_at", _INSTANT, nullable=False),
        sa.Column("asked", sa.Text(), nullable=False),
        sa.Column("zone", sa.String(length=64), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("late", sa.String(length=16), nullable=False),
        sa.Column("grace_seconds", sa.BigInteger(), nullable=True),
        sa.Column("series_id", sa.String(length=40), nullable=True),
        sa.Column("occurrence", _INSTANT, nullable=True),
        sa.Column("moves", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["deliveries.id"], name=op.f("fk_timings_delivery_id")
        ),
        sa.ForeignKeyConstraint(["series_id"], ["series.id"], name=op.f("fk_timings_series_id")),
        sa.PrimaryKeyConstraint("delivery_id", name=op.f("pk_timings")),
    )
    op.create_index(op.f("ix_timings_series_id"), "timings", ["series_id"])
    op.create_index(op.f("ix_timings_due_at"), "timings", ["due_at"])


def downgrade() -> None:
    """Take it back."""
    op.drop_index(op.f("ix_timings_due_at"), table_name="timings")
    op.drop_index(op.f("ix_timings_series_id"), table_name="timings")
    op.drop_table("timings")
    op.drop_index(
        "ix_series_wake",
        table_name="series",
        sqlite_where=sa.text("wake_at IS NOT NULL"),
        postgresql_where=sa.text("wake_at IS NOT NULL"),
    )
    op.drop_table("series")
    op.drop_column("accounts", "last_sent_at")
    op.drop_column("accounts", "timetable")
