"""What a model is shown of our own texts."""

from __future__ import annotations

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema to this version."""


def downgrade() -> None:
    """Take it back."""
