"""From an approved post to its planned deliveries."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from copydesk.core.delivery import Delivery
from copydesk.core.errors import Conflict, StoreUnavailable
from copydesk.core.states import AccountState, PostState
from copydesk.core.timing import Timing
from copydesk.distribution.planning import plan, schedule
from copydesk.editorial.holding_back import let_go
from copydesk.store import UnitOfWork
from copydesk.work.desk import Desk

_log = structlog.get_logger(__name__)


async def distribute(desk: Desk, post_id: str) -> None:
    """Plan the deliveries of an approved post to every account that takes inbox posts.

    Safe to run twice: the second run finds the post distributed. A post that cannot be planned is
    held with the reason; accepting it again tries again.
    """
    try:
        await _distribute(desk, post_id)
    except (Conflict, StoreUnavailable):
        raise  # overtaken, or no fault of this post
    except Exception as error:
        _log.exception("distribute_failed", post=post_id)
        await _hold(desk, post_id, error)


async def _distribute(desk: Desk, post_id: str) -> None:
    async with desk.store.begin("distribution") as unit:
        post = await unit.posts.lock(post_id)
        if post.state is not PostState.APPROVED:
            return
        revision = await unit.posts.revision(post.revision_id)
        now = unit.now
        accounts = [
            account
            for account in await unit.accounts.all(desk.workspace_id)
            if account.inbox and account.state is not AccountState.REMOVED
        ]
        replaced = await let_go(unit, post)
        plans = await plan(unit, post, revision, accounts, now)
        timings = await _kept_times(unit, replaced)
        deliveries = await schedule(unit, post, revision, plans, now, timings)
        names = ", ".join(account.name for account in accounts) or "no account takes inbox posts"
        await unit.posts.move(
            post, PostState.DISTRIBUTED, reason=names, published_at=post.published_at or now
        )
    _log.info("distributed", post=post_id, deliveries=len(deliveries))


async def _kept_times(unit: UnitOfWork, replaced: Sequence[Delivery]) -> dict[str, Timing]:
    """Return, by account, the time to come of what another text takes the place of: a person may
    have chosen it. Occurrences of a series keep none, since the series plans them itself."""
    known = await unit.schedules.timings([delivery.id for delivery in replaced])
    times: dict[str, Timing] = {}
    for delivery in replaced:
        timing = known.get(delivery.id) or Timing(due_at=delivery.due_at)
        if delivery.due_at > unit.now and not timing.series_id:
            times[delivery.account_id] = timing
    return times


async def _hold(desk: Desk, post_id: str, error: Exception) -> None:
    reason = f"its deliveries could not be planned: {error!r}"[:500]
    async with desk.store.begin("distribution") as unit:
        post = await unit.posts.get(post_id)
        if post.state is not PostState.APPROVED:
            return  # another worker has planned it meanwhile
        await unit.posts.move(post, PostState.HELD, reason=reason)
        await unit.reviews.open(
            post.workspace_id, post.id, post.revision_id, await unit.posts.risk(post.id), [reason]
        )
