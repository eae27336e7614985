"""Credentials that expire: when, who refreshes them, and open connections."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True)


def _added() -> list[sa.Column[object]]:
    # made anew each time: adding a column gives it away
    return [
        sa.Column("auth", sa.String(length=20), server_default="", nullable=False),
        sa.Column("identity", sa.Text(), server_default="", nullable=False),
        sa.Column("scopes", sa.Text(), server_default="", nullable=False),
        sa.Column("generation", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("expires_at", _INSTANT, nullable=True),
        sa.Column("renew_at", _INSTANT, nullable=True),
        sa.Column("ends_at", _INSTANT, nullable=True),
        sa.Column("notify_at", _INSTANT, nullable=True),
        sa.Column("renewal_owner", sa.Text(), server_default="", nullable=False),
        sa.Column("renewal_until", _INSTANT, nullable=True),
        sa.Column("renewal_sent_at", _INSTANT, nullable=True),
        sa.Column("renewal_tries", sa.Integer(), server_default="0", nullable=False),
    ]


def upgrade() -> None:
    """Bring the schema to this version."""
    for column in _added():
        op.add_column("accounts", column)
    op.create_index(op.f("ix_accounts_renew_at"), "accounts", ["renew_at"])
    op.create_index(op.f("ix_accounts_notify_at"), "accounts", ["notify_at"])
    op.create_table(
        "connections",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("workspace_id", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("platform", sa.String(length=60), nullable=False),
        sa.Column("account_name", sa.Text(), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("inbox", sa.Boolean(), nullable=False),
        sa.Column("other_identity", sa.Boolean(), nullable=False),
        sa.Column("auth", sa.String(length=20), nullable=False),
        sa.Column("ticket_sha256", sa.String(length=64), nullable=False),
        sa.Column("session_sha256", sa.String(length=64), nullable=False),
        sa.Column("secrets", sa.LargeBinary(), nullable=False),
        sa.Column("account_id", sa.String(length=40), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("remedy", sa.Text(), nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("expires_at", _INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_connections_workspace_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_connections")),
        sa.UniqueConstraint("ticket_sha256", name=op.f("uq_connections_ticket_sha256")),
    )
    op.create_index(op.f("ix_connections_expires_at"), "connections", ["expires_at"])


def downgrade() -> None:
    """Take it back."""
    op.drop_index(op.f("ix_connections_expires_at"), table_name="connections")
    op.drop_table("connections")
    op.drop_index(op.f("ix_accounts_notify_at"), table_name="accounts")
    op.drop_index(op.f("ix_accounts_renew_at"), table_name="accounts")
    for column in reversed(_added()):
        op.drop_column("accounts", column.name)
