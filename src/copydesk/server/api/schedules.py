"""`/v1/schedules`: what is coming up, and the calendar feed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from copydesk.core.states import DeliveryState
from copydesk.core.timetable import LatePolicy, read_length
from copydesk.core.timing import Timing
from copydesk.server.api.contract import (
    CONFLICT,
    NOT_FOUND,
    REPEATABLE,
    Cursor,
    Limit,
    Page,
    make_router,
    page_of,
)
from copydesk.server.asking import DeskNow, Editor, actor_of
from copydesk.store.listings import DeliveryLine
from copydesk.work.deliveries.calendar import calendar_of, make_feed
from copydesk.work.deliveries.scheduling import (
    cancel_scheduled,
    move_scheduled,
    scheduled,
    upcoming,
)
from copydesk.work.deliveries.times import Wish

router = make_router("schedules")


class ScheduledOut(BaseModel):
    """A delivery and when it goes out."""

    id: str = Field(examples=["dlv_01kbk7v2e0c4m8s6q1r5t9w3x7"])
    post_id: str
    title: str
    account: str
    platform: str
    state: DeliveryState
    due_at: datetime = Field(description="when it was asked to go out")
    goes_out_at: datetime = Field(description="when it can: later where a window is shut then")
    asked: str = Field(
        description="the wall time that was asked for", examples=["2026-12-01 09:00"]
    )
    zone: str = Field(examples=["Europe/Berlin"])
    note: str = Field(description="what a change of the clocks made of it")
    queue: str
    series_id: str
    late: LatePolicy | None = Field(description="null: as the account's timetable has it")
    reason_code: str
    reason: str


@router.get("", responses=NOT_FOUND)
async def list_scheduled(
    desk: DeskNow,
    account: Annotated[str, Query(max_length=100, description="a name of an account")] = "",
    days: Annotated[int, Query(ge=1, le=3660, description="how many days ahead")] = 30,
    limit: Limit = 50,
    cursor: Cursor = "",
) -> Page[ScheduledOut]:
    """List what will go out, soonest first."""
    async with desk.store.read() as unit:
        found = await upcoming(
            unit,
            desk.workspace_id,
            account=account,
            until=unit.now + timedelta(days=days),
            after=cursor,
            limit=limit + 1,
        )
    return page_of([scheduled_out(*pair) for pair in found], limit, lambda line: line.id)


class MoveIn(BaseModel):
    """When it should go out instead; nothing of it: now."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"at": "2026-12-01 09:00", "zone": "Europe/Berlin"}]},
    )

    at: str = Field("", max_length=40, description="ISO 8601, as in `/v1/posts`")
    zone: str = Field("", max_length=64)
    queue: str = Field("", max_length=100)
    late: LatePolicy | None = None
    grace: str = Field("", max_length=20)
    reason: str = Field("", max_length=2000)


class CancelIn(BaseModel):
    """Why it is called off."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"reason": ""}]})

    reason: str = Field("", max_length=2000)


@router.post("/{id}/move", responses={**NOT_FOUND, **CONFLICT}, dependencies=REPEATABLE)
async def move(id: str, given: MoveIn, desk: DeskNow, asking: Editor) -> list[ScheduledOut]:
    """Let a delivery, or what was not sent of a post, go out at another time.

    409 when it was sent or its outcome is not known.
    """
    wish = Wish(
        at=given.at,
        zone=given.zone,
        queue=given.queue,
        late=given.late,
        grace=read_length(given.grace, "grace") if given.grace else None,
    )
    async with desk.store.begin(actor_of(asking, "api")) as unit:
        done = await move_scheduled(unit, desk.workspace_id, id, wish, reason=given.reason)
        found = [pair for d in done for pair in await scheduled(unit, desk.workspace_id, d.id)]
    return [scheduled_out(*pair) for pair in found]


@router.post("/{id}/cancel", responses={**NOT_FOUND, **CONFLICT}, dependencies=REPEATABLE)
async def cancel(id: str, given: CancelIn, desk: DeskNow, asking: Editor) -> list[ScheduledOut]:
    """Call off a delivery, or what was not sent of a post. 409 when it was sent."""
    async with desk.store.begin(actor_of(asking, "api")) as unit:
        done = await cancel_scheduled(unit, desk.workspace_id, id, reason=given.reason)
        found = [pair for d in done for pair in await scheduled(unit, desk.workspace_id, d.id)]
    return [scheduled_out(*pair) for pair in found]


# -- the calendar ---------------------------------------------------------------------------------


class FeedOut(BaseModel):
    """A secret address: whoever knows it can read the calendar, and nothing else."""

    url: str


class FeedIn(BaseModel):
    """Whether the addresses made before shall end."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"renew": True}]})

    renew: bool = False


@router.post("/feeds", status_code=201, dependencies=REPEATABLE)
async def add_feed(given: FeedIn, desk: DeskNow, asking: Editor, request: Request) -> FeedOut:
    """Make an address of the calendar for programs that send no token."""
    async with desk.store.begin(actor_of(asking, "api")) as unit:
        path = await make_feed(unit, desk.workspace_id, renew=given.renew)
    return FeedOut(url=f"{_base(request)}{path}")


@router.get(
    "/calendar.ics",
    response_class=Response,
    responses={200: {"content": {"text/calendar": {}}, "description": "iCalendar (RFC 5545)"}},
)
async def get_calendar(desk: DeskNow, request: Request) -> Response:
    """Return what is scheduled as iCalendar: 30 days back, 366 days ahead."""
    async with desk.store.read() as unit:
        body = await calendar_of(unit, desk.workspace_id, _base(request))
    return Response(body, media_type="text/calendar")


@router.get("/{id}", responses=NOT_FOUND)
async def get_scheduled(id: str, desk: DeskNow) -> list[ScheduledOut]:
    """Return when a delivery, or each one of a post, goes out or went out."""
    async with desk.store.read() as unit:
        found = await scheduled(unit, desk.workspace_id, id)
    return [scheduled_out(*pair) for pair in found]


def scheduled_out(line: DeliveryLine, timing: Timing) -> ScheduledOut:
    """Return a delivery with its timing as the API shows it."""
    delivery = line.delivery
    return ScheduledOut(
        id=delivery.id,
        post_id=delivery.post_id,
        title=line.title,
        account=line.account,
        platform=line.platform,
        state=delivery.state,
        due_at=delivery.due_at,
        goes_out_at=delivery.wake_at or delivery.due_at,
        asked=timing.asked,
        zone=timing.zone,
        note=timing.note,
        queue=timing.queue,
        series_id=timing.series_id,
        late=timing.late,
        reason_code=delivery.reason_code,
        reason=delivery.reason,
    )


def _base(request: Request) -> str:
    return str(request.base_url).rstrip("/")
