"""What people are asked: reviews, the suggestions in them, the decisions on those, signatures."""

from __future__ import annotations

import sqlalchemy as sa

from copydesk.store.tables.base import Instant, Text, id_column, metadata, reference

reviews = sa.Table(
    "reviews",
    metadata,
    id_column(),
    reference("workspace_id", "workspaces"),
    reference("post_id", "posts", index=True),
    reference("revision_id", "revisions"),
    sa.Column("kind", sa.String(16), nullable=False, server_default="question"),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("risk", sa.String(16), nullable=False),
    # the order of the queue: the greatest risk is 0
    sa.Column("rank", sa.Integer, nullable=False, server_default="3"),
    sa.Column("reasons", sa.JSON, nullable=False),
    sa.Column("opened_at", Instant, nullable=False),
    sa.Column("due_at", Instant),
    sa.Column("escalated_at", Instant),
    sa.Column("wake_at", Instant),
    sa.Column("assignee", Text, nullable=False, server_default=""),
    sa.Column("claimed_until", Instant),
    sa.Column("sent_to", sa.String(16), nullable=False, server_default=""),
    # the author's own text, which suggestions are anchored in; null until they are made
    sa.Column("base", sa.JSON),
    sa.Column("version", sa.Integer, nullable=False, server_default="0"),
    sa.Column("decided_at", Instant),
    sa.Column("decided_by", Text, nullable=False, server_default=""),
    sa.Column("decision_reason", Text, nullable=False, server_default=""),
    # what whoever decides has to know about the review itself
    sa.Column("note", Text, nullable=False, server_default=""),
)
# one question of a kind per post at a time
_IS_OPEN = sa.text("state IN ('opened', 'returned')")
sa.Index(
    "uq_reviews_open",
    reviews.c.post_id,
    reviews.c.kind,
    unique=True,
    sqlite_where=_IS_OPEN,
    postgresql_where=_IS_OPEN,
)
sa.Index(
    "ix_reviews_queue",
    reviews.c.workspace_id,
    reviews.c.state,
    reviews.c.rank,
    reviews.c.due_at,
    reviews.c.id,
)
sa.Index(
    "ix_reviews_wake",
    reviews.c.wake_at,
    sqlite_where=reviews.c.wake_at.is_not(None),
    postgresql_where=reviews.c.wake_at.is_not(None),
)


suggestions = sa.Table(
    "suggestions",
    metadata,
    id_column(),
    reference("review_id", "reviews"),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("field", sa.String(16), nullable=False),
    sa.Column("segment", sa.Integer),
    sa.Column("start", sa.Integer, nullable=False),
    sa.Column("end", sa.Integer, nullable=False),
    sa.Column("before", Text, nullable=False),
    sa.Column("after", Text, nullable=False),
    sa.Column("quote_before", Text, nullable=False),
    sa.Column("quote_after", Text, nullable=False),
    sa.Column("origin", sa.String(16), nullable=False),
    sa.Column("origin_version", Text, nullable=False),
    sa.Column("prompt_version", Text, nullable=False),
    sa.Column("intent", sa.String(16), nullable=False),
    sa.Column("evidence", sa.JSON, nullable=False),
    sa.Column("risk", sa.String(16), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("text", Text, nullable=False),
    sa.Column("findings", sa.JSON, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("decided_by", Text, nullable=False),
    sa.Column("decided_at", Instant),
    sa.Column("reason_code", sa.String(16), nullable=False),
    sa.Column("note", Text, nullable=False),
    sa.Column("propensity", sa.Float),
    sa.UniqueConstraint("review_id", "number"),
)


#: Every decision that was taken on a suggestion, in the order of `version`; what was taken back
#: stays, with the time.
decisions = sa.Table(
    "decisions",
    metadata,
    sa.Column("suggestion_id", sa.ForeignKey("suggestions.id"), primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
    reference("review_id", "reviews"),
    sa.Column("key", Text, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("text", Text, nullable=False),
    sa.Column("findings", sa.JSON, nullable=False),
    sa.Column("reason_code", sa.String(16), nullable=False),
    sa.Column("note", Text, nullable=False),
    sa.Column("decided_by", Text, nullable=False),
    sa.Column("decided_at", Instant, nullable=False),
    sa.Column("undone_at", Instant),
    sa.Column("undone_by", Text, nullable=False, server_default=""),
)
sa.Index(
    "ix_decisions_key",
    decisions.c.review_id,
    decisions.c.key,
    sqlite_where=decisions.c.key != "",
    postgresql_where=decisions.c.key != "",
)


#: Who has accepted a review whose risk takes two, and which text they read.
signatures = sa.Table(
    "signatures",
    metadata,
    sa.Column("review_id", sa.ForeignKey("reviews.id"), primary_key=True),
    sa.Column("person", sa.String(200), primary_key=True),
    sa.Column("text_sha256", sa.String(64), nullable=False),
    sa.Column("signed_at", Instant, nullable=False),
    sa.Column("reason", Text, nullable=False),
)
