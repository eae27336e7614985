"""Looks at unknown outcomes, append-only: the evidence for what nobody could tell."""

from __future__ import annotations

import sqlalchemy as sa

from copydesk.store.tables.base import Instant, Sequence, Text, metadata, reference

looks = sa.Table(
    "looks",
    metadata,
    sa.Column("sequence", Sequence, primary_key=True, autoincrement=True),
    reference("delivery_id", "deliveries", index=True),
    sa.Column("at", Instant, nullable=False),
    sa.Column("found", sa.String(20), nullable=False),
    sa.Column("evidence", Text, nullable=False),
)
