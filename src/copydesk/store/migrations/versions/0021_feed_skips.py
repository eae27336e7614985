"""When the publishers of feeds wish no poll."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema to this version."""
    op.add_column("feeds", sa.Column("skips", sa.JSON(), nullable=False, server_default="{}"))


def downgrade() -> None:
    """Take it back."""
    op.drop_column("feeds", "skips")
