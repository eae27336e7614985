"""Releases as people use them: create, try, look at, promote, take back. For CLI, API and pages."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from copydesk import __version__
from copydesk.core.errors import Conflict, ContentInvalid
from copydesk.core.findings import Finding
from copydesk.core.release import NO_MODEL, Guard, Policy, Release, Version
from copydesk.core.states import ReleaseState
from copydesk.generation import parse_model_line
from copydesk.releases.forecast import Simulated, simulate, smallest_change, split_shares
from copydesk.releases.guards import slow_from
from copydesk.releases.ruling import Move, Reading, Ruling, read
from copydesk.work.counting import LOOK, advance_to, promote_over, ruling_of
from copydesk.work.placing import configured_version, prompt_named, roll_back_trial
from copydesk.work.shadowing import replay

if TYPE_CHECKING:
    from copydesk.core.drift import Observation
    from copydesk.store import UnitOfWork
    from copydesk.work.desk import Desk

#: How far back traffic is looked at, to say what it can find out.
TRAFFIC: Final = timedelta(days=28)
#: How many past messages are shadowed when nothing else is said.
REPLAYED: Final = 200
MOST_REPLAYED: Final = 5000

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,79}")
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


async def create(
    unit: UnitOfWork,
    desk: Desk,
    name: str,
    version: Version,
    *,
    policy: Policy | None = None,
    note: str = "",
) -> Release:
    """Add a release called `name`. What `version` leaves open is taken from the settings by name,
    so that it means the same for ever.

    Raises `ContentInvalid` for a name or values that cannot be, `NotFound` without such a prompt,
    `ConfigError` for a model line that cannot be read, `Conflict` when the name is taken.
    """
    if not _NAME.fullmatch(name):
        raise ContentInvalid(
            [
                Finding(
                    code="name_invalid",
                    field="name",
                    message=f"{name!r} is no name for a release",
                    remedy="Use lower-case letters, digits, '.', '-' and '_'; 80 at most.",
                )
            ]
        )
    policy = policy or Policy()
    policy.check()
    usual = configured_version(desk)
    version = replace(
        version,
        prompt=version.prompt or usual.prompt,
        model=version.model or usual.model,
        light_model=version.light_model or usual.light_model,
        code=__version__,
    )
    version.check()
    prompt_named(version.prompt)
    for line in (version.model, version.light_model):
        if line not in ("", NO_MODEL):
            parse_model_line(line)
    return await unit.releases.add(
        workspace_id=desk.workspace_id, name=name, version=version, policy=policy, note=note
    )


async def start(
    unit: UnitOfWork,
    desk: Desk,
    reference: str,
    *,
    replayed: int = REPLAYED,
    skip_shadow: bool = False,
) -> Release:
    """Put a release on trial: in shadow, with the latest `replayed` messages to begin with; or,
    with `skip_shadow`, with its first share of conversations at once.

    Raises `NotFound`, `TransitionNotAllowed`; `Conflict` when another is on trial or nothing about
    it is new; `ContentInvalid` for more replays than there may be.
    """
    if not 0 <= replayed <= MOST_REPLAYED:
        raise ContentInvalid(
            [
                Finding(
                    code="out_of_range",
                    field="replayed",
                    message=f"{replayed} messages cannot be replayed",
                    remedy=f"0 to {MOST_REPLAYED} can.",
                )
            ]
        )
    release = await unit.releases.locked((await unit.releases.get(desk.workspace_id, reference)).id)
    baseline, baseline_id, called = await _in_force(unit, desk)
    if baseline.digest == release.version.digest:
        raise Conflict(
            f"{release.name} is the same as {called}: there is nothing to try.",
            remedy="Create a release with another prompt, model or temperature.",
        )
    if desk.model is None and {baseline.model, release.version.model} <= {"", NO_MODEL}:
        raise Conflict(
            "No model is configured: rules write under both versions, and alike.",
            remedy="Name a model in the settings, or a release with one.",
        )
    now = unit.now
    recent = await unit.observations.latest(desk.workspace_id, since=now - TRAFFIC)
    share = release.policy.next_share(0) if skip_shadow else 0
    release = await unit.releases.move(
        release,
        ReleaseState.CANARIED if skip_shadow else ReleaseState.SHADOWED,
        reason=f"held against {called}",
        share=share,
        wake_at=now + LOOK,
        baseline=baseline,
        baseline_id=baseline_id,
        slow_over_ms=slow_from(_latencies(recent, baseline)),
        started_at=now,
        stage_at=now,
        ends_at=now + release.policy.term,
    )
    if not skip_shadow:
        await replay(unit, release, replayed)
    return release


async def shadow_more(unit: UnitOfWork, desk: Desk, reference: str, last: int) -> int:
    """Shadow the latest `last` messages too, one a conversation; return how many are new.

    Raises `NotFound`; `Conflict` unless the release is in shadow.
    """
    release = await unit.releases.get(desk.workspace_id, reference)
    if release.state is not ReleaseState.SHADOWED:
        raise Conflict(
            f"{release.name} is {release.state}, not in shadow.",
            remedy=f"`copydesk release start {release.name}` begins with the shadow.",
        )
    return await replay(unit, release, min(last, MOST_REPLAYED))


async def advance(unit: UnitOfWork, desk: Desk, reference: str, reason: str) -> Release:
    """Give a release on trial its next share of conversations because a person says so.

    Raises `NotFound`, `TransitionNotAllowed`; `ContentInvalid` without a reason; `Conflict` when
    the next share would be everybody.
    """
    _check_reason(reason)
    release = await unit.releases.locked((await unit.releases.get(desk.workspace_id, reference)).id)
    share = release.policy.next_share(release.share)
    if release.on_trial and share >= 100:
        raise Conflict(
            f"{release.name} has its last share of {release.share} % already.",
            remedy=f"`copydesk release promote {release.name}` gives it to everybody.",
        )
    return await advance_to(unit, release, share, reason)


async def promote(unit: UnitOfWork, desk: Desk, reference: str, reason: str) -> Release:
    """Give a release to everybody because a person says so, with or without evidence.

    Raises `NotFound`, `TransitionNotAllowed`; `ContentInvalid` without a reason.
    """
    _check_reason(reason)
    release = await unit.releases.locked((await unit.releases.get(desk.workspace_id, reference)).id)
    return await promote_over(unit, release, reason)


async def roll_back(unit: UnitOfWork, desk: Desk, reference: str = "", reason: str = "") -> Release:
    """Take a release back: the one named, else the one on trial, else the one in force.

    Whoever is written up next gets the version before it. Returns the release taken back. Raises
    `NotFound`, `TransitionNotAllowed`; `Conflict` when there is nothing to take back.
    """
    trial, promoted = await unit.releases.in_use(desk.workspace_id)
    if reference:
        found = await unit.releases.get(desk.workspace_id, reference)
    elif trial or promoted:
        found = trial or promoted  # type: ignore[assignment]
    else:
        raise Conflict(
            "No release is on trial or in force.", remedy="There is nothing to take back."
        )
    release = await unit.releases.locked(found.id)
    reason = reason or "taken back by hand"
    if release.state is not ReleaseState.PROMOTED:
        return await roll_back_trial(unit, release, reason)
    taken = await unit.releases.move(release, ReleaseState.ROLLED_BACK, reason=reason)
    if release.baseline_id:
        before = await unit.releases.locked(release.baseline_id)
        if before.state is ReleaseState.SUPERSEDED:
            await unit.releases.move(
                before,
                ReleaseState.PROMOTED,
                reason=f"{release.name} was taken back",
                share=100,
            )
    return taken


async def show(unit: UnitOfWork, desk: Desk, reference: str) -> Shown:
    """Return a release with everything there is to know about it. Raises `NotFound`."""
    release = await unit.releases.get(desk.workspace_id, reference)
    baseline, _, called = await _in_force(unit, desk)
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
        waiting_shadows=await unit.releases.waiting_shadows(release.id),
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


async def _in_force(unit: UnitOfWork, desk: Desk) -> tuple[Version, str | None, str]:
    """Return the version in force, the id of its release if it has one, and what it is called."""
    _, promoted = await unit.releases.in_use(desk.workspace_id)
    if promoted is None:
        return configured_version(desk), None, "what the settings say"
    return promoted.version, promoted.id, promoted.name


def _latencies(recent: Sequence[Observation], baseline: Version) -> list[float]:
    return [
        o.outcome.latency_ms
        for o in recent
        if o.outcome.latency_ms is not None and o.prompt_version.startswith(baseline.prompt)
    ]


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


def _check_reason(reason: str) -> None:
    if not reason.strip():
        raise ContentInvalid(
            [
                Finding(
                    code="reason_missing",
                    field="reason",
                    message="say why: it goes on without the evidence it would have waited for",
                    remedy="Give a reason; it stands in the history.",
                )
            ]
        )
