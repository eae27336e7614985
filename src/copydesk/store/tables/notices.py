"""What platforms said in their answers about the end of an API version."""

from __future__ import annotations

import sqlalchemy as sa

from copydesk.store.tables.base import Instant, Text, metadata

api_notices = sa.Table(
    "api_notices",
    metadata,
    sa.Column("account_id", sa.String(40), sa.ForeignKey("accounts.id"), primary_key=True),
    sa.Column("api_version", sa.String(60), primary_key=True),
    sa.Column("deprecated_at", Instant),
    sa.Column("sunset_at", Instant),
    sa.Column("link", Text, nullable=False),
    sa.Column("first_seen_at", Instant, nullable=False),
    sa.Column("seen_at", Instant, nullable=False),
)
