"""What a platform takes now and makes public later: asked about, told by callback, sent once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from copydesk.core.account import Account
from copydesk.core.delivery import Delivery
from copydesk.core.states import DeliveryState
from copydesk.platforms.kit.callbacks import CallbackRequest
from copydesk.platforms.kit.transport import NotSent, Reply
from copydesk.testing.callbacks import SECRET
from copydesk.testing.clocks import StoppedClock
from copydesk.work.connecting import change_account
from copydesk.work.desk import Desk
from copydesk.work.hearing import CallbackRefused, Taken, hear
from tests.distribution.carrying import add_posts, carry, carry_to_rest, deliveries, sandbox_has
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
