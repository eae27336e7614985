"""What goes out: renditions, deliveries, intents, receipts."""

from __future__ import annotations

import sqlalchemy as sa

from copydesk.store.tables.base import Instant, Text, id_column, metadata, reference

renditions = sa.Table(
    "renditions",
    metadata,
    id_column(),
    reference("post_id", "posts", index=True),
    reference("revision_id", "revisions"),
    reference("account_id", "accounts"),
    sa.Column("recipient", Text, nullable=False),
    # canonical JSON text, not a JSON column: the bytes are frozen across tries
    sa.Column("payload", Text, nullable=False),
    sa.Column("payload_sha256", sa.String(64), nullable=False),
    sa.Column("text", Text, nullable=False),
    sa.Column("losses", sa.JSON, nullable=False),
    sa.Column("media", sa.JSON, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("api_version", sa.String(60), nullable=False, server_default=""),
)


deliveries = sa.Table(
    "deliveries",
    metadata,
    id_column(),
    reference("workspace_id", "workspaces"),
    reference("account_id", "accounts"),
    reference("post_id", "posts", index=True),
    reference("revision_id", "revisions"),
    reference("rendition_id", "renditions"),
    sa.Column("action", sa.String(16), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("due_at", Instant, nullable=False),
    sa.Column("wake_at", Instant),
    sa.Column("key", sa.String(64), nullable=False, unique=True),
    sa.Column("recipient", Text, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("looks", sa.Integer, nullable=False),
    # how many tries each cause has used up: see `distribution.retry`
    sa.Column("spent", sa.JSON, nullable=False, server_default="{}"),
    sa.Column("handles", sa.JSON, nullable=False),
    sa.Column("target_id", Text, nullable=False),
    sa.Column("remote_id", Text, nullable=False),
    sa.Column("url", Text, nullable=False),
    sa.Column("reason_code", sa.String(40), nullable=False),
    sa.Column("reason", Text, nullable=False),
    sa.Column("remedy", Text, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("changed_at", Instant, nullable=False),
    sa.Column("awaits", Text, nullable=False, server_default=""),
    sa.Column("overwrite", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("standing", sa.String(16), nullable=False, server_default=""),
    sa.Column("standing_note", Text, nullable=False, server_default=""),
    sa.Column("inspected_at", Instant),
    sa.Column("inspect_at", Instant),
)
sa.Index(
    "ix_deliveries_inspect",
    deliveries.c.inspect_at,
    deliveries.c.account_id,
    sqlite_where=deliveries.c.inspect_at.is_not(None),
    postgresql_where=deliveries.c.inspect_at.is_not(None),
)
sa.Index(
    "ix_deliveries_wake",
    deliveries.c.wake_at,
    deliveries.c.account_id,
    sqlite_where=deliveries.c.wake_at.is_not(None),
    postgresql_where=deliveries.c.wake_at.is_not(None),
)
sa.Index(
    "ix_deliveries_account_wake",
    deliveries.c.account_id,
    deliveries.c.due_at,
    deliveries.c.id,
    sqlite_where=deliveries.c.wake_at.is_not(None),
    postgresql_where=deliveries.c.wake_at.is_not(None),
)

sa.Index(
    "ix_deliveries_account_first",
    deliveries.c.account_id,
    deliveries.c.wake_at,
    sqlite_where=deliveries.c.wake_at.is_not(None),
    postgresql_where=deliveries.c.wake_at.is_not(None),
)

#: What is neither scheduled nor delivered: few among many. Literal, as a condition of an index has
#: to be.
FEW = sa.text(
    "state IN ('blocked', 'cancelled', 'expired', 'failed', 'held', 'planned', 'sending', "
    "'snoozed', 'unknown')"
)

sa.Index(
    "ix_deliveries_few",
    deliveries.c.workspace_id,
    deliveries.c.state,
    deliveries.c.id,
    sqlite_where=FEW,
    postgresql_where=FEW,
)

#: What has a reason: one that goes well never has.
REASONED = sa.text("reason_code != ''")

sa.Index(
    "ix_deliveries_reason",
    deliveries.c.workspace_id,
    deliveries.c.reason_code,
    deliveries.c.id,
    sqlite_where=REASONED,
    postgresql_where=REASONED,
)

#: Callbacks name a post by the platform's own id. PostgreSQL's index holds its beginning, since it
#: refuses rows of which it would hold more than 2,700 bytes; SQLite's holds it whole, since by an
#: expression SQLite walks through the table. So it is in migrations alone (0006, 0025).
REMOTE_INDEX = "ix_deliveries_remote"
#: How much of an id PostgreSQL's index holds, in its own words.
REMOTE_BEGINNING = "substr(deliveries.remote_id, 1, 255)"


intents = sa.Table(
    "intents",
    metadata,
    id_column(),
    reference("delivery_id", "deliveries", index=True),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("key", sa.String(64), nullable=False),
    sa.Column("payload_sha256", sa.String(64), nullable=False),
    sa.Column("fence", sa.BigInteger, nullable=False),
    sa.Column("started_at", Instant, nullable=False),
)


receipts = sa.Table(
    "receipts",
    metadata,
    sa.Column("intent_id", sa.ForeignKey("intents.id"), primary_key=True),
    reference("delivery_id", "deliveries", index=True),
    sa.Column("outcome", sa.String(20), nullable=False),
    sa.Column("remote_id", Text, nullable=False),
    sa.Column("url", Text, nullable=False),
    sa.Column("raw", Text, nullable=False),
    sa.Column("received_at", Instant, nullable=False),
)
