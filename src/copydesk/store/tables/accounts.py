"""Accounts: where posts go, with sealed credentials and the lease of their courier."""

from __future__ import annotations

import sqlalchemy as sa

from copydesk.store.tables.base import Instant, Text, id_column, metadata, reference

accounts = sa.Table(
    "accounts",
    metadata,
    id_column(),
    reference("workspace_id", "workspaces"),
    sa.Column("name", Text, nullable=False),
    sa.Column("platform", sa.String(60), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("settings", sa.JSON, nullable=False),
    sa.Column("secrets", sa.LargeBinary, nullable=False),
    sa.Column("inbox", sa.Boolean, nullable=False),
    sa.Column("reason", Text, nullable=False, server_default=""),
    sa.Column("paused_until", Instant),
    sa.Column("lease_owner", Text, nullable=False, server_default=""),
    sa.Column("lease_fence", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("lease_until", Instant),
    sa.Column("created_at", Instant, nullable=False),
    sa.UniqueConstraint("workspace_id", "name"),
)
