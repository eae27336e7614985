"""A post goes to an account once; publishing again changes what stands there, and only that."""

from __future__ import annotations

import pytest

from copydesk.core.account import Account
from copydesk.core.delivery import Action, Outgoing
from copydesk.core.outcomes import Accepted, Inconclusive, Refused, Unknown
from copydesk.core.post import Content, Tier
from copydesk.core.states import DeliveryState
from copydesk.distribution.planning import plan, schedule
from copydesk.distribution.plans import Intended, Plan
from copydesk.testing.clocks import StoppedClock
from copydesk.work.deliveries.settling import Decision, decide_delivery
from copydesk.work.desk import Desk
from tests.distribution.carrying import add_posts, carry, carry_to_rest, deliveries
from tests.distribution.scripted import Remote, Scripted


async def publish(desk: Desk, post_id: str, account: Account, title: str) -> Plan:
    """Revise a post and plan it anew; nothing is scheduled where an error stands in the way."""
    async with desk.store.begin("test") as unit:
        post = await unit.posts.get(post_id)
        current = await unit.posts.revision(post.revision_id)
        if current.content.title != title:
            content = Content(title=title, body="Words.", slug="s")
            current = await unit.posts.revise(post, content, Tier.PERSON)
            post = await unit.posts.get(post_id)
        (planned,) = await plan(unit, post, current, [account], unit.now)
        if not planned.errors:
            await schedule(unit, post, current, [planned], unit.now)
    return planned


async def test_the_same_again_is_nothing(
    desk: Desk, clock: StoppedClock, remote: Remote, account: Account
) -> None:
    (post,) = await add_posts(desk, "one")
    await carry_to_rest(desk, account, clock)
    assert (await publish(desk, post, account, "one")).intended is Intended.NOTHING
    await carry_to_rest(desk, account, clock)
    assert [title for _, _, title in remote.taken] == ["one"]


async def test_a_change_updates_what_stands_there(
    desk: Desk, clock: StoppedClock, remote: Remote, account: Account
) -> None:
    (post,) = await add_posts(desk, "one")
    await carry_to_rest(desk, account, clock)
    await publish(desk, post, account, "two")
    await carry_to_rest(desk, account, clock)
    assert [(a, t) for a, _, t in remote.taken] == [
        (Action.CREATE, "one"),
        (Action.UPDATE, "two"),
    ]


async def test_what_replaces_an_update_that_was_never_made_is_itself_an_update(
    desk: Desk, clock: StoppedClock, remote: Remote, account: Account
) -> None:
    (post,) = await add_posts(desk, "one")
    await carry_to_rest(desk, account, clock)
    remote.script["commit"] = [Refused("title", "too plain")]
    await publish(desk, post, account, "two")
    await carry_to_rest(desk, account, clock)
    assert (await publish(desk, post, account, "three")).intended is Intended.REPLACE
    found = await carry_to_rest(desk, account, clock)
    assert [(a, t) for a, _, t in remote.taken] == [
        (Action.CREATE, "one"),
        (Action.UPDATE, "three"),
    ]
    assert [d.state for d in found] == [
        DeliveryState.DELIVERED,
        DeliveryState.CANCELLED,
        DeliveryState.DELIVERED,
    ]
    assert found[-1].target_id == found[0].remote_id


async def test_what_was_not_sent_yet_is_replaced(
    desk: Desk, clock: StoppedClock, remote: Remote, account: Account
) -> None:
    (post,) = await add_posts(desk, "one")
    await publish(desk, post, account, "two")
    found = await carry_to_rest(desk, account, clock)
    assert [t for _, _, t in remote.taken] == ["two"]
    assert [d.state for d in found] == [DeliveryState.CANCELLED, DeliveryState.DELIVERED]


async def test_a_delivery_given_up_may_be_published_again_unchanged(
    desk: Desk, clock: StoppedClock, remote: Remote, account: Account
) -> None:
    remote.script["commit"] = [Refused("title", "too plain")]
    (post,) = await add_posts(desk, "one")
    (held,) = await carry_to_rest(desk, account, clock)
    async with desk.store.begin("ada") as unit:
        await decide_delivery(unit, held.id, Decision.GIVE_UP)
    assert (await publish(desk, post, account, "one")).intended is Intended.CREATE
    await carry_to_rest(desk, account, clock)
    assert [t for _, _, t in remote.taken] == ["one"]


@pytest.mark.parametrize("accepted", [True, False])
async def test_nothing_overtakes_what_may_be_on_its_way(
    accepted: bool, desk: Desk, clock: StoppedClock, remote: Remote, account: Account
) -> None:
    async def under_way(outgoing: Outgoing) -> Accepted | Unknown:
        remote.take(outgoing)
        return Accepted({"job": 1}) if accepted else Unknown("reset")

    async def not_told(outgoing: Outgoing) -> None:
        raise ConnectionError

    remote.script |= {"commit": [under_way], "find": [not_told]}
    (post,) = await add_posts(desk, "one")
    await carry(desk, account)
    planned = await publish(desk, post, account, "two")
    assert planned.intended is Intended.REFUSE
    assert [f.code for f in planned.errors] == ["in_flight"]
    assert len(await deliveries(desk)) == 1


async def test_nothing_takes_the_place_of_what_nobody_can_tell_about(
    desk: Desk, clock: StoppedClock, remote: Remote, account: Account
) -> None:
    async def lose(outgoing: Outgoing) -> Unknown:
        remote.take(outgoing)
        return Unknown("reset")

    remote.script |= {"commit": [lose], "find": [Inconclusive("cut short")] * 9}
    (post,) = await add_posts(desk, "one")
    (held,) = await carry_to_rest(desk, account, clock)
    assert (held.state, held.reason_code) == (DeliveryState.HELD, "unknown")
    planned = await publish(desk, post, account, "two")
    assert [f.code for f in planned.errors] == ["may_have_landed"]
    assert held.id in planned.errors[0].remedy

    async with desk.store.begin("ada") as unit:
        await decide_delivery(unit, held.id, Decision.LANDED, url="https://scripted.example/1")
    assert (await publish(desk, post, account, "two")).intended is Intended.UPDATE
    await carry_to_rest(desk, account, clock)
    assert [a for a, _, _ in remote.taken] == [Action.CREATE, Action.UPDATE]


async def test_a_platform_that_cannot_update_is_not_sent_a_second_post(
    desk: Desk, clock: StoppedClock, platform: Scripted, remote: Remote, account: Account
) -> None:
    platform.declare(can_update=False)
    (post,) = await add_posts(desk, "one")
    await carry_to_rest(desk, account, clock)
    for title in ("two", "three"):
        planned = await publish(desk, post, account, title)
        assert [f.code for f in planned.errors] == ["cannot_update"]
    assert [t for _, _, t in remote.taken] == ["one"]


async def test_what_a_person_found_without_an_address_cannot_be_changed_from_here(
    desk: Desk, clock: StoppedClock, remote: Remote, account: Account
) -> None:
    remote.script["commit"] = [Refused("title", "too plain")]
    (post,) = await add_posts(desk, "one")
    (held,) = await carry_to_rest(desk, account, clock)
    async with desk.store.begin("ada") as unit:
        await decide_delivery(unit, held.id, Decision.LANDED)
    planned = await publish(desk, post, account, "two")
    assert [f.code for f in planned.errors] == ["place_unknown"]
