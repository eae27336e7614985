"""Counting what was observed: into the streams that are watched, and into the release on trial.

One job a workspace does it in one transaction; what it has counted it marks, so it may run twice,
anywhere, and after any crash. What follows from the counts happens in the same transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import structlog

from copydesk.core.drift import Observation, Occasion
from copydesk.core.release import Counted, Outcome, Release
from copydesk.core.states import ReleaseState
from copydesk.releases.guards import added, compare
from copydesk.releases.pairing import pair
from copydesk.releases.ruling import Move, Ruling, Standing, rule
from copydesk.work.drift.watching import watch
from copydesk.work.releases.placing import roll_back_trial

if TYPE_CHECKING:
    from copydesk.store import UnitOfWork
    from copydesk.work.desk import Desk

_log = structlog.get_logger(__name__)

#: How often a release on trial is looked at when nothing was observed.
LOOK: Final = timedelta(minutes=1)


async def to_count(unit: UnitOfWork, now: datetime) -> list[str]:
    """Return the workspaces where something is to be counted or ruled on at `now` (aware UTC)."""
    return sorted({*await unit.observations.waiting(), *await unit.releases.due(now)})


async def count(desk: Desk, workspace_id: str) -> None:
    """Count what was observed in a workspace, and do what follows from it. Safe to run twice."""
    async with desk.store.begin("release") as unit:
        observed = await unit.observations.uncounted(workspace_id)
        await watch(unit, observed)
        trial, _ = await unit.releases.in_use(workspace_id)
        if trial is not None:
            release = await unit.releases.locked(trial.id)
            if release.on_trial:
                await _judge(unit, release, observed)
        if observed:
            await unit.drift.plan_comparison(workspace_id)
            await unit.observations.counted([o.sequence for o in observed])


async def _judge(unit: UnitOfWork, release: Release, observed: Sequence[Observation]) -> None:
    counted = release.counted
    for observation in observed:
        if observation.release_id == release.id and await _counts(unit, release, observation):
            counted = with_observation(release, counted, observation)
    shadows = await unit.shadows.uncounted(release.id)
    for shadow in shadows:
        if shadow.old is not None and shadow.new is not None:
            counted = with_shadow(release, counted, shadow.old, shadow.new)
    if shadows:
        await unit.shadows.counted([shadow.id for shadow in shadows])
    release = replace(release, counted=counted)
    await unit.releases.count(release, counted)
    await _follow(unit, release, ruling_of(release, unit.now))


async def _counts(unit: UnitOfWork, release: Release, observation: Observation) -> bool:
    """Tell whether an item counts: the first of its conversation, under its conversation's arm."""
    if observation.submission_id is None or observation.arm is None:
        return False
    if release.state is not ReleaseState.CANARIED:
        return False
    first = await unit.releases.assignment_of(release.id, observation.submission_id)
    return first is not None and first.arm is observation.arm


def with_observation(release: Release, counted: Counted, observation: Observation) -> Counted:
    """Return `counted` with an item of a canary, and with the pair it completes if it does."""
    assert observation.arm is not None
    outcome = observation.outcome
    is_decision = observation.kind is Occasion.DECIDED
    waiting = counted.decided if is_decision else counted.composed
    waiting, found = pair(waiting, observation.arm, observation.channel, outcome)
    if is_decision:
        counted = replace(counted, decided=waiting)
    else:
        counted = replace(counted, composed=waiting)
    if found is None:
        return counted
    return replace(
        counted,
        canary=added(counted.canary, compare(*found, slow_over_ms=release.slow_over_ms)),
        stage_pairs=counted.stage_pairs + (0 if is_decision else 1),
    )


def with_shadow(release: Release, counted: Counted, old: Outcome, new: Outcome) -> Counted:
    """Return `counted` with an item that was written up under both versions."""
    return replace(
        counted,
        shadow=added(counted.shadow, compare(old, new, slow_over_ms=release.slow_over_ms)),
        # of a release that has left the shadow, late ones still tell, but open no further stage
        stage_pairs=counted.stage_pairs + (release.state is ReleaseState.SHADOWED),
    )


def ruling_of(release: Release, now: datetime) -> Ruling:
    """Return what should happen to a release on trial at `now` (aware UTC)."""
    assert release.ends_at is not None
    standing = Standing(
        state=release.state,
        share=release.share,
        ends_at=release.ends_at,
        stage_pairs=release.counted.stage_pairs,
        tallies=release.counted.together,
    )
    return rule(standing, release.policy, now)


async def _follow(unit: UnitOfWork, release: Release, ruling: Ruling) -> None:
    """Do what the ruling says; what only a person may do waits for one."""
    if ruling.move is not Move.WAIT:
        _log.info("release_ruled", release=release.name, move=ruling.move, because=ruling.because)
    match ruling.move:
        case Move.ROLL_BACK:
            await roll_back_trial(unit, release, ruling.because)
            return
        case Move.GIVE_UP:
            await unit.shadows.drop(release.id)
            await unit.releases.move(release, ReleaseState.UNDECIDED, reason=ruling.because)
            return
        case Move.ADVANCE if release.policy.automatic:
            await advance_to(unit, release, ruling.share, ruling.because)
        case Move.PROMOTE if release.policy.automatic:
            await promote_over(unit, release, ruling.because)
        case _:
            await unit.releases.look_again(release.id, unit.now + LOOK)


async def advance_to(unit: UnitOfWork, release: Release, share: int, reason: str) -> Release:
    """Give a release on trial to `share` percent of the conversations."""
    await unit.shadows.drop(release.id)
    await unit.releases.count(release, replace(release.counted, stage_pairs=0))
    return await unit.releases.move(
        release,
        ReleaseState.CANARIED,
        reason=reason,
        share=share,
        wake_at=unit.now + LOOK,
        stage_at=unit.now,
    )


async def promote_over(unit: UnitOfWork, release: Release, reason: str) -> Release:
    """Give a release to everybody; the one that was in force is kept to go back to."""
    await unit.shadows.drop(release.id)
    _, before = await unit.releases.in_use(release.workspace_id)
    if before is not None:
        await unit.releases.move(
            before, ReleaseState.SUPERSEDED, reason=f"{release.name} took its place"
        )
    return await unit.releases.move(
        release,
        ReleaseState.PROMOTED,
        reason=reason,
        share=100,
        stage_at=unit.now,
        baseline_id=before.id if before else None,
    )
