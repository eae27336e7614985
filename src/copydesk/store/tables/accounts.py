"""Accounts: where posts go, with sealed credentials and the lease of their courier."""

from __future__ import annotations

import sqlalchemy as sa

from copydesk.store.tables.base import Instant, Text, id_column, metadata, reference

accounts = sa.Table(
    "accounts",
    metadata,
    id_column(),
    reference("workspace_id", "workspaces"),
    sa.Column("name", Text, nullable=False),
    sa.Column("platform", sa.String(60), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("settings", sa.JSON, nullable=False),
    sa.Column("secrets", sa.LargeBinary, nullable=False),
    sa.Column("inbox", sa.Boolean, nullable=False),
    sa.Column("reason", Text, nullable=False, server_default=""),
    sa.Column("paused_until", Instant),
    sa.Column("lease_owner", Text, nullable=False, server_default=""),
    sa.Column("lease_fence", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("lease_until", Instant),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("api_version", sa.String(60), nullable=False, server_default=""),
    sa.Column("wait_for_link", sa.Boolean, nullable=False, server_default=sa.false()),
    # what is known of the credential without opening it
    sa.Column("auth", sa.String(20), nullable=False, server_default=""),
    sa.Column("identity", Text, nullable=False, server_default=""),
    sa.Column("scopes", Text, nullable=False, server_default=""),
    sa.Column("generation", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("expires_at", Instant),
    sa.Column("renew_at", Instant, index=True),
    sa.Column("ends_at", Instant),
    sa.Column("notify_at", Instant, index=True),
    # one renewal at a time; `sent` outlives a process that died with the answer
    sa.Column("renewal_owner", Text, nullable=False, server_default=""),
    sa.Column("renewal_until", Instant),
    sa.Column("renewal_sent_at", Instant),
    sa.Column("renewal_tries", sa.Integer, nullable=False, server_default="0"),
    # when it may be posted to, and, where posts keep a distance, when the last one went out
    sa.Column("timetable", sa.JSON(none_as_null=True)),
    sa.Column("last_sent_at", Instant),
    sa.UniqueConstraint("workspace_id", "name"),
)
