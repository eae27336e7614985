"""Processes that work, and what is waiting for them: health is told from rows, not from a port."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from copydesk.core.states import FeedState, PostState, SeriesState, SubmissionState
from copydesk.store.tables import (
    accounts,
    deliveries,
    feeds,
    posts,
    probe_plans,
    reviews,
    series,
    submissions,
    webhooks,
    workers,
)
from copydesk.store.webhooks import due_webhooks

if TYPE_CHECKING:
    from copydesk.store.unit import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """What waits: how many rows are due now, since when the oldest, when the next one wakes."""

    due: int
    oldest_due_at: datetime | None
    next_wake_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """A process that works, as a row."""

    id: str
    kind: str
    host: str
    pid: int
    started_at: datetime
    seen_at: datetime
    last_job_at: datetime | None
    jobs_done: int


_WAKING = (submissions, posts, deliveries, webhooks, series, reviews, feeds)


class Workers:
    """Reads and writes worker rows, and looks at everything that waits."""

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    async def add(self, id: str, kind: str, host: str, pid: int) -> None:
        """Announce a process that works."""
        now = self._unit.now
        await self._unit.connection.execute(
            sa.insert(workers).values(
                id=id,
                kind=kind,
                host=host,
                pid=pid,
                started_at=now,
                seen_at=now,
                last_job_at=None,
                jobs_done=0,
            )
        )

    async def seen(self, id: str, last_job_at: datetime | None, jobs_done: int) -> None:
        """Say that the process is alive and what it has done."""
        await self._unit.connection.execute(
            sa.update(workers)
            .where(workers.c.id == id)
            .values(seen_at=self._unit.now, last_job_at=last_job_at, jobs_done=jobs_done)
        )

    async def remove(self, id: str, *, older_than: timedelta) -> None:
        """Take a process off the list, and those not seen for `older_than`."""
        await self._unit.connection.execute(
            sa.delete(workers).where(
                (workers.c.id == id) | (workers.c.seen_at < self._unit.now - older_than)
            )
        )

    async def all(self) -> list[Worker]:
        """Return the known processes, newest first."""
        rows = await self._unit.connection.execute(
            sa.select(workers).order_by(workers.c.started_at.desc(), workers.c.id.desc())
        )
        return [Worker(**row._mapping) for row in rows]

    async def working(self, seen_since: datetime) -> int:
        """Return how many processes were seen since then (aware UTC)."""
        seen = sa.select(sa.func.count()).where(workers.c.seen_at > seen_since)
        return int(await self._unit.connection.scalar(seen) or 0)

    async def backlog(self) -> Backlog:
        """Return what waits at this moment."""
        now = self._unit.now
        due, oldest, upcoming = 0, None, None
        for table in _WAKING:
            count, first = (
                await self._unit.connection.execute(
                    sa.select(sa.func.count(), sa.func.min(table.c.wake_at)).where(
                        table.c.wake_at <= now, *_not_resting(table, now)
                    )
                )
            ).one()
            due += count
            oldest = min((m for m in (oldest, first) if m is not None), default=None)
            upcoming = min(
                (m for m in (upcoming, await self._next(table, now)) if m is not None), default=None
            )
        return Backlog(due=due, oldest_due_at=oldest, next_wake_at=upcoming)

    async def next_wake(self, now: datetime) -> datetime | None:
        """Return when the next row wakes after `now`, or None."""
        first = sa.union_all(
            *(
                sa.select(sa.func.min(table.c.wake_at).label("wake_at")).where(
                    table.c.wake_at > now
                )
                for table in _WAKING
            )
        ).subquery()
        moment: datetime | None = await self._unit.connection.scalar(
            sa.select(sa.func.min(first.c.wake_at))
        )
        return moment

    async def _next(self, table: sa.Table, now: datetime) -> datetime | None:
        moment: datetime | None = await self._unit.connection.scalar(
            sa.select(sa.func.min(table.c.wake_at)).where(table.c.wake_at > now)
        )
        return moment

    async def due(self, now: datetime, limit: int = 500) -> dict[str, list[str]]:
        """Return, by table, the ids of rows that want work now, in one statement.

        Submissions to compose, posts to distribute, webhooks to tell, series to go on with,
        workspaces to probe, feeds to poll: `limit` of each at most.
        """
        wanted = {
            "submissions": sa.select(submissions.c.id)
            .where(
                submissions.c.wake_at <= now,
                submissions.c.state.in_([SubmissionState.RECEIVED, SubmissionState.PARSED]),
            )
            .order_by(submissions.c.wake_at),
            "posts": sa.select(posts.c.id)
            .where(posts.c.wake_at <= now, posts.c.state == PostState.APPROVED)
            .order_by(posts.c.wake_at),
            "webhooks": due_webhooks(now),
            "probes": sa.select(probe_plans.c.workspace_id.label("id"))
            .where(probe_plans.c.wake_at <= now)
            .order_by(probe_plans.c.wake_at),
            "feeds": sa.select(feeds.c.id)
            .where(feeds.c.wake_at <= now, feeds.c.state == FeedState.FOLLOWED)
            .order_by(feeds.c.wake_at),
            "series": sa.select(series.c.id)
            .where(series.c.wake_at <= now, series.c.state == SeriesState.RUNNING)
            .order_by(series.c.wake_at),
        }
        parts = []
        for table, query in wanted.items():
            part = query.limit(limit).subquery()
            parts.append(sa.select(sa.literal(table).label("table"), part.c.id))
        found: dict[str, list[str]] = {table: [] for table in wanted}
        for row in await self._unit.connection.execute(sa.union_all(*parts)):
            found[row.table].append(row.id)
        return found


def _not_resting(table: sa.Table, now: datetime) -> list[sa.ColumnElement[bool]]:
    # what waits for the end of a rate limit is not late
    if table is not deliveries:
        return []
    resting = sa.select(accounts.c.id).where(accounts.c.paused_until > now)
    return [deliveries.c.account_id.not_in(resting)]
