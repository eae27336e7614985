"""Workspaces and their blobs."""

from __future__ import annotations

import sqlalchemy as sa

from copydesk.store.tables.base import Instant, Text, id_column, metadata

workspaces = sa.Table(
    "workspaces",
    metadata,
    id_column(),
    sa.Column("name", Text, nullable=False, unique=True),
    sa.Column("approve", sa.String(16), nullable=False),
    sa.Column("created_at", Instant, nullable=False),
)


blobs = sa.Table(
    "blobs",
    metadata,
    sa.Column("sha256", sa.String(64), primary_key=True),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("data", sa.LargeBinary, nullable=False),
)
