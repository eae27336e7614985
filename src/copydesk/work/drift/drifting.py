"""Drift as people look at it: alarms, and how near every watched stream is to one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from copydesk.core.drift import Alarm, Stream, Watched
from copydesk.core.errors import ContentInvalid
from copydesk.core.findings import Finding
from copydesk.core.states import AlarmState
from copydesk.releases.drift import RateWatch, ScoreWatch
from copydesk.store.codec import from_json

if TYPE_CHECKING:
    from copydesk.store import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedStream:
    """A stream with its `level`, the mean score or the rate (None while it is too short to say),
    and how far it is towards an alarm, 0 to 1."""

    stream: Stream
    level: float | None
    depth: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Drifting:
    """Everything about drift in a workspace."""

    alarms: Sequence[Alarm]
    streams: Sequence[WatchedStream]


async def report_drift(
    unit: UnitOfWork, workspace_id: str, *, closed_too: bool = False
) -> Drifting:
    """Return the open alarms, with `closed_too` all, newest first; and the streams."""
    return Drifting(
        alarms=await unit.drift.alarms(
            workspace_id, state=None if closed_too else AlarmState.OPENED
        ),
        streams=[_watched(stream) for stream in await unit.drift.streams(workspace_id)],
    )


async def close_alarm(unit: UnitOfWork, workspace_id: str, id: str, reason: str) -> Alarm:
    """Close an alarm: its channel and language go their usual way again.

    What is usual is learnt anew from now on. What they had earned stays lost. Raises `NotFound`,
    `TransitionNotAllowed`, and `ContentInvalid` without a reason.
    """
    if not reason.strip():
        raise ContentInvalid(
            [
                Finding(
                    code="reason_missing",
                    field="reason",
                    message="say what was found",
                    remedy="Give a reason; it stands in the history.",
                )
            ]
        )
    closed = await unit.drift.close(await unit.drift.alarm(workspace_id, id), reason)
    # what came while the alarm was open would make its fault the usual thing
    await unit.drift.forget(closed.stream_id)
    return closed


def _watched(stream: Stream) -> WatchedStream:
    if stream.watched is Watched.SCORE:
        scores: ScoreWatch = from_json(ScoreWatch, dict(stream.numbers))
        level = scores.mean if scores.items else None
        return WatchedStream(stream=stream, level=level, depth=max(0.0, min(1.0, scores.depth)))
    rate: RateWatch = from_json(RateWatch, dict(stream.numbers))
    return WatchedStream(
        stream=stream,
        level=rate.bad / rate.items if rate.usual is not None and rate.items else None,
        depth=max(0.0, min(1.0, rate.depth)),
    )
