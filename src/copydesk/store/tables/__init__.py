"""The tables. The same definitions serve SQLite (>= 3.40) and PostgreSQL.

States are stored as text; which steps between them are legal is the business of `core.states`.
"""

from __future__ import annotations

from copydesk.store.tables.access import api_tokens, idempotency_keys, sessions
from copydesk.store.tables.accounts import accounts
from copydesk.store.tables.audits import (
    audit_policies,
    audits,
    cases,
    consents,
    exported,
    opinions,
    restarts,
)
from copydesk.store.tables.base import Instant, Text, metadata, storable
from copydesk.store.tables.breakers import breakers
from copydesk.store.tables.budgets import allowances, buckets, spendings
from copydesk.store.tables.chats import chats
from copydesk.store.tables.connections import connections
from copydesk.store.tables.deliveries import deliveries, intents, receipts, renditions
from copydesk.store.tables.feeds import feed_entries, feeds
from copydesk.store.tables.history import events, workers
from copydesk.store.tables.looks import looks
from copydesk.store.tables.model_calls import model_budgets, model_calls, model_replies
from copydesk.store.tables.notices import api_notices
from copydesk.store.tables.passages import SEARCH_INDEX, passages, style_guides
from copydesk.store.tables.posts import checks, posts, revisions
from copydesk.store.tables.probes import probe_plans, probes
from copydesk.store.tables.releases import (
    alarms,
    assignments,
    observations,
    releases,
    shadows,
    streams,
)
from copydesk.store.tables.reviews import decisions, reviews, signatures, suggestions
from copydesk.store.tables.schedules import series, timings
from copydesk.store.tables.submissions import moved_turns, segments, submissions, threads
from copydesk.store.tables.webhooks import (
    callbacks,
    webhook_attempts,
    webhook_messages,
    webhooks,
)
from copydesk.store.tables.workspaces import blobs, workspaces

__all__ = [
    "SEARCH_INDEX",
    "Instant",
    "Text",
    "accounts",
    "alarms",
    "allowances",
    "api_notices",
    "api_tokens",
    "assignments",
    "audit_policies",
    "audits",
    "blobs",
    "breakers",
    "buckets",
    "callbacks",
    "cases",
    "chats",
    "checks",
    "connections",
    "consents",
    "decisions",
    "deliveries",
    "events",
    "exported",
    "feed_entries",
    "feeds",
    "idempotency_keys",
    "intents",
    "looks",
    "metadata",
    "model_budgets",
    "model_calls",
    "model_replies",
    "moved_turns",
    "observations",
    "opinions",
    "passages",
    "posts",
    "probe_plans",
    "probes",
    "receipts",
    "releases",
    "renditions",
    "restarts",
    "reviews",
    "revisions",
    "segments",
    "series",
    "sessions",
    "shadows",
    "signatures",
    "spendings",
    "storable",
    "streams",
    "style_guides",
    "submissions",
    "suggestions",
    "threads",
    "timings",
    "webhook_attempts",
    "webhook_messages",
    "webhooks",
    "workers",
    "workspaces",
]
