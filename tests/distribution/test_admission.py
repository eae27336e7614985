"""Windows, distances and late policies hold at the door of the courier, on both stores."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from copydesk.core.account import Account
from copydesk.core.outcomes import Pending, Unavailable
from copydesk.core.states import DeliveryState
from copydesk.core.timetable import LatePolicy
from copydesk.core.timing import Timing
from copydesk.distribution.courier import Courier
from copydesk.distribution.moving import cancel, retime
from copydesk.distribution.planning import plan, schedule
from copydesk.testing.clocks import StoppedClock
from copydesk.work.deliveries.settling import Decision, decide_delivery
from copydesk.work.deliveries.timetables import TimetableForm, set_timetable
from copydesk.work.desk import Desk
from tests.distribution.carrying import add_posts, carry, carry_to_rest, deliveries, tools
from tests.distribution.scripted import Remote

# the tests' clock stands at noon UTC on Saturday, 21 November 2026: 13:00 in Berlin
MONDAY_9 = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


async def give(desk: Desk, account: Account, **parts: object) -> None:
    async with desk.store.begin("test") as unit:
        form = TimetableForm(zone="Europe/Berlin", **parts)  # type: ignore[arg-type]
        await set_timetable(unit, desk.workspace_id, account.name, form)


async def add_late(desk: Desk, account: Account, title: str, timing: Timing) -> str:
    """Plan a post with a timing of its own; returns the delivery's id."""
    (post_id,) = await add_posts(desk, f"draft of {title}")
    async with desk.store.begin("test") as unit:
        for delivery in await unit.deliveries.of_post(post_id):
            await cancel(unit, delivery)
        post = await unit.posts.get(post_id)
        revision = await unit.posts.revision(post.revision_id)
        plans = await plan(unit, post, revision, [account], unit.now)
        made = await schedule(unit, post, revision, plans, unit.now, {account.id: timing})
    return made[0].id


async def test_what_waits_for_a_window_says_so_and_goes_out_when_it_opens(
    desk: Desk, clock: StoppedClock, remote: Remote, account: Account
) -> None:
    await give(desk, account, windows=["mon-fri 09:00-18:00"])
    await add_posts(desk, "one", "two")
    waiting = await deliveries(desk)
    assert [d.wake_at for d in waiting] == [MONDAY_9] * 2
    assert {d.reason_code for d in waiting} == {"window_closed"}
    assert "Mon 2026-11-23 09:00 Europe/Berlin" in waiting[0].reason
    assert await carry(desk, account) == 0
    done = await carry_to_rest(desk, account, clock)
    assert [d.state for d in done] == [DeliveryState.DELIVERED] * 2
    assert [title for _, _, title in remote.taken] == ["one", "two"]
    assert remote.times("commit") == [MONDAY_9] * 2


async def test_a_window_that_shut_meanwhile_is_met_at_the_door(
    desk: Desk, clock: StoppedClock, remote: Remote, account: Account
) -> None:
    await add_posts(desk, "one")
    await give(desk, account, quiet=["sat 00:00-24:00"], blackouts=["2026-11-22 fair"])
    await carry(desk, account)
    (waiting,) = await deliveries(desk)
    assert (waiting.state, waiting.reason_code) == (DeliveryState.SNOOZED, "quiet_hours")
    assert waiting.wake_at == MONDAY_9 - timedelta(hours=9)
    await carry_to_rest(desk, account, clock)
    assert remote.times("commit") == [MONDAY_9 - timedelta(hours=9)]


async def test_a_wider_window_lets_go_what_waits(
    desk: Desk, clock: StoppedClock, remote: Remote, account: Account
) -> None:
    await give(desk, account, windows=["mon-fri 09:00-18:00"])
    await add_posts(desk, "one")
    await give(desk, account, windows=["daily 00:00-24:00"])
    await carry(desk, account)
    assert remote.times("commit") == [clock.now()]


async def test_posts_keep_their_distance_across_couriers_and_in_order(
    desk: Desk, clock: StoppedClock, remote: Remote, account: Account
) -> None:
    await give(desk, account, spacing="30m")
    await add_posts(desk, "one", "two", "three")
    start = clock.now()
    await carry(desk, account, "worker/a")
    waiting = [d for d in await deliveries(desk) if d.state is DeliveryState.SNOOZED]
    assert [d.reason_code for d in waiting] == ["spacing"] * 2
    # each has a time of its own: a thousand that wait do not wake all at once
    assert [d.wake_at for d in waiting] == [start + timedelta(minutes=m) for m in (30, 60)]
    clock.advance(60)
    await add_posts(desk, "four")
    await carry_to_rest(desk, account, clock)
    assert [title for _, _, title in remote.taken] == ["one", "two", "three", "four"]
    times = remote.times("commit")
    assert all(b - a >= timedelta(minutes=30) for a, b in pairwise(times))


async def test_the_distance_holds_after_a_crash_between_intent_and_receipt(
    desk: Desk, clock: StoppedClock, remote: Remote, account: Account
) -> None:
    async def die(_: object) -> None:
        raise SystemExit("killed")

    await give(desk, account, spacing="30m")
    await add_posts(desk, "one", "two")
    start = clock.now()
    remote.script["commit"] = [die]
    with pytest.raises((SystemExit, BaseExceptionGroup)):
        await Courier(tools(desk, "worker/dead"), account.id).run()
    clock.advance(11)
    await carry_to_rest(desk, account, clock)
    taken = [at for at in remote.times("commit") if at > start]
    assert taken
    assert all(at - start >= timedelta(minutes=30) for at in taken)


async def test_what_the_platform_still_prepares_does_not_use_up_the_distance(
    desk: Desk, clock: StoppedClock, remote: Remote, account: Account
) -> None:
    await give(desk, account, spacing="30m")
    await add_posts(desk, "one")
    remote.script["prepare"] = [Pending(5.0, {"upload": "1"})]
    start = clock.now()
    await carry_to_rest(desk, account, clock)
    assert remote.times("commit")[0] - start < timedelta(minutes=1)


@pytest.mark.parametrize("own", [True, False], ids=["of the delivery", "of the account"])
async def test_what_is_too_late_expires_when_it_shall_be_skipped(
    desk: Desk, clock: StoppedClock, remote: Remote, account: Account, own: bool
) -> None:
    if own:
        late = Timing(due_at=clock.now(), late=LatePolicy.SKIP, grace=timedelta(minutes=10))
        await add_late(desk, account, "one", late)
    else:
        await give(desk, account, late=LatePolicy.SKIP, grace="10m")
        await add_posts(desk, "one")
    clock.advance(11 * 60)
    await carry(desk, account)
    expired = (await deliveries(desk))[-1]
    assert (expired.state, expired.reason_code) == (DeliveryState.EXPIRED, "late")
    assert "11m late" in expired.reason
    assert "schedule move" in expired.remedy
    assert remote.taken == []


async def test_within_its_grace_it_goes_out(
    desk: Desk, clock: StoppedClock, remote: Remote, account: Account
) -> None:
    await give(desk, account, late=LatePolicy.SKIP, grace="10m")
    await add_posts(desk, "one")
    clock.advance(9 * 60)
    await carry(desk, account)
    assert len(remote.taken) == 1


async def test_waiting_for_a_window_is_not_being_late(
    desk: Desk, clock: StoppedClock, remote: Remote, account: Account
) -> None:
    await give(desk, account, windows=["mon-fri 09:00-18:00"], late=LatePolicy.SKIP, grace="5m")
    await add_posts(desk, "one")
    clock.advance((MONDAY_9 - clock.now()).total_seconds())
    await carry(desk, account)
    assert len(remote.taken) == 1


@pytest.mark.parametrize(
    ("decision", "state", "sent"),
    [
        (Decision.SEND, DeliveryState.DELIVERED, 1),
        (Decision.LANDED, DeliveryState.DELIVERED, 0),
        (Decision.GIVE_UP, DeliveryState.CANCELLED, 0),
    ],
)
async def test_a_person_is_asked_once_about_what_is_late(
    desk: Desk,
    clock: StoppedClock,
    remote: Remote,
    account: Account,
    decision: Decision,
    state: DeliveryState,
    sent: int,
) -> None:
    await give(desk, account, late=LatePolicy.ASK, grace="10m")
    await add_posts(desk, "one")
    clock.advance(3600)
    await carry(desk, account)
    (held,) = await deliveries(desk)
    assert (held.state, held.reason_code) == (DeliveryState.HELD, "late")
    assert f"copydesk settle {held.id}" in held.remedy
    async with desk.store.begin("ada") as unit:
        await decide_delivery(unit, held.id, decision)
    await carry(desk, account)
    (settled,) = await deliveries(desk)
    assert (settled.state, len(remote.taken)) == (state, sent)


async def test_what_expired_can_be_moved_and_is_judged_by_its_new_time(
    desk: Desk, clock: StoppedClock, remote: Remote, account: Account
) -> None:
    await give(desk, account, late=LatePolicy.SKIP, grace="10m")
    await add_posts(desk, "one")
    clock.advance(3600)
    await carry(desk, account)
    for minutes in (5, 60):
        (found,) = await deliveries(desk)
        assert found.state is DeliveryState.EXPIRED
        async with desk.store.begin("ada") as unit:
            at = unit.now + timedelta(minutes=5)
            owner = await unit.accounts.get(account.id)
            await retime(unit, found, owner, Timing(due_at=at))
        clock.advance(5 * 60 + (60 - minutes) * 60)
        await carry(desk, account)
    (done,) = await deliveries(desk)
    assert done.state is DeliveryState.DELIVERED
    assert len(remote.taken) == 1


async def test_a_retry_that_takes_too_long_is_late_too(
    desk: Desk, clock: StoppedClock, remote: Remote, account: Account
) -> None:
    await give(desk, account, late=LatePolicy.SKIP, grace="10m")
    await add_posts(desk, "one")
    remote.script["commit"] = [Unavailable("down", retry_after=1800.0)]
    done = await carry_to_rest(desk, account, clock)
    assert [d.state for d in done] == [DeliveryState.EXPIRED]
    assert remote.taken == []


async def test_accounts_without_a_timetable_pay_nothing(
    desk: Desk, remote: Remote, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    from copydesk.store.schedules import Schedules

    def never(*_: object) -> None:
        raise AssertionError("the door asked the database")

    await add_posts(desk, "one")
    for name in ("timings", "sending", "wait"):
        monkeypatch.setattr(Schedules, name, never)
    await carry(desk, account)
    assert len(remote.taken) == 1


async def test_what_a_person_sends_again_is_not_too_late(
    desk: Desk, clock: StoppedClock, remote: Remote, account: Account
) -> None:
    from copydesk.core.outcomes import Refused

    await give(desk, account, late=LatePolicy.SKIP, grace="10m")
    await add_posts(desk, "one")
    remote.script["commit"] = [Refused("text", "too long")]
    await carry(desk, account)
    clock.advance(86400)
    (held,) = await deliveries(desk)
    async with desk.store.begin("ada") as unit:
        await decide_delivery(unit, held.id, Decision.SEND)
    await carry(desk, account)
    assert len(remote.taken) == 1


async def test_what_is_held_for_later_and_sent_now_goes_out_now(
    desk: Desk, clock: StoppedClock, remote: Remote, account: Account
) -> None:
    from copydesk.store.deliveries import Change

    late = Timing(due_at=clock.now() + timedelta(days=3))
    id = await add_late(desk, account, "one", late)
    async with desk.store.begin("ada") as unit:
        waiting = await unit.deliveries.get(id)
        await unit.deliveries.move(
            Change(delivery=waiting, to=DeliveryState.HELD, reason="somebody looks at it")
        )
        await decide_delivery(unit, id, Decision.SEND)
    await carry(desk, account)
    assert len(remote.taken) == 1
