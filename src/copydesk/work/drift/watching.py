"""Watching streams of results for drift: each item moves a detector on, and some raise an alarm.

An alarm sends everything of its channel and language to people until one of them closes it, and
what a class had earned counts no more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import structlog

from copydesk.core.drift import Observation, Occasion, Stream, Watched
from copydesk.editorial.auditing import restart_earning
from copydesk.releases.drift import RateWatch, ScoreWatch
from copydesk.store.codec import from_json

if TYPE_CHECKING:
    from copydesk.store import UnitOfWork

_log = structlog.get_logger(__name__)


async def watch(unit: UnitOfWork, observed: Sequence[Observation]) -> None:
    """Move the detectors of the streams on that `observed` belong to; raise alarms where due."""
    seen = [(stream, value) for o in observed for stream, value in watched_in(o)]
    streams = await unit.drift.locked(sorted({stream.id for stream, _ in seen}))
    changed: dict[str, Stream] = {}
    for named, value in seen:
        stream = changed.get(named.id) or streams.get(named.id) or named
        stream, alarm = moved_on(stream, value)
        if alarm:
            await _raise(unit, stream, alarm)
            stream = replace(stream, numbers={}, items=0)
        changed[named.id] = stream
    for stream in changed.values():
        await unit.drift.put(stream)


async def alarm_at_once(unit: UnitOfWork, observation: Observation, message: str) -> None:
    """Raise an alarm about the stream of one observation that bears no waiting."""
    for stream, _ in watched_in(observation):
        await _raise(unit, stream, message)


def watched_in(observation: Observation) -> list[tuple[Stream, float]]:
    """Return the streams that an observation belongs to, with what it adds to each."""
    found: list[tuple[Watched, float | None]] = []
    match observation.kind:
        case Occasion.COMPOSED:
            found = [
                (Watched.SCORE, observation.score),
                (Watched.FAILURE, observation.outcome.failed),
            ]
        case Occasion.DECIDED:
            found = [(Watched.EDITING, observation.outcome.edited)]
        case Occasion.PROBED:
            found = [(Watched.PROBE, observation.outcome.failed)]
    return [
        (
            Stream(
                workspace_id=observation.workspace_id,
                watched=watched,
                channel=observation.channel,
                language=observation.language,
                prompt_version=observation.prompt_version,
                model=observation.model,
                checks=observation.checks,
            ),
            float(value),
        )
        for watched, value in found
        if value is not None
    ]


def moved_on(stream: Stream, value: float) -> tuple[Stream, str]:
    """Return the stream after one more value, and in words what is alarming about it, "" nothing.

    The value is a score for `Watched.SCORE`, else 1 for a fault and 0 for none.
    """
    moved: ScoreWatch | RateWatch
    alarm = ""
    if stream.watched is Watched.SCORE:
        scores: ScoreWatch = from_json(ScoreWatch, dict(stream.numbers)).seen(value)
        if scores.has_fallen:
            alarm = (
                f"scores of {_words(stream)} have fallen: {scores.items} items, mean "
                f"{scores.mean:.3f}, spread {scores.spread:.3f}"
            )
        moved = scores
    else:
        rate: RateWatch = from_json(RateWatch, dict(stream.numbers)).seen(bool(value))
        if rate.has_risen:
            alarm = (
                f"the {stream.watched} rate of {_words(stream)} has risen: usually up to "
                f"{rate.usual or 0.0:.1%}, {rate.bad} of {rate.items} items so far"
            )
        moved = rate
    numbers = asdict(moved)
    return replace(stream, numbers=numbers, items=moved.items), alarm


async def _raise(unit: UnitOfWork, stream: Stream, message: str) -> None:
    id = await unit.drift.raise_alarm(stream, message, stream.numbers)
    if not id:
        return
    await restart_earning(
        unit, stream.workspace_id, message, channel=stream.channel, language=stream.language
    )
    _log.warning("drift_alarm", alarm=id, watched=stream.watched, message=message)


def _words(stream: Stream) -> str:
    writer = f"{stream.prompt_version} {stream.model}".strip()
    return f"{stream.channel}, {stream.language or 'unknown language'}, {writer}"
