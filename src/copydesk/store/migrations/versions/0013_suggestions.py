"""Suggestions, assignments and deadlines of reviews."""

from __future__ import annotations

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema to this version."""


def downgrade() -> None:
    """Take it back."""
