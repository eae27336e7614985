"""Feeds that are polled, the entries that were seen in them, and how chats begin."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema to this version."""
    instant = sa.DateTime(timezone=True)
    op.create_table(
        "feeds",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("workspace_id", sa.String(40), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("every", sa.Integer, nullable=False),
        sa.Column("changes", sa.String(16), nullable=False),
        sa.Column("allow_private", sa.Boolean, nullable=False),
        sa.Column("newest", sa.Integer),
        sa.Column("since", instant),
        sa.Column("etag", sa.Text(), nullable=False),
        sa.Column("last_modified", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("read_at", instant),
        sa.Column("rests", sa.Integer),
        sa.Column("polled_at", instant),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("failing_since", instant),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("notice", sa.Text(), nullable=False),
        sa.Column("wake_at", instant),
        sa.Column("fence", sa.BigInteger, nullable=False),
        sa.Column("created_at", instant, nullable=False),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name="fk_feeds_workspace_id"),
        sa.PrimaryKeyConstraint("id", name="pk_feeds"),
    )
    op.create_index("ix_feeds_workspace_id", "feeds", ["workspace_id"])
    op.create_index(
        "ix_feeds_wake",
        "feeds",
        ["wake_at"],
        sqlite_where=sa.text("wake_at IS NOT NULL"),
        postgresql_where=sa.text("wake_at IS NOT NULL"),
    )
    op.create_table(
        "feed_entries",
        sa.Column("feed_id", sa.String(40), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("content", sa.String(64), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("submission_id", sa.String(40)),
        sa.Column("seen_at", instant, nullable=False),
        sa.ForeignKeyConstraint(["feed_id"], ["feeds.id"], name="fk_feed_entries_feed_id"),
        sa.PrimaryKeyConstraint("feed_id", "key", "content", name="pk_feed_entries"),
    )
    op.create_index("ix_feed_entries_fingerprint", "feed_entries", ["feed_id", "fingerprint"])
    op.create_table(
        "chats",
        sa.Column("submission_id", sa.String(40), nullable=False),
        sa.Column("workspace_id", sa.String(40), nullable=False),
        sa.Column("opening", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["submissions.id"], name="fk_chats_submission_id"
        ),
        sa.PrimaryKeyConstraint("submission_id", name="pk_chats"),
    )
    op.create_index("ix_chats_opening", "chats", ["workspace_id", "opening"])


def downgrade() -> None:
    """Take it back."""
    op.drop_index("ix_chats_opening", "chats")
    op.drop_table("chats")
    op.drop_index("ix_feed_entries_fingerprint", "feed_entries")
    op.drop_table("feed_entries")
    op.drop_index("ix_feeds_wake", "feeds")
    op.drop_index("ix_feeds_workspace_id", "feeds")
    op.drop_table("feeds")
