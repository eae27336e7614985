"""Webhooks: the list, and one with its latest tries."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import RedirectResponse, Response

from copydesk.server.asking import ADMINS_ONLY, SIGNED_IN, Admin, DeskNow, actor_of
from copydesk.server.owned import own_webhook
from copydesk.server.rendering import render
from copydesk.server.views.frame import Frame
from copydesk.server.views.webhooks import WebhooksView, line_of, view_of
from copydesk.work.webhooks import (
    Backlog,
    add_webhook,
    disable_webhook,
    enable_webhook,
    ping_webhook,
    webhook_status,
)

router = APIRouter(prefix="/settings/webhooks", include_in_schema=False, dependencies=SIGNED_IN)

_SHOWN = 50


@router.get("")
async def show_webhooks(desk: DeskNow) -> Response:
    """Show every webhook and how it is doing."""
    async with desk.store.read() as unit:
        found = [
            await webhook_status(unit, webhook)
            for webhook in await unit.webhooks.all(desk.workspace_id)
        ]
    view = WebhooksView(
        frame=Frame(title="Webhooks", section="Webhooks"),
        lines=tuple(line_of(status) for status in found),
    )
    return render("pages/webhooks.html", view)


@router.post("")
async def create_webhook(
    desk: DeskNow,
    asking: Admin,
    url: Annotated[str, Form(max_length=2000)],
    events: Annotated[str, Form(max_length=2000)] = "",
    description: Annotated[str, Form(max_length=500)] = "",
) -> Response:
    """Add a webhook and show it. Private addresses are allowed at the command line only."""
    patterns = events.replace(",", " ").split()
    async with desk.store.begin(actor_of(asking, "web")) as unit:
        webhook = await add_webhook(
            unit, desk, url.strip(), patterns=patterns, description=description
        )
    return RedirectResponse(f"/settings/webhooks/{webhook.id}", 303)


@router.get("/{id}")
async def show_webhook(id: str, desk: DeskNow) -> Response:
    """Show one webhook with its latest tries."""
    async with desk.store.read() as unit:
        webhook = await own_webhook(unit, desk, id)
        status = await webhook_status(unit, webhook)
        attempts = await unit.messages.attempts(webhook.id, limit=_SHOWN)
    return render("pages/webhook.html", view_of(status, attempts))


@router.post("/{id}/test", dependencies=ADMINS_ONLY)
async def test_webhook(id: str, desk: DeskNow) -> Response:
    """Send a test message and show what came of it."""
    async with desk.store.read() as unit:
        webhook = await own_webhook(unit, desk, id)
    await ping_webhook(desk, webhook)
    return RedirectResponse(f"/settings/webhooks/{id}", 303)


@router.post("/{id}/enable")
async def enable(
    id: str, desk: DeskNow, asking: Admin, backlog: Annotated[Backlog, Form()]
) -> Response:
    """Tell it again what happens and show it."""
    async with desk.store.begin(actor_of(asking, "web")) as unit:
        await enable_webhook(unit, await own_webhook(unit, desk, id), backlog)
    return RedirectResponse(f"/settings/webhooks/{id}", 303)


@router.post("/{id}/disable")
async def disable(
    id: str, desk: DeskNow, asking: Admin, reason: Annotated[str, Form(max_length=500)] = ""
) -> Response:
    """Tell it nothing for now and show it."""
    async with desk.store.begin(actor_of(asking, "web")) as unit:
        await disable_webhook(unit, await own_webhook(unit, desk, id), reason)
    return RedirectResponse(f"/settings/webhooks/{id}", 303)
