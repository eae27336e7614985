"""What people say about who answers whom in a chat, what is to be said about a review, and short
ways to what audits found and what a file held."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_IS_JUDGED = sa.text("decided_at IS NOT NULL")
_IS_PART = sa.text("parent_id IS NOT NULL")


def upgrade() -> None:
    """Bring the schema to this version."""
    op.create_table(
        "moved_turns",
        sa.Column("submission_id", sa.String(length=40), nullable=False),
        sa.Column("turn", sa.Text(), nullable=False),
        sa.Column("answers", sa.Text(), nullable=False),
        sa.Column("moved_by", sa.Text(), nullable=False),
        sa.Column("moved_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["submission_id"],
            ["submissions.id"],
            name=op.f("fk_moved_turns_submission_id_submissions"),
        ),
        sa.PrimaryKeyConstraint("submission_id", "turn", name=op.f("pk_moved_turns")),
    )
    with op.batch_alter_table("reviews") as table:
        table.add_column(sa.Column("note", sa.Text(), nullable=False, server_default=""))
    op.drop_index(op.f("ix_submissions_parent_id"), table_name="submissions")
    for name, column in (
        ("ix_submissions_parts", "id"),
        ("ix_submissions_parts_state", "state"),
    ):
        op.create_index(
            name,
            "submissions",
            ["parent_id", column],
            sqlite_where=_IS_PART,
            postgresql_where=_IS_PART,
        )
    op.create_index(
        "ix_audits_judged",
        "audits",
        ["workspace_id", "state", "propensity"],
        sqlite_where=_IS_JUDGED,
        postgresql_where=_IS_JUDGED,
    )


def downgrade() -> None:
    """Take it back."""
    op.drop_index("ix_audits_judged", table_name="audits")
    for name in ("ix_submissions_parts", "ix_submissions_parts_state"):
        op.drop_index(name, table_name="submissions")
    op.create_index(op.f("ix_submissions_parent_id"), "submissions", ["parent_id"])
    with op.batch_alter_table("reviews") as table:
        table.drop_column("note")
    op.drop_table("moved_turns")
