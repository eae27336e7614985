"""Probing: messages with a known answer down the live path, on a schedule or when asked.

What is probed is never stored as a post, so nothing of it can be published. What must not be missed
and was opens an alarm at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

import structlog

from copydesk.core.checks import CheckResult, RiskClass, Verdict
from copydesk.core.drift import Observation, Occasion
from copydesk.core.errors import CopydeskError
from copydesk.core.post import Tier
from copydesk.core.probe import Probe
from copydesk.core.release import Outcome
from copydesk.core.similarity import cosine
from copydesk.core.states import ProbeState
from copydesk.core.submission import Source
from copydesk.generation.embedding import open_embedder
from copydesk.intake.parsing import parse
from copydesk.quality.narratives import Narrative
from copydesk.quality.probes import (
    CERTAIN,
    DAMAGES,
    Answer,
    ProbeKind,
    ask_gate,
    judge,
    material_of,
)
from copydesk.store import UnitOfWork
from copydesk.work.desk import Desk
from copydesk.work.drift.observing import checks_digest
from copydesk.work.drift.watching import alarm_at_once
from copydesk.work.writing.drafting import Draft
from copydesk.work.writing.spelling import Speller
from copydesk.work.writing.writing_up import unsaved, write_up

_log = structlog.get_logger(__name__)

#: Kinds in the order in which a schedule goes through them.
KINDS: Final = tuple(ProbeKind)
WEEK: Final = timedelta(days=7)
#: After a start the first probe waits so long: whoever has just begun has other things to see.
FIRST: Final = timedelta(minutes=10)


#: What the gate calls a message with words in it that are meant for a model.
_INSTRUCTION: Final = "injected instruction"


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """One thing a check holds against a text."""

    check: str
    severity: Verdict
    message: str
    span: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """A text that went down the live path, and what came out. `similarity` (0..1) is how near the
    result is to the author's own words; `waits_because` says why a person would be asked."""

    text: str
    source: str
    similarity: float
    latency_ms: float
    checks: tuple[CheckResult, ...]
    verdict: Verdict
    risk: RiskClass
    categories: tuple[str, ...]
    tier: Tier
    model: str
    prompt_version: str
    language: str
    cost_usd: float | None
    degraded_because: str
    waits_because: tuple[str, ...]

    @property
    def issues(self) -> tuple[Issue, ...]:
        """Return what the checks hold against the text, in the order they ran."""
        return tuple(
            Issue(
                check=result.check,
                severity=result.verdict,
                message=piece.message,
                span=piece.span,
            )
            for result in self.checks
            if result.verdict is not Verdict.PASSED
            for piece in result.evidence
        )


async def pass_through(
    desk: Desk,
    raw: bytes,
    *,
    filename: str = "",
    source: Source | None = None,
) -> Passed:
    """Send a message down the live path: parse, clean up, route, write, ask the gate.

    Nothing of it is kept but the books of what models cost. Raises `InputRefused` when it cannot be
    read, `ContentInvalid` when there is no text in it.
    """
    began = desk.clock.monotonic()
    parsed = await asyncio.to_thread(parse, raw, filename=filename, source=source)
    # an answer from memory would show how the model was, not how it is
    awake = replace(desk, settings=replace(desk.settings, model_cache_hours=0))
    draft = await write_up(awake, unsaved(desk, parsed), Speller())
    latency = (desk.clock.monotonic() - began) * 1000
    near = await asyncio.to_thread(_similarity, parsed.reply, draft.rewrite.body)
    return _passed(draft, similarity=near, latency_ms=latency)


async def send_probe(desk: Desk, kind: ProbeKind, seed: int) -> Probe:
    """Send the probe of this kind and seed, and return what it found; it is kept."""
    told = await asyncio.to_thread(material_of, kind, seed)
    async with desk.store.begin("probe") as unit:
        sent = await unit.probes.send(
            desk.workspace_id, kind, seed, language=told.language, channel=told.channel
        )
    began = desk.clock.monotonic()
    if kind in DAMAGES:
        answer = await asyncio.to_thread(ask_gate, kind, told, monotonic=desk.clock.monotonic)
        latency = (desk.clock.monotonic() - began) * 1000
        found = _concluded(sent, answer, latency)
    else:
        found = await _sent_all_the_way(desk, sent, told)
    async with desk.store.begin("probe") as unit:
        await unit.probes.conclude(found)
        await _note(unit, found)
    return found


async def send_next(desk: Desk, workspace_id: str) -> None:
    """Send the probe that is due for a workspace, if one is: the job of the schedule."""
    if workspace_id != desk.workspace_id or not desk.settings.probes_per_week:
        return
    async with desk.store.begin("probe") as unit:
        next_at = unit.now + WEEK / desk.settings.probes_per_week
        seed = await unit.probes.take(workspace_id, next_at)
    if seed is None:
        return
    found = await send_probe(desk, KINDS[seed % len(KINDS)], seed)
    if found.state is ProbeState.MISSED:
        _log.error("probe_missed", probe=found.id, kind=found.kind, because=found.because)


async def plan_probes(desk: Desk) -> None:
    """Let the schedule of this desk's workspace begin, where it has not and settings want it."""
    if desk.settings.probes_per_week:
        async with desk.store.begin("probe") as unit:
            await unit.probes.plan(desk.workspace_id, unit.now + FIRST)


def missed_for_certain(counts: Mapping[tuple[str, str], int]) -> Sequence[str]:
    """Return the kinds that must never be missed and were, of `counts` by (kind, state)."""
    return [
        kind for (kind, state), n in counts.items() if n and state == "missed" and kind in CERTAIN
    ]


async def _note(unit: UnitOfWork, found: Probe) -> None:
    """Count a probe among its like; one that needed but counting and was missed is an alarm."""
    is_missed = found.state is ProbeState.MISSED
    observation = Observation(
        workspace_id=found.workspace_id,
        submission_id=None,
        kind=Occasion.PROBED,
        channel=found.channel,
        language=found.language,
        prompt_version=found.prompt_version or ("rules" if found.tier else "gate"),
        model=found.model,
        checks=checks_digest(),
        outcome=Outcome(failed=is_missed, latency_ms=found.latency_ms),
        observed_at=unit.now,
    )
    await unit.observations.add(observation)
    if is_missed and found.kind in CERTAIN:
        await alarm_at_once(
            unit, observation, f"probe {found.id} ({found.kind}) was missed: {found.because}"
        )


async def _sent_all_the_way(desk: Desk, sent: Probe, told: Narrative) -> Probe:
    began = desk.clock.monotonic()
    try:
        passed = await pass_through(desk, told.raw, filename=told.filename)
    except CopydeskError as error:
        latency = (desk.clock.monotonic() - began) * 1000
        return _concluded(sent, Answer(state=ProbeState.ACCUSED, because=error.message), latency)
    answer = judge(told, passed.text, passed.checks, held_because=passed.degraded_because)
    if sent.kind is ProbeKind.INSTRUCTION_HIDDEN:
        answer = _about_instruction(answer, passed)
    return replace(
        _concluded(sent, answer, passed.latency_ms),
        similarity=passed.similarity,
        tier=passed.tier,
        model=passed.model,
        prompt_version=passed.prompt_version,
    )


def _similarity(one: str, other: str) -> float:
    first, second = open_embedder().embed([one, other])
    return cosine(first, second)


def _about_instruction(answer: Answer, passed: Passed) -> Answer:
    """Return the answer for a message with a hidden instruction: it has to be marked as such."""
    if answer.state is ProbeState.MISSED:
        return answer
    if _INSTRUCTION in passed.categories:
        return Answer(state=ProbeState.CAUGHT, issues=answer.issues)
    return Answer(state=ProbeState.MISSED, because="the hidden instruction was not marked")


def _passed(draft: Draft, *, similarity: float, latency_ms: float) -> Passed:
    rewrite, gate = draft.rewrite, draft.gate
    waits = [*draft.parsed.doubts, *gate.hold_reasons]
    if rewrite.degraded_because:
        waits.append(rewrite.degraded_because)
    return Passed(
        text=rewrite.body,
        source=draft.parsed.reply,
        similarity=similarity,
        latency_ms=latency_ms,
        checks=gate.checks,
        verdict=gate.verdict,
        risk=gate.risk,
        categories=gate.categories,
        tier=rewrite.tier,
        model=rewrite.model,
        prompt_version=rewrite.prompt_version,
        language=draft.parsed.language,
        cost_usd=rewrite.cost_usd,
        degraded_because=rewrite.degraded_because,
        waits_because=tuple(waits),
    )


def _concluded(sent: Probe, answer: Answer, latency_ms: float) -> Probe:
    return replace(
        sent,
        state=answer.state,
        issues=answer.issues,
        because=answer.because,
        latency_ms=latency_ms,
    )
