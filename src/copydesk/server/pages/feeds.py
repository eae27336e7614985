"""Feeds: the list, and one with what came of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import RedirectResponse, Response

from copydesk.core.feed import Changes
from copydesk.server.asking import ADMINS_ONLY, SIGNED_IN, Admin, DeskNow, actor_of
from copydesk.server.owned import own_feed
from copydesk.server.rendering import render
from copydesk.server.views.feeds import feed_view, feeds_view
from copydesk.work.desk import Desk
from copydesk.work.feeds.polling import Polled, poll_now
from copydesk.work.feeds.subscribing import (
    change_feed,
    feed_status,
    follow_feed,
    pause_feed,
    remove_feed,
    resume_feed,
)

router = APIRouter(prefix="/settings/feeds", include_in_schema=False, dependencies=SIGNED_IN)

_SHOWN = 20


@router.get("")
async def show_feeds(desk: DeskNow) -> Response:
    """Show every feed and how it is doing."""
    async with desk.store.read() as unit:
        found = [await feed_status(unit, one) for one in await unit.feeds.all(desk.workspace_id)]
    return render("pages/feeds.html", feeds_view(found))


@router.post("")
async def create_feed(
    desk: DeskNow,
    asking: Admin,
    url: Annotated[str, Form(max_length=2000)],
    every: Annotated[int, Form(ge=1, le=10**7)],
    newest: Annotated[int, Form(ge=0, le=20_000)] = 1,
) -> Response:
    """Follow a feed and show it. Private addresses are allowed at the command line only."""
    async with desk.store.begin(actor_of(asking, "web")) as unit:
        feed = await follow_feed(unit, desk, url, every=timedelta(seconds=every), newest=newest)
    return _to(feed.id)


@router.get("/{id}")
async def show_feed(id: str, desk: DeskNow) -> Response:
    """Show one feed with the newest that came of it."""
    return await _page(desk, id)


@router.post("/{id}/poll", dependencies=ADMINS_ONLY)
async def poll_feed(id: str, desk: DeskNow) -> Response:
    """Look at a feed now and show what came of it; that may take a minute."""
    async with desk.store.read() as unit:
        feed = await own_feed(unit, desk, id)
    return await _page(desk, id, told=_words(await poll_now(desk, feed)))


@router.post("/{id}/change")
async def change(
    id: str,
    desk: DeskNow,
    asking: Admin,
    every: Annotated[int, Form(ge=1, le=10**7)],
    changes: Annotated[Changes, Form()],
) -> Response:
    """Look at a feed at another pace, or do something else with entries that change."""
    async with desk.store.begin(actor_of(asking, "web")) as unit:
        feed = await own_feed(unit, desk, id)
        await change_feed(unit, feed, every=timedelta(seconds=every), changes=changes)
    return _to(id)


@router.post("/{id}/pause")
async def pause(
    id: str, desk: DeskNow, asking: Admin, reason: Annotated[str, Form(max_length=500)] = ""
) -> Response:
    """Do not look at a feed until it is resumed, and show it."""
    async with desk.store.begin(actor_of(asking, "web")) as unit:
        await pause_feed(unit, await own_feed(unit, desk, id), reason)
    return _to(id)


@router.post("/{id}/resume")
async def resume(
    id: str, desk: DeskNow, asking: Admin, newest: Annotated[int | None, Form(ge=0)] = None
) -> Response:
    """Look at a feed again, with all that came meanwhile or the `newest` so many, and show it."""
    async with desk.store.begin(actor_of(asking, "web")) as unit:
        await resume_feed(unit, await own_feed(unit, desk, id), newest=newest)
    return _to(id)


@router.post("/{id}/remove")
async def remove(id: str, desk: DeskNow, asking: Admin) -> Response:
    """Stop following a feed for good and show the others."""
    async with desk.store.begin(actor_of(asking, "web")) as unit:
        await remove_feed(unit, await own_feed(unit, desk, id))
    return RedirectResponse("/settings/feeds", 303)


async def _page(desk: Desk, id: str, told: str = "") -> Response:
    async with desk.store.read() as unit:
        status = await feed_status(unit, await own_feed(unit, desk, id))
        rows = await unit.listings.inbox(desk.workspace_id, feed=id, limit=_SHOWN)
    return render("pages/feed.html", feed_view(status, rows, told))


def _to(id: str) -> RedirectResponse:
    return RedirectResponse(f"/settings/feeds/{id}", 303)


def _words(polled: Polled) -> str:
    came = f"{len(polled.taken)} taken in, {polled.left} left"
    said = (f"Looked at now: {polled.outcome}", came if polled.taken or polled.left else "")
    return ", ".join(filter(None, (*said, polled.because))) + "."
