"""Releases, and which conversations they were given to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from copydesk.core.errors import Conflict, NotFound
from copydesk.core.release import ON_TRIAL, Arm, Counted, Policy, Release, Version
from copydesk.core.states import ReleaseState, SubmissionState, check_transition
from copydesk.store.absent import insert_if_absent
from copydesk.store.codec import from_json, to_json
from copydesk.store.tables import (
    assignments,
    releases,
    submissions,
)

if TYPE_CHECKING:
    from copydesk.store.unit import UnitOfWork

_IN_USE = sa.select(releases).where(
    releases.c.workspace_id == sa.bindparam("workspace"),
    releases.c.state.in_([*ON_TRIAL, ReleaseState.PROMOTED]),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """The arm of a conversation; its message `submission_id` is the one that counts."""

    arm: Arm
    submission_id: str


class Releases:
    """Reads and writes releases and assignments."""

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    async def add(
        self, *, workspace_id: str, name: str, version: Version, policy: Policy, note: str
    ) -> Release:
        """Add a release that nobody gets yet; raises `Conflict` when the name is taken."""
        id = self._unit.ids.new("release")
        result = await self._unit.connection.execute(
            insert_if_absent(self._unit, releases).values(
                id=id,
                workspace_id=workspace_id,
                name=name,
                version=to_json(Version, version),
                digest=version.digest,
                policy=to_json(Policy, policy),
                note=note,
                state=ReleaseState.CREATED,
                share=0,
                reason="",
                counted=to_json(Counted, Counted()),
                created_at=self._unit.now,
                created_by=self._unit.actor,
            )
        )
        if result.rowcount != 1:
            raise Conflict(
                f"There is a release {name!r} already.",
                remedy="A release never changes; give the new one a name of its own.",
            )
        await self._unit.events.append(
            workspace_id, "release", id, "", ReleaseState.CREATED, reason=note or name
        )
        return await self.get(workspace_id, id)

    async def get(self, workspace_id: str, reference: str) -> Release:
        """Return a release by its id or name; raises `NotFound`."""
        rows = await self._unit.connection.execute(
            sa.select(releases).where(
                releases.c.workspace_id == workspace_id,
                (releases.c.id == reference) | (releases.c.name == reference),
            )
        )
        row = rows.first()
        if row is None:
            raise NotFound.of(f"release {reference}")
        return _release(row)

    async def locked(self, id: str) -> Release:
        """Return release `id`, locked until the unit of work ends; raises `NotFound`."""
        rows = await self._unit.connection.execute(
            sa.select(releases).where(releases.c.id == id).with_for_update(key_share=True)
        )
        row = rows.one_or_none()
        if row is None:
            raise NotFound.of(f"release {id}")
        return _release(row)

    async def newest(
        self, workspace_id: str, *, before: str = "", limit: int = 50
    ) -> list[Release]:
        """Return releases, newest first; `before` is an id cursor."""
        query = sa.select(releases).where(releases.c.workspace_id == workspace_id)
        if before:
            query = query.where(releases.c.id < before)
        rows = await self._unit.connection.execute(
            query.order_by(releases.c.id.desc()).limit(limit)
        )
        return [_release(row) for row in rows]

    async def in_use(self, workspace_id: str) -> tuple[Release | None, Release | None]:
        """Return the release that is on trial and the one in force, None where there is none."""
        trial = promoted = None
        for row in await self._unit.connection.execute(_IN_USE, {"workspace": workspace_id}):
            if row.state == ReleaseState.PROMOTED:
                promoted = _release(row)
            else:
                trial = _release(row)
        return trial, promoted

    async def move(
        self,
        release: Release,
        to: ReleaseState,
        *,
        reason: str,
        share: int = 0,
        wake_at: datetime | None = None,
        baseline: Version | None = None,
        **changes: Any,
    ) -> Release:
        """Take a release to a state; one row changes, and whoever composes next sees it.

        Raises `TransitionNotAllowed`; `Conflict` when it moved in the meantime, or another release
        is on trial or was promoted just now.
        """
        check_transition("release", release.id, release.state, to)
        if baseline is not None:
            changes["baseline"] = to_json(Version, baseline)
        try:
            async with self._unit.connection.begin_nested():
                result = await self._unit.connection.execute(
                    sa.update(releases)
                    .where(
                        releases.c.id == release.id,
                        releases.c.state == release.state,
                        releases.c.share == release.share,
                    )
                    .values(state=to, share=share, reason=reason, wake_at=wake_at, **changes)
                )
        except sa.exc.IntegrityError:
            raise Conflict(
                "Another release is on trial already, or was promoted just now.",
                remedy="`copydesk release list` shows it; one is tried at a time.",
            ) from None
        if result.rowcount != 1:
            raise Conflict(f"Release {release.name} has changed in the meantime.")
        await self._unit.events.append(
            release.workspace_id,
            "release",
            release.id,
            release.state,
            to,
            reason=reason,
            data={"name": release.name, "share": share},
        )
        return await self.get(release.workspace_id, release.id)

    async def count(self, release: Release, counted: Counted) -> None:
        """Store what was counted; to be called with the release locked."""
        await self._unit.connection.execute(
            sa.update(releases)
            .where(releases.c.id == release.id)
            .values(counted=to_json(Counted, counted))
        )

    async def look_again(self, id: str, at: datetime) -> None:
        """Look at a release on trial again at `at` (aware UTC), or when its time is up."""
        await self._unit.connection.execute(
            sa.update(releases)
            .where(releases.c.id == id, releases.c.state.in_(list(ON_TRIAL)))
            .values(wake_at=sa.case((releases.c.ends_at < at, releases.c.ends_at), else_=at))
        )

    async def due(self, now: datetime, limit: int = 100) -> list[str]:
        """Return the workspaces that have a release whose time has come."""
        rows = await self._unit.connection.execute(
            sa.select(releases.c.workspace_id).where(releases.c.wake_at <= now).limit(limit)
        )
        return sorted({row.workspace_id for row in rows})

    # -- assignments ------------------------------------------------------------------------------

    async def assign(self, release_id: str, unit: str, arm: Arm, submission_id: str) -> Assignment:
        """Give a conversation its arm, unless it has one; return the one it has."""
        await self._unit.connection.execute(
            insert_if_absent(self._unit, assignments).values(
                release_id=release_id,
                unit=unit,
                arm=arm,
                submission_id=submission_id,
                assigned_at=self._unit.now,
            )
        )
        found = await self.assignment(release_id, unit)
        assert found is not None
        return found

    async def assignment(self, release_id: str, unit: str) -> Assignment | None:
        """Return the arm of a conversation, None when it has none yet."""
        rows = await self._unit.connection.execute(
            sa.select(assignments.c.arm, assignments.c.submission_id).where(
                assignments.c.release_id == release_id, assignments.c.unit == unit
            )
        )
        row = rows.one_or_none()
        return Assignment(arm=Arm(row.arm), submission_id=row.submission_id) if row else None

    async def assignment_of(self, release_id: str, submission_id: str) -> Assignment | None:
        """Return the assignment that `submission_id` counts for, None when it counts for none."""
        rows = await self._unit.connection.execute(
            sa.select(assignments.c.arm, assignments.c.submission_id)
            .join(
                submissions,
                assignments.c.unit == sa.func.coalesce(submissions.c.thread_id, submissions.c.id),
            )
            .where(
                submissions.c.id == submission_id,
                assignments.c.release_id == release_id,
                assignments.c.submission_id == submission_id,
            )
        )
        row = rows.one_or_none()
        return Assignment(arm=Arm(row.arm), submission_id=row.submission_id) if row else None

    async def began_before(self, unit: str, submission_id: str) -> bool:
        """Tell whether a conversation has a message that was written up before this one."""
        found = await self._unit.connection.scalar(
            sa.select(submissions.c.id)
            .where(
                submissions.c.thread_id == unit,
                submissions.c.id < submission_id,
                submissions.c.state == SubmissionState.COMPOSED,
            )
            .limit(1)
        )
        return found is not None


def _release(row: Any) -> Release:
    return Release(
        id=row.id,
        workspace_id=row.workspace_id,
        name=row.name,
        version=from_json(Version, row.version),
        policy=from_json(Policy, row.policy),
        note=row.note,
        state=ReleaseState(row.state),
        share=row.share,
        reason=row.reason,
        counted=from_json(Counted, row.counted),
        created_at=row.created_at,
        created_by=row.created_by,
        baseline_id=row.baseline_id,
        baseline=None if row.baseline is None else from_json(Version, row.baseline),
        slow_over_ms=row.slow_over_ms,
        started_at=row.started_at,
        stage_at=row.stage_at,
        ends_at=row.ends_at,
    )
