"""What a platform takes now and makes public later: asked about, told by callback, sent once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from copydesk.core.account import Account
from copydesk.core.delivery import Delivery, Outgoing, part_key, parts_out
from copydesk.core.outcomes import Accepted, Published
from copydesk.core.states import DeliveryState
from copydesk.distribution.reports import Effect
from copydesk.platforms.kit.callbacks import CallbackRequest, Happened, Report
from copydesk.platforms.kit.transport import NotSent, Reply
from copydesk.store.deliveries import Change
from copydesk.testing.callbacks import SECRET, standard_callback
from copydesk.testing.clocks import StoppedClock
from copydesk.work.accounts.connecting import change_account
from copydesk.work.deliveries.hearing import CallbackRefused, Taken, hear
from copydesk.work.desk import Desk
from tests.distribution.carrying import add_posts, carry, carry_to_rest, deliveries, sandbox_has
from tests.distribution.scripted import Remote
from tests.store_fixtures import AddSandbox

HOOK = "http://127.0.0.1:8642/hooks/"


class Door:
    """A network whose only address is our own door for callbacks."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.is_open = True
        self.answers: list[int] = []
        self.heard: list[CallbackRequest] = []

    async def call(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        **_: Any,
    ) -> Reply:
        if not self.is_open:
            raise NotSent("nobody listens there")
        names = {name.lower(): value for name, value in (headers or {}).items()}
        request = CallbackRequest(method=method, headers=names, body=body or b"")
        try:
            taken = await hear(self.desk, url.removeprefix(HOOK), request)
        except CallbackRefused:
            self.answers.append(400)
        else:
            assert isinstance(taken, Taken)
            self.heard.append(request)
            self.answers.append(200)
        return Reply(status=self.answers[-1])


async def slow_sandbox(desk: Desk, add: AddSandbox, **settings: str) -> tuple[Desk, Account, Door]:
    account = await add("slow", public_after="30", callback_secret=SECRET, **settings)
    account = await change_account(
        desk, "slow", settings={"callback_url": HOOK + account.id}, secrets={}, actor="test"
    )
    door = Door(desk)
    return replace(desk, transport=door), account, door


async def steps(desk: Desk, delivery: Delivery) -> list[tuple[str, str]]:
    async with desk.store.read() as unit:
        return [(e.actor, e.to_state) for e in await unit.events.history([delivery.id])]


async def test_without_callbacks_it_is_asked_until_it_is_public(
    desk: Desk, sandbox_account: AddSandbox, clock: StoppedClock
) -> None:
    account = await sandbox_account(public_after="30")
    await add_posts(desk, "one")
    await carry(desk, account)
    (accepted,) = await deliveries(desk)
    assert (accepted.state, accepted.reason_code) == (DeliveryState.SNOOZED, "accepted")
    began = clock.now()
    (done,) = await carry_to_rest(desk, account, clock)
    assert (done.state, done.remote_id, done.attempts) == (DeliveryState.DELIVERED, "1", 1)
    assert (clock.now() - began).total_seconds() >= 30
    assert sum(sandbox_has(desk, account).values()) == 1


@pytest.mark.parametrize("find", ["no", "yes"])
async def test_accepted_then_called_back_then_delivered(
    find: str, desk: Desk, sandbox_account: AddSandbox, clock: StoppedClock
) -> None:
    online, account, door = await slow_sandbox(desk, sandbox_account, find=find)
    await add_posts(online, "one")
    await carry(online, account)
    (accepted,) = await deliveries(online)
    assert accepted.is_accepted
    assert door.answers == [], "nothing is told before it is true"
    (done,) = await carry_to_rest(online, account, clock)
    assert (done.state, done.remote_id, done.wake_at) == (DeliveryState.DELIVERED, "1", None)
    assert door.answers == [200]
    assert ("callback", "delivered") in await steps(online, done)
    assert sum(sandbox_has(desk, account).values()) == 1
    again = await hear(online, account.id, door.heard[0])
    assert again == Taken(is_new=False), "a repeated callback does nothing"
    # the look that was under way while the callback came leaves nothing to do
    async with online.store.read() as unit:
        assert await unit.deliveries.accounts_with_work(clock.now()) == []


async def test_while_nobody_takes_the_callback_a_look_finds_it(
    desk: Desk, sandbox_account: AddSandbox, clock: StoppedClock
) -> None:
    online, account, door = await slow_sandbox(desk, sandbox_account)
    door.is_open = False
    await add_posts(online, "one")
    (done,) = await carry_to_rest(online, account, clock)
    assert done.state is DeliveryState.DELIVERED
    assert ("callback", "delivered") not in await steps(online, done)


async def test_a_callback_with_another_secret_moves_nothing(
    desk: Desk, sandbox_account: AddSandbox, clock: StoppedClock
) -> None:
    online, account, door = await slow_sandbox(desk, sandbox_account, find="no")
    await add_posts(online, "one")
    await carry(online, account)
    # a rotation that one side has not heard of
    real = online.transport.call

    class Forged(Door):
        async def call(self, method: str, url: str, **content: Any) -> Reply:
            content["headers"] = {**content["headers"], "webhook-signature": "v1,AAAA"}
            return await real(method, url, **content)

    forged = replace(online, transport=Forged(desk))
    clock.advance(60)
    await carry(forged, account)
    assert door.answers == [400]
    assert (await deliveries(online))[0].is_accepted


# ---------------------------------------------------------------- threads


@pytest.mark.parametrize("find", ["no", "yes"])
async def test_each_part_of_a_thread_is_called_back_by_its_own_key(
    find: str, desk: Desk, sandbox_account: AddSandbox, clock: StoppedClock
) -> None:
    online, account, door = await slow_sandbox(desk, sandbox_account, find=find, parts="3")
    await add_posts(online, "one")
    (done,) = await carry_to_rest(online, account, clock)
    assert done.state is DeliveryState.DELIVERED, done.reason
    assert [part.id for part in parts_out(done.handles)] == ["1", "2", "3"]
    keys = {part_key(done.key, number): 1 for number in range(3)}
    assert sandbox_has(desk, account) == keys
    assert set(door.answers) == {200}
    called_back = [to for actor, to in await steps(online, done) if actor == "callback"]
    assert called_back == ["scheduled", "scheduled", "delivered"]


async def test_a_report_about_a_part_that_is_out_is_no_news(
    desk: Desk, sandbox_account: AddSandbox, clock: StoppedClock
) -> None:
    online, account, _ = await slow_sandbox(desk, sandbox_account, find="no", parts="2")
    await add_posts(online, "one")
    await carry(online, account)
    clock.advance(31)
    await carry(online, account)  # the first is called back, the second taken
    (second,) = await deliveries(online)
    assert second.is_accepted
    assert len(parts_out(second.handles)) == 1
    for named in ({"key": second.key}, {"remote_id": "1"}):
        report = Report(happened=Happened.PUBLISHED, **named)
        request = standard_callback(report, id=f"msg_{named}", secret=SECRET, sent_at=clock.now())
        heard = await hear(online, account.id, request)
        assert heard == Taken(is_new=True, effects=(Effect.NOTED,))
    assert (await deliveries(online))[0] == second


# ---------------------------------------------------------------- who comes second


async def test_a_look_that_a_callback_overtakes_ends_nothing(
    desk: Desk, clock: StoppedClock, remote: Remote, account: Account
) -> None:
    """The courier asks, and is told while it asks: what was told holds, and the round goes on."""
    remote.script["commit"] = [Accepted({"job": 1}), Accepted({"job": 2})]
    await add_posts(desk, "one", "two")
    await carry(desk, account)

    async def told_meanwhile(outgoing: Outgoing) -> Published:
        async with desk.store.begin("callback") as unit:
            delivery = await unit.deliveries.get(outgoing.delivery_id)
            values = {"remote_id": "told", "url": ""}
            await unit.deliveries.move(
                Change(delivery=delivery, to=DeliveryState.DELIVERED, values=values)
            )
        return Published("seen")

    async def public(outgoing: Outgoing) -> Published:
        return Published("also")

    remote.script["check"] = [told_meanwhile, public]
    clock.advance(60)
    await carry(desk, account)
    assert [d.remote_id for d in await deliveries(desk)] == ["told", "also"]
