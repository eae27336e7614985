"""The tables. The same definitions serve SQLite (>= 3.40) and PostgreSQL.

States are stored as text; which steps between them are legal is the business of `core.states`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Instant(sa.types.TypeDecorator[datetime]):
    """An aware UTC time on both stores; SQLite itself knows no zones."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive times, hand SQLite the UTC wall time."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"naive time {value.isoformat()} must not reach the store")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Return the stored time in UTC."""
        if value is None:
            return None
        moment: datetime = value
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def storable(text: str) -> str:
    """Return text that both stores can keep: NUL becomes its symbol, a lone surrogate U+FFFD.

    One character for one, so that offsets into the text stay right.
    """
    if "\0" in text:
        text = text.replace("\0", "\N{SYMBOL FOR NULL}")
    try:
        text.encode()
    except UnicodeEncodeError:
        text = "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in text)
    return text


class Text(sa.types.TypeDecorator[str]):
    """Text that may come from anywhere. PostgreSQL keeps no NUL, neither keeps lone surrogates."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Make the text storable."""
        return None if value is None else storable(value)


def _id() -> sa.Column[str]:
    return sa.Column("id", sa.String(40), primary_key=True)


def _ref(name: str, target: str, *, nullable: bool = False, index: bool = False) -> sa.Column[str]:
    return sa.Column(
        name, sa.String(40), sa.ForeignKey(f"{target}.id"), nullable=nullable, index=index
    )


#: Auto-incremented 64-bit keys; SQLite only increments a plain INTEGER primary key.
_Sequence = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

workspaces = sa.Table(
    "workspaces",
    metadata,
    _id(),
    sa.Column("name", Text, nullable=False, unique=True),
    sa.Column("approve", sa.String(16), nullable=False),
    sa.Column("created_at", Instant, nullable=False),
)

blobs = sa.Table(
    "blobs",
    metadata,
    sa.Column("sha256", sa.String(64), primary_key=True),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("data", sa.LargeBinary, nullable=False),
)

threads = sa.Table(
    "threads",
    metadata,
    _id(),
    _ref("workspace_id", "workspaces"),
    sa.Column("root_key", Text, nullable=False),
    sa.Column("subject", Text, nullable=False),
    sa.Column("participants", sa.JSON, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.UniqueConstraint("workspace_id", "root_key"),
)

submissions = sa.Table(
    "submissions",
    metadata,
    _id(),
    _ref("workspace_id", "workspaces"),
    sa.Column("source", sa.String(16)),
    sa.Column("source_key", Text, nullable=False),
    sa.Column("filename", Text, nullable=False),
    sa.Column("raw_sha256", sa.String(64), sa.ForeignKey("blobs.sha256"), nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("received_at", Instant, nullable=False),
    sa.Column("wake_at", Instant),
    _ref("thread_id", "threads", nullable=True, index=True),
    sa.Column("maybe_thread_id", sa.String(40)),
    sa.Column("message_id", Text, nullable=False, index=True, server_default=""),
    sa.Column("post_id", sa.String(40)),
    sa.Column("problem", sa.String(40), nullable=False, server_default=""),
    sa.Column("reason", Text, nullable=False, server_default=""),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("parsed", sa.JSON),
    sa.UniqueConstraint("workspace_id", "source_key"),
)
sa.Index(
    "ix_submissions_wake",
    submissions.c.wake_at,
    sqlite_where=submissions.c.wake_at.is_not(None),
    postgresql_where=submissions.c.wake_at.is_not(None),
)

segments = sa.Table(
    "segments",
    metadata,
    sa.Column("submission_id", sa.ForeignKey("submissions.id"), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("start", sa.Integer, nullable=False),
    sa.Column("end", sa.Integer, nullable=False),
    sa.Column("rule", sa.String(60), nullable=False),
    sa.Column("rule_version", sa.Integer, nullable=False),
    sa.Column("confidence", sa.Float, nullable=False),
    sa.Column("dropped_because", Text, nullable=False),
    sa.Column("speaker", Text, nullable=False),
)

posts = sa.Table(
    "posts",
    metadata,
    _id(),
    _ref("workspace_id", "workspaces"),
    sa.Column("source_key", Text, nullable=False),
    _ref("submission_id", "submissions", nullable=True, index=True),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("revision_id", sa.String(40), nullable=False),
    sa.Column("risk", sa.String(16), nullable=False, server_default="low"),
    sa.Column("created_at", Instant, nullable=False, index=True),
    sa.Column("published_at", Instant),
    sa.Column("wake_at", Instant),
    sa.UniqueConstraint("workspace_id", "source_key"),
)
sa.Index(
    "ix_posts_wake",
    posts.c.wake_at,
    sqlite_where=posts.c.wake_at.is_not(None),
    postgresql_where=posts.c.wake_at.is_not(None),
)

revisions = sa.Table(
    "revisions",
    metadata,
    _id(),
    _ref("post_id", "posts"),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("title", Text, nullable=False),
    sa.Column("content", sa.JSON, nullable=False),
    sa.Column("tier", sa.String(16), nullable=False),
    sa.Column("prompt_version", Text, nullable=False),
    sa.Column("model", Text, nullable=False),
    sa.Column("edits", sa.JSON, nullable=False),
    sa.Column("fates", sa.JSON, nullable=False),
    sa.Column("omitted", sa.JSON, nullable=False),
    sa.Column("open_questions", sa.JSON, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("created_by", Text, nullable=False),
    sa.UniqueConstraint("post_id", "number"),
)

checks = sa.Table(
    "checks",
    metadata,
    sa.Column("revision_id", sa.ForeignKey("revisions.id"), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("check", sa.String(60), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("verdict", sa.String(16), nullable=False),
    sa.Column("evidence", sa.JSON, nullable=False),
    sa.Column("cost_ms", sa.Float, nullable=False),
)

reviews = sa.Table(
    "reviews",
    metadata,
    _id(),
    _ref("workspace_id", "workspaces"),
    _ref("post_id", "posts", index=True),
    _ref("revision_id", "revisions"),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("risk", sa.String(16), nullable=False),
    sa.Column("reasons", sa.JSON, nullable=False),
    sa.Column("opened_at", Instant, nullable=False),
    sa.Column("decided_at", Instant),
    sa.Column("decided_by", Text, nullable=False, server_default=""),
    sa.Column("decision_reason", Text, nullable=False, server_default=""),
)
# one question per post at a time
sa.Index(
    "uq_reviews_open",
    reviews.c.post_id,
    unique=True,
    sqlite_where=reviews.c.state == "opened",
    postgresql_where=reviews.c.state == "opened",
)

model_calls = sa.Table(
    "model_calls",
    metadata,
    _id(),
    _ref("submission_id", "submissions", nullable=True, index=True),
    sa.Column("capability", sa.String(40), nullable=False),
    sa.Column("tier", sa.String(16), nullable=False),
    sa.Column("model", Text, nullable=False),
    sa.Column("prompt_version", Text, nullable=False),
    sa.Column("finish_reason", Text, nullable=False),
    sa.Column("input_tokens", sa.Integer, nullable=False),
    sa.Column("output_tokens", sa.Integer, nullable=False),
    sa.Column("cost_usd", sa.Float, nullable=False),
    sa.Column("latency_ms", sa.Float, nullable=False),
    sa.Column("reply", Text, nullable=False),
    sa.Column("rejected_because", Text, nullable=False),
    sa.Column("called_at", Instant, nullable=False),
)

accounts = sa.Table(
    "accounts",
    metadata,
    _id(),
    _ref("workspace_id", "workspaces"),
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
    sa.UniqueConstraint("workspace_id", "name"),
)

renditions = sa.Table(
    "renditions",
    metadata,
    _id(),
    _ref("post_id", "posts", index=True),
    _ref("revision_id", "revisions"),
    _ref("account_id", "accounts"),
    sa.Column("recipient", Text, nullable=False),
    # canonical JSON text, not a JSON column: the bytes are frozen across tries
    sa.Column("payload", Text, nullable=False),
    sa.Column("payload_sha256", sa.String(64), nullable=False),
    sa.Column("text", Text, nullable=False),
    sa.Column("losses", sa.JSON, nullable=False),
    sa.Column("media", sa.JSON, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
)

deliveries = sa.Table(
    "deliveries",
    metadata,
    _id(),
    _ref("workspace_id", "workspaces"),
    _ref("account_id", "accounts"),
    _ref("post_id", "posts", index=True),
    _ref("revision_id", "revisions"),
    _ref("rendition_id", "renditions"),
    sa.Column("action", sa.String(16), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("due_at", Instant, nullable=False),
    sa.Column("wake_at", Instant),
    sa.Column("key", sa.String(64), nullable=False, unique=True),
    sa.Column("recipient", Text, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("looks", sa.Integer, nullable=False),
    sa.Column("handles", sa.JSON, nullable=False),
    sa.Column("target_id", Text, nullable=False),
    sa.Column("remote_id", Text, nullable=False),
    sa.Column("url", Text, nullable=False),
    sa.Column("reason_code", sa.String(40), nullable=False),
    sa.Column("reason", Text, nullable=False),
    sa.Column("remedy", Text, nullable=False),
    sa.Column("created_at", Instant, nullable=False, index=True),
    sa.Column("changed_at", Instant, nullable=False),
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

intents = sa.Table(
    "intents",
    metadata,
    _id(),
    _ref("delivery_id", "deliveries", index=True),
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
    _ref("delivery_id", "deliveries", index=True),
    sa.Column("outcome", sa.String(20), nullable=False),
    sa.Column("remote_id", Text, nullable=False),
    sa.Column("url", Text, nullable=False),
    sa.Column("raw", Text, nullable=False),
    sa.Column("received_at", Instant, nullable=False),
)

events = sa.Table(
    "events",
    metadata,
    sa.Column("sequence", _Sequence, primary_key=True, autoincrement=True),
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

workers = sa.Table(
    "workers",
    metadata,
    _id(),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("host", Text, nullable=False),
    sa.Column("pid", sa.Integer, nullable=False),
    sa.Column("started_at", Instant, nullable=False),
    sa.Column("seen_at", Instant, nullable=False),
    sa.Column("last_job_at", Instant),
    sa.Column("jobs_done", sa.BigInteger, nullable=False),
)

api_tokens = sa.Table(
    "api_tokens",
    metadata,
    sa.Column("sha256", sa.String(64), primary_key=True),
    sa.Column("workspace_id", sa.String(40), nullable=False),
    sa.Column("label", Text, nullable=False),
    sa.Column("role", sa.String(16), nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("last_used_at", Instant),
)

sessions = sa.Table(
    "sessions",
    metadata,
    sa.Column("sha256", sa.String(64), primary_key=True),
    sa.Column("workspace_id", sa.String(40), nullable=False),
    sa.Column("role", sa.String(16), nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("expires_at", Instant, nullable=False),
)

idempotency_keys = sa.Table(
    "idempotency_keys",
    metadata,
    sa.Column("workspace_id", sa.String(40), primary_key=True),
    sa.Column("key", sa.String(255), primary_key=True),
    sa.Column("request_sha256", sa.String(64), nullable=False),
    sa.Column("status", sa.Integer, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
)
