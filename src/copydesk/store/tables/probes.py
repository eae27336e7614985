"""Probes: what they found, and when the next one is due."""

from __future__ import annotations

import sqlalchemy as sa

from copydesk.store.tables.base import Instant, Text, id_column, metadata, reference

# A probe refers to no post and no post to a probe: what it wrote cannot be published.
probes = sa.Table(
    "probes",
    metadata,
    id_column(),
    reference("workspace_id", "workspaces"),
    sa.Column("kind", sa.String(40), nullable=False),
    sa.Column("seed", sa.BigInteger, nullable=False),
    sa.Column("language", sa.String(16), nullable=False),
    sa.Column("channel", sa.String(16), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("issues", sa.JSON, nullable=False),
    sa.Column("because", Text, nullable=False),
    sa.Column("similarity", sa.Float),
    sa.Column("latency_ms", sa.Float),
    sa.Column("tier", sa.String(16), nullable=False),
    sa.Column("model", Text, nullable=False),
    sa.Column("prompt_version", Text, nullable=False),
    sa.Column("sent_at", Instant, nullable=False),
    sa.Index("ix_probes_workspace", "workspace_id", "id"),
)

probe_plans = sa.Table(
    "probe_plans",
    metadata,
    sa.Column("workspace_id", sa.String(40), sa.ForeignKey("workspaces.id"), primary_key=True),
    sa.Column("next_seed", sa.BigInteger, nullable=False),
    sa.Column("wake_at", Instant),
)
