"""What models cost, and what they said before."""

from __future__ import annotations

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema to this version."""


def downgrade() -> None:
    """Take it back."""
