"""Callbacks take effect once, on the right delivery, and only when their sender was proved."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace

import pytest
import sqlalchemy as sa

from copydesk.core.account import Account
from copydesk.core.delivery import Action, Delivery, Rendition, part_key
from copydesk.core.errors import NotFound
from copydesk.core.post import Content, Tier
from copydesk.core.states import DeliveryState
from copydesk.distribution.threads import done
from copydesk.platforms.kit.callbacks import CallbackRequest, Challenge, Happened, Report
from copydesk.store import UnitOfWork
from copydesk.store.callbacks import Received
from copydesk.store.deliveries import Change
from copydesk.store.tables import intents
from copydesk.testing.callbacks import OTHER_SECRET, SECRET, standard_callback
from copydesk.testing.clocks import StoppedClock
from copydesk.work.accounts.connecting import add_account
from copydesk.work.deliveries.hearing import (
    REMEMBERED,
    CallbackRefused,
    CallbackTooEarly,
    Taken,
    hear,
)
from copydesk.work.desk import Desk


@pytest.fixture
async def account(desk: Desk) -> Account:
    """A receiver that cannot be asked what it has."""
    return await add_account(
        desk,
        "webhook",
        "receiver",
        settings={"url": "https://example.org/hook"},
        secrets={"secret": SECRET},
        inbox=True,
        actor="test",
    )


async def planned(unit: UnitOfWork, desk: Desk, account: Account) -> Delivery:
    post, revision = await unit.posts.add(
        workspace_id=desk.workspace_id,
        source_key=f"test:{desk.ids.new('post')}",
        content=Content(title="one", body="Words.", slug="one"),
        tier=Tier.PERSON,
    )
    return await unit.deliveries.plan(
        workspace_id=desk.workspace_id,
        account_id=account.id,
        post_id=post.id,
        revision_id=revision.id,
        rendition=Rendition(payload={"text": "…"}, text="…"),
        action=Action.CREATE,
        due_at=unit.now,
    )


async def delivery_at(desk: Desk, account: Account, *states: DeliveryState) -> Delivery:
    """A delivery that went through `states`."""
    async with desk.store.begin("test") as unit:
        found = await planned(unit, desk, account)
        for state in (DeliveryState.SCHEDULED, DeliveryState.SENDING, *states):
            values: dict[str, object] = {"attempts": 1}
            if state is DeliveryState.SNOOZED:
                values["handles"] = {"accepted": True}
            if state is DeliveryState.DELIVERED:
                values["remote_id"] = "remote-7"
            await unit.deliveries.move(Change(delivery=found, to=state, values=values))
            found = await unit.deliveries.get(found.id)
    return found


def says(
    desk: Desk,
    happened: Happened,
    delivery: Delivery,
    *,
    id: str = "msg_1",
    secret: str = SECRET,
    url: str = "",
    by_key: bool = True,
) -> CallbackRequest:
    report = Report(
        happened=happened,
        key=delivery.key if by_key else "",
        remote_id="" if by_key else delivery.remote_id,
        url=url,
        reason="so",
    )
    return standard_callback(report, id=id, secret=secret, sent_at=desk.clock.now())


async def now(desk: Desk, delivery: Delivery) -> Delivery:
    async with desk.store.read() as unit:
        return await unit.deliveries.get(delivery.id)


async def kept(desk: Desk, account: Account) -> list[Received]:
    async with desk.store.read() as unit:
        return await unit.callbacks.of_account(account.id)


def effects(heard: Taken | Challenge) -> list[str]:
    assert isinstance(heard, Taken)
    return [effect.value for effect in heard.effects]


async def test_an_accepted_delivery_is_delivered_by_its_callback_once(
    desk: Desk, account: Account
) -> None:
    delivery = await delivery_at(desk, account, DeliveryState.SNOOZED)
    request = says(desk, Happened.PUBLISHED, delivery, url="https://example.org/one")
    assert effects(await hear(desk, account.id, request)) == ["moved"]
    found = await now(desk, delivery)
    assert (found.state, found.url) == (DeliveryState.DELIVERED, "https://example.org/one")
    again = await hear(desk, account.id, request)
    assert isinstance(again, Taken)
    assert not again.is_new
    async with desk.store.read() as unit:
        history = await unit.events.history([delivery.id])
    assert [e.to_state for e in history].count("delivered") == 1


async def test_of_the_same_callback_twice_at_once_one_counts(desk: Desk, account: Account) -> None:
    delivery = await delivery_at(desk, account, DeliveryState.SNOOZED)
    request = says(desk, Happened.FAILED, delivery)
    heard = await asyncio.gather(*(hear(desk, account.id, request) for _ in range(5)))
    assert sorted(isinstance(h, Taken) and h.is_new for h in heard) == [False] * 4 + [True]
    assert (await now(desk, delivery)).state is DeliveryState.HELD


async def test_an_unknown_delivery_is_settled_where_nobody_can_look(
    desk: Desk, account: Account
) -> None:
    delivery = await delivery_at(desk, account, DeliveryState.UNKNOWN)
    await hear(desk, account.id, says(desk, Happened.PUBLISHED, delivery))
    assert (await now(desk, delivery)).state is DeliveryState.DELIVERED


async def test_an_unknown_delivery_is_looked_up_at_once_where_that_can_be_done(
    desk: Desk, account: Account, clock: StoppedClock
) -> None:
    async with desk.store.begin("test") as unit:
        settings = {**account.settings, "status_url": "https://example.org/hook/{id}"}
        await unit.accounts.change(
            account,
            settings=settings,
            secrets=desk.vault.seal({"secret": SECRET}),
            reason="it can be asked now",
        )
    delivery = await delivery_at(desk, account, DeliveryState.UNKNOWN)
    async with desk.store.begin("test") as unit:
        await unit.deliveries.postpone([delivery.id], clock.now() + REMEMBERED)
    request = says(desk, Happened.PUBLISHED, delivery)
    assert effects(await hear(desk, account.id, request)) == ["look"]
    found = await now(desk, delivery)
    assert (found.state, found.wake_at) == (DeliveryState.UNKNOWN, clock.now())


async def test_what_is_being_sent_is_asked_for_again_and_then_new(
    desk: Desk, account: Account
) -> None:
    delivery = await delivery_at(desk, account)
    request = says(desk, Happened.PUBLISHED, delivery)
    with pytest.raises(CallbackTooEarly):
        await hear(desk, account.id, request)
    assert await kept(desk, account) == []
    async with desk.store.begin("test") as unit:
        await unit.deliveries.move(Change(delivery=delivery, to=DeliveryState.UNKNOWN))
    assert effects(await hear(desk, account.id, request)) == ["moved"]


async def test_a_removal_there_is_noted_with_the_delivery_by_the_platforms_own_id(
    desk: Desk, account: Account
) -> None:
    delivery = await delivery_at(desk, account, DeliveryState.DELIVERED)
    request = says(desk, Happened.REMOVED, delivery, by_key=False)
    assert effects(await hear(desk, account.id, request)) == ["standing"]
    found = await now(desk, delivery)
    assert (found.state, found.standing) == (DeliveryState.DELIVERED, "gone")


@pytest.mark.parametrize("by_key", [True, False])
@pytest.mark.parametrize("part", [1, 2])
async def test_a_later_part_of_a_thread_that_is_out_is_known(
    desk: Desk, account: Account, part: int, by_key: bool
) -> None:
    await delivery_at(desk, account, DeliveryState.DELIVERED)
    thread = await delivery_at(desk, account)
    ids = ["thread-0", 'thread-"1"', "thread-%2" + random.Random(2).randbytes(4_500).hex()]
    async with desk.store.begin("test") as unit:
        for number in range(3):
            await unit.connection.execute(
                sa.insert(intents).values(
                    id=f"int_{number}",
                    delivery_id=thread.id,
                    attempt=number + 1,
                    key=part_key(thread.key, number),
                    payload_sha256="",
                    fence=1,
                    started_at=unit.now,
                )
            )
        for number, id in enumerate(ids):
            if number:
                await unit.deliveries.move(Change(delivery=thread, to=DeliveryState.SENDING))
                thread = await unit.deliveries.get(thread.id)
            step = done(thread, len(ids), id, "", unit.now)
            await unit.deliveries.move(
                Change(delivery=thread, to=step.to, values=step.values, evidence=step.evidence)
            )
            thread = await unit.deliveries.get(thread.id)
    named = replace(thread, key=part_key(thread.key, part), remote_id=ids[part])
    request = says(desk, Happened.REMOVED, named, by_key=by_key)
    assert effects(await hear(desk, account.id, request)) == ["standing"]
    # a part of it is gone, not the thread
    assert (await now(desk, thread)).standing == "changed"
    stranger = replace(named, key="0" * 32, remote_id="thread-_2")
    request = says(desk, Happened.REMOVED, stranger, by_key=by_key, id="msg_2")
    assert effects(await hear(desk, account.id, request)) == ["noted"]


async def test_a_stranger_changes_nothing_and_is_not_remembered(
    desk: Desk, account: Account
) -> None:
    delivery = await delivery_at(desk, account, DeliveryState.SNOOZED)
    request = says(desk, Happened.PUBLISHED, delivery, secret=OTHER_SECRET)
    with pytest.raises(CallbackRefused) as refusal:
        await hear(desk, account.id, request)
    assert SECRET not in str(refusal.value)
    assert (await now(desk, delivery)).state is DeliveryState.SNOOZED
    assert await kept(desk, account) == []
    good = says(desk, Happened.PUBLISHED, delivery)
    with pytest.raises(CallbackRefused):
        await hear(desk, account.id, replace(good, body=good.body + b" "))


async def test_one_account_cannot_speak_of_anothers_deliveries(
    desk: Desk, account: Account
) -> None:
    other = await add_account(
        desk,
        "webhook",
        "other",
        settings={"url": "https://example.org/other"},
        secrets={"secret": OTHER_SECRET},
        inbox=True,
        actor="test",
    )
    delivery = await delivery_at(desk, account, DeliveryState.SNOOZED)
    request = says(desk, Happened.PUBLISHED, delivery, secret=OTHER_SECRET)
    assert effects(await hear(desk, other.id, request)) == ["noted"]
    assert (await now(desk, delivery)).state is DeliveryState.SNOOZED


@pytest.mark.parametrize("key", ["a\x00b", "\ud800", "x" * 100_000], ids=["nul", "half", "long"])
async def test_a_key_that_cannot_be_ours_is_nobodys(desk: Desk, account: Account, key: str) -> None:
    accepted = await delivery_at(desk, account, DeliveryState.SNOOZED)
    request = says(desk, Happened.PUBLISHED, replace(accepted, key=key))
    assert effects(await hear(desk, account.id, request)) == ["noted"]
    assert (await now(desk, accepted)).state is DeliveryState.SNOOZED


async def test_an_address_that_is_no_pages_is_not_kept(desk: Desk, account: Account) -> None:
    accepted = await delivery_at(desk, account, DeliveryState.SNOOZED)
    request = says(desk, Happened.PUBLISHED, accepted, url="javascript:alert(1)")
    assert effects(await hear(desk, account.id, request)) == ["moved"]
    found = await now(desk, accepted)
    assert (found.state, found.url) == (DeliveryState.DELIVERED, "")


async def test_what_nobody_understands_is_kept_as_evidence_within_bounds(
    desk: Desk, account: Account, clock: StoppedClock
) -> None:
    from copydesk.platforms.kit.signature import signed_headers, signing_keys

    body = b'{"type": "party.started", "data": {"words": "' + b"x" * 10_000 + b'"}}'
    for number in range(105):
        headers = signed_headers(
            signing_keys(SECRET), id=f"msg_{number}", sent_at=clock.now(), body=body
        )
        request = CallbackRequest(method="POST", headers=headers, body=body)
        assert effects(await hear(desk, account.id, request)) == []
        clock.advance(1)
    found = await kept(desk, account)
    assert found[0].raw.startswith('{"type": "party.started"')
    assert len(found[0].raw) == 2_000
    async with desk.store.read() as unit:
        everything = await unit.callbacks.of_account(account.id, limit=500)
    assert len(everything) == 105, "every id stays known"
    assert sum(bool(one.raw) for one in everything) <= 101


async def test_a_message_is_forgotten_once_its_signature_is_too_old_anyway(
    desk: Desk, account: Account, clock: StoppedClock
) -> None:
    delivery = await delivery_at(desk, account, DeliveryState.SNOOZED)
    request = says(desk, Happened.PUBLISHED, delivery)
    await hear(desk, account.id, request)
    clock.advance(REMEMBERED.total_seconds() + 1)
    with pytest.raises(CallbackRefused, match="clock"):
        await hear(desk, account.id, request)
    await hear(desk, account.id, says(desk, Happened.FAILED, delivery, id="msg_2"))
    assert [one.message_id for one in await kept(desk, account)] == ["msg_2"]


async def test_accounts_that_are_not_there_or_take_none_are_not_found(
    desk: Desk, sandbox: None
) -> None:
    request = CallbackRequest(method="POST")
    with pytest.raises(NotFound):
        await hear(desk, "acc_nobody", request)
    site = await add_account(
        desk, "sandbox", "quiet", settings={}, secrets={}, inbox=True, actor="test"
    )
    with pytest.raises(NotFound, match="no callbacks"):
        await hear(desk, site.id, request)
