"""Circuit breakers: accounts and platform hosts that do not answer at the moment."""

from __future__ import annotations

import sqlalchemy as sa

from copydesk.store.tables.base import Instant, Text, id_column, metadata

breakers = sa.Table(
    "breakers",
    metadata,
    # an account's own id, or a digest of platform and host: see `core.breaker`
    id_column(),
    sa.Column("platform", sa.String(60), nullable=False),
    sa.Column("host", Text, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("failing", sa.JSON, nullable=False),
    sa.Column("trips", sa.Integer, nullable=False),
    sa.Column("open_until", Instant),
    sa.Column("probe", sa.String(40), nullable=False),
    sa.Column("reason", Text, nullable=False),
    sa.Column("changed_at", Instant, nullable=False),
)
