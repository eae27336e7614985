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

#: Events that say what became of one part of a thread: its id and key stand in their data, by which
#: two indexes know them (migration 0023). Literal, as a condition of an index has to be.
OF_PART = "events.noun = 'delivery' AND CAST(events.data AS TEXT) LIKE '%\"part\":%'"
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
