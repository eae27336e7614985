"""What a person says about a delivery that waits for one is done, from every waiting state."""

from __future__ import annotations

import pytest

from copydesk.core.states import DeliveryState
from copydesk.store.deliveries import Change
from copydesk.work.desk import Desk
from copydesk.work.settling import Decision, decide_delivery
from tests.distribution.carrying import add_posts, deliveries
from tests.store_fixtures import AddSandbox


@pytest.mark.parametrize("waiting", [DeliveryState.FAILED, DeliveryState.BLOCKED])
async def test_a_person_may_say_that_it_landed(
    waiting: DeliveryState, desk: Desk, sandbox_account: AddSandbox
) -> None:
    await sandbox_account()
    await add_posts(desk, "one")
    (scheduled,) = await deliveries(desk)
    async with desk.store.begin("courier") as unit:
        await unit.deliveries.move(Change(delivery=scheduled, to=waiting, reason="as it happens"))
    async with desk.store.begin("ada") as unit:
        url = "https://example.org/one"
        settled = await decide_delivery(unit, scheduled.id, Decision.LANDED, url=url)
    assert settled.state is DeliveryState.DELIVERED
    assert settled.url == url
    async with desk.store.read() as unit:
        assert (await unit.events.history([scheduled.id]))[-1].actor == "ada"
