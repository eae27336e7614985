"""A post that is taken back into review goes nowhere until somebody approves it again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from copydesk.core.account import Account
from copydesk.core.delivery import Delivery
from copydesk.core.errors import Conflict
from copydesk.core.post import Tier
from copydesk.core.review import ReviewKind
from copydesk.core.states import DeliveryState, PostState
from copydesk.core.suggestion import RejectionReason
from copydesk.editorial.reviewing import accept, reject
from copydesk.store.deliveries import Change
from copydesk.store.letters import Wanted
from copydesk.testing.clocks import StoppedClock
from copydesk.work.deliveries.distributing import distribute
from copydesk.work.deliveries.redriving import Verdict, redrive
from copydesk.work.deliveries.scheduling import move_scheduled
from copydesk.work.deliveries.settling import Decision, decide_delivery
from copydesk.work.deliveries.times import Wish
from copydesk.work.desk import Desk
from tests.distribution.carrying import carry, carry_to_rest, deliveries, sandbox_has
from tests.store_fixtures import AddSandbox
from tests.work.reviews.test_auditing import approval, opened, send, state_of


@pytest.fixture
async def account(sandbox_account: AddSandbox) -> Account:
    return await sandbox_account("box")


@pytest.fixture
async def post_id(desk: Desk, account: Account) -> str:
    """A post that went its way by itself, its delivery scheduled, and is looked at behind."""
    await approval(desk, "automatic")
    found = await send(desk, 1)
    await distribute(desk, found)
    (delivery,) = await deliveries(desk)
    assert delivery.state is DeliveryState.SCHEDULED
    return found


async def take_back(desk: Desk) -> None:
    (review,) = await opened(desk, ReviewKind.AUDIT)
    async with desk.store.begin("web:eve") as unit:
        await reject(unit, review, "it was the desk", RejectionReason.WRONG_FACT)


async def approve_again(desk: Desk, post_id: str) -> None:
    (question,) = await opened(desk, ReviewKind.QUESTION)
    async with desk.store.begin("web:ada") as unit:
        await accept(unit, question)
    await distribute(desk, post_id)


async def only(desk: Desk) -> Delivery:
    (delivery,) = [d for d in await deliveries(desk) if d.state is not DeliveryState.CANCELLED]
    return delivery


async def test_what_is_taken_back_waits_and_goes_on_when_it_is_approved_again(
    desk: Desk, clock: StoppedClock, account: Account, post_id: str
) -> None:
    await take_back(desk)
    waiting = await only(desk)
    assert (waiting.state, waiting.reason_code) == (DeliveryState.HELD, "in_review")
    assert "in review again: found bad in an audit" in waiting.reason
    assert f"Accept the review of {post_id}" in waiting.remedy
    clock.advance(3600)
    await carry(desk, account)
    assert sandbox_has(desk, account) == {}

    await approve_again(desk, post_id)
    await carry_to_rest(desk, account, clock)
    sent = await only(desk)
    assert (sent.id, sent.state, sent.reason) == (waiting.id, DeliveryState.DELIVERED, "")
    assert list(sandbox_has(desk, account).values()) == [1]


async def test_what_an_account_kept_back_waits_for_the_review_as_well(
    desk: Desk, clock: StoppedClock, account: Account, post_id: str
) -> None:
    async with desk.store.begin("test") as unit:
        await unit.deliveries.move(Change(delivery=await only(desk), to=DeliveryState.BLOCKED))
    await take_back(desk)
    assert (await only(desk)).state is DeliveryState.HELD
    await approve_again(desk, post_id)
    await carry_to_rest(desk, account, clock)
    assert (await only(desk)).state is DeliveryState.DELIVERED


async def test_a_better_text_goes_out_alone_and_at_the_time_that_was_chosen(
    desk: Desk, clock: StoppedClock, account: Account, post_id: str
) -> None:
    later = clock.now() + timedelta(days=2)
    async with desk.store.begin("web:ada") as unit:
        await move_scheduled(unit, desk.workspace_id, post_id, Wish(at=later.isoformat()))
    await take_back(desk)
    async with desk.store.begin("web:ada") as unit:
        post = await unit.posts.get(post_id)
        text = (await unit.posts.revision(post.revision_id)).content
        better = await unit.posts.revise(post, replace(text, body="The desk."), Tier.PERSON)
    await approve_again(desk, post_id)

    waiting = await only(desk)
    assert (waiting.revision_id, waiting.due_at) == (better.id, later)
    await carry_to_rest(desk, account, clock)
    assert list(sandbox_has(desk, account).values()) == [1]
    called_off = next(d for d in await deliveries(desk) if d.state is DeliveryState.CANCELLED)
    assert "another text was approved" in called_off.reason


async def test_what_is_rejected_in_its_review_is_called_off(
    desk: Desk, account: Account, post_id: str
) -> None:
    await take_back(desk)
    (question,) = await opened(desk, ReviewKind.QUESTION)
    async with desk.store.begin("web:ada") as unit:
        await reject(unit, question, "leave it")
    assert await state_of(desk, post_id) is PostState.REJECTED
    (delivery,) = await deliveries(desk)
    assert delivery.state is DeliveryState.CANCELLED
    assert delivery.reason == "its post was rejected in review"


async def test_nobody_sends_it_past_its_review(desk: Desk, post_id: str) -> None:
    await take_back(desk)
    waiting = await only(desk)
    with pytest.raises(Conflict, match="waits for the review of its post"):
        async with desk.store.begin("web:ada") as unit:
            await decide_delivery(unit, waiting.id, Decision.SEND)
    done = await redrive(desk, Wanted(), ids=[waiting.id], actor="web:ada")
    assert done.counts == {Verdict.IN_REVIEW: 1}
    assert (await only(desk)).state is DeliveryState.HELD


async def test_what_is_being_sent_is_not_touched(desk: Desk, post_id: str) -> None:
    async with desk.store.begin("test") as unit:
        await unit.deliveries.move(Change(delivery=await only(desk), to=DeliveryState.SENDING))
    await take_back(desk)
    assert await state_of(desk, post_id) is PostState.HELD
    assert (await only(desk)).state is DeliveryState.SENDING
