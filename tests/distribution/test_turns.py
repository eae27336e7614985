"""Couriers take turns: what hangs and what is plenty holds up neither another host nor another."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from copydesk.core.account import Account
from copydesk.core.delivery import Outgoing
from copydesk.core.outcomes import Published
from copydesk.distribution.courier import Courier
from copydesk.distribution.turns import TURN, Turns
from copydesk.testing.clocks import StoppedClock
from copydesk.work.accounts.connecting import add_account
from copydesk.work.desk import Desk
from tests.distribution.carrying import add_posts, deliveries, tools
from tests.distribution.scripted import Remote, Scripted


async def add_accounts(desk: Desk, *names: str) -> list[Account]:
    return [
        await add_account(desk, "scripted", name, settings={}, secrets={}, inbox=True, actor="test")
        for name in names
    ]


def by_name(platform: Scripted) -> None:
    """Let the accounts be on the host that their name begins with."""
    vars(platform)["host"] = lambda account: account.name.partition("-")[0]


async def test_fifty_accounts_that_hang_do_not_hold_up_another_host(
    desk: Desk, platform: Scripted, remote: Remote
) -> None:
    by_name(platform)
    stuck = await add_accounts(desk, *(f"stuck-{n}" for n in range(50)))
    (other,) = await add_accounts(desk, "other-1")
    await add_posts(desk, "news")
    ids = {d.id: d.account_id for d in await deliveries(desk)}
    hanging = asyncio.Event()
    let_go = asyncio.Event()

    async def commit(outgoing: Outgoing) -> Published:
        if ids[outgoing.delivery_id] != other.id:
            hanging.set()
            await let_go.wait()
        return remote.take(outgoing)

    remote.script["commit"] = [commit] * 51
    shared = Turns(seats=3)
    runs = [
        asyncio.create_task(
            Courier(replace(tools(desk, f"worker/{n}"), turns=shared), account.id).run()
        )
        for n, account in enumerate(stuck)
    ]
    await asyncio.wait_for(hanging.wait(), 60)
    async with asyncio.timeout(60):
        await Courier(replace(tools(desk, "worker/x"), turns=shared), other.id).run()
    assert [ids[d.id] for d in await deliveries(desk) if d.state == "delivered"] == [other.id]
    let_go.set()
    await asyncio.gather(*runs)
    assert {d.state for d in await deliveries(desk)} == {"delivered"}
    assert max(remote.count().values()) == 1


async def test_a_backlog_gives_way_to_those_who_wait_and_comes_back(
    desk: Desk, platform: Scripted, remote: Remote, clock: StoppedClock
) -> None:
    (big,) = await add_accounts(desk, "host-big")
    await add_posts(desk, *(f"old-{n}" for n in range(50)))
    small = await add_accounts(desk, "host-1", "host-2")
    await add_posts(desk, "news")
    ids = {d.id: d.account_id for d in await deliveries(desk)}
    order: list[str] = []

    async def commit(outgoing: Outgoing) -> Published:
        order.append(ids[outgoing.delivery_id])
        clock.advance(TURN / 10)
        await asyncio.sleep(0)
        return remote.take(outgoing)

    remote.script["commit"] = [commit] * 53
    shared = Turns(seats=1)
    async with asyncio.timeout(60):
        await asyncio.gather(
            *(
                Courier(replace(tools(desk, f"worker/{n}"), turns=shared), account.id).run()
                for n, account in enumerate((big, *small))
            )
        )
    assert len(order) == 53
    assert {d.state for d in await deliveries(desk)} == {"delivered"}
    last_of_small = max(order.index(account.id) for account in small)
    assert last_of_small < 25, "after the first round of the big one, not after its backlog"
    assert order[-1] == big.id
    assert shared.lanes == 0, "nothing is kept of lanes that nobody is in"


async def test_a_workspace_with_a_thousand_accounts_keeps_nobodys_one_waiting() -> None:
    turns = Turns(seats=3)
    order: list[str] = []
    going = asyncio.Event()

    async def carry(workspace: str, rounds: int) -> None:
        for _ in range(rounds):
            async with turns.of(workspace).seat("host", lambda: 0.0):
                order.append(workspace)
                going.set()
                await asyncio.sleep(0)

    many = [asyncio.create_task(carry("many", 4)) for _ in range(1000)]
    await going.wait()
    await carry("one", 20)
    assert len(order) < 150, "in order of arrival its twentieth turn comes after twenty thousand"
    await asyncio.gather(*many)
    assert len(order) == 4020
    assert turns.lanes == 0


async def test_who_is_called_off_while_waiting_takes_no_seat_with_them() -> None:
    turns = Turns(seats=1)
    seated: list[str] = []

    async def sit(name: str) -> None:
        async with turns.of(name).seat("host", lambda: 0.0):
            seated.append(name)

    async with turns.seat("host", lambda: 0.0):
        gone, called, last = (asyncio.create_task(sit(name)) for name in ("gone", "called", "last"))
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.sleep(0)
    # the seat was just given to the second, who does not come either
    called.cancel()
    async with asyncio.timeout(60):
        await asyncio.gather(gone, called, last, return_exceptions=True)
    assert seated == ["last"]
    assert turns.lanes == 0
