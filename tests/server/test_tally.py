"""Counting deliveries holds up nobody who asks for figures, however many there are."""

from __future__ import annotations

from typing import Any

import pytest

from copydesk.server.tally import Tally
from copydesk.store.deliveries import Deliveries
from copydesk.testing.clocks import StoppedClock
from copydesk.work.desk import Desk
from tests.distribution.carrying import add_posts
from tests.store_fixtures import AddSandbox


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock()


@pytest.fixture
async def tally(desk: Desk, clock: StoppedClock, sandbox_account: AddSandbox) -> Tally:
    await sandbox_account("box")
    return Tally(desk.store, clock, desk.workspace_id)


async def test_what_is_counted_quickly_is_counted_whenever_somebody_asks(
    desk: Desk, clock: StoppedClock, tally: Tally
) -> None:
    for number in range(3):
        counted = await tally.now()
        assert (sum(counted.by_state.values()), counted.age) == (number, 0)
        clock.advance(600)
        await tally.renew()
        await add_posts(desk, f"post {number}")


async def test_where_counting_takes_long_the_last_count_is_told_and_renewed_beside_the_requests(
    desk: Desk, clock: StoppedClock, tally: Tally, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = Deliveries.counts
    counted = 0

    async def slowly(self: Deliveries, workspace_id: str) -> dict[str, int]:
        nonlocal counted
        counted += 1
        clock.advance(2)
        return await counts(self, workspace_id)

    monkeypatch.setattr(Deliveries, "counts", slowly)

    async def told() -> tuple[Any, ...]:
        now = await tally.now()
        return sum(now.by_state.values()), now.age, counted

    assert await told() == (0, 0, 1)
    await add_posts(desk, "one")
    await tally.renew()
    assert await told() == (0, 0, 1), "a twentieth of the time at most"
    clock.advance(40)
    assert await told() == (0, 40, 1)
    await tally.renew()
    assert await told() == (1, 0, 2)
