"""Suggestions, assignments and deadlines of reviews."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True)
_IS_OPEN = sa.text("state IN ('opened', 'returned')")
_WAS_OPEN = sa.text("state = 'opened'")


def upgrade() -> None:
    """Bring the schema to this version."""
    op.drop_index(
        "uq_reviews_open",
        table_name="reviews",
        sqlite_where=_WAS_OPEN,
        postgresql_where=_WAS_OPEN,
    )
    with op.batch_alter_table("reviews") as table:
        table.add_column(
            sa.Column("kind", sa.String(16), nullable=False, server_default="question")
        )
        table.add_column(sa.Column("rank", sa.Integer, nullable=False, server_default="3"))
        table.add_column(sa.Column("due_at", _INSTANT))
        table.add_column(sa.Column("escalated_at", _INSTANT))
        table.add_column(sa.Column("wake_at", _INSTANT))
        table.add_column(sa.Column("assignee", sa.Text, nullable=False, server_default=""))
        table.add_column(sa.Column("claimed_until", _INSTANT))
        table.add_column(sa.Column("sent_to", sa.String(16), nullable=False, server_default=""))
        table.add_column(sa.Column("base", sa.JSON))
        table.add_column(sa.Column("version", sa.Integer, nullable=False, server_default="0"))
    # what waits already is overdue by the new rules: the next sweep looks at it and says so
    op.execute(
        "UPDATE reviews SET due_at = opened_at, rank = CASE risk WHEN 'critical' THEN 0"
        " WHEN 'high' THEN 1 WHEN 'medium' THEN 2 ELSE 3 END"
    )
    op.execute("UPDATE reviews SET wake_at = opened_at WHERE state = 'opened'")
    op.create_index(
        "uq_reviews_open",
        "reviews",
        ["post_id", "kind"],
        unique=True,
        sqlite_where=_IS_OPEN,
        postgresql_where=_IS_OPEN,
    )
    op.create_index(
        "ix_reviews_queue", "reviews", ["workspace_id", "state", "rank", "due_at", "id"]
    )
    op.create_index(
        "ix_reviews_wake",
        "reviews",
        ["wake_at"],
        sqlite_where=sa.text("wake_at IS NOT NULL"),
        postgresql_where=sa.text("wake_at IS NOT NULL"),
    )
    _create_suggestions()
    _create_decisions()
    op.create_table(
        "signatures",
        sa.Column("review_id", sa.String(40), nullable=False),
        sa.Column("person", sa.String(200), nullable=False),
        sa.Column("text_sha256", sa.String(64), nullable=False),
        sa.Column("signed_at", _INSTANT, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(
            ["review_id"], ["reviews.id"], name=op.f("fk_signatures_review_id")
        ),
        sa.PrimaryKeyConstraint("review_id", "person", name=op.f("pk_signatures")),
    )
    with op.batch_alter_table("sessions") as table:
        table.add_column(sa.Column("label", sa.Text, nullable=False, server_default=""))


def _create_suggestions() -> None:
    op.create_table(
        "suggestions",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("review_id", sa.String(40), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("field", sa.String(16), nullable=False),
        sa.Column("segment", sa.Integer),
        sa.Column("start", sa.Integer, nullable=False),
        sa.Column("end", sa.Integer, nullable=False),
        sa.Column("before", sa.Text, nullable=False),
        sa.Column("after", sa.Text, nullable=False),
        sa.Column("quote_before", sa.Text, nullable=False),
        sa.Column("quote_after", sa.Text, nullable=False),
        sa.Column("origin", sa.String(16), nullable=False),
        sa.Column("origin_version", sa.Text, nullable=False),
        sa.Column("prompt_version", sa.Text, nullable=False),
        sa.Column("intent", sa.String(16), nullable=False),
        sa.Column("evidence", sa.JSON, nullable=False),
        sa.Column("risk", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("findings", sa.JSON, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("decided_by", sa.Text, nullable=False),
        sa.Column("decided_at", _INSTANT),
        sa.Column("reason_code", sa.String(16), nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("propensity", sa.Float),
        sa.ForeignKeyConstraint(
            ["review_id"], ["reviews.id"], name=op.f("fk_suggestions_review_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suggestions")),
        sa.UniqueConstraint("review_id", "number", name=op.f("uq_suggestions_review_id_number")),
    )


def _create_decisions() -> None:
    op.create_table(
        "decisions",
        sa.Column("suggestion_id", sa.String(40), nullable=False),
        sa.Column("version", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("review_id", sa.String(40), nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("findings", sa.JSON, nullable=False),
        sa.Column("reason_code", sa.String(16), nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("decided_by", sa.Text, nullable=False),
        sa.Column("decided_at", _INSTANT, nullable=False),
        sa.Column("undone_at", _INSTANT),
        sa.Column("undone_by", sa.Text, nullable=False, server_default=""),
        sa.ForeignKeyConstraint(
            ["suggestion_id"], ["suggestions.id"], name=op.f("fk_decisions_suggestion_id")
        ),
        sa.ForeignKeyConstraint(["review_id"], ["reviews.id"], name=op.f("fk_decisions_review_id")),
        sa.PrimaryKeyConstraint("suggestion_id", "version", name=op.f("pk_decisions")),
    )
    op.create_index(
        "ix_decisions_key",
        "decisions",
        ["review_id", "key"],
        sqlite_where=sa.text("key != ''"),
        postgresql_where=sa.text("key != ''"),
    )


def downgrade() -> None:
    """Take it back."""
    with op.batch_alter_table("sessions") as table:
        table.drop_column("label")
    op.drop_table("signatures")
    op.drop_table("decisions")
    op.drop_table("suggestions")
    op.drop_index("ix_reviews_wake", table_name="reviews")
    op.drop_index("ix_reviews_queue", table_name="reviews")
    op.drop_index("uq_reviews_open", table_name="reviews")
    # one question per post again: what was sent back or asked besides is no open question any more
    op.execute(
        "UPDATE reviews SET state = 'rejected'"
        " WHERE state = 'returned' OR (state = 'opened' AND kind != 'question')"
    )
    with op.batch_alter_table("reviews") as table:
        for name in (
            "version", "base", "sent_to", "claimed_until", "assignee", "wake_at", "escalated_at",
            "due_at", "rank", "kind",
        ):  # fmt: skip
            table.drop_column(name)
    op.create_index(
        "uq_reviews_open",
        "reviews",
        ["post_id"],
        unique=True,
        sqlite_where=_WAS_OPEN,
        postgresql_where=_WAS_OPEN,
    )
