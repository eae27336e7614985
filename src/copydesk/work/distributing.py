"""From an approved post to its planned deliveries."""

from __future__ import annotations

import structlog

from copydesk.core.states import AccountState, PostState
from copydesk.distribution.planning import plan, schedule
from copydesk.work.desk import Desk

_log = structlog.get_logger(__name__)


async def distribute(desk: Desk, post_id: str) -> None:
    """Plan the deliveries of an approved post to every account that takes inbox posts.

    Safe to run twice: the second run finds the post distributed.
    """
    async with desk.store.begin("distribution") as unit:
        post = await unit.posts.get(post_id)
        if post.state is not PostState.APPROVED:
            return
        revision = await unit.posts.revision(post.revision_id)
        now = unit.now
        accounts = [
            account
            for account in await unit.accounts.all(desk.workspace_id)
            if account.inbox and account.state is not AccountState.REMOVED
        ]
        plans = await plan(unit, post, revision, accounts, now)
        deliveries = await schedule(unit, post, revision, plans, now)
        names = ", ".join(account.name for account in accounts) or "no account takes inbox posts"
        await unit.posts.move(
            post, PostState.DISTRIBUTED, reason=names, published_at=post.published_at or now
        )
    _log.info("distributed", post=post_id, deliveries=len(deliveries))
