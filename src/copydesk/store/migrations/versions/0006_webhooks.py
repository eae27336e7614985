"""Outgoing webhooks and incoming callbacks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Bring the schema to this version."""
    op.create_table(
        "webhooks",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("workspace_id", sa.String(length=40), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("patterns", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("allow_private", sa.Boolean(), nullable=False),
        sa.Column("secrets", sa.LargeBinary(), nullable=False),
        sa.Column("previous_until", _INSTANT, nullable=True),
        sa.Column("cursor", sa.BigInteger(), nullable=False),
        sa.Column("replay_cursor", sa.BigInteger(), nullable=True),
        sa.Column("replay_until", sa.BigInteger(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failing_since", _INSTANT, nullable=True),
        sa.Column("resting", sa.Boolean(), nullable=False),
        sa.Column("wake_at", _INSTANT, nullable=True),
        sa.Column("lease_owner", sa.Text(), server_default="", nullable=False),
        sa.Column("lease_fence", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("lease_until", _INSTANT, nullable=True),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_webhooks_workspace_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhooks")),
    )
    op.create_index(
        "ix_webhooks_wake",
        "webhooks",
        ["wake_at"],
        sqlite_where=sa.text("wake_at IS NOT NULL"),
        postgresql_where=sa.text("wake_at IS NOT NULL"),
    )
    op.create_table(
        "webhook_messages",
        sa.Column("webhook_id", sa.String(length=40), nullable=False),
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("subject_id", sa.String(length=40), nullable=False),
        sa.Column("waiting", sa.Boolean(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("wake_at", _INSTANT, nullable=True),
        sa.ForeignKeyConstraint(
            ["webhook_id"], ["webhooks.id"], name=op.f("fk_webhook_messages_webhook_id")
        ),
        sa.PrimaryKeyConstraint("webhook_id", "sequence", name=op.f("pk_webhook_messages")),
    )
    op.create_table(
        "webhook_attempts",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("webhook_id", sa.String(length=40), nullable=False),
        sa.Column("message_id", sa.String(length=64), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("type", sa.String(length=60), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("at", _INSTANT, nullable=False),
        sa.Column("milliseconds", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["webhook_id"], ["webhooks.id"], name=op.f("fk_webhook_attempts_webhook_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_attempts")),
    )
    op.create_index("ix_webhook_attempts_webhook", "webhook_attempts", ["webhook_id", "id"])
    op.create_table(
        "callbacks",
        sa.Column("account_id", sa.String(length=40), nullable=False),
        sa.Column("message_id", sa.String(length=255), nullable=False),
        sa.Column("received_at", _INSTANT, nullable=False),
        sa.Column("expires_at", _INSTANT, nullable=False),
        sa.Column("effect", sa.String(length=16), nullable=False),
        sa.Column("raw", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_callbacks_account_id")
        ),
        sa.PrimaryKeyConstraint("account_id", "message_id", name=op.f("pk_callbacks")),
    )
    op.create_index("ix_callbacks_expires", "callbacks", ["account_id", "expires_at"])
    op.create_index(
        "ix_deliveries_remote",
        "deliveries",
        ["account_id", "remote_id"],
        sqlite_where=sa.text("remote_id != ''"),
        postgresql_where=sa.text("remote_id != ''"),
    )


def downgrade() -> None:
    """Take it back."""
    op.drop_index(
        "ix_deliveries_remote",
        table_name="deliveries",
        sqlite_where=sa.text("remote_id != ''"),
        postgresql_where=sa.text("remote_id != ''"),
    )
    op.drop_index("ix_callbacks_expires", table_name="callbacks")
    op.drop_table("callbacks")
    op.drop_index("ix_webhook_attempts_webhook", table_name="webhook_attempts")
    op.drop_table("webhook_attempts")
    op.drop_table("webhook_messages")
    op.drop_index(
        "ix_webhooks_wake",
        table_name="webhooks",
        sqlite_where=sa.text("wake_at IS NOT NULL"),
        postgresql_where=sa.text("wake_at IS NOT NULL"),
    )
    op.drop_table("webhooks")
