"""Finding out what became of it: when absence counts, how long is asked, what is kept of it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from copydesk.core.account import Account
from copydesk.core.delivery import Outgoing
from copydesk.core.outcomes import Absent, Accepted, Inconclusive, Pending, Published, Unknown
from copydesk.core.states import DeliveryState
from copydesk.platforms.kit.manifest import Reconcile
from copydesk.testing.clocks import StoppedClock
from copydesk.work.desk import Desk
from tests.distribution.carrying import add_posts, carry, carry_to_rest, deliveries
from tests.distribution.scripted import Remote, Scripted

DELAY = 30.0


@pytest.fixture
def slow_to_show(platform: Scripted, account: Account) -> Account:
    platform.declare(reconcile=Reconcile(find=True, delay=DELAY, looks=3))
    return account


async def lost_after_accept(remote: Remote) -> None:
    async def lose(outgoing: Outgoing) -> Unknown:
        remote.take(outgoing)
        return Unknown("the answer was lost")

    remote.script["commit"] = [lose]


async def test_a_listing_read_too_early_proves_nothing(
    desk: Desk, remote: Remote, slow_to_show: Account, clock: StoppedClock
) -> None:
    await lost_after_accept(remote)
    remote.script["find"] = [Absent("complete listing, but it is not shown yet")]
    await add_posts(desk, "one")
    await carry(desk, slow_to_show)
    clock.advance(1)
    async with desk.store.begin("ada") as unit:
        await unit.deliveries.wake_resting(slow_to_show.id)
    await carry(desk, slow_to_show)
    (waiting,) = await deliveries(desk)
    assert (waiting.state, waiting.looks) == (DeliveryState.UNKNOWN, 0)
    assert waiting.wake_at == clock.now() + timedelta(seconds=DELAY - 1)
    (delivered,) = await carry_to_rest(desk, slow_to_show, clock)
    assert delivered.state is DeliveryState.DELIVERED
    assert list(remote.count().values()) == [1]
    async with desk.store.read() as unit:
        seen = [look.found for look in await unit.letters.looks(delivered.id)]
    assert seen == ["absent", "landed"]


async def test_looks_grow_apart_end_and_leave_their_evidence(
    desk: Desk, remote: Remote, slow_to_show: Account, clock: StoppedClock
) -> None:
    remote.script["commit"] = [Unknown("500")]
    remote.script["find"] = [Inconclusive("the listing was cut short")] * 9
    await add_posts(desk, "one")
    (held,) = await carry_to_rest(desk, slow_to_show, clock)
    assert (held.state, held.reason_code) == (DeliveryState.HELD, "unknown")
    looked = remote.times("find")
    assert len(looked) == 3
    assert looked[1] - looked[0] >= timedelta(seconds=DELAY)
    assert looked[2] - looked[1] >= looked[1] - looked[0]
    async with desk.store.read() as unit:
        evidence = await unit.letters.looks(held.id)
        (tried,) = await unit.deliveries.tries(held.id)
    assert [look.at for look in evidence] == looked
    assert {look.evidence for look in evidence} == {"the listing was cut short"}
    assert tried["outcome"] == "unknown"


async def test_what_never_becomes_public_is_held_after_its_time(
    desk: Desk, remote: Remote, account: Account, clock: StoppedClock
) -> None:
    remote.script["commit"] = [Accepted({"job": 7})]
    remote.script["check"] = [Pending(5.0)] * 99
    await add_posts(desk, "one")
    began = clock.now()
    (held,) = await carry_to_rest(desk, account, clock)
    assert (held.state, held.reason_code) == (DeliveryState.HELD, "not_public")
    assert timedelta(hours=24) < clock.now() - began < timedelta(hours=26)
    asked = remote.times("check")
    assert len(asked) < 60
    assert asked[-1] - asked[-2] > asked[1] - asked[0], "asked less and less often"
    assert len(remote.times("commit")) == 1, "never sent again"


async def test_what_becomes_public_late_is_found(
    desk: Desk, remote: Remote, account: Account, clock: StoppedClock
) -> None:
    remote.script["commit"] = [Accepted({"job": 7})]
    remote.script["check"] = [*([Pending(5.0)] * 8), Published("7", "https://example.org/7")]
    await add_posts(desk, "one")
    (delivered,) = await carry_to_rest(desk, account, clock)
    assert (delivered.state, delivered.remote_id) == (DeliveryState.DELIVERED, "7")
