"""Messages unpacked from files that held several."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema to this version."""
    op.add_column("submissions", sa.Column("parent_id", sa.String(40)))
    op.create_index("ix_submissions_parent_id", "submissions", ["parent_id"])


def downgrade() -> None:
    """Take it back."""
    op.drop_index("ix_submissions_parent_id", "submissions")
    op.drop_column("submissions", "parent_id")
