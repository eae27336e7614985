"""Stored inputs that are written up under both versions of a release, without being published."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from copydesk.core.release import Outcome
from copydesk.core.states import SubmissionState
from copydesk.store.absent import insert_if_absent
from copydesk.store.codec import from_json, to_json
from copydesk.store.tables import shadows, submissions

if TYPE_CHECKING:
    from copydesk.store.unit import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class Shadow:
    """A stored input to be written up under both versions of a release, as a row."""

    id: str
    release_id: str
    unit: str
    submission_id: str
    attempts: int
    wake_at: datetime | None
    old: Outcome | None = None
    new: Outcome | None = None


class Shadows:
    """Reads and writes shadows."""

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    async def composed(self, workspace_id: str, limit: int) -> list[tuple[str, str]]:
        """Return (submission, conversation) of the latest composed submissions, newest first."""
        rows = await self._unit.connection.execute(
            sa.select(submissions.c.id, submissions.c.thread_id)
            .where(
                submissions.c.workspace_id == workspace_id,
                submissions.c.state == SubmissionState.COMPOSED,
            )
            .order_by(submissions.c.id.desc())
            .limit(limit)
        )
        return [(row.id, row.thread_id or row.id) for row in rows]

    async def add(self, release_id: str, unit: str, submission_id: str) -> bool:
        """Leave word that a stored input is to be written up under both versions.

        A conversation is shadowed once; returns whether this is the time.
        """
        result = await self._unit.connection.execute(
            insert_if_absent(self._unit, shadows).values(
                id=self._unit.ids.new("shadow"),
                release_id=release_id,
                unit=unit,
                submission_id=submission_id,
                attempts=0,
                problem="",
                added_at=self._unit.now,
                wake_at=self._unit.now,
                counted=False,
            )
        )
        return result.rowcount == 1

    async def due(self, now: datetime, limit: int = 20) -> list[str]:
        """Return the ids of shadows to be written up now, the longest waiting first."""
        rows = await self._unit.connection.execute(
            sa.select(shadows.c.id)
            .where(shadows.c.wake_at <= now)
            .order_by(shadows.c.wake_at)
            .limit(limit)
        )
        return [row.id for row in rows]

    async def begin(self, id: str, until: datetime) -> Shadow | None:
        """Claim a due shadow until `until` and count the try; None when it is not due (any more).

        `until` is when somebody else may try if this process dies.
        """
        result = await self._unit.connection.execute(
            sa.update(shadows)
            .where(shadows.c.id == id, shadows.c.wake_at <= self._unit.now)
            .values(wake_at=until, attempts=shadows.c.attempts + 1)
        )
        if result.rowcount != 1:
            return None
        rows = await self._unit.connection.execute(sa.select(shadows).where(shadows.c.id == id))
        return _shadow(rows.one())

    async def rest(self, id: str, until: datetime) -> None:
        """Try a shadow that is being written up again at `until` (aware UTC)."""
        await self._unit.connection.execute(
            sa.update(shadows)
            .where(shadows.c.id == id, shadows.c.wake_at.is_not(None))
            .values(wake_at=until)
        )

    async def end(
        self, shadow: Shadow, *, old: Outcome | None, new: Outcome | None, problem: str = ""
    ) -> None:
        """Store how both versions did; without outcomes it is given up and `problem` says why."""
        await self._unit.connection.execute(
            sa.update(shadows)
            .where(shadows.c.id == shadow.id)
            .values(
                old=None if old is None else to_json(Outcome, old),
                new=None if new is None else to_json(Outcome, new),
                problem=problem,
                wake_at=None,
                counted=old is None or new is None,
            )
        )

    async def uncounted(self, release_id: str, limit: int = 500) -> list[Shadow]:
        """Return written-up shadows that are still to be counted, oldest first, locked."""
        rows = await self._unit.connection.execute(
            sa.select(shadows)
            .where(
                shadows.c.release_id == release_id,
                shadows.c.counted.is_(False),
                shadows.c.new.is_not(None),
            )
            .order_by(shadows.c.id)
            .limit(limit)
            .with_for_update(key_share=True)
        )
        return [_shadow(row) for row in rows]

    async def counted(self, ids: list[str]) -> None:
        """Note that these shadows have been counted."""
        await self._unit.connection.execute(
            sa.update(shadows).where(shadows.c.id.in_(ids)).values(counted=True)
        )

    async def waiting(self, release_id: str) -> int:
        """Return how many shadows of a release are still to be written up."""
        return int(
            await self._unit.connection.scalar(
                sa.select(sa.func.count()).where(
                    shadows.c.release_id == release_id, shadows.c.wake_at.is_not(None)
                )
            )
            or 0
        )

    async def drop(self, release_id: str) -> None:
        """Take back the shadows of a release that nobody needs any more."""
        await self._unit.connection.execute(
            sa.update(shadows)
            .where(shadows.c.release_id == release_id, shadows.c.wake_at.is_not(None))
            .values(wake_at=None, counted=True, problem="the release was no longer in shadow")
        )


def _shadow(row: Any) -> Shadow:
    return Shadow(
        id=row.id,
        release_id=row.release_id,
        unit=row.unit,
        submission_id=row.submission_id,
        attempts=row.attempts,
        wake_at=row.wake_at,
        old=None if row.old is None else from_json(Outcome, row.old),
        new=None if row.new is None else from_json(Outcome, row.new),
    )
