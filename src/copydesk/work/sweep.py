"""The sweep: finds rows that want work and queues them. It is also how a lost queue is rebuilt."""

from __future__ import annotations

from collections.abc import Set
from datetime import datetime, timedelta

from copydesk.store import Hint, UnitOfWork
from copydesk.work.desk import Desk
from copydesk.work.drift.comparing import WEEK
from copydesk.work.drift.counting import to_count
from copydesk.work.health import SILENT_AFTER
from copydesk.work.jobs import Kind
from copydesk.work.models.evidence import to_prune
from copydesk.work.runtime import Runtime
from copydesk.work.share import Share
from copydesk.work.writing.citing import to_cite

#: How long the sweep rests at most, and at least, in seconds.
LONGEST_REST = 1.0
SHORTEST_REST = 0.02

#: How many accounts one sweep sends a courier to, at most.
ACCOUNTS = 1000


async def sweep(
    desk: Desk, runtime: Runtime, in_hand: Set[str] = frozenset(), share: Share | None = None
) -> int:
    """Queue everything that is due now; return how many rows that were.

    `in_hand` are the accounts whose couriers this process has already, or will have in their turn;
    `share` tells it how many it leaves to other workers.
    """
    async with desk.store.read() as unit:
        now = unit.now
        due = await unit.workers.due(now)
        found = {
            Kind.COMPOSE: due["submissions"],
            Kind.DISTRIBUTE: due["posts"],
            Kind.NOTIFY: due["webhooks"],
            Kind.SERIES: due["series"],
            Kind.PROBE: due["probes"],
            Kind.POLL: due["feeds"],
            Kind.COUNT: await to_count(unit, now),
            Kind.COMPARE: await unit.drift.comparisons_due(now - WEEK),
            # what nobody waits for is done when nobody waits
            Kind.SHADOW: [] if due["submissions"] else await unit.shadows.due(now),
            Kind.CITE: await to_cite(desk, unit, now),
            Kind.PRUNE: await to_prune(desk, unit, now),
            Kind.REVIEW: await unit.reviews.due(now),
            Kind.INSPECT: await unit.aftercare.accounts_to_inspect(now),
            Kind.TEND: await unit.credentials.due(now),
            Kind.COURIER: await _busy_accounts(unit, now, in_hand),
        }
        if share is not None:
            waiting = found[Kind.COURIER]
            workers = await unit.workers.working(now - SILENT_AFTER)
            # counted only where it matters: there may be a million accounts
            couriers = await unit.accounts.leased() if waiting and workers > 1 else len(in_hand)
            at = desk.clock.monotonic()
            runtime.share(share.reckon(waiting, couriers=couriers, workers=workers, at=at))
    hints = [Hint(kind, subject) for kind, subjects in found.items() for subject in subjects]
    await runtime.offer(hints)
    return len(hints)


async def _busy_accounts(unit: UnitOfWork, now: datetime, in_hand: Set[str]) -> list[str]:
    # those in hand may stand before all others: they are asked for besides, and left out
    most = ACCOUNTS + len(in_hand)
    busy = await unit.deliveries.accounts_with_work(now, most)
    if len(busy) >= most:
        # not all of them: no workspace's backlog may stand before another's for as long as it lasts
        busy = await unit.deliveries.accounts_in_turn(now, most)
    return [account for account in busy if account not in in_hand][:ACCOUNTS]


async def rest_before_next(desk: Desk) -> float:
    """Return how many seconds the sweep may rest: until the next row wakes, within bounds."""
    async with desk.store.read() as unit:
        now = unit.now
        upcoming = await unit.workers.next_wake(now)
    if upcoming is None or upcoming - now > timedelta(seconds=LONGEST_REST):
        return LONGEST_REST
    return max(SHORTEST_REST, (upcoming - now).total_seconds())
