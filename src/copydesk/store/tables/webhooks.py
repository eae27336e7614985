"""Who is told what happens, what did not get through yet, what was tried; and callbacks we got."""

from __future__ import annotations

import sqlalchemy as sa

from copydesk.store.tables.base import Instant, Sequence, Text, id_column, metadata, reference

webhooks = sa.Table(
    "webhooks",
    metadata,
    id_column(),
    reference("workspace_id", "workspaces"),
    sa.Column("url", Text, nullable=False),
    sa.Column("description", Text, nullable=False),
    sa.Column("patterns", sa.JSON, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("reason", Text, nullable=False),
    sa.Column("allow_private", sa.Boolean, nullable=False),
    sa.Column("secrets", sa.LargeBinary, nullable=False),
    sa.Column("previous_until", Instant),
    # sequences of the last event dealt with: of all there are, and of a range told again
    sa.Column("cursor", sa.BigInteger, nullable=False),
    sa.Column("replay_cursor", sa.BigInteger),
    sa.Column("replay_until", sa.BigInteger),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("failing_since", Instant),
    sa.Column("resting", sa.Boolean, nullable=False),
    sa.Column("wake_at", Instant),
    sa.Column("lease_owner", Text, nullable=False, server_default=""),
    sa.Column("lease_fence", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("lease_until", Instant),
    sa.Column("created_at", Instant, nullable=False),
)
sa.Index(
    "ix_webhooks_wake",
    webhooks.c.wake_at,
    sqlite_where=webhooks.c.wake_at.is_not(None),
    postgresql_where=webhooks.c.wake_at.is_not(None),
)


#: Messages behind the cursor that wait for another try. What got through has no row here.
webhook_messages = sa.Table(
    "webhook_messages",
    metadata,
    sa.Column("webhook_id", sa.ForeignKey("webhooks.id"), primary_key=True),
    sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("subject_id", sa.String(40), nullable=False),
    # False: its tries are used up; it waits for nobody but may be asked for
    sa.Column("waiting", sa.Boolean, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("wake_at", Instant),
    # what the first try sent; NULL: it has not been tried
    sa.Column("body", sa.LargeBinary),
)


#: A log that forgets: the newest tries of each webhook.
webhook_attempts = sa.Table(
    "webhook_attempts",
    metadata,
    sa.Column("id", Sequence, primary_key=True, autoincrement=True),
    reference("webhook_id", "webhooks"),
    sa.Column("message_id", sa.String(64), nullable=False),
    sa.Column("sequence", sa.BigInteger, nullable=False),
    sa.Column("type", sa.String(60), nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("milliseconds", sa.Integer, nullable=False),
    sa.Column("outcome", sa.String(16), nullable=False),
    sa.Column("status", sa.Integer),
    sa.Column("answer", Text, nullable=False),
    sa.Index("ix_webhook_attempts_webhook", "webhook_id", "id"),
)


#: What platforms told us by themselves; the key makes a repeated message have no second effect.
callbacks = sa.Table(
    "callbacks",
    metadata,
    sa.Column("account_id", sa.ForeignKey("accounts.id"), primary_key=True),
    sa.Column("message_id", sa.String(255), primary_key=True),
    sa.Column("received_at", Instant, nullable=False),
    sa.Column("expires_at", Instant, nullable=False),
    sa.Column("effect", sa.String(16), nullable=False),
    # the part of a message nobody could make sense of
    sa.Column("raw", Text, nullable=False),
    sa.Index("ix_callbacks_expires", "account_id", "expires_at"),
)
