"""Releases as people use them: create, try, look at, promote, take back. For CLI, API and pages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from copydesk import __version__
from copydesk.core.errors import Conflict, ContentInvalid
from copydesk.core.findings import Finding
from copydesk.core.release import NO_MODEL, Policy, Release, Version
from copydesk.core.states import ReleaseState
from copydesk.generation.address import parse_model_line
from copydesk.releases.guards import slow_from
from copydesk.work.drift.counting import LOOK, advance_to, promote_over
from copydesk.work.releases.placing import (
    configured_version,
    prompt_named,
    roll_back_trial,
    version_in_force,
)
from copydesk.work.releases.shadowing import replay
from copydesk.work.releases.trials import TRAFFIC

if TYPE_CHECKING:
    from copydesk.core.drift import Observation
    from copydesk.store import UnitOfWork
    from copydesk.work.desk import Desk

#: How many past messages are shadowed when nothing else is said.
REPLAYED: Final = 200
MOST_REPLAYED: Final = 5000

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,79}")


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
                    message=f"{name!r} cannot name a release",
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
                    remedy=f"Ask for 0 to {MOST_REPLAYED}.",
                )
            ]
        )
    release = await unit.releases.locked((await unit.releases.get(desk.workspace_id, reference)).id)
    baseline, baseline_id, called = await version_in_force(unit, desk)
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


def _latencies(recent: Sequence[Observation], baseline: Version) -> list[float]:
    return [
        o.outcome.latency_ms
        for o in recent
        if o.outcome.latency_ms is not None and o.prompt_version.startswith(baseline.prompt)
    ]


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
