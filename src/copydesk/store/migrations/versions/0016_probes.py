"""Messages with a known answer, what they found, and when the next one is due."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema to this version."""
    op.create_table(
        "probes",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("workspace_id", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("seed", sa.BigInteger, nullable=False),
        sa.Column("language", sa.String(16), nullable=False),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("issues", sa.JSON, nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column("similarity", sa.Float),
        sa.Column("latency_ms", sa.Float),
        sa.Column("tier", sa.String(16), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("prompt_version", sa.Text(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name="fk_probes_workspace_id"),
        sa.PrimaryKeyConstraint("id", name="pk_probes"),
    )
    op.create_index("ix_probes_workspace", "probes", ["workspace_id", "id"])
    op.create_table(
        "probe_plans",
        sa.Column("workspace_id", sa.String(40), nullable=False),
        sa.Column("next_seed", sa.BigInteger, nullable=False),
        sa.Column("wake_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name="fk_probe_plans_workspace_id"
        ),
        sa.PrimaryKeyConstraint("workspace_id", name="pk_probe_plans"),
    )


def downgrade() -> None:
    """Take it back."""
    op.drop_table("probe_plans")
    op.drop_index("ix_probes_workspace", "probes")
    op.drop_table("probes")
