"""Writing stored inputs up under both versions of a release, unpublished, when nothing else waits.

Each costs one call more. The old version's own result is taken where it was written up just now
anyway; for an older input both versions write it up again, so that the same checks judge both.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

import structlog

from copydesk.core.drift import Occasion
from copydesk.core.errors import CopydeskError
from copydesk.core.release import Outcome, Release, Version
from copydesk.core.states import ReleaseState
from copydesk.work.drift.observing import checks_digest, outcome_of
from copydesk.work.releases.placing import under
from copydesk.work.writing.spelling import Speller
from copydesk.work.writing.writing_up import write_up

if TYPE_CHECKING:
    from copydesk.core.submission import Submission
    from copydesk.store import UnitOfWork
    from copydesk.work.desk import Desk

_log = structlog.get_logger(__name__)

#: A shadow being written up is left alone for so long: longer than any two calls may take.
CLAIM: Final = timedelta(minutes=10)
TRIES: Final = 3


async def replay(unit: UnitOfWork, release: Release, last: int) -> int:
    """Leave word that the latest `last` composed messages are to be shadowed; return how many are.

    One a conversation: further ones are not independent of it.
    """
    added = 0
    for submission_id, unit_id in await unit.shadows.composed(release.workspace_id, last):
        added += await unit.shadows.add(release.id, unit_id, submission_id)
    return added


async def write_shadow(desk: Desk, shadow_id: str, speller: Speller | None = None) -> None:
    """Write a stored input up under both versions and keep how they did. Safe to run twice."""
    speller = speller or Speller()
    async with desk.store.begin("release") as unit:
        shadow = await unit.shadows.begin(shadow_id, unit.now + CLAIM)
        if shadow is None:
            return
        release = await unit.releases.locked(shadow.release_id)
        if release.state is not ReleaseState.SHADOWED or release.baseline is None:
            await unit.shadows.end(
                shadow, old=None, new=None, problem="the release was no longer in shadow"
            )
            return
        if shadow.attempts > TRIES:
            await unit.shadows.end(shadow, old=None, new=None, problem=f"it failed {TRIES} times")
            return
        submission = await unit.submissions.get(shadow.submission_id)
        old = await _as_composed(unit, release, submission)
    try:
        if old is None:
            old = await _written(desk, submission, release.baseline, speller)
        new = await _written(desk, submission, release.version, speller)
    except CopydeskError as error:
        await _set_back(desk, shadow_id, error)
        return
    async with desk.store.begin("release") as unit:
        await unit.shadows.end(shadow, old=old, new=new)
        unit.hint("count", release.workspace_id)


async def _as_composed(
    unit: UnitOfWork, release: Release, submission: Submission
) -> Outcome | None:
    """Return how the old version did when `submission` was composed, if that still compares."""
    observed = await unit.observations.latest_of(submission.id, Occasion.COMPOSED)
    if observed is None or release.started_at is None:
        return None
    is_comparable = (
        observed.observed_at >= release.started_at and observed.checks == checks_digest()
    )
    return observed.outcome if is_comparable else None


async def _written(
    desk: Desk, submission: Submission, version: Version, speller: Speller
) -> Outcome:
    placed = await under(desk, version)
    return outcome_of(await write_up(desk, submission, speller, placed=placed))


async def _set_back(desk: Desk, shadow_id: str, error: CopydeskError) -> None:
    _log.warning("shadow_failed", shadow=shadow_id, reason=error.message)
    async with desk.store.begin("release") as unit:
        await unit.shadows.rest(shadow_id, unit.now + timedelta(minutes=1))
