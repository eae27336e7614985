"""`/v1/schedules/series`: posts that come round again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from copydesk.core.findings import Finding
from copydesk.core.recurrence import Series
from copydesk.core.states import SeriesState
from copydesk.core.timetable import LatePolicy, read_length
from copydesk.server.api.contract import CONFLICT, NOT_FOUND, REPEATABLE, make_router
from copydesk.server.api.schedules import CancelIn
from copydesk.server.asking import DeskNow, Editor, actor_of
from copydesk.store import UnitOfWork
from copydesk.work.deliveries import occurrences, recurring

router = make_router("schedules")


class SeriesIn(BaseModel):
    """Posts that come round again, by a rule on the wall clock of a zone."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "name": "tips",
                    "rule": "FREQ=WEEKLY;BYDAY=MO",
                    "start": "2026-12-07 09:00",
                    "zone": "Europe/Berlin",
                    "accounts": ["newsroom"],
                    "posts": ["pst_01kbk7v2e0c4m8s6q1r5t9w3x7"],
                }
            ]
        },
    )

    name: str = Field(min_length=1, max_length=100)
    rule: str = Field(max_length=500, description="RFC 5545")
    start: str = Field(max_length=40, description="the first wall time in `zone`")
    zone: str = Field(max_length=64)
    accounts: list[str] = Field(max_length=50)
    posts: list[str] = Field([], max_length=500, description="ids, taken in turn")
    include: list[str] = Field([], max_length=50, description="names of further series")
    exceptions: list[str] = Field([], max_length=500, description="wall times to leave out")
    late: LatePolicy | None = None
    grace: str = Field("", max_length=20)


class OccurrenceOut(BaseModel):
    """One time a series happens."""

    at: datetime
    local: str
    note: str = Field(description="what a change of the clocks made of it")


class SeriesOut(BaseModel):
    """A series and when it happens next."""

    id: str
    name: str
    state: SeriesState
    rule: str
    start: str
    zone: str
    sources: Sequence[str]
    planned: int
    reason: str
    next: Sequence[OccurrenceOut]
    notes: Sequence[Finding] = Field(description="such as a credential that ends before its last")


@router.get("/series")
async def list_series(desk: DeskNow) -> list[SeriesOut]:
    """List the series, by name."""
    async with desk.store.read() as unit:
        return [await series_out(unit, one) for one in await unit.series.all(desk.workspace_id)]


@router.post(
    "/series", status_code=201, responses={**NOT_FOUND, **CONFLICT}, dependencies=REPEATABLE
)
async def add_series(given: SeriesIn, desk: DeskNow, asking: Editor) -> SeriesOut:
    """Add a series; its next occurrences are planned at once."""
    values: dict[str, Any] = given.model_dump()
    values["grace"] = read_length(given.grace, "grace") if given.grace else None
    form = recurring.SeriesForm(**values)
    made = await recurring.add_series(desk, form, actor=actor_of(asking, "api"))
    async with desk.store.read() as unit:
        return await series_out(unit, made)


@router.post("/series/{name}/pause", responses={**NOT_FOUND, **CONFLICT}, dependencies=REPEATABLE)
async def pause_series(name: str, given: CancelIn, desk: DeskNow, asking: Editor) -> SeriesOut:
    """Pause a series; its occurrences that were not sent are called off."""
    async with desk.store.begin(actor_of(asking, "api")) as unit:
        found = await recurring.pause_series(unit, desk.workspace_id, name, given.reason)
        return await series_out(unit, found)


@router.post("/series/{name}/resume", responses={**NOT_FOUND, **CONFLICT}, dependencies=REPEATABLE)
async def resume_series(name: str, desk: DeskNow, asking: Editor) -> SeriesOut:
    """Let a paused series go on from now; what it missed is left out."""
    async with desk.store.begin(actor_of(asking, "api")) as unit:
        found = await recurring.resume_series(unit, desk.workspace_id, name)
        return await series_out(unit, found)


@router.post("/series/{name}/end", responses={**NOT_FOUND, **CONFLICT}, dependencies=REPEATABLE)
async def end_series(name: str, given: CancelIn, desk: DeskNow, asking: Editor) -> SeriesOut:
    """End a series for good; its occurrences that were not sent are called off."""
    async with desk.store.begin(actor_of(asking, "api")) as unit:
        found = await recurring.end_series(unit, desk.workspace_id, name, given.reason)
        return await series_out(unit, found)


async def series_out(unit: UnitOfWork, one: Series) -> SeriesOut:
    """Return a series as the API shows it."""
    return SeriesOut(
        id=one.id,
        name=one.name,
        state=one.state,
        rule=one.rule.text,
        start=f"{one.rule.start:%Y-%m-%d %H:%M}",
        zone=one.rule.zone,
        sources=one.sources,
        planned=one.planned,
        reason=one.reason,
        next=[
            OccurrenceOut(at=found.moment, local=f"{found.local:%Y-%m-%d %H:%M}", note=found.note)
            for found in occurrences.coming(one, unit.now)
        ],
        notes=await occurrences.ending_credentials(unit, one),
    )
