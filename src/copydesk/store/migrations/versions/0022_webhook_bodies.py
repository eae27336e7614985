"""What the first try of a webhook's message has sent, for the tries after it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema to this version."""
    op.add_column("webhook_messages", sa.Column("body", sa.LargeBinary()))


def downgrade() -> None:
    """Take it back."""
    op.drop_column("webhook_messages", "body")
