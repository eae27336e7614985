"""Rate budgets and money: how full each bucket is, what may be spent, what was."""

from __future__ import annotations

import sqlalchemy as sa

from copydesk.store.tables.base import Instant, Text, metadata, reference

buckets = sa.Table(
    "buckets",
    metadata,
    sa.Column("key", Text, primary_key=True),
    sa.Column("scope", sa.String(16), nullable=False),
    sa.Column("fill", sa.JSON, nullable=False),
    sa.Column("closed_until", Instant),
    sa.Column("closed_because", Text, nullable=False, server_default=""),
    sa.Column("changed_at", Instant, nullable=False, index=True),
)

#: `account_id` is "" for what the whole workspace may spend; `micros` are millionths of a dollar.
allowances = sa.Table(
    "allowances",
    metadata,
    reference("workspace_id", "workspaces"),
    sa.Column("account_id", sa.String(40), nullable=False),
    sa.Column("period", sa.String(8), nullable=False),
    sa.Column("micros", sa.BigInteger, nullable=False),
    sa.Column("changed_at", Instant, nullable=False),
    sa.PrimaryKeyConstraint("workspace_id", "account_id", "period"),
)

spendings = sa.Table(
    "spendings",
    metadata,
    sa.Column("delivery_id", sa.String(40), sa.ForeignKey("deliveries.id"), primary_key=True),
    sa.Column("workspace_id", sa.String(40), nullable=False),
    sa.Column("account_id", sa.String(40), nullable=False),
    sa.Column("micros", sa.BigInteger, nullable=False),
    sa.Column("spent_at", Instant, nullable=False),
    # of a thread, whose parts are paid for one by one
    sa.Column("part", sa.Integer, primary_key=True, autoincrement=False, server_default="0"),
    sa.Index("ix_spendings_workspace_id_spent_at", "workspace_id", "spent_at"),
)
