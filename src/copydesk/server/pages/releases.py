"""Releases: the list with what drifts, and one with what a person may do about it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import RedirectResponse, Response

from copydesk.server.asking import SIGNED_IN, Admin, DeskNow, Editor, actor_of
from copydesk.server.rendering import render
from copydesk.server.views.releases import release_view, releases_view
from copydesk.work.drift.drifting import close_alarm, report_drift
from copydesk.work.releases import releasing, trials

router = APIRouter(prefix="/releases", include_in_schema=False, dependencies=SIGNED_IN)

Reason = Annotated[str, Form(max_length=2000)]

_SHOWN = 50


@router.get("")
async def show_releases(desk: DeskNow) -> Response:
    """Show releases, alarms, and every stream that is watched."""
    async with desk.store.read() as unit:
        releases = await unit.releases.newest(desk.workspace_id, limit=_SHOWN)
        drifting = await report_drift(unit, desk.workspace_id)
    return render("pages/releases.html", releases_view(releases, drifting))


@router.post("/alarms/{id}/close")
async def close(id: str, desk: DeskNow, asking: Editor, reason: Reason = "") -> Response:
    """Close an alarm and go back to the list."""
    async with desk.store.begin(actor_of(asking, "web")) as unit:
        await close_alarm(unit, desk.workspace_id, id, reason)
    return RedirectResponse("/releases", 303)


@router.get("/{id}")
async def show_release(id: str, desk: DeskNow) -> Response:
    """Show one release: what its trial can find out, what was counted, what is next."""
    async with desk.store.read() as unit:
        shown = await trials.show(unit, desk, id)
    return render("pages/release.html", release_view(shown))


@router.post("/{id}/start")
async def start(id: str, desk: DeskNow, asking: Admin) -> Response:
    """Put it on trial, in shadow."""
    async with desk.store.begin(actor_of(asking, "web")) as unit:
        await releasing.start(unit, desk, id)
    return RedirectResponse(f"/releases/{id}", 303)


@router.post("/{id}/advance")
async def advance(id: str, desk: DeskNow, asking: Admin, reason: Reason = "") -> Response:
    """Give it its next share."""
    async with desk.store.begin(actor_of(asking, "web")) as unit:
        await releasing.advance(unit, desk, id, reason)
    return RedirectResponse(f"/releases/{id}", 303)


@router.post("/{id}/promote")
async def promote(id: str, desk: DeskNow, asking: Admin, reason: Reason = "") -> Response:
    """Give it to everybody."""
    async with desk.store.begin(actor_of(asking, "web")) as unit:
        await releasing.promote(unit, desk, id, reason)
    return RedirectResponse(f"/releases/{id}", 303)


@router.post("/{id}/rollback")
async def roll_back(id: str, desk: DeskNow, asking: Admin, reason: Reason = "") -> Response:
    """Take it back."""
    async with desk.store.begin(actor_of(asking, "web")) as unit:
        await releasing.roll_back(unit, desk, id, reason)
    return RedirectResponse(f"/releases/{id}", 303)
