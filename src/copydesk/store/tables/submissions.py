"""What comes in: threads, submissions, segments."""

from __future__ import annotations

import sqlalchemy as sa

from copydesk.store.tables.base import Instant, Key, Text, id_column, metadata, reference

threads = sa.Table(
    "threads",
    metadata,
    id_column(),
    reference("workspace_id", "workspaces"),
    sa.Column("root_key", Key, nullable=False),
    sa.Column("subject", Text, nullable=False),
    sa.Column("participants", sa.JSON, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.UniqueConstraint("workspace_id", "root_key"),
)


submissions = sa.Table(
    "submissions",
    metadata,
    id_column(),
    reference("workspace_id", "workspaces"),
    sa.Column("source", sa.String(16)),
    sa.Column("source_key", Key, nullable=False),
    sa.Column("filename", Text, nullable=False),
    sa.Column("raw_sha256", sa.String(64), sa.ForeignKey("blobs.sha256"), nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("received_at", Instant, nullable=False),
    sa.Column("wake_at", Instant),
    reference("thread_id", "threads", nullable=True, index=True),
    sa.Column("maybe_thread_id", sa.String(40)),
    sa.Column("message_id", Key, nullable=False, index=True, server_default=""),
    sa.Column("post_id", sa.String(40)),
    sa.Column("parent_id", sa.String(40)),
    sa.Column("problem", sa.String(40), nullable=False, server_default=""),
    sa.Column("reason", Text, nullable=False, server_default=""),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("parsed", sa.JSON),
    sa.UniqueConstraint("workspace_id", "source_key"),
)
sa.Index(
    "ix_submissions_wake",
    submissions.c.wake_at,
    sqlite_where=submissions.c.wake_at.is_not(None),
    postgresql_where=submissions.c.wake_at.is_not(None),
)
# of what a file held: the newest, and how much of it stands where
for _name, _column in (
    ("ix_submissions_parts", submissions.c.id),
    ("ix_submissions_parts_state", submissions.c.state),
):
    sa.Index(
        _name,
        submissions.c.parent_id,
        _column,
        sqlite_where=submissions.c.parent_id.is_not(None),
        postgresql_where=submissions.c.parent_id.is_not(None),
    )


segments = sa.Table(
    "segments",
    metadata,
    sa.Column("submission_id", sa.ForeignKey("submissions.id"), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("start", sa.Integer, nullable=False),
    sa.Column("end", sa.Integer, nullable=False),
    sa.Column("rule", sa.String(60), nullable=False),
    sa.Column("rule_version", sa.Integer, nullable=False),
    sa.Column("confidence", sa.Float, nullable=False),
    sa.Column("dropped_because", Text, nullable=False),
    sa.Column("speaker", Text, nullable=False),
)


# a message of a chat of which a person said what it answers; `submission_id` is the whole log,
# `answers` is "" for one that begins a conversation
moved_turns = sa.Table(
    "moved_turns",
    metadata,
    sa.Column("submission_id", sa.ForeignKey("submissions.id"), primary_key=True),
    sa.Column("turn", Key, primary_key=True),
    sa.Column("answers", Text, nullable=False),
    sa.Column("moved_by", Text, nullable=False),
    sa.Column("moved_at", Instant, nullable=False),
)
