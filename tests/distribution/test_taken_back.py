"""What was in flight when its post was taken back: nothing of it is sent past the review."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from copydesk.core.account import Account
from copydesk.core.delivery import Delivery, Outgoing
from copydesk.core.outcomes import Outcome, Published, RateLimited, Unavailable, Unknown
from copydesk.core.post import Tier
from copydesk.core.states import DeliveryState, PostState
from copydesk.editorial.holding_back import call_off, hold_back
from copydesk.platforms.kit.manifest import Reconcile
from copydesk.testing.clocks import StoppedClock
from copydesk.work.deliveries.distributing import distribute
from copydesk.work.deliveries.unpublishing import unpublish
from copydesk.work.desk import Desk
from tests.distribution.carrying import add_posts, carry, carry_to_rest, deliveries
from tests.distribution.scripted import Remote, Scripted


async def take_back(desk: Desk, post_id: str) -> None:
    async with desk.store.begin("web:eve") as unit:
        post = await unit.posts.get(post_id)
        post = await unit.posts.move(post, PostState.HELD, reason="found bad")
        await hold_back(unit, post, "found bad")


async def approve(desk: Desk, post_id: str) -> None:
    async with desk.store.begin("web:ada") as unit:
        post = await unit.posts.get(post_id)
        await unit.posts.move(post, PostState.APPROVED, wake_at=unit.now)
    await distribute(desk, post_id)


async def only(desk: Desk) -> Delivery:
    (delivery,) = await deliveries(desk)
    return delivery


@pytest.fixture
def slow_to_show(platform: Scripted, account: Account) -> Account:
    platform.declare(reconcile=Reconcile(find=True, delay=30.0, looks=3), can_delete=True)
    return account


@pytest.fixture
async def post_id(desk: Desk, remote: Remote, slow_to_show: Account) -> str:
    """A post whose only call got no answer, taken back before anybody has looked for it."""
    remote.script["commit"] = [Unknown("the answer was lost")]
    (post_id,) = await add_posts(desk, "one")
    await carry(desk, slow_to_show)
    assert (await only(desk)).state is DeliveryState.UNKNOWN
    await take_back(desk, post_id)
    return post_id


async def test_what_turns_out_absent_waits_for_the_review(
    desk: Desk, remote: Remote, account: Account, clock: StoppedClock, post_id: str
) -> None:
    (held,) = await carry_to_rest(desk, account, clock)
    assert (held.state, held.reason_code) == (DeliveryState.HELD, "in_review")
    assert "its post is in review again" in held.reason
    assert f"Accept the review of {post_id}" in held.remedy
    assert not remote.count()

    await approve(desk, post_id)
    (sent,) = await carry_to_rest(desk, account, clock)
    assert (sent.id, sent.state) == (held.id, DeliveryState.DELIVERED)
    assert list(remote.count().values()) == [1]


async def test_what_turns_out_to_have_arrived_stays_delivered(
    desk: Desk, remote: Remote, slow_to_show: Account, clock: StoppedClock
) -> None:
    async def lose(outgoing: Outgoing) -> Outcome:
        remote.take(outgoing)
        return Unknown("the answer was lost")

    remote.script["commit"] = [lose]
    (post_id,) = await add_posts(desk, "one")
    await carry(desk, slow_to_show)
    await take_back(desk, post_id)
    (sent,) = await carry_to_rest(desk, slow_to_show, clock)
    assert sent.state is DeliveryState.DELIVERED
    assert list(remote.count().values()) == [1]


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(lambda at: Unavailable("503"), id="away"),
        pytest.param(lambda at: RateLimited(retry_after=60.0), id="wants a rest"),
        pytest.param(
            lambda at: RateLimited(until=at, scope="endpoint", reason="used up"),
            id="budget used up",
        ),
    ],
)
async def test_what_was_being_sent_and_was_refused_is_not_tried_again(
    desk: Desk,
    remote: Remote,
    account: Account,
    clock: StoppedClock,
    answer: Callable[[object], Outcome],
) -> None:
    async def taken_back_meanwhile(outgoing: Outgoing) -> Outcome:
        await take_back(desk, outgoing.post_id)
        return answer(clock.now() + timedelta(minutes=1))

    remote.script["commit"] = [taken_back_meanwhile]
    await add_posts(desk, "one")
    (held,) = await carry_to_rest(desk, account, clock)
    assert (held.state, held.reason_code) == (DeliveryState.HELD, "in_review")
    assert not remote.count()


async def test_what_turns_out_absent_of_a_rejected_post_is_called_off(
    desk: Desk, remote: Remote, account: Account, clock: StoppedClock, post_id: str
) -> None:
    async with desk.store.begin("web:ada") as unit:
        post = await unit.posts.move(await unit.posts.get(post_id), PostState.REJECTED)
        await call_off(unit, post)
    (delivery,) = await carry_to_rest(desk, account, clock)
    assert delivery.state is DeliveryState.CANCELLED
    assert delivery.reason == "its post was rejected in review"
    assert not remote.count()


async def test_a_better_text_goes_out_in_the_place_of_what_turns_out_absent(
    desk: Desk, remote: Remote, account: Account, clock: StoppedClock, post_id: str
) -> None:
    async with desk.store.begin("web:ada") as unit:
        post = await unit.posts.get(post_id)
        text = (await unit.posts.revision(post.revision_id)).content
        await unit.posts.revise(post, replace(text, title="two"), Tier.PERSON)
    await approve(desk, post_id)
    old, new = await carry_to_rest(desk, account, clock)
    assert (old.state, new.state) == (DeliveryState.CANCELLED, DeliveryState.DELIVERED)
    assert "another text was approved in its place" in old.reason
    assert [title for _, _, title in remote.taken] == ["two"]


async def test_a_thread_that_has_begun_goes_on(
    desk: Desk, platform: Scripted, remote: Remote, account: Account, clock: StoppedClock
) -> None:
    platform.parts = 3

    async def taken_back_meanwhile(outgoing: Outgoing) -> Published:
        await take_back(desk, outgoing.post_id)
        return remote.take(outgoing)

    remote.script["commit"] = [taken_back_meanwhile]
    await add_posts(desk, "one")
    (sent,) = await carry_to_rest(desk, account, clock)
    assert sent.state is DeliveryState.DELIVERED
    assert len(remote.taken) == 3


async def test_what_takes_a_post_down_goes_on(
    desk: Desk, remote: Remote, slow_to_show: Account, clock: StoppedClock
) -> None:
    (post_id,) = await add_posts(desk, "one")
    await carry(desk, slow_to_show)
    await take_back(desk, post_id)
    async with desk.store.begin("web:ada") as unit:
        await unpublish(unit, await unit.posts.get(post_id))
    found = await carry_to_rest(desk, slow_to_show, clock)
    assert {d.state for d in found} == {DeliveryState.DELIVERED}
    assert len(remote.taken) == 2
