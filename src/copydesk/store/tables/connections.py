"""Connections: the way from "connect this account" to a credential, over other people's pages."""

from __future__ import annotations

import sqlalchemy as sa

from copydesk.store.tables.base import Instant, Text, id_column, metadata, reference

connections = sa.Table(
    "connections",
    metadata,
    id_column(),
    reference("workspace_id", "workspaces"),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("platform", sa.String(60), nullable=False),
    sa.Column("account_name", Text, nullable=False),
    sa.Column("settings", sa.JSON, nullable=False),
    sa.Column("inbox", sa.Boolean, nullable=False),
    sa.Column("other_identity", sa.Boolean, nullable=False),
    sa.Column("auth", sa.String(20), nullable=False),
    # both are secrets of a browser; only their hashes are kept
    sa.Column("ticket_sha256", sa.String(64), nullable=False, unique=True),
    sa.Column("session_sha256", sa.String(64), nullable=False),
    sa.Column("secrets", sa.LargeBinary, nullable=False),
    sa.Column("account_id", sa.String(40), nullable=False),
    sa.Column("reason", Text, nullable=False),
    sa.Column("remedy", Text, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("expires_at", Instant, nullable=False, index=True),
)
