"""The routers of the pages."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter

from copydesk.server import sessions
from copydesk.server.pages import (
    aftercare,
    audits,
    budgets,
    connect,
    conversations,
    deliveries,
    desk,
    feeds,
    inbox,
    live,
    piece,
    redriving,
    releases,
    removing,
    reviews,
    schedule,
    webhooks,
)

PAGES: Final[tuple[APIRouter, ...]] = (
    sessions.router,
    inbox.router,
    conversations.router,
    piece.router,
    redriving.router,
    deliveries.router,
    removing.router,
    budgets.router,
    desk.router,
    reviews.router,
    audits.router,
    releases.router,
    live.router,
    feeds.router,
    webhooks.router,
    connect.router,
    aftercare.router,
    schedule.router,
    schedule.feed_router,
)
