"""How items went, one row for each, and which of them are still to be counted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from copydesk.core.drift import Observation, Occasion
from copydesk.core.release import Arm, Outcome
from copydesk.store.codec import from_json, to_json
from copydesk.store.tables import observations

if TYPE_CHECKING:
    from copydesk.store.unit import UnitOfWork

_ADD = sa.insert(observations)


class Observations:
    """Reads and writes observations."""

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    async def add(self, observation: Observation) -> None:
        """Keep what was observed; the sweep finds that it is to be counted."""
        await self._unit.connection.execute(
            _ADD,
            {
                "workspace_id": observation.workspace_id,
                "submission_id": observation.submission_id,
                "kind": observation.kind,
                "channel": observation.channel,
                "language": observation.language,
                "prompt_version": observation.prompt_version,
                "model": observation.model,
                "checks": observation.checks,
                "release_id": observation.release_id,
                "arm": observation.arm or "",
                "score": observation.score,
                "outcome": to_json(Outcome, observation.outcome),
                "observed_at": observation.observed_at,
                "counted": False,
            },
        )

    async def waiting(self) -> list[str]:
        """Return the workspaces that have something to count."""
        rows = await self._unit.connection.execute(
            sa.select(observations.c.workspace_id)
            .where(observations.c.counted.is_(False))
            .distinct()
        )
        return [row.workspace_id for row in rows]

    async def uncounted(self, workspace_id: str, limit: int = 500) -> list[Observation]:
        """Return what is still to be counted, oldest first, locked until the unit of work ends.

        Two workers never count the same: the second waits and finds them counted.
        """
        rows = await self._unit.connection.execute(
            sa.select(observations)
            .where(observations.c.workspace_id == workspace_id, observations.c.counted.is_(False))
            .order_by(observations.c.sequence)
            .limit(limit)
            .with_for_update(key_share=True)
        )
        return [_observation(row) for row in rows]

    async def counted(self, sequences: Sequence[int]) -> None:
        """Note that these have been counted."""
        await self._unit.connection.execute(
            sa.update(observations)
            .where(observations.c.sequence.in_(list(sequences)))
            .values(counted=True)
        )

    async def latest_of(self, submission_id: str, kind: Occasion) -> Observation | None:
        """Return the latest observation of this kind about a submission, None without one."""
        rows = await self._unit.connection.execute(
            sa.select(observations)
            .where(
                observations.c.submission_id == submission_id,
                observations.c.kind == kind,
            )
            .order_by(observations.c.sequence.desc())
            .limit(1)
        )
        row = rows.one_or_none()
        return _observation(row) if row else None

    async def latest(
        self, workspace_id: str, *, since: datetime, limit: int = 1000
    ) -> list[Observation]:
        """Return what was composed since `since` (aware UTC), newest first."""
        rows = await self._unit.connection.execute(
            sa.select(observations)
            .where(
                observations.c.workspace_id == workspace_id,
                observations.c.observed_at >= since,
                observations.c.kind == Occasion.COMPOSED,
            )
            .order_by(observations.c.observed_at.desc(), observations.c.sequence.desc())
            .limit(limit)
        )
        return [_observation(row) for row in rows]


def _observation(row: Any) -> Observation:
    return Observation(
        workspace_id=row.workspace_id,
        submission_id=row.submission_id,
        kind=Occasion(row.kind),
        channel=row.channel,
        language=row.language,
        prompt_version=row.prompt_version,
        model=row.model,
        checks=row.checks,
        outcome=from_json(Outcome, row.outcome),
        observed_at=row.observed_at,
        score=row.score,
        release_id=row.release_id,
        arm=Arm(row.arm) if row.arm else None,
        sequence=row.sequence,
    )
