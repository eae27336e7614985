"""What is written: posts, revisions, their checks."""

from __future__ import annotations

import sqlalchemy as sa

from copydesk.store.tables.base import Instant, Key, Text, id_column, metadata, reference

posts = sa.Table(
    "posts",
    metadata,
    id_column(),
    reference("workspace_id", "workspaces"),
    sa.Column("source_key", Key, nullable=False),
    reference("submission_id", "submissions", nullable=True, index=True),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("revision_id", sa.String(40), nullable=False),
    sa.Column("risk", sa.String(16), nullable=False, server_default="low"),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("published_at", Instant),
    sa.Column("wake_at", Instant),
    # when to look whether its text can be cited
    sa.Column("cite_at", Instant),
    sa.UniqueConstraint("workspace_id", "source_key"),
)
sa.Index(
    "ix_posts_cite",
    posts.c.cite_at,
    sqlite_where=posts.c.cite_at.is_not(None),
    postgresql_where=posts.c.cite_at.is_not(None),
)
sa.Index(
    "ix_posts_wake",
    posts.c.wake_at,
    sqlite_where=posts.c.wake_at.is_not(None),
    postgresql_where=posts.c.wake_at.is_not(None),
)


revisions = sa.Table(
    "revisions",
    metadata,
    id_column(),
    reference("post_id", "posts"),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("title", Text, nullable=False),
    sa.Column("content", sa.JSON, nullable=False),
    sa.Column("tier", sa.String(16), nullable=False),
    sa.Column("prompt_version", Text, nullable=False),
    sa.Column("model", Text, nullable=False),
    sa.Column("edits", sa.JSON, nullable=False),
    sa.Column("fates", sa.JSON, nullable=False),
    sa.Column("omitted", sa.JSON, nullable=False),
    sa.Column("open_questions", sa.JSON, nullable=False),
    # which models were asked and why, in words; and why none of them wrote the text
    sa.Column("route", Text, nullable=False, server_default=""),
    sa.Column("degraded_because", Text, nullable=False, server_default=""),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("created_by", Text, nullable=False),
    sa.UniqueConstraint("post_id", "number"),
)


checks = sa.Table(
    "checks",
    metadata,
    sa.Column("revision_id", sa.ForeignKey("revisions.id"), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("check", sa.String(60), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("verdict", sa.String(16), nullable=False),
    sa.Column("evidence", sa.JSON, nullable=False),
    sa.Column("cost_ms", sa.Float, nullable=False),
)
