"""Audits, second opinions and the regression corpus."""

from __future__ import annotations

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema to this version."""


def downgrade() -> None:
    """Take it back."""
