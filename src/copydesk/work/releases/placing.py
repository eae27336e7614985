"""Which version writes a message up: the one in force, or the one on trial for its conversation.

A conversation keeps its version while a trial lasts, and one that began before it keeps the old.
Rolling back is one changed row: whoever places the next message sees it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import structlog

from copydesk.core.errors import ConfigError, NotFound
from copydesk.core.release import Arm, Release, Version
from copydesk.core.states import ReleaseState
from copydesk.generation.consolidated import CAPABILITY, CURRENT_VERSION
from copydesk.generation.prompts import PromptVersion, load_prompt
from copydesk.releases.assignment import arm_of

if TYPE_CHECKING:
    from copydesk.core.submission import Submission
    from copydesk.store import UnitOfWork
    from copydesk.work.desk import Desk

_log = structlog.get_logger(__name__)

_PROMPT: Final = re.compile(r"(?P<capability>[a-z_]+)\.v(?P<number>[1-9][0-9]{0,5})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """What a message is written up with: a desk with the version's models, and its prompt, None for
    the current one. `release` is the one on trial, if any, and `arm` the message's side of it.
    """

    desk: Desk
    prompt: PromptVersion | None = None
    release: Release | None = None
    arm: Arm | None = None


async def version_for(desk: Desk, submission: Submission) -> Placed:
    """Return what `submission` is to be written up with."""
    async with desk.store.read() as unit:
        trial, promoted = await unit.releases.in_use(desk.workspace_id)
    if trial is None or trial.baseline is None:
        return await _in_force(desk, promoted)
    return await _on_trial(desk, trial, promoted, await _arm(desk, trial, submission))


async def version_for_text(desk: Desk, unit_id: str) -> Placed:
    """Return what a text is written with that belongs to no conversation and is not kept.

    `unit_id` is its own, such as its hash: by it the share of a trial is drawn.
    """
    async with desk.store.read() as unit:
        trial, promoted = await unit.releases.in_use(desk.workspace_id)
    if trial is None or trial.baseline is None:
        return await _in_force(desk, promoted)
    drawn = arm_of(unit_id, trial.id, trial.share)
    arm = drawn if trial.state is ReleaseState.CANARIED else Arm.OLD
    return await _on_trial(desk, trial, promoted, arm)


async def _on_trial(desk: Desk, trial: Release, promoted: Release | None, arm: Arm) -> Placed:
    assert trial.baseline is not None
    version = trial.version if arm is Arm.NEW else trial.baseline
    try:
        placed = await under(desk, version)
    except (ConfigError, NotFound) as error:
        if arm is Arm.OLD:
            return await _in_force(desk, promoted)
        await _take_back(desk, trial, error.message)
        return await _in_force(desk, promoted)
    return replace(placed, release=trial, arm=arm)


async def shadow_live(unit: UnitOfWork, release: Release, submission: Submission) -> None:
    """Leave word that what was just composed is to be written up under the version in shadow too.

    Called with the transaction that stores the post.
    """
    if release.state is ReleaseState.SHADOWED:
        await unit.shadows.add(release.id, submission.thread_id or submission.id, submission.id)


async def under(desk: Desk, version: Version) -> Placed:
    """Return what a message is written up with under `version`.

    Raises `ConfigError` when a model cannot be opened, `NotFound` without such a prompt.
    """
    prompt = None
    if version.prompt:
        prompt = prompt_named(version.prompt)
        if version.temperature is not None:
            prompt = prompt.model_copy(update={"temperature": version.temperature})
    return Placed(desk=await desk.version_models.desk_for(desk, version), prompt=prompt)


def configured_version(desk: Desk) -> Version:
    """Return what copydesk and its settings say, by name."""
    settings = desk.settings
    return Version(
        prompt=f"{CAPABILITY}.v{CURRENT_VERSION}",
        model=settings.model,
        light_model=settings.light_model,
    )


async def version_in_force(unit: UnitOfWork, desk: Desk) -> tuple[Version, str | None, str]:
    """Return the version in force, the id of its release if it has one, and what it is called."""
    _, promoted = await unit.releases.in_use(desk.workspace_id)
    if promoted is None:
        return configured_version(desk), None, "what the settings say"
    return promoted.version, promoted.id, promoted.name


def prompt_named(name: str) -> PromptVersion:
    """Return the prompt version called `name`, such as `rewrite_and_polish.v3`.

    Raises `NotFound` when there is none, or it is of another capability.
    """
    match = _PROMPT.fullmatch(name)
    if match is None or match["capability"] != CAPABILITY:
        raise NotFound(
            f"There is no prompt {name!r} to write messages up with.",
            remedy=f"Name one such as {CAPABILITY}.v{CURRENT_VERSION}.",
        )
    return load_prompt(CAPABILITY, int(match["number"]))


async def _in_force(desk: Desk, promoted: Release | None) -> Placed:
    if promoted is None:
        return Placed(desk=desk)
    try:
        return await under(desk, promoted.version)
    except (ConfigError, NotFound) as error:
        # messages must not wait for an operator: the settings' own models write meanwhile
        _log.error("release_unusable", release=promoted.name, reason=error.message)
        return Placed(desk=desk)


async def _arm(desk: Desk, trial: Release, submission: Submission) -> Arm:
    unit_id = submission.thread_id or submission.id
    if trial.state is not ReleaseState.CANARIED:
        return Arm.OLD
    async with desk.store.read() as unit:
        known = await unit.releases.assignment(trial.id, unit_id)
        if known is not None:
            return known.arm
        arm = arm_of(unit_id, trial.id, trial.share)
        if submission.thread_id is None:  # what is only tried out belongs to no conversation
            return arm
        if await unit.releases.began_before(unit_id, submission.id):
            arm = Arm.OLD
    async with desk.store.begin("intake") as unit:
        return (await unit.releases.assign(trial.id, unit_id, arm, submission.id)).arm


async def _take_back(desk: Desk, trial: Release, because: str) -> None:
    reason = f"this worker cannot use it: {because}"
    _log.error("release_unusable", release=trial.name, reason=because)
    async with desk.store.begin("release") as unit:
        current = await unit.releases.locked(trial.id)
        if current.on_trial:
            await roll_back_trial(unit, current, reason)


async def roll_back_trial(unit: UnitOfWork, release: Release, reason: str) -> Release:
    """Take a release on trial back: everybody has the old version again from now on."""
    await unit.shadows.drop(release.id)
    return await unit.releases.move(release, ReleaseState.ROLLED_BACK, reason=reason)
