"""A worker survives faults of our own without repeating them at full speed."""

from __future__ import annotations

import pytest

from copydesk.distribution.courier import Courier
from copydesk.testing.clocks import StoppedClock
from copydesk.work.desk import Desk
from copydesk.work.jobs import Kind
from copydesk.work.runtime import open_runtime
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
