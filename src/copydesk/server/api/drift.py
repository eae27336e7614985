"""`/v1/drift`: what is watched for getting worse, and alarms about it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from copydesk.core.drift import Alarm, Watched
from copydesk.core.states import AlarmState
from copydesk.server.api.contract import CONFLICT, NOT_FOUND, REPEATABLE, make_router
from copydesk.server.asking import DeskNow, Editor, actor_of
from copydesk.work.drift.drifting import close_alarm, report_drift

router = make_router("drift")


class AlarmOut(BaseModel):
    """A sign that quality falls: while it is open, people look at its channel and language."""

    id: str = Field(examples=["alm_01kbk7v2e0c4m8s6q1r5t9w3x7"])
    state: AlarmState
    watched: Watched
    channel: str = Field(examples=["email"])
    language: str = Field(examples=["en"])
    prompt_version: str
    model: str
    message: str
    opened_at: datetime
    closed_at: datetime | None
    closed_by: str
    closed_because: str


class StreamOut(BaseModel):
    """A stream of results with where its detector stands."""

    watched: Watched
    channel: str
    language: str
    prompt_version: str
    model: str
    checks: str = Field(description="a digest of the checks' versions: others cannot be compared")
    items: int
    level: float | None = Field(description="mean score or rate; null while too short to say")
    depth: float = Field(description="how far it is towards an alarm, 0..1")
    changed_at: datetime | None


class DriftOut(BaseModel):
    """Everything about drift."""

    alarms: Sequence[AlarmOut]
    streams: Sequence[StreamOut]


class FoundIn(BaseModel):
    """What was found."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"reason": "the shop changed its order mails"}]},
    )

    reason: str = Field(max_length=2000)


@router.get("")
async def show_drift(
    desk: DeskNow, closed: Annotated[bool, Query(description="closed alarms too")] = False
) -> DriftOut:
    """Return alarms, newest first, and every stream that is watched."""
    async with desk.store.read() as unit:
        report = await report_drift(unit, desk.workspace_id, closed_too=closed)
    return DriftOut(
        alarms=[_alarm(alarm) for alarm in report.alarms],
        streams=[
            StreamOut(
                watched=watched.stream.watched,
                channel=watched.stream.channel,
                language=watched.stream.language,
                prompt_version=watched.stream.prompt_version,
                model=watched.stream.model,
                checks=watched.stream.checks,
                items=watched.stream.items,
                level=watched.level,
                depth=watched.depth,
                changed_at=watched.stream.changed_at,
            )
            for watched in report.streams
        ],
    )


@router.post("/{id}/close", responses={**NOT_FOUND, **CONFLICT}, dependencies=REPEATABLE)
async def close_drift_alarm(id: str, desk: DeskNow, asking: Editor, found: FoundIn) -> AlarmOut:
    """Close an alarm: its channel and language go their usual way again."""
    async with desk.store.begin(actor_of(asking, "api")) as unit:
        return _alarm(await close_alarm(unit, desk.workspace_id, id, found.reason))


def _alarm(alarm: Alarm) -> AlarmOut:
    return AlarmOut(**{name: getattr(alarm, name) for name in AlarmOut.model_fields})
