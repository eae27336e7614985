"""Releases, what they were seen to do, and what drifts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_MOMENT = sa.DateTime(timezone=True)
_WAKES = sa.text("wake_at IS NOT NULL")
_ON_TRIAL = sa.text("state IN ('shadowed', 'canaried')")
_PROMOTED = sa.text("state = 'promoted'")
_OPENED = sa.text("state = 'opened'")


def upgrade() -> None:
    """Bring the schema to this version."""
    op.create_table(
        "releases",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("workspace_id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("version", sa.JSON(), nullable=False),
        sa.Column("digest", sa.String(length=16), nullable=False),
        sa.Column("policy", sa.JSON(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("baseline_id", sa.String(length=40), nullable=True),
        sa.Column("baseline", sa.JSON(), nullable=True),
        sa.Column("slow_over_ms", sa.Float(), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("share", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("counted", sa.JSON(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("started_at", _MOMENT, nullable=True),
        sa.Column("stage_at", _MOMENT, nullable=True),
        sa.Column("ends_at", _MOMENT, nullable=True),
        sa.Column("wake_at", _MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_releases_workspace_id")
        ),
        sa.ForeignKeyConstraint(
            ["baseline_id"], ["releases.id"], name=op.f("fk_releases_baseline_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_releases")),
        sa.UniqueConstraint("workspace_id", "name", name=op.f("uq_releases_workspace_id_name")),
    )
    for name, only in (("uq_releases_trial", _ON_TRIAL), ("uq_releases_promoted", _PROMOTED)):
        op.create_index(
            name,
            "releases",
            ["workspace_id"],
            unique=True,
            sqlite_where=only,
            postgresql_where=only,
        )
    op.create_index(
        "ix_releases_wake", "releases", ["wake_at"], sqlite_where=_WAKES, postgresql_where=_WAKES
    )
    op.create_table(
        "assignments",
        sa.Column("release_id", sa.String(length=40), nullable=False),
        sa.Column("unit", sa.String(length=40), nullable=False),
        sa.Column("arm", sa.String(length=8), nullable=False),
        sa.Column("submission_id", sa.String(length=40), nullable=False),
        sa.Column("assigned_at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["release_id"], ["releases.id"], name=op.f("fk_assignments_release_id")
        ),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["submissions.id"], name=op.f("fk_assignments_submission_id")
        ),
        sa.PrimaryKeyConstraint("release_id", "unit", name=op.f("pk_assignments")),
    )
    op.create_table(
        "shadows",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("release_id", sa.String(length=40), nullable=False),
        sa.Column("unit", sa.String(length=40), nullable=False),
        sa.Column("submission_id", sa.String(length=40), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("old", sa.JSON(), nullable=True),
        sa.Column("new", sa.JSON(), nullable=True),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("added_at", _MOMENT, nullable=False),
        sa.Column("wake_at", _MOMENT, nullable=True),
        sa.Column("counted", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["release_id"], ["releases.id"], name=op.f("fk_shadows_release_id")
        ),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["submissions.id"], name=op.f("fk_shadows_submission_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shadows")),
        sa.UniqueConstraint("release_id", "unit", name=op.f("uq_shadows_release_id_unit")),
    )
    op.create_index(
        "ix_shadows_wake", "shadows", ["wake_at"], sqlite_where=_WAKES, postgresql_where=_WAKES
    )
    op.create_table(
        "observations",
        sa.Column("sequence", _SEQUENCE, autoincrement=True, nullable=False),
        sa.Column("workspace_id", sa.String(length=40), nullable=False),
        sa.Column("submission_id", sa.String(length=40), nullable=True),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("language", sa.String(length=16), nullable=False),
        sa.Column("prompt_version", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("checks", sa.String(length=16), nullable=False),
        sa.Column("release_id", sa.String(length=40), nullable=True),
        sa.Column("arm", sa.String(length=8), nullable=False),
        sa.Column("score", sa.Float(), nullable=True),
        sa.Column("outcome", sa.JSON(), nullable=False),
        sa.Column("observed_at", _MOMENT, nullable=False),
        sa.Column("counted", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_observations_workspace_id")
        ),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["submissions.id"], name=op.f("fk_observations_submission_id")
        ),
        sa.ForeignKeyConstraint(
            ["release_id"], ["releases.id"], name=op.f("fk_observations_release_id")
        ),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_observations")),
    )
    op.create_index(op.f("ix_observations_submission_id"), "observations", ["submission_id"])
    op.create_index(
        "ix_observations_uncounted",
        "observations",
        ["workspace_id", "sequence"],
        sqlite_where=sa.text("counted IS 0"),
        postgresql_where=sa.text("counted IS false"),
    )
    op.create_index("ix_observations_recent", "observations", ["workspace_id", "observed_at"])
    op.create_table(
        "streams",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("workspace_id", sa.String(length=40), nullable=False),
        sa.Column("watched", sa.String(length=16), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("language", sa.String(length=16), nullable=False),
        sa.Column("prompt_version", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("checks", sa.String(length=16), nullable=False),
        sa.Column("numbers", sa.JSON(), nullable=False),
        sa.Column("items", sa.Integer(), nullable=False),
        sa.Column("changed_at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_streams_workspace_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_streams")),
    )
    op.create_index(op.f("ix_streams_workspace_id"), "streams", ["workspace_id"])
    op.create_table(
        "alarms",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("workspace_id", sa.String(length=40), nullable=False),
        sa.Column("watched", sa.String(length=16), nullable=False),
        sa.Column("stream_id", sa.String(length=40), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("language", sa.String(length=16), nullable=False),
        sa.Column("prompt_version", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("numbers", sa.JSON(), nullable=False),
        sa.Column("opened_at", _MOMENT, nullable=False),
        sa.Column("closed_at", _MOMENT, nullable=True),
        sa.Column("closed_by", sa.Text(), server_default="", nullable=False),
        sa.Column("closed_because", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_alarms_workspace_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alarms")),
    )
    op.create_index("ix_alarms_workspace", "alarms", ["workspace_id", "state"])
    op.create_index(
        "uq_alarms_open",
        "alarms",
        ["stream_id"],
        unique=True,
        sqlite_where=_OPENED,
        postgresql_where=_OPENED,
    )


def downgrade() -> None:
    """Take it back."""
    for table in ("alarms", "streams", "observations", "shadows", "assignments", "releases"):
        op.drop_table(table)
