"""What is coming up: the page, moving and cancelling, and the calendar other programs read."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from fastapi import APIRouter, Form, Query
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from copydesk.server.asking import SIGNED_IN, DeskNow, Editor, actor_of, check_own
from copydesk.server.pages.trouble import find_trouble
from copydesk.server.rendering import render
from copydesk.server.views.frame import Frame, address
from copydesk.server.views.schedule import ScheduleView, days_of, series_line
from copydesk.work.deliveries import occurrences, recurring
from copydesk.work.deliveries.calendar import calendar_of, check_feed
from copydesk.work.deliveries.scheduling import cancel_scheduled, move_scheduled, upcoming
from copydesk.work.deliveries.times import Wish

router = APIRouter(include_in_schema=False, dependencies=SIGNED_IN)

#: The feed is opened by its address alone: calendar programs can neither sign in nor send a token.
feed_router = APIRouter(include_in_schema=False)

Reason = Annotated[str, Form(max_length=2000)]
_SHOWN = 100

_Said = Literal["", "moved", "cancelled", "paused", "resumed", "ended"]
_SAID: Final[dict[_Said, str]] = {
    "": "",
    "moved": "Moved: it goes out at its new time.",
    "cancelled": "Cancelled: it does not go out.",
    "paused": "Paused: the series makes no more posts until it is resumed.",
    "resumed": "Resumed: the series goes on with its next time.",
    "ended": "Ended: the series makes no more posts.",
}


@router.get("/schedule")
async def show_schedule(
    desk: DeskNow,
    after: Annotated[str, Query(max_length=40)] = "",
    said: Annotated[_Said, Query()] = "",
) -> Response:
    """Show what will go out, day by day, and the series."""
    async with desk.store.read() as unit:
        found = await upcoming(unit, desk.workspace_id, after=after, limit=_SHOWN + 1)
        accounts = await unit.accounts.all(desk.workspace_id)
        series = await unit.series.all(desk.workspace_id)
        now = unit.now
    last = found[_SHOWN - 1][0].delivery.id if len(found) > _SHOWN else ""
    zones = {one.name: one.timetable.zone for one in accounts if one.timetable}
    names = {one.id: one.name for one in accounts}
    view = ScheduleView(
        frame=Frame(title="Schedule", section="Schedule"),
        said=_SAID[said],
        trouble=await find_trouble(desk),
        days=days_of(found[:_SHOWN], zones),
        later_url=address("/schedule", after=last) if last else "",
        series=tuple(series_line(one, occurrences.coming(one, now, 3), names) for one in series),
    )
    return render("pages/schedule.html", view)


@router.post("/schedule/{id}/move")
async def move(
    id: str,
    desk: DeskNow,
    asking: Editor,
    at: Annotated[str, Form(max_length=40)],
    zone: Annotated[str, Form(max_length=64)] = "",
) -> Response:
    """Let a delivery go out at another time and go back to the page."""
    async with desk.store.begin(actor_of(asking, "web")) as unit:
        await move_scheduled(unit, desk.workspace_id, id, Wish(at=at, zone=zone))
    return RedirectResponse(f"/schedule?said=moved#{id}", 303)


@router.post("/schedule/{id}/cancel")
async def cancel(id: str, desk: DeskNow, asking: Editor, reason: Reason = "") -> Response:
    """Call a delivery off and go back to the page."""
    async with desk.store.begin(actor_of(asking, "web")) as unit:
        await cancel_scheduled(unit, desk.workspace_id, id, reason=reason.strip())
    return RedirectResponse("/schedule?said=cancelled", 303)


@router.post("/schedule/series/{id}/{what}")
async def change_series(id: str, what: str, desk: DeskNow, asking: Editor) -> Response:
    """Pause, resume or end a series and go back to the page."""
    async with desk.store.begin(actor_of(asking, "web")) as unit:
        found = await unit.series.get(id)
        check_own(found.workspace_id, desk, f"series {id}")
        match what:
            case "pause":
                await recurring.pause_series(unit, desk.workspace_id, found.name)
                said = "paused"
            case "resume":
                await recurring.resume_series(unit, desk.workspace_id, found.name)
                said = "resumed"
            case "end":
                await recurring.end_series(unit, desk.workspace_id, found.name)
                said = "ended"
            case _:
                return Response(status_code=404)
    return RedirectResponse(f"/schedule?said={said}", 303)


@feed_router.get("/calendar/{token}/calendar.ics")
async def show_feed(token: str, desk: DeskNow, request: Request) -> Response:
    """Return the calendar to whoever knows its secret address."""
    async with desk.store.read() as unit:
        await check_feed(unit, desk.workspace_id, token)
        body = await calendar_of(unit, desk.workspace_id, str(request.base_url).rstrip("/"))
    return Response(body, media_type="text/calendar", headers={"Cache-Control": "private"})
