"""What is learnt from decisions: audits, second opinions, consent, exports, regression cases."""

from __future__ import annotations

import sqlalchemy as sa

from copydesk.store.tables.base import Instant, Key, Sequence, Text, id_column, metadata, reference

# one for each text that may go out by itself, whether chance chose it or not
audits = sa.Table(
    "audits",
    metadata,
    id_column(),
    reference("workspace_id", "workspaces"),
    reference("post_id", "posts", index=True),
    sa.Column("revision_id", sa.ForeignKey("revisions.id"), nullable=False, unique=True),
    sa.Column("channel", sa.String(16), nullable=False),
    sa.Column("language", sa.String(16), nullable=False),
    sa.Column("risk", sa.String(16), nullable=False),
    sa.Column("writer", Key, nullable=False),
    sa.Column("propensity", sa.Float, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("sampled_at", Instant, nullable=False),
    sa.Column("decided_at", Instant),
    sa.Index(
        "ix_audits_class",
        "workspace_id",
        "channel",
        "language",
        "risk",
        "writer",
        "state",
        "sampled_at",
    ),
)
# few are judged, however many there are
sa.Index(
    "ix_audits_judged",
    audits.c.workspace_id,
    audits.c.state,
    audits.c.propensity,
    sqlite_where=audits.c.decided_at.is_not(None),
    postgresql_where=audits.c.decided_at.is_not(None),
)


# from when on a class counts again; "" stands for any
restarts = sa.Table(
    "restarts",
    metadata,
    sa.Column("sequence", Sequence, primary_key=True, autoincrement=True),
    reference("workspace_id", "workspaces", index=True),
    sa.Column("channel", sa.String(16), nullable=False),
    sa.Column("language", sa.String(16), nullable=False),
    sa.Column("risk", sa.String(16), nullable=False),
    sa.Column("writer", Key, nullable=False),
    sa.Column("reason", Text, nullable=False),
    sa.Column("restarted_at", Instant, nullable=False),
    sa.Column("restarted_by", Text, nullable=False),
)


audit_policies = sa.Table(
    "audit_policies",
    metadata,
    sa.Column("workspace_id", sa.ForeignKey("workspaces.id"), primary_key=True),
    sa.Column("audit_share", sa.Float, nullable=False),
    sa.Column("second_share", sa.Float, nullable=False),
    sa.Column("targets", sa.JSON, nullable=False),
)


# a decision that chance gave to another person as well
opinions = sa.Table(
    "opinions",
    metadata,
    sa.Column("review_id", sa.ForeignKey("reviews.id"), primary_key=True),
    sa.Column("first_review_id", sa.ForeignKey("reviews.id"), nullable=False, unique=True),
    reference("workspace_id", "workspaces", index=True),
    sa.Column("channel", sa.String(16), nullable=False),
    sa.Column("language", sa.String(16), nullable=False),
    sa.Column("propensity", sa.Float, nullable=False),
)


# who allows what was learnt from their words to leave; `subject` names one message, one author, one
# channel or everything
consents = sa.Table(
    "consents",
    metadata,
    sa.Column("workspace_id", sa.ForeignKey("workspaces.id"), primary_key=True),
    sa.Column("subject", sa.String(255), primary_key=True),
    sa.Column("allowed", sa.Boolean, nullable=False),
    sa.Column("licence", Text, nullable=False),
    sa.Column("given_at", Instant, nullable=False),
    sa.Column("given_by", Text, nullable=False),
)


# what has left, so that nothing is handed out twice unasked
exported = sa.Table(
    "exported",
    metadata,
    sa.Column("workspace_id", sa.ForeignKey("workspaces.id"), primary_key=True),
    sa.Column("form", sa.String(16), primary_key=True),
    sa.Column("key", sa.String(120), primary_key=True),
    sa.Column("exported_at", Instant, nullable=False),
    sa.Column("exported_by", Text, nullable=False),
)


cases = sa.Table(
    "cases",
    metadata,
    id_column(),
    reference("workspace_id", "workspaces"),
    reference("submission_id", "submissions"),
    reference("review_id", "reviews", nullable=True),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("because", Text, nullable=False),
    sa.Column("wishes", sa.JSON, nullable=False),
    sa.Column("kept_at", Instant, nullable=False),
    sa.Column("kept_by", Text, nullable=False),
    sa.UniqueConstraint("workspace_id", "submission_id"),
)
