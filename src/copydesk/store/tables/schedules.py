"""When things go out: what was asked for a delivery, and series that make deliveries."""

from __future__ import annotations

import sqlalchemy as sa

from copydesk.store.tables.base import Instant, Text, id_column, metadata, reference

# beside the deliveries and not in them: most have none, and couriers read few
timings = sa.Table(
    "timings",
    metadata,
    sa.Column("delivery_id", sa.ForeignKey("deliveries.id"), primary_key=True),
    # as the delivery has it; here it can be searched by, whatever state that is in
    sa.Column("due_at", Instant, nullable=False, index=True),
    sa.Column("asked", Text, nullable=False),
    sa.Column("zone", sa.String(64), nullable=False),
    sa.Column("note", Text, nullable=False),
    sa.Column("queue", Text, nullable=False),
    # "" and NULL: as the account's timetable says
    sa.Column("late", sa.String(16), nullable=False),
    sa.Column("grace_seconds", sa.BigInteger),
    reference("series_id", "series", nullable=True, index=True),
    sa.Column("occurrence", Instant),
    sa.Column("moves", sa.Integer, nullable=False),
)


series = sa.Table(
    "series",
    metadata,
    id_column(),
    reference("workspace_id", "workspaces"),
    sa.Column("name", Text, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("rule", sa.JSON, nullable=False),
    sa.Column("sources", sa.JSON, nullable=False),
    sa.Column("account_ids", sa.JSON, nullable=False),
    sa.Column("late", sa.String(16), nullable=False),
    sa.Column("grace_seconds", sa.BigInteger),
    # how many occurrences were planned, and the instant up to which they are
    sa.Column("planned", sa.Integer, nullable=False),
    sa.Column("planned_until", Instant, nullable=False),
    sa.Column("wake_at", Instant),
    sa.Column("reason", Text, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.UniqueConstraint("workspace_id", "name"),
)
sa.Index(
    "ix_series_wake",
    series.c.wake_at,
    sqlite_where=series.c.wake_at.is_not(None),
    postgresql_where=series.c.wake_at.is_not(None),
)
