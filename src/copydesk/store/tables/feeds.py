"""Feeds that are followed, and every version of their entries that was seen."""

from __future__ import annotations

import sqlalchemy as sa

from copydesk.store.tables.base import Instant, Text, id_column, metadata, reference

feeds = sa.Table(
    "feeds",
    metadata,
    id_column(),
    reference("workspace_id", "workspaces", index=True),
    sa.Column("url", Text, nullable=False),
    sa.Column("title", Text, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("reason", Text, nullable=False),
    # seconds, as in "rests"
    sa.Column("every", sa.Integer, nullable=False),
    sa.Column("changes", sa.String(16), nullable=False),
    sa.Column("allow_private", sa.Boolean, nullable=False),
    sa.Column("newest", sa.Integer),
    sa.Column("since", Instant),
    sa.Column("etag", Text, nullable=False),
    sa.Column("last_modified", Text, nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("read_at", Instant),
    sa.Column("rests", sa.Integer),
    # hours and days in UTC at which the publisher wishes no poll
    sa.Column("skips", sa.JSON, nullable=False, server_default="{}"),
    sa.Column("polled_at", Instant),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("failing_since", Instant),
    sa.Column("problem", Text, nullable=False),
    sa.Column("notice", Text, nullable=False),
    sa.Column("wake_at", Instant),
    sa.Column("fence", sa.BigInteger, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
)
sa.Index(
    "ix_feeds_wake",
    feeds.c.wake_at,
    sqlite_where=feeds.c.wake_at.is_not(None),
    postgresql_where=feeds.c.wake_at.is_not(None),
)


feed_entries = sa.Table(
    "feed_entries",
    metadata,
    sa.Column("feed_id", sa.String(40), sa.ForeignKey("feeds.id"), primary_key=True),
    sa.Column("key", sa.String(64), primary_key=True),
    sa.Column("content", sa.String(64), primary_key=True),
    sa.Column("fingerprint", sa.String(64), nullable=False),
    sa.Column("submission_id", sa.String(40)),
    sa.Column("seen_at", Instant, nullable=False),
    sa.Index("ix_feed_entries_fingerprint", "feed_id", "fingerprint"),
)
