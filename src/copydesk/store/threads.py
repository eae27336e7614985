"""Threads: which submissions belong together, and who took part."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import sqlalchemy as sa

from copydesk.core.errors import Conflict
from copydesk.core.states import SubmissionState
from copydesk.core.submission import Segment, Submission
from copydesk.store.absent import insert_if_absent
from copydesk.store.submissions import segment_of, submission_of
from copydesk.store.tables import segments, submissions, threads

if TYPE_CHECKING:
    from copydesk.store.unit import UnitOfWork

# built once: putting a statement together costs more than running it
_JOIN = sa.update(submissions).where(submissions.c.id == sa.bindparam("of"))
_BESIDE = (
    sa.select(threads.c.id, threads.c.participants)
    .where(
        threads.c.workspace_id == sa.bindparam("workspace"),
        threads.c.id.in_(
            sa.select(submissions.c.thread_id).where(
                submissions.c.workspace_id == sa.bindparam("workspace"),
                submissions.c.message_id.in_(sa.bindparam("messages", expanding=True)),
            )
        )
        | threads.c.root_key.in_(sa.bindparam("messages", expanding=True)),
    )
    .order_by(threads.c.created_at, threads.c.id)
    .limit(sa.bindparam("most"))
)
_PARTICIPANTS = sa.select(threads.c.participants).where(threads.c.id == sa.bindparam("of"))
_EARLIER = sa.and_(
    submissions.c.thread_id == sa.bindparam("thread"),
    submissions.c.id < sa.bindparam("of"),
    submissions.c.parsed.is_not(None),
    # their words are in the conversations that took their place
    submissions.c.state.not_in([SubmissionState.REPLACED, SubmissionState.UNPACKED]),
)
_BEFORE = (
    sa.select(submissions)
    .where(_EARLIER)
    .order_by(submissions.c.id.desc())
    .limit(sa.bindparam("most"))
)
_TILES_OF_ALL = (
    sa.select(segments)
    .where(segments.c.submission_id.in_(sa.bindparam("of", expanding=True)))
    .order_by(segments.c.submission_id, segments.c.position)
)


class Threads:
    """Reads and writes threads and who is in them."""

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    async def of_messages(
        self, workspace_id: str, message_ids: Sequence[str], limit: int = 20
    ) -> list[tuple[str, tuple[str, ...]]]:
        """Return (thread id, participants) of the threads that hold one of these messages or are
        filed under one, oldest first."""
        if not message_ids:
            return []
        rows = await self._unit.connection.execute(
            _BESIDE, {"workspace": workspace_id, "messages": list(message_ids), "most": limit}
        )
        return [(row.id, tuple(row.participants)) for row in rows]

    async def add(
        self, workspace_id: str, root_key: str, subject: str, participants: Sequence[str]
    ) -> str:
        """Add a thread and return its id.

        Raises `Conflict` when another worker adds it at this moment: who may join it has to be
        looked at again.
        """
        id = self._unit.ids.new("thread")
        result = await self._unit.connection.execute(
            insert_if_absent(self._unit, threads),
            {
                "id": id,
                "workspace_id": workspace_id,
                "root_key": root_key,
                "subject": subject,
                "participants": sorted(participants),
                "created_at": self._unit.now,
            },
        )
        if result.rowcount != 1:
            raise Conflict("Another worker has just added this thread.")
        return id

    async def join(
        self,
        submission_id: str,
        thread_id: str,
        participants: Sequence[str],
        *,
        maybe: str | None = None,
    ) -> None:
        """Put a submission in a thread; `maybe` links another thread it possibly belongs to.

        `participants` are those that the thread may not know yet.
        """
        await self._unit.connection.execute(
            _JOIN, {"of": submission_id, "thread_id": thread_id, "maybe_thread_id": maybe}
        )
        if not participants:
            return
        known = await self._unit.connection.scalar(_PARTICIPANTS, {"of": thread_id})
        merged = sorted(set(known or []) | set(participants))
        if merged != known:
            await self._unit.connection.execute(
                sa.update(threads).where(threads.c.id == thread_id).values(participants=merged)
            )

    async def before(self, submission: Submission, limit: int) -> tuple[list[Submission], int]:
        """Return the last `limit` of those parsed in the thread of `submission` before it, oldest
        first and with their texts; and how many there are before these."""
        place = {"thread": submission.thread_id, "of": submission.id}
        rows = list(await self._unit.connection.execute(_BEFORE, {**place, "most": limit}))
        if not rows:
            return [], 0
        older = 0
        if len(rows) == limit:
            count = sa.select(sa.func.count()).select_from(submissions).where(_EARLIER)
            older = (await self._unit.connection.scalar(count, place) or 0) - limit
        tiles: dict[str, list[Segment]] = {row.id: [] for row in rows}
        for tile in await self._unit.connection.execute(_TILES_OF_ALL, {"of": list(tiles)}):
            tiles[tile.submission_id].append(segment_of(tile))
        return [submission_of(row, tiles[row.id]) for row in reversed(rows)], older

    async def submissions(self, thread_id: str, limit: int = 50) -> list[Submission]:
        """Return the submissions of a thread, oldest first."""
        rows = await self._unit.connection.execute(
            sa.select(submissions)
            .where(submissions.c.thread_id == thread_id)
            .order_by(submissions.c.id)
            .limit(limit)
        )
        return [submission_of(row) for row in rows]
