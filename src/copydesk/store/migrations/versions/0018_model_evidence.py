"""From when on the days are counted for which what a model answered is kept."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_HAS_EVIDENCE = sa.text("evidence_from IS NOT NULL")


def upgrade() -> None:
    """Bring the schema to this version."""
    with op.batch_alter_table("model_calls") as table:
        table.add_column(sa.Column("evidence_from", sa.DateTime(timezone=True)))
    op.execute("UPDATE model_calls SET evidence_from = called_at")
    op.create_index(
        "ix_model_calls_evidence_from",
        "model_calls",
        ["evidence_from"],
        sqlite_where=_HAS_EVIDENCE,
        postgresql_where=_HAS_EVIDENCE,
    )


def downgrade() -> None:
    """Take it back."""
    op.drop_index("ix_model_calls_evidence_from", "model_calls")
    with op.batch_alter_table("model_calls") as table:
        table.drop_column("evidence_from")
