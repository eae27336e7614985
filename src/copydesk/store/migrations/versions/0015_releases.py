"""Releases, what they were seen to do, and probes."""

from __future__ import annotations

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema to this version."""


def downgrade() -> None:
    """Take it back."""
