"""Health: that the web answers is one thing, that work is being done another. Told from rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from copydesk.work.desk import Desk

#: A worker that has not been heard of for this long is not working.
SILENT_AFTER = timedelta(seconds=15)

#: Work that is due for longer than this means that it is not being done.
LATE_AFTER = timedelta(seconds=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """Whether work is being done. Times in seconds and aware UTC; `problems` in words."""

    working: bool
    workers: int
    due: int
    oldest_due_seconds: float
    last_job_at: datetime | None
    next_wake_at: datetime | None
    problems: tuple[str, ...]


async def measure(desk: Desk) -> Health:
    """Look at the rows and say whether work is being done."""
    async with desk.store.read() as unit:
        now = unit.now
        backlog = await unit.workers.backlog()
        known = await unit.workers.all()
    alive = [worker for worker in known if now - worker.seen_at < SILENT_AFTER]
    waiting = now - backlog.oldest_due_at if backlog.oldest_due_at else timedelta()
    problems: list[str] = []
    if not alive:
        problems.append("no worker is running; `copydesk up` or `copydesk worker` starts one")
    if waiting > LATE_AFTER:
        problems.append(
            f"{backlog.due} rows are due, the oldest for {waiting.total_seconds():.0f} s"
        )
    return Health(
        working=not problems,
        workers=len(alive),
        due=backlog.due,
        oldest_due_seconds=waiting.total_seconds(),
        last_job_at=max((w.last_job_at for w in known if w.last_job_at), default=None),
        next_wake_at=backlog.next_wake_at,
        problems=tuple(problems),
    )
