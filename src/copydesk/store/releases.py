"""Releases, which conversations they were given to, and what is written up in their shadow."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from copydesk.core.errors import Conflict, NotFound
from copydesk.core.release import ON_TRIAL, Arm, Counted, Outcome, Policy, Release, Version
from copydesk.core.states import ReleaseState, SubmissionState, check_transition
from copydesk.store.absent import insert_if_absent
from copydesk.store.codec import from_json, to_json
from copydesk.store.tables import (
    assignments,
    releases,
    shadows,
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


class Releases:
    """Reads and writes releases, assignments and shadows."""

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
            raise NotFound(
                f"There is no release {reference}.", remedy="`copydesk release list` shows them."
            )
        return _release(row)

    async def locked(self, id: str) -> Release:
        """Return release `id`, locked until the unit of work ends; raises `NotFound`."""
        rows = await self._unit.connection.execute(
            sa.select(releases).where(releases.c.id == id).with_for_update(key_share=True)
        )
        row = rows.one_or_none()
        if row is None:
            raise NotFound(f"There is no release {id}.")
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
        is on trial or was promoted at this moment.
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
                "Another release is on trial already, or was promoted at this moment.",
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

    # -- shadows ----------------------------------------------------------------------------------

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

    async def add_shadow(self, release_id: str, unit: str, submission_id: str) -> bool:
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

    async def shadows_due(self, now: datetime, limit: int = 20) -> list[str]:
        """Return the ids of shadows to be written up now, the longest waiting first."""
        rows = await self._unit.connection.execute(
            sa.select(shadows.c.id)
            .where(shadows.c.wake_at <= now)
            .order_by(shadows.c.wake_at)
            .limit(limit)
        )
        return [row.id for row in rows]

    async def begin_shadow(self, id: str, until: datetime) -> Shadow | None:
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

    async def rest_shadow(self, id: str, until: datetime) -> None:
        """Try a shadow that is being written up again at `until` (aware UTC)."""
        await self._unit.connection.execute(
            sa.update(shadows)
            .where(shadows.c.id == id, shadows.c.wake_at.is_not(None))
            .values(wake_at=until)
        )

    async def end_shadow(
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

    async def uncounted_shadows(self, release_id: str, limit: int = 500) -> list[Shadow]:
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

    async def shadows_counted(self, ids: list[str]) -> None:
        """Note that these shadows have been counted."""
        await self._unit.connection.execute(
            sa.update(shadows).where(shadows.c.id.in_(ids)).values(counted=True)
        )

    async def waiting_shadows(self, release_id: str) -> int:
        """Return how many shadows of a release are still to be written up."""
        return int(
            await self._unit.connection.scalar(
                sa.select(sa.func.count()).where(
                    shadows.c.release_id == release_id, shadows.c.wake_at.is_not(None)
                )
            )
            or 0
        )

    async def drop_shadows(self, release_id: str) -> None:
        """Take back the shadows of a release that nobody needs any more."""
        await self._unit.connection.execute(
            sa.update(shadows)
            .where(shadows.c.release_id == release_id, shadows.c.wake_at.is_not(None))
            .values(wake_at=None, counted=True, problem="the release was no longer in shadow")
        )


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
