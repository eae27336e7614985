"""Events, append-only, and the processes that work."""

from __future__ import annotations

import sqlalchemy as sa

from copydesk.store.tables.base import Instant, Sequence, Text, id_column, metadata

events = sa.Table(
    "events",
    metadata,
    sa.Column("sequence", Sequence, primary_key=True, autoincrement=True),
    sa.Column("at", Instant, nullable=False),
    sa.Column("workspace_id", sa.String(40), nullable=False),
    sa.Column("noun", sa.String(20), nullable=False),
    sa.Column("subject_id", sa.String(40), nullable=False),
    sa.Column("actor", Text, nullable=False),
    sa.Column("from_state", sa.String(16), nullable=False),
    sa.Column("to_state", sa.String(16), nullable=False),
    sa.Column("reason", Text, nullable=False),
    sa.Column("data", sa.JSON, nullable=False),
    sa.Index("ix_events_subject", "subject_id", "sequence"),
)

#: Events about one part of a thread: which calls were made for it, and what it is called where it
#: is out. Two indexes know them by key and by id (migrations 0023, 0026); neither condition holds
#: where the other does, or PostgreSQL could take the wrong one. Literal, as those have to be.
ABOUT_PART = {
    field: f"events.noun = 'delivery' AND CAST(events.data AS TEXT) LIKE '%\"{field}\":%'"
    for field in ("key", "remote_id")
}
#: These are in migrations alone: code reads no index of an expression back from SQLite.
PART_INDEXES = frozenset({"ix_events_part_id", "ix_events_part_key"})


workers = sa.Table(
    "workers",
    metadata,
    id_column(),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("host", Text, nullable=False),
    sa.Column("pid", sa.Integer, nullable=False),
    sa.Column("started_at", Instant, nullable=False),
    sa.Column("seen_at", Instant, nullable=False),
    sa.Column("last_job_at", Instant),
    sa.Column("jobs_done", sa.BigInteger, nullable=False),
)
