"""Rows of the workspace that is asked about. Those of others do not exist for whoever asks."""

from __future__ import annotations

from copydesk.core.feed import FollowedFeed
from copydesk.core.webhook import Webhook
from copydesk.server.asking import check_own
from copydesk.store import UnitOfWork
from copydesk.store.reviews import Review
from copydesk.work.desk import Desk


async def own_review(unit: UnitOfWork, desk: Desk, id: str) -> Review:
    """Return review `id`; raises `NotFound`."""
    review = await unit.reviews.get(id)
    check_own(review.workspace_id, desk, f"review {id}")
    return review


async def check_review(desk: Desk, id: str) -> None:
    """Raise `NotFound` where review `id` is none of this workspace, before more is done with it."""
    async with desk.store.read() as unit:
        await own_review(unit, desk, id)


async def own_feed(unit: UnitOfWork, desk: Desk, id: str) -> FollowedFeed:
    """Return feed `id`; raises `NotFound`, for removed ones too."""
    feed = await unit.feeds.get(id)
    check_own(feed.workspace_id, desk, f"feed {id}")
    return feed


async def own_webhook(unit: UnitOfWork, desk: Desk, id: str) -> Webhook:
    """Return webhook `id`; raises `NotFound`, for removed ones too."""
    webhook = await unit.webhooks.get(id)
    check_own(webhook.workspace_id, desk, f"webhook {id}")
    return webhook
