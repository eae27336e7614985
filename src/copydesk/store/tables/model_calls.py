"""Calls to models: what each was for, what it cost, what came back; and what may be spent."""

from __future__ import annotations

import sqlalchemy as sa

from copydesk.store.tables.base import Instant, Text, id_column, metadata, reference

model_calls = sa.Table(
    "model_calls",
    metadata,
    id_column(),
    reference("workspace_id", "workspaces", nullable=True),
    reference("submission_id", "submissions", nullable=True, index=True),
    sa.Column("capability", Text, nullable=False),
    sa.Column("tier", sa.String(16), nullable=False),
    # as the settings name it, so that costs add up under one name; `model` is the server's own word
    sa.Column("provider", Text, nullable=False, server_default=""),
    sa.Column("model", Text, nullable=False),
    sa.Column("prompt_version", Text, nullable=False),
    sa.Column("outcome", sa.String(16), nullable=False, server_default="answered"),
    sa.Column("signal", sa.String(40), nullable=False, server_default=""),
    sa.Column("finish_reason", Text, nullable=False),
    sa.Column("input_tokens", sa.Integer),
    sa.Column("cached_tokens", sa.Integer),
    sa.Column("output_tokens", sa.Integer),
    # null where no price is known; `reserved_usd` counts until the call is settled
    sa.Column("cost_usd", sa.Float),
    sa.Column("reserved_usd", sa.Float, nullable=False, server_default="0"),
    sa.Column("latency_ms", sa.Float, nullable=False),
    sa.Column("reply", Text, nullable=False),
    sa.Column("rejected_because", Text, nullable=False),
    sa.Column("digest", sa.String(64), nullable=False, server_default=""),
    # the names of those of our own texts that it was shown
    sa.Column("passages", sa.JSON, nullable=False, server_default="[]"),
    sa.Column("called_at", Instant, nullable=False),
    # from here on its days are counted; null once `reply` and the words of a rejection are gone
    sa.Column("evidence_from", Instant),
    sa.Index("ix_model_calls_workspace_id_called_at", "workspace_id", "called_at"),
)
_HAS_EVIDENCE = sa.text("evidence_from IS NOT NULL")
sa.Index(
    "ix_model_calls_evidence_from",
    model_calls.c.evidence_from,
    sqlite_where=_HAS_EVIDENCE,
    postgresql_where=_HAS_EVIDENCE,
)

#: What may be spent on models; `micros` are millionths of a dollar.
model_budgets = sa.Table(
    "model_budgets",
    metadata,
    reference("workspace_id", "workspaces"),
    sa.Column("period", sa.String(8), nullable=False),
    sa.Column("micros", sa.BigInteger, nullable=False),
    sa.Column("noticed_at", Instant),
    sa.Column("changed_at", Instant, nullable=False),
    sa.PrimaryKeyConstraint("workspace_id", "period"),
)

#: Answers that are used again for the same question; `digest` is the question's.
model_replies = sa.Table(
    "model_replies",
    metadata,
    reference("workspace_id", "workspaces"),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("completion", sa.JSON, nullable=False),
    sa.Column("stored_at", Instant, nullable=False),
    sa.Column("expires_at", Instant, nullable=False, index=True),
    sa.PrimaryKeyConstraint("workspace_id", "digest"),
    sa.Index("ix_model_replies_workspace_id_stored_at", "workspace_id", "stored_at"),
)
