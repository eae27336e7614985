"""Trials as people look at them: what one can find out beforehand, how it stands, what is next."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from copydesk.core.errors import ContentInvalid
from copydesk.core.findings import Finding
from copydesk.core.release import Guard, Policy, Release, Version
from copydesk.releases.forecast import Simulated, simulate, smallest_change, split_shares
from copydesk.releases.ruling import Move, Reading, Ruling, read
from copydesk.work.drift.counting import ruling_of
from copydesk.work.releases.placing import version_in_force

if TYPE_CHECKING:
    from copydesk.core.drift import Observation
    from copydesk.store import UnitOfWork
    from copydesk.work.desk import Desk

#: How far back traffic is looked at, to say what it can find out.
TRAFFIC: Final = timedelta(days=28)

_SEED: Final = 20261122


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """The smallest rise of a guard's share that can be found, for one stage of a release.

    `items` are what the new version gets of the user's own traffic until the calendar cap.
    `share` is how often it happens now; `rise` is a lower limit (see `forecast.smallest_change`).
    """

    guard: Guard
    stage: str
    items: int
    share: float
    rise: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A release as people look at it.

    `differences` are from `baseline` (what is in force, before a start). `readings` say how every
    guard stands, `next` what would happen now and why, None when it is not on trial.
    """

    release: Release
    baseline: Version
    baseline_name: str
    differences: tuple[str, ...]
    per_day: float
    changes: tuple[Change, ...]
    readings: tuple[Reading, ...]
    next: Ruling | None
    waiting_shadows: int


async def show(unit: UnitOfWork, desk: Desk, reference: str) -> Shown:
    """Return a release with everything there is to know about it. Raises `NotFound`."""
    release = await unit.releases.get(desk.workspace_id, reference)
    baseline, _, called = await version_in_force(unit, desk)
    if release.baseline is not None:
        baseline = release.baseline
        called = "what the settings said"
        if release.baseline_id:
            called = (await unit.releases.get(desk.workspace_id, release.baseline_id)).name
    recent = await unit.observations.latest(desk.workspace_id, since=unit.now - TRAFFIC)
    per_day = _per_day(recent)
    return Shown(
        release=release,
        baseline=baseline,
        baseline_name=called,
        differences=baseline.differences(release.version),
        per_day=per_day,
        changes=tuple(_changes(release.policy, recent, per_day)),
        # the bounds are searched for numerically: some ten milliseconds of computation
        readings=tuple(await asyncio.to_thread(read, release.counted.together, release.policy)),
        next=ruling_of(release, unit.now) if release.on_trial else None,
        waiting_shadows=await unit.shadows.waiting(release.id),
    )


def needs_person(shown: Shown) -> bool:
    """Tell whether the next step of a release waits for a person."""
    ruling = shown.next
    return (
        ruling is not None
        and ruling.move in (Move.ADVANCE, Move.PROMOTE)
        and not shown.release.policy.automatic
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """What would come of trials of a version that is worse, and of one that is not."""

    old: float
    new: float
    alpha: float
    pairs: int
    days: float | None
    worse: Simulated
    alike: Simulated


def play_through(
    *,
    old: float,
    new: float,
    pairs: int,
    policy: Policy,
    runs: int = 400,
    shared: float = 0.0,
    per_day: float | None = None,
) -> Simulation:
    """Play trials through with the e-process that is configured. Computation only: a second or so.

    Args:
        old: share of bad items of the version in force, 0..1; `new`: of the new one.
        pairs: how many pairs a trial has at most.
        policy: whose alpha and margin hold.
        runs: how many trials are played.
        shared: share of the old version's faults (0..1) that the new one certainly has too: in
            shadow most are, because the same message is hard for both; in a split none.
        per_day: pairs a day, to say how long it takes; None leaves it open.

    Raises `ContentInvalid` for what cannot be.
    """
    problems = [
        (field, message)
        for field, message, is_wrong in (
            ("old", "a share lies between 0 and 1", not 0 <= old <= 1),
            ("new", "a share lies between 0 and 1", not 0 <= new <= 1),
            ("shared", "a share lies between 0 and 1", not 0 <= shared <= 1),
            ("pairs", "1 to 20000 pairs can be played", not 1 <= pairs <= 20_000),
            ("runs", "10 to 2000 runs can be played", not 10 <= runs <= 2000),
        )
        if is_wrong
    ]
    if problems:
        raise ContentInvalid(
            [Finding(code="out_of_range", field=f, message=m) for f, m in problems]
        )
    randomness = random.Random(_SEED)

    def played(share: float) -> Simulated:
        common = shared * min(old, share)
        worse, better = split_shares(old - common, share - common)
        return simulate(
            worse=worse,
            better=better,
            alpha=policy.guard_alpha,
            margin=policy.margins[Guard.FLAGGED],
            most_pairs=pairs,
            runs=runs,
            randomness=randomness,
        )

    worse = played(new)
    days = worse.median / per_day if per_day and worse.median is not None else None
    return Simulation(
        old=old,
        new=new,
        alpha=policy.guard_alpha,
        pairs=pairs,
        days=days,
        worse=worse,
        alike=played(old),
    )


def _per_day(recent: Sequence[Observation]) -> float:
    """Return how many items came a day; over a day at least, so that a burst is no habit."""
    if not recent:
        return 0.0
    span = recent[0].observed_at - recent[-1].observed_at
    return len(recent) / max(1.0, span / timedelta(days=1))


def _changes(policy: Policy, recent: Sequence[Observation], per_day: float) -> list[Change]:
    found = []
    for guard in (Guard.FAILED, Guard.FLAGGED):
        faults = sum(
            bool(o.outcome.failed if guard is Guard.FAILED else o.outcome.flagged) for o in recent
        )
        # one more of each: that nothing happened so far does not mean that nothing ever does
        share = (faults + 1) / (len(recent) + 2)
        stages = [("shadow", 100), *((f"{stage} %", stage) for stage in policy.stages)]
        for stage, percent in stages:
            # in a split each arm has at most as many as the smaller one
            usable = percent if stage == "shadow" else min(percent, 100 - percent)
            items = int(per_day * policy.days * usable / 100)
            found.append(
                Change(
                    guard=guard,
                    stage=stage,
                    items=items,
                    share=share,
                    rise=smallest_change(share, items),
                )
            )
    return found
