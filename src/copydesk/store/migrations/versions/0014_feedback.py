"""Audits, second opinions, consent, exports and the regression corpus."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True)
_ID = sa.String(length=40)
_SHORT = sa.String(length=16)
_SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _reference(table: str, name: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([name], [f"{target}.id"], name=op.f(f"fk_{table}_{name}"))


def upgrade() -> None:
    """Bring the schema to this version."""
    op.create_table(
        "audits",
        sa.Column("id", _ID, nullable=False),
        sa.Column("workspace_id", _ID, nullable=False),
        sa.Column("post_id", _ID, nullable=False),
        sa.Column("revision_id", _ID, nullable=False),
        sa.Column("channel", _SHORT, nullable=False),
        sa.Column("language", _SHORT, nullable=False),
        sa.Column("risk", _SHORT, nullable=False),
        sa.Column("writer", sa.Text(), nullable=False),
        sa.Column("propensity", sa.Float(), nullable=False),
        sa.Column("state", _SHORT, nullable=False),
        sa.Column("sampled_at", _INSTANT, nullable=False),
        sa.Column("decided_at", _INSTANT, nullable=True),
        _reference("audits", "workspace_id", "workspaces"),
        _reference("audits", "post_id", "posts"),
        _reference("audits", "revision_id", "revisions"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audits")),
        sa.UniqueConstraint("revision_id", name=op.f("uq_audits_revision_id")),
    )
    op.create_index(op.f("ix_audits_post_id"), "audits", ["post_id"])
    op.create_index(
        "ix_audits_class",
        "audits",
        ["workspace_id", "channel", "language", "risk", "writer", "state", "sampled_at"],
    )
    op.create_table(
        "restarts",
        sa.Column("sequence", _SEQUENCE, autoincrement=True, nullable=False),
        sa.Column("workspace_id", _ID, nullable=False),
        sa.Column("channel", _SHORT, nullable=False),
        sa.Column("language", _SHORT, nullable=False),
        sa.Column("risk", _SHORT, nullable=False),
        sa.Column("writer", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("restarted_at", _INSTANT, nullable=False),
        sa.Column("restarted_by", sa.Text(), nullable=False),
        _reference("restarts", "workspace_id", "workspaces"),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_restarts")),
    )
    op.create_index(op.f("ix_restarts_workspace_id"), "restarts", ["workspace_id"])
    op.create_table(
        "audit_policies",
        sa.Column("workspace_id", _ID, nullable=False),
        sa.Column("audit_share", sa.Float(), nullable=False),
        sa.Column("second_share", sa.Float(), nullable=False),
        sa.Column("targets", sa.JSON(), nullable=False),
        _reference("audit_policies", "workspace_id", "workspaces"),
        sa.PrimaryKeyConstraint("workspace_id", name=op.f("pk_audit_policies")),
    )
    op.create_table(
        "opinions",
        sa.Column("review_id", _ID, nullable=False),
        sa.Column("first_review_id", _ID, nullable=False),
        sa.Column("workspace_id", _ID, nullable=False),
        sa.Column("channel", _SHORT, nullable=False),
        sa.Column("language", _SHORT, nullable=False),
        sa.Column("propensity", sa.Float(), nullable=False),
        _reference("opinions", "review_id", "reviews"),
        _reference("opinions", "first_review_id", "reviews"),
        _reference("opinions", "workspace_id", "workspaces"),
        sa.PrimaryKeyConstraint("review_id", name=op.f("pk_opinions")),
        sa.UniqueConstraint("first_review_id", name=op.f("uq_opinions_first_review_id")),
    )
    op.create_index(op.f("ix_opinions_workspace_id"), "opinions", ["workspace_id"])
    op.create_table(
        "consents",
        sa.Column("workspace_id", _ID, nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("allowed", sa.Boolean(), nullable=False),
        sa.Column("licence", sa.Text(), nullable=False),
        sa.Column("given_at", _INSTANT, nullable=False),
        sa.Column("given_by", sa.Text(), nullable=False),
        _reference("consents", "workspace_id", "workspaces"),
        sa.PrimaryKeyConstraint("workspace_id", "subject", name=op.f("pk_consents")),
    )
    op.create_table(
        "exported",
        sa.Column("workspace_id", _ID, nullable=False),
        sa.Column("form", _SHORT, nullable=False),
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("exported_at", _INSTANT, nullable=False),
        sa.Column("exported_by", sa.Text(), nullable=False),
        _reference("exported", "workspace_id", "workspaces"),
        sa.PrimaryKeyConstraint("workspace_id", "form", "key", name=op.f("pk_exported")),
    )
    op.create_table(
        "cases",
        sa.Column("id", _ID, nullable=False),
        sa.Column("workspace_id", _ID, nullable=False),
        sa.Column("submission_id", _ID, nullable=False),
        sa.Column("review_id", _ID, nullable=True),
        sa.Column("state", _SHORT, nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column("wishes", sa.JSON(), nullable=False),
        sa.Column("kept_at", _INSTANT, nullable=False),
        sa.Column("kept_by", sa.Text(), nullable=False),
        _reference("cases", "workspace_id", "workspaces"),
        _reference("cases", "submission_id", "submissions"),
        _reference("cases", "review_id", "reviews"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cases")),
        sa.UniqueConstraint(
            "workspace_id", "submission_id", name=op.f("uq_cases_workspace_id_submission_id")
        ),
    )


def downgrade() -> None:
    """Take it back."""
    op.drop_table("cases")
    op.drop_table("exported")
    op.drop_table("consents")
    op.drop_index(op.f("ix_opinions_workspace_id"), table_name="opinions")
    op.drop_table("opinions")
    op.drop_table("audit_policies")
    op.drop_index(op.f("ix_restarts_workspace_id"), table_name="restarts")
    op.drop_table("restarts")
    op.drop_index("ix_audits_class", table_name="audits")
    op.drop_index(op.f("ix_audits_post_id"), table_name="audits")
    op.drop_table("audits")
