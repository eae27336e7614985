"""What courier tests do over and over: add posts, carry them, move the clock to what comes next."""

from __future__ import annotations

import asyncio
import json
from collections import Counter

from copydesk.core.account import Account
from copydesk.core.delivery import Delivery
from copydesk.core.post import Content, Tier
from copydesk.core.states import SETTLED, PostState
from copydesk.distribution.breaker import BreakerPolicy
from copydesk.distribution.courier import Courier, CourierTools
from copydesk.testing.clocks import StoppedClock
from copydesk.work.deliveries.distributing import distribute
from copydesk.work.desk import Desk


class StuckError(AssertionError):
    """Deliveries that still want work after more rounds than anything should take."""


async def add_posts(desk: Desk, *titles: str) -> list[str]:
    """Add approved posts, one per title, and plan their deliveries; returns the posts' ids."""
    ids = []
    for title in titles:
        async with desk.store.begin("test") as unit:
            post, _ = await unit.posts.add(
                workspace_id=desk.workspace_id,
                source_key=f"test:{title}",
                content=Content(title=title, body=f"About {title}.", slug=title),
                tier=Tier.PERSON,
            )
            await unit.posts.move(post, PostState.APPROVED, wake_at=unit.now)
        await distribute(desk, post.id)
        ids.append(post.id)
    return ids


#: Breakers that never open: for tests of what happens to one delivery alone.
NO_BREAKER = BreakerPolicy(account_failures=10**6, host_failures=10**6)


def tools(
    desk: Desk, owner: str = "worker/1", breaker: BreakerPolicy | None = None
) -> CourierTools:
    return CourierTools(
        store=desk.store,
        transport=desk.transport,
        vault=desk.vault,
        home=desk.settings.home,
        owner=owner,
        random=desk.random,
        observers=desk.observers,
        closed_until=desk.closed_until,
        budget=desk.budget,
        breaker=breaker or BreakerPolicy(),
    )


async def carry(
    desk: Desk,
    account: Account,
    owner: str = "worker/1",
    breaker: BreakerPolicy | None = None,
) -> int:
    """Run one courier. One that spins without end is a failure, not a hanging test."""
    async with asyncio.timeout(60):
        return await Courier(tools(desk, owner, breaker), account.id).run()


async def carry_to_rest(
    desk: Desk, account: Account, clock: StoppedClock, breaker: BreakerPolicy | None = None
) -> list[Delivery]:
    """Carry, moving the clock from one due time to the next, until nothing wants work."""
    for number in range(60):
        await carry(desk, account, f"worker/{number}", breaker)
        found = await deliveries(desk)
        if all(d.state in SETTLED for d in found):
            return found
        async with desk.store.read() as unit:
            upcoming = await unit.workers.next_wake(unit.now)
        if upcoming is not None:
            clock.advance((upcoming - clock.now()).total_seconds())
    raise StuckError(", ".join(f"{d.id} {d.state}: {d.reason}" for d in await deliveries(desk)))


async def deliveries(desk: Desk) -> list[Delivery]:
    """All deliveries, oldest first."""
    async with desk.store.read() as unit:
        found = await unit.deliveries.newest(desk.workspace_id, limit=500)
    return found[::-1]


async def account_now(desk: Desk, account: Account) -> Account:
    async with desk.store.read() as unit:
        return await unit.accounts.get(account.id)


def sandbox_has(desk: Desk, account: Account) -> Counter[str]:
    """How often each key stands in the sandbox's own file."""
    path = desk.settings.home / "sandbox" / f"{account.id}.jsonl"
    lines = path.read_text().splitlines() if path.exists() else []
    return Counter(json.loads(line)["key"] for line in lines)
