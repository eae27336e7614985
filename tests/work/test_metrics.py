"""Numbers about published posts: asked now, per part, and said where there are none."""

from __future__ import annotations

import pytest

from copydesk.core.account import Account
from copydesk.core.errors import Conflict, NotFound
from copydesk.core.metrics import Metric
from copydesk.platforms.sandbox.ledger import Ledger
from copydesk.testing.clocks import StoppedClock
from copydesk.work.deliveries.measuring import measure_delivery, measure_post
from copydesk.work.deliveries.publishing import publish
from copydesk.work.deliveries.unpublishing import unpublish
from copydesk.work.desk import Desk
from tests.distribution.carrying import carry, carry_to_rest, deliveries
from tests.distribution.conftest import account, platform, remote  # noqa: F401
from tests.distribution.scripted import Scripted
from tests.distribution.test_aftercare import manuscript
from tests.store_fixtures import AddSandbox


async def test_a_thread_has_numbers_for_each_part(
    desk: Desk, clock: StoppedClock, sandbox_account: AddSandbox
) -> None:
    made = await sandbox_account(parts="3")
    await publish(desk, manuscript(), [made.name], actor="test")
    (one,) = await carry_to_rest(desk, made, clock)
    found = await measure_delivery(desk, one.id, actor="test")
    assert [(part.id, part.counts, part.raw) for part in found.parts] == [
        ("1", {Metric.REPLIES: 1}, {"answers": 1}),
        ("2", {Metric.REPLIES: 1}, {"answers": 1}),
        ("3", {Metric.REPLIES: 0}, {"answers": 0}),
    ]
    assert found.counts == {Metric.REPLIES: 2}


async def test_what_cannot_be_counted_is_said_and_stops_nothing(
    desk: Desk, clock: StoppedClock, sandbox_account: AddSandbox
) -> None:
    made = await sandbox_account(parts="2")
    await publish(desk, manuscript(), [made.name], actor="test")
    (one,) = await carry_to_rest(desk, made, clock)
    line = {"id": "1", "action": "delete", "key": "somebody", "received_at": "2026-11-22T12:00:00Z"}
    Ledger(desk.settings.home / "sandbox", made.id).accept(line, once=False)
    found = await measure_delivery(desk, one.id, actor="test")
    assert [bool(part.problem) for part in found.parts] == [True, False]
    assert found.parts[1].counts == {Metric.REPLIES: 0}


async def test_a_post_is_measured_where_it_stands(
    desk: Desk, clock: StoppedClock, sandbox_account: AddSandbox
) -> None:
    one, two = await sandbox_account("one"), await sandbox_account("two")
    done = await publish(desk, manuscript(), [one.name, two.name], actor="test")
    assert await measure_post(desk, done.post.id, actor="test") == []
    await carry_all(desk, one, two)
    found = await measure_post(desk, done.post.id, actor="test")
    assert [measured.account.name for measured in found] == ["one", "two"]
    async with desk.store.begin("test") as unit:
        await unpublish(unit, done.post, ["one"])
    await carry_all(desk, one, two)
    (left,) = await measure_post(desk, done.post.id, actor="test")
    assert left.account.name == "two"


async def carry_all(desk: Desk, *accounts: Account) -> None:
    for made in accounts:
        await carry(desk, made)


async def test_a_platform_without_numbers_says_so(
    desk: Desk,
    clock: StoppedClock,
    platform: Scripted,  # noqa: F811
    account: Account,  # noqa: F811
) -> None:
    await publish(desk, manuscript(), [account.name], actor="test")
    (one,) = await carry_to_rest(desk, account, clock)
    found = await measure_delivery(desk, one.id, actor="test")
    assert (found.parts, found.problem) == ((), "Scripted gives no numbers about posts")


async def test_a_spoke_that_breaks_costs_only_its_own_numbers(
    desk: Desk,
    clock: StoppedClock,
    platform: Scripted,  # noqa: F811
    account: Account,  # noqa: F811
) -> None:
    platform.declare(metrics=(Metric.VIEWS,))
    await publish(desk, manuscript(), [account.name], actor="test")
    (one,) = await carry_to_rest(desk, account, clock)
    found = await measure_delivery(desk, one.id, actor="test")
    assert found.parts[0].problem == "this platform's numbers cannot be asked for"


async def test_only_what_is_out_has_numbers(desk: Desk, sandbox_account: AddSandbox) -> None:
    made = await sandbox_account()
    await publish(desk, manuscript(), [made.name], actor="test")
    (one,) = await deliveries(desk)
    with pytest.raises(Conflict, match="has no numbers"):
        await measure_delivery(desk, one.id, actor="test")
    with pytest.raises(NotFound):
        await measure_delivery(desk, "dlv_nothing", actor="test")
