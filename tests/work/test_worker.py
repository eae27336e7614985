"""A worker survives faults of our own, and no workspace keeps another from being served."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from copydesk.distribution.courier import Courier
from copydesk.store import Hint
from copydesk.testing.clocks import StoppedClock
from copydesk.work import sweep as sweeping
from copydesk.work.accounts.connecting import add_account
from copydesk.work.desk import Desk
from copydesk.work.in_hand import Bounds, InHand
from copydesk.work.jobs import Kind
from copydesk.work.runtime import open_runtime
from copydesk.work.sweep import sweep
from copydesk.work.worker import AFTER_FAULT, Worker
from tests.distribution.carrying import add_posts
from tests.store_fixtures import AddSandbox


async def test_an_account_whose_courier_crashes_rests_before_it_is_tried_again(
    desk: Desk, clock: StoppedClock, sandbox_account: AddSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def crash(courier: Courier) -> int:
        raise ValueError("a fault of ours")

    async def with_work() -> list[str]:
        async with desk.store.read() as unit:
            return await unit.deliveries.accounts_with_work(unit.now)

    account = await sandbox_account()
    await add_posts(desk, "one")
    assert await with_work() == [account.id]
    monkeypatch.setattr(Courier, "run", crash)
    runtime = await open_runtime(desk.store)
    try:
        await Worker(desk=desk, runtime=runtime).handlers()[Kind.COURIER](account.id)
    finally:
        await runtime.close()
    assert await with_work() == []
    clock.advance(AFTER_FAULT.total_seconds() + 1)
    assert await with_work() == [account.id]


async def two_workspaces(desk: Desk, many: int) -> list[str]:
    """Let one workspace have `many` accounts with an old post each, and another one account with a
    new one; return the accounts' ids, the other's last."""
    async with desk.store.begin("test") as unit:
        other = await unit.workspaces.ensure("other", "automatic")
    found = []
    for place, names in ((desk, [f"many-{n}" for n in range(many)]), (other.id, ["one"])):
        there = desk if isinstance(place, Desk) else replace(desk, workspace_id=place)
        for name in names:
            account = await add_account(
                there, "sandbox", name, settings={}, secrets={}, inbox=True, actor="test"
            )
            found.append(account.id)
        await add_posts(there, f"news for {len(names)}")
    return found


async def test_a_sweep_that_cannot_take_all_takes_from_each_workspace(
    desk: Desk, clock: StoppedClock, sandbox: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    *_, one = await two_workspaces(desk, 5)
    monkeypatch.setattr(sweeping, "ACCOUNTS", 3)
    offered: list[str] = []

    class Queue:
        async def offer(self, hints: list[Hint]) -> None:
            offered.extend(hint.subject_id for hint in hints if hint.kind == Kind.COURIER)

    await sweep(desk, Queue())  # type: ignore[arg-type]
    assert len(offered) == 3
    assert one in offered


async def test_accounts_in_hand_do_not_keep_a_sweep_from_the_others(
    desk: Desk, clock: StoppedClock, sandbox: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    *many, _ = await two_workspaces(desk, 5)
    clock.advance(60)
    later = await add_account(
        desk, "sandbox", "later", settings={}, secrets={}, inbox=True, actor="test"
    )
    await add_posts(desk, "news for one more")
    monkeypatch.setattr(sweeping, "ACCOUNTS", 2)
    offered: list[str] = []

    class Queue:
        async def offer(self, hints: list[Hint]) -> None:
            offered.extend(hint.subject_id for hint in hints if hint.kind == Kind.COURIER)

    await sweep(desk, Queue(), set(many))  # type: ignore[arg-type]
    assert later.id in offered
    assert not set(offered) & set(many)


async def test_a_workspace_whose_couriers_all_hang_leaves_hands_for_another(
    desk: Desk, sandbox: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    *many, one = await two_workspaces(desk, 6)
    let_go, full = asyncio.Event(), asyncio.Event()
    begun: list[str] = []

    async def run(courier: Courier) -> int:
        begun.append(courier._account_id)
        if len(begun) == 3:
            full.set()
        if courier._account_id != one:
            await let_go.wait()
        return 1

    monkeypatch.setattr(Courier, "run", run)
    runtime = await open_runtime(desk.store)
    try:
        worker = Worker(desk=desk, runtime=runtime)
        worker._couriers = InHand(Bounds(couriers=4, reserved=1, few=1))
        carry = worker.handlers()[Kind.COURIER]
        hanging = [asyncio.ensure_future(carry(account)) for account in many]
        async with asyncio.timeout(60):
            await full.wait()
            await carry(one)
            assert begun[3:] == [one]
            let_go.set()
            await asyncio.gather(*hanging)
        assert sorted(begun) == sorted([*many, one]), "who was turned away follows who is done"
    finally:
        await runtime.close()
