"""What models cost, and what they said before."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema to this version."""
    with op.batch_alter_table("model_calls") as table:
        table.add_column(sa.Column("workspace_id", sa.String(40)))
        table.add_column(sa.Column("provider", sa.Text, nullable=False, server_default=""))
        table.add_column(
            sa.Column("outcome", sa.String(16), nullable=False, server_default="answered")
        )
        table.add_column(sa.Column("signal", sa.String(40), nullable=False, server_default=""))
        table.add_column(sa.Column("cached_tokens", sa.Integer))
        table.add_column(sa.Column("reserved_usd", sa.Float, nullable=False, server_default="0"))
        table.add_column(sa.Column("digest", sa.String(64), nullable=False, server_default=""))
        for name in ("input_tokens", "output_tokens"):
            table.alter_column(name, existing_type=sa.Integer(), nullable=True)
        table.alter_column("cost_usd", existing_type=sa.Float(), nullable=True)
        # several stages that share a call have a long name together
        table.alter_column("capability", existing_type=sa.String(40), type_=sa.Text())
        table.create_foreign_key(
            "fk_model_calls_workspace_id", "workspaces", ["workspace_id"], ["id"]
        )
        table.create_index(
            "ix_model_calls_workspace_id_called_at", ["workspace_id", "called_at"], unique=False
        )
    op.execute("UPDATE model_calls SET outcome = 'rejected' WHERE rejected_because <> ''")
    op.execute("UPDATE model_calls SET provider = model")
    op.execute(
        "UPDATE model_calls SET workspace_id = (SELECT submissions.workspace_id FROM submissions "
        "WHERE submissions.id = model_calls.submission_id)"
    )
    # short texts were written for no submission; where there is one workspace they were its own
    op.execute(
        "UPDATE model_calls SET workspace_id = (SELECT MIN(id) FROM workspaces) "
        "WHERE workspace_id IS NULL AND (SELECT COUNT(*) FROM workspaces) = 1"
    )
    op.create_table(
        "model_budgets",
        sa.Column("workspace_id", sa.String(40), nullable=False),
        sa.Column("period", sa.String(8), nullable=False),
        sa.Column("micros", sa.BigInteger, nullable=False),
        sa.Column("noticed_at", sa.DateTime(timezone=True)),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name="fk_model_budgets_workspace_id"
        ),
        sa.PrimaryKeyConstraint("workspace_id", "period", name="pk_model_budgets"),
    )
    op.create_table(
        "model_replies",
        sa.Column("workspace_id", sa.String(40), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("completion", sa.JSON, nullable=False),
        sa.Column("stored_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name="fk_model_replies_workspace_id"
        ),
        sa.PrimaryKeyConstraint("workspace_id", "digest", name="pk_model_replies"),
    )
    op.create_index("ix_model_replies_expires_at", "model_replies", ["expires_at"])
    op.create_index(
        "ix_model_replies_workspace_id_stored_at", "model_replies", ["workspace_id", "stored_at"]
    )
    with op.batch_alter_table("revisions") as table:
        table.add_column(sa.Column("route", sa.Text, nullable=False, server_default=""))
        table.add_column(sa.Column("degraded_because", sa.Text, nullable=False, server_default=""))


def downgrade() -> None:
    """Take it back."""
    with op.batch_alter_table("revisions") as table:
        table.drop_column("degraded_because")
        table.drop_column("route")
    op.drop_table("model_replies")
    op.drop_table("model_budgets")
    op.execute("DELETE FROM model_calls WHERE outcome IN ('asked', 'failed', 'remembered')")
    op.execute(
        "UPDATE model_calls SET input_tokens = COALESCE(input_tokens, 0), "
        "output_tokens = COALESCE(output_tokens, 0), cost_usd = COALESCE(cost_usd, 0), "
        "capability = SUBSTR(capability, 1, 40)"
    )
    with op.batch_alter_table("model_calls") as table:
        table.drop_index("ix_model_calls_workspace_id_called_at")
        table.drop_constraint("fk_model_calls_workspace_id", type_="foreignkey")
        for name in ("input_tokens", "output_tokens"):
            table.alter_column(name, existing_type=sa.Integer(), nullable=False)
        table.alter_column("cost_usd", existing_type=sa.Float(), nullable=False)
        table.alter_column("capability", existing_type=sa.Text(), type_=sa.String(40))
        for name in (
            "digest",
            "reserved_usd",
            "cached_tokens",
            "signal",
            "outcome",
            "provider",
            "workspace_id",
        ):
            table.drop_column(name)
