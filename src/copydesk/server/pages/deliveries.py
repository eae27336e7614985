"""Deliveries: the list, and the timeline of one."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Query
from starlette.responses import RedirectResponse, Response

from copydesk.core.errors import Conflict
from copydesk.core.states import MAY_HAVE_LANDED, DeliveryState
from copydesk.server.asking import SIGNED_IN, DeskNow, Editor, actor_of, check_own
from copydesk.server.pages.trouble import find_trouble
from copydesk.server.rendering import render
from copydesk.server.views.deliveries import (
    DeliveriesView,
    DeliveryView,
    Lines,
    Timeline,
    line_of,
    timeline_of,
)
from copydesk.server.views.frame import Frame, address, choices
from copydesk.store.letters import Wanted
from copydesk.work.deliveries.redriving import REDRIVABLE
from copydesk.work.deliveries.settling import Decision, decide_delivery
from copydesk.work.desk import Desk

router = APIRouter(include_in_schema=False, dependencies=SIGNED_IN)

State = Annotated[DeliveryState | None, Query()]
Before = Annotated[str, Query(max_length=40)]
_SHOWN = 50


@router.get("/deliveries")
async def show_deliveries(desk: DeskNow, state: State = None, before: Before = "") -> Response:
    """Show what is on its way where, newest first."""
    lines, sequence = await _lines(desk, state, before)
    view = DeliveriesView(
        frame=Frame(title="Deliveries", section="Deliveries"),
        trouble=await find_trouble(desk),
        live_url=f"/live?after={sequence}",
        redrive_url=address("/deliveries/redrive", state=state if state in REDRIVABLE else ""),
        choices=choices("/deliveries", [entry.value for entry in DeliveryState], state or ""),
        list=lines,
    )
    return render("pages/deliveries.html", view)


@router.get("/deliveries/lines")
async def show_lines(desk: DeskNow, state: State = None, before: Before = "") -> Response:
    """Show the list alone, for a refresh."""
    lines, _ = await _lines(desk, state, before)
    return render("partials/delivery_lines.html", lines)


@router.get("/deliveries/{id}")
async def show_delivery(id: str, desk: DeskNow) -> Response:
    """Show one delivery with everything that happened to it."""
    timeline, post_id, sequence = await _timeline(desk, id)
    view = DeliveryView(
        frame=Frame(title=timeline.line.heading, section="Deliveries"),
        live_url=f"/live?after={sequence}&subject={id}",
        post_url=f"/posts/{post_id}",
        timeline=timeline,
    )
    return render("pages/delivery.html", view)


@router.get("/deliveries/{id}/timeline")
async def show_timeline(id: str, desk: DeskNow) -> Response:
    """Show the part that changes alone, for a refresh."""
    timeline, _, _ = await _timeline(desk, id)
    return render("partials/timeline.html", timeline)


@router.post("/deliveries/{id}/decide")
async def settle_delivery(
    id: str,
    desk: DeskNow,
    asking: Editor,
    decision: Annotated[Decision, Form()],
    url: Annotated[str, Form(max_length=2000)] = "",
    reason: Annotated[str, Form(max_length=2000)] = "",
    sure: Annotated[bool, Form()] = False,
    attempts: Annotated[int | None, Query(ge=0)] = None,
) -> Response:
    """Settle a delivery that waits for a person and go back to it."""
    async with desk.store.begin(actor_of(asking, "web")) as unit:
        delivery = await unit.deliveries.get(id)
        check_own(delivery.workspace_id, desk, f"delivery {id}")
        if decision is Decision.SEND and delivery.reason_code in MAY_HAVE_LANDED and not sure:
            raise Conflict(
                "It may be there already; sending it again would make a duplicate.",
                remedy="Look at the platform, tick that it is not there, then send it.",
            )
        await decide_delivery(
            unit, id, decision, url=url.strip(), reason=reason.strip(), attempts=attempts
        )
    return RedirectResponse(f"/deliveries/{id}", 303)


async def _lines(desk: Desk, state: DeliveryState | None, before: str) -> tuple[Lines, int]:
    async with desk.store.read() as unit:
        rows = await unit.listings.deliveries(
            desk.workspace_id,
            Wanted(states=(state,) if state else ()),
            before=before,
            limit=_SHOWN + 1,
        )
        sequence = await unit.events.newest()
    last = rows.next_after(_SHOWN, lambda row: row.delivery.id)
    lines = Lines(
        lines=tuple(line_of(row) for row in rows[:_SHOWN]),
        refresh_url=address("/deliveries/lines", state=state or "", before=before),
        older_url=address("/deliveries", state=state or "", before=last) if last else "",
        filtered=bool(state or before),
    )
    return lines, sequence


async def _timeline(desk: Desk, id: str) -> tuple[Timeline, str, int]:
    async with desk.store.read() as unit:
        row = await unit.listings.delivery(id)
        check_own(row.delivery.workspace_id, desk, f"delivery {id}")
        events = await unit.events.history([id])
        tries = await unit.deliveries.tries(id)
        looks = await unit.letters.looks(id)
        payload = await unit.letters.payload(row.delivery.rendition_id)
        sequence = await unit.events.newest()
    return timeline_of(row, events, tries, looks, payload), row.delivery.post_id, sequence
