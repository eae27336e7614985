"""Threads: a call for each part, and whatever comes between two of them, on both stores."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from copydesk.core.account import Account
from copydesk.core.delivery import Action, Delivery, Outgoing, part_key, parts_out
from copydesk.core.errors import Conflict, ContentInvalid
from copydesk.core.outcomes import (
    Absent,
    Accepted,
    AuthRevoked,
    Duplicate,
    Landed,
    Outcome,
    Pending,
    Published,
    RateLimited,
    Ready,
    Refused,
    Unavailable,
    Unknown,
)
from copydesk.core.standing import Stands
from copydesk.core.states import DeliveryState
from copydesk.distribution.plans import Intended
from copydesk.distribution.records import Records
from copydesk.distribution.threads import PARTLY
from copydesk.platforms.kit.lifecycle import Window
from copydesk.platforms.kit.manifest import Idempotency, Reconcile
from copydesk.platforms.sandbox.ledger import Ledger
from copydesk.store.accounts import LeaseLost
from copydesk.store.deliveries import Deliveries
from copydesk.store.letters import Wanted
from copydesk.testing.clocks import NOON, StoppedClock
from copydesk.work.accounts.connecting import change_account
from copydesk.work.accounts.removing import remove_account
from copydesk.work.accounts.trying import try_account
from copydesk.work.deliveries.inspecting import inspect_now
from copydesk.work.deliveries.publishing import preview, publish
from copydesk.work.deliveries.redriving import redrive
from copydesk.work.deliveries.scheduling import cancel_scheduled
from copydesk.work.deliveries.settling import Decision, decide_delivery
from copydesk.work.deliveries.unpublishing import Taken, plan_withdrawals, unpublish
from copydesk.work.desk import Desk
from tests.distribution.carrying import (
    account_now,
    add_posts,
    carry,
    carry_to_rest,
    deliveries,
)
from tests.distribution.scripted import Remote, Scripted
from tests.distribution.test_aftercare import ledger, manuscript, put_out, take_down
from tests.distribution.test_courier_crashes import Death, die_and_go_on
from tests.store_fixtures import AddSandbox

CHAIN = [(0, ()), (1, ("remote-1",)), (2, ("remote-1", "remote-2"))]


@pytest.fixture
def thread(platform: Scripted) -> Scripted:
    """The scripted platform, with three parts to every post; deletes work too."""
    platform.parts = 3
    platform.declare(can_delete=True)
    return platform


async def only(desk: Desk) -> Delivery:
    (found,) = await deliveries(desk)
    return found


async def decide(desk: Desk, one: Delivery, decision: Decision, url: str = "") -> Delivery:
    async with desk.store.begin("person") as unit:
        return await decide_delivery(unit, one.id, decision, url=url)


def ids(delivery: Delivery) -> list[str]:
    return [part.id for part in parts_out(delivery.handles)]


async def reasons(desk: Desk, delivery: Delivery) -> list[str]:
    async with desk.store.read() as unit:
        return [event.reason for event in await unit.events.history([delivery.id])]


# ---------------------------------------------------------------- all goes well


async def test_a_thread_is_one_delivery_with_a_call_for_each_part(
    desk: Desk, clock: StoppedClock, thread: Scripted, remote: Remote, account: Account
) -> None:
    await add_posts(desk, "one")
    await carry(desk, account)
    one = await only(desk)
    assert (one.state, one.remote_id) == (DeliveryState.DELIVERED, "remote-1")
    assert one.url == "https://scripted.example/remote-1"
    assert ids(one) == ["remote-1", "remote-2", "remote-3"]
    assert remote.parts == CHAIN
    assert [key for _, key, _ in remote.taken] == [part_key(one.key, n) for n in range(3)]
    assert len({part_key(one.key, n) for n in range(3)}) == 3
    history = await reasons(desk, one)
    assert [r for r in history if "part" in r] == [
        "part 1 of 3 is out",
        "part 2 of 3 is out",
        "all 3 parts are out",
    ]
    async with desk.store.read() as unit:
        tries = await unit.deliveries.tries(one.id)
    assert [(t["key"], t["remote_id"], t["attempt"]) for t in tries] == [
        (part_key(one.key, n), f"remote-{n + 1}", 1) for n in range(3)
    ]


async def test_nothing_comes_between_the_parts_on_an_account_that_keeps_its_order(
    desk: Desk, clock: StoppedClock, thread: Scripted, remote: Remote, account: Account
) -> None:
    await add_posts(desk, "one", "two")
    await carry(desk, account)
    assert [title for _, _, title in remote.taken] == ["one"] * 3 + ["two"] * 3


async def test_a_post_costs_what_it_did_before_there_were_threads(
    desk: Desk,
    clock: StoppedClock,
    platform: Scripted,
    remote: Remote,
    account: Account,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def asked(*_: object) -> None:
        raise AssertionError("a statement that only threads need")

    monkeypatch.setattr(Deliveries, "first_calls", asked)
    await add_posts(desk, "one")
    await carry(desk, account)
    one = await only(desk)
    assert (one.handles, one.remote_id, remote.parts) == ({}, "remote-1", [(0, ())])


async def test_what_was_prepared_serves_all_parts(
    desk: Desk, clock: StoppedClock, thread: Scripted, remote: Remote, account: Account
) -> None:
    # a spoke hands back its own handles alone: what the engine keeps beside them stays
    remote.script["prepare"] = [Ready({"media": "m1"})]
    remote.script["check"] = [Pending(1.0, {"media": "m1", "job": 2}), Ready({"media": "m2"})]
    await add_posts(desk, "one")
    (one,) = await carry_to_rest(desk, account, clock)
    assert one.state is DeliveryState.DELIVERED
    assert (one.handles["media"], ids(one)) == ("m2", ["remote-1", "remote-2", "remote-3"])
    assert remote.parts == CHAIN
    assert len(remote.times("prepare")) == 1


# ---------------------------------------------------------------- in the middle


async def lost(remote: Remote, outgoing: Outgoing) -> Unknown:
    remote.take(outgoing)
    return Unknown("reset")


MIDDLES: dict[str, Callable[[Remote], list[Any]]] = {
    "limited": lambda r: [RateLimited(retry_after=30)],
    "away": lambda r: [Unavailable("not reached")],
    "lost before": lambda r: [Unknown("reset")],
    "lost after": lambda r: [lambda out: lost(r, out)],
    "twice": lambda r: [Unknown("reset"), RateLimited(retry_after=3), lambda out: lost(r, out)],
}


@pytest.mark.parametrize("middle", MIDDLES)
@pytest.mark.parametrize("part", [1, 2])
async def test_what_passes_in_the_middle_costs_and_doubles_nothing(
    middle: str,
    part: int,
    desk: Desk,
    clock: StoppedClock,
    thread: Scripted,
    remote: Remote,
    account: Account,
) -> None:
    remote.script["commit"] = [None] * part + MIDDLES[middle](remote)
    await add_posts(desk, "one")
    (one,) = await carry_to_rest(desk, account, clock)
    assert (one.state, one.reason) == (DeliveryState.DELIVERED, "")
    assert remote.parts == CHAIN
    assert sorted(remote.count().values()) == [1, 1, 1]


async def test_tries_and_the_window_begin_anew_with_each_part(
    desk: Desk, clock: StoppedClock, thread: Scripted, remote: Remote, account: Account
) -> None:
    thread.declare(
        idempotency=Idempotency.KEY_HEADER,
        idempotency_window=100,
        reconcile=Reconcile(find=False),
    )
    seen: list[tuple[Any, Any]] = []

    async def note(outgoing: Outgoing) -> Outcome:
        seen.append((outgoing.first_sent_at, outgoing.sent_at))
        return remote.take(outgoing)

    async def late(outgoing: Outgoing) -> Outcome:
        seen.append((outgoing.first_sent_at, outgoing.sent_at))
        clock.advance(90)  # the window of the first part ends soon
        return RateLimited(retry_after=60)

    # the answer to part 2 is lost 150 seconds after part 1 went out: its own window is open
    remote.script["commit"] = [late, note, Unknown("reset"), note, note]
    remote.script["find"] = []
    await add_posts(desk, "one")
    (one,) = await carry_to_rest(desk, account, clock)
    assert one.state is DeliveryState.DELIVERED
    assert seen[0][0] == seen[0][1] == seen[1][0]
    assert seen[2][0] > seen[1][0], "the second part has a first time of its own"
    assert sorted(remote.count().values()) == [1, 1, 1]


async def test_a_blocked_account_stops_a_thread_in_the_middle_and_goes_on_after_it(
    desk: Desk, clock: StoppedClock, thread: Scripted, remote: Remote, account: Account
) -> None:
    remote.script["commit"] = [None, AuthRevoked("over")]
    await add_posts(desk, "one")
    await carry(desk, account)
    one = await only(desk)
    assert (one.state, ids(one)) == (DeliveryState.BLOCKED, ["remote-1"])
    await try_account(desk, account.name, actor="test")
    (one,) = await carry_to_rest(desk, account, clock)
    assert one.state is DeliveryState.DELIVERED
    assert remote.parts == CHAIN


async def test_an_accepted_part_is_asked_about_and_then_the_next_one_goes(
    desk: Desk, clock: StoppedClock, thread: Scripted, remote: Remote, account: Account
) -> None:
    def take_later(outgoing: Outgoing) -> Awaitable[Outcome]:
        remote.take(outgoing)

        async def answer() -> Outcome:
            return Accepted({"job": f"job-{outgoing.part}"})

        return answer()

    asked: list[Any] = []

    async def ready(outgoing: Outgoing) -> Outcome:
        asked.append((outgoing.part, outgoing.handles.get("job"), outgoing.key))
        return Published(f"remote-{outgoing.part + 1}")

    remote.script["commit"] = [take_later, take_later]
    remote.script["check"] = [ready, ready]
    await add_posts(desk, "one")
    (one,) = await carry_to_rest(desk, account, clock)
    assert one.state is DeliveryState.DELIVERED, one.reason
    assert asked == [(n, f"job-{n}", part_key(one.key, n)) for n in (0, 1)]
    assert remote.parts == CHAIN
    assert not {"accepted", "job", "prepared"} & set(one.handles)


async def test_another_part_is_no_answer_about_this_one(
    desk: Desk, clock: StoppedClock, thread: Scripted, remote: Remote, account: Account
) -> None:
    thread.declare(idempotency=Idempotency.NATURAL_KEY)
    remote.script["commit"] = [None, Duplicate(of="remote-1")]
    await add_posts(desk, "one")
    await carry(desk, account)
    one = await only(desk)
    assert (one.state, one.reason_code, ids(one)) == (
        DeliveryState.HELD,
        "duplicate",
        ["remote-1"],
    )
    assert "as part 1" in one.reason


async def test_a_duplicate_by_a_natural_key_is_the_part_in_flight(
    desk: Desk, clock: StoppedClock, thread: Scripted, remote: Remote, account: Account
) -> None:
    thread.declare(idempotency=Idempotency.NATURAL_KEY)
    remote.script["commit"] = [None, Duplicate(of="theirs", url="https://scripted.example/theirs")]
    await add_posts(desk, "one")
    await carry(desk, account)
    assert ids(await only(desk)) == ["remote-1", "theirs", "remote-2"]


async def test_a_duplicate_of_a_first_try_is_not_adopted_without_such_a_key(
    desk: Desk, clock: StoppedClock, thread: Scripted, remote: Remote, account: Account
) -> None:
    remote.script["commit"] = [None, None, Duplicate(of="theirs")]
    await add_posts(desk, "one")
    await carry(desk, account)
    assert (await only(desk)).reason_code == "duplicate"


async def test_a_look_that_finds_another_part_tells_nothing(
    desk: Desk, clock: StoppedClock, thread: Scripted, remote: Remote, account: Account
) -> None:
    remote.script["commit"] = [None, Unknown("reset")]
    remote.script["find"] = [Landed("remote-1"), Absent("complete listing")]
    await add_posts(desk, "one")
    (one,) = await carry_to_rest(desk, account, clock)
    assert (one.state, remote.parts) == (DeliveryState.DELIVERED, CHAIN)


async def test_a_part_is_known_by_its_key_before_its_answer_is_here(
    desk: Desk, remote: Remote, account: Account, thread: Scripted
) -> None:
    remote.script["commit"] = [None, Unknown("reset")]
    await add_posts(desk, "one")
    await carry(desk, account)
    (one,) = await deliveries(desk)
    async with desk.store.read() as unit:
        named = await unit.callbacks.delivery(account.id, key=part_key(one.key, 1), remote_id="")
        other = await unit.callbacks.delivery(account.id, key=part_key(one.key, 2), remote_id="")
    assert len(remote.script["commit"]) == 0, "the second part was called"
    assert (named and named.id, other) == (one.id, None)


async def test_a_late_receipt_of_an_earlier_part_moves_nothing(
    desk: Desk, clock: StoppedClock, thread: Scripted, remote: Remote, account: Account
) -> None:
    """A courier that was stalled answers after another has gone on with the next part."""

    async def stalled(outgoing: Outgoing) -> Outcome:
        answer = remote.take(outgoing)
        clock.advance(20)
        remote.script["commit"] = [Unknown("this one is still open")]
        await carry(desk, account, "worker/2")
        clock.advance(20)
        await carry(desk, account, "worker/2")
        return answer

    remote.script["commit"] = [stalled]
    await add_posts(desk, "one")
    with pytest.raises(LeaseLost):
        await carry(desk, account)
    one = await only(desk)
    assert ids(one)[:1] == ["remote-1"]
    (one,) = await carry_to_rest(desk, account, clock)
    assert one.state is DeliveryState.DELIVERED
    assert sorted(remote.count().values()) == [1, 1, 1]


# ---------------------------------------------------------------- stopped in the middle


async def stopped(desk: Desk, account: Account, remote: Remote, after: int = 1) -> Delivery:
    remote.script["commit"] = [*[None] * after, Refused("text", "not like this")]
    await add_posts(desk, "one")
    await carry(desk, account)
    return await only(desk)


async def test_a_refused_part_says_what_stands(
    desk: Desk, clock: StoppedClock, thread: Scripted, remote: Remote, account: Account
) -> None:
    one = await stopped(desk, account, remote)
    assert one.state is DeliveryState.HELD
    assert one.reason == (
        "text: not like this; part 1 of 3 stands at https://scripted.example/remote-1; "
        "the others were not sent"
    )


async def test_sent_again_it_goes_on_with_the_part_that_stopped(
    desk: Desk, clock: StoppedClock, thread: Scripted, remote: Remote, account: Account
) -> None:
    one = await stopped(desk, account, remote, after=2)
    assert "parts 1 to 2 of 3 stand, the first at" in one.reason
    await redrive(desk, Wanted(states=(DeliveryState.HELD,)), actor="test")
    await carry(desk, account)
    assert (await only(desk)).state is DeliveryState.DELIVERED
    assert remote.parts == CHAIN


async def test_that_a_part_landed_sends_the_next(
    desk: Desk, clock: StoppedClock, thread: Scripted, remote: Remote, account: Account
) -> None:
    one = await stopped(desk, account, remote)
    with pytest.raises(ContentInvalid, match="answers this one"):
        await decide(desk, one, Decision.LANDED)
    with pytest.raises(ContentInvalid, match="part 1"):
        await decide(desk, one, Decision.LANDED, "https://scripted.example/remote-1")
    one = await decide(desk, one, Decision.LANDED, "https://scripted.example/theirs")
    assert one.state is DeliveryState.SCHEDULED
    await carry(desk, account)
    one = await only(desk)
    assert (one.state, ids(one)) == (DeliveryState.DELIVERED, ["remote-1", "theirs", "remote-2"])
    assert remote.parts[-1] == (2, ("remote-1", "theirs"))


async def test_given_up_what_is_out_stays_known(
    desk: Desk, clock: StoppedClock, thread: Scripted, remote: Remote, account: Account
) -> None:
    one = await decide(desk, await stopped(desk, account, remote, after=2), Decision.GIVE_UP)
    assert (one.state, one.reason_code) == (DeliveryState.DELIVERED, PARTLY)
    assert (one.remote_id, ids(one)) == ("remote-1", ["remote-1", "remote-2"])
    assert "parts 1 to 2 of 3 stand" in one.reason
    async with desk.store.begin("test") as unit:
        (plan,) = await unpublish(unit, await unit.posts.get(one.post_id))
    assert plan.taken is Taken.DELETE
    await carry(desk, account)
    _, removal = await deliveries(desk)
    assert removal.state is DeliveryState.DELIVERED
    assert [(a, p) for (a, *_), p in zip(remote.taken, remote.parts, strict=True)][-2:] == [
        (Action.DELETE, (1, ("remote-1",))),
        (Action.DELETE, (0, ())),
    ]


async def test_a_thread_on_its_way_is_stopped_by_taking_the_post_down(
    desk: Desk, clock: StoppedClock, thread: Scripted, remote: Remote, account: Account
) -> None:
    remote.script["commit"] = [None, RateLimited(retry_after=3600)]
    thread.declare(
        can_delete=True, deletes=Window(within=7200, source="a test", checked=NOON.date())
    )
    await add_posts(desk, "one")
    await carry(desk, account)
    one = await only(desk)
    assert (one.state, ids(one)) == (DeliveryState.SNOOZED, ["remote-1"])
    async with desk.store.begin("test") as unit:
        with pytest.raises(Conflict, match="part 1 of 3 stands"):
            await cancel_scheduled(unit, desk.workspace_id, one.id)
    async with desk.store.begin("test") as unit:
        post = await unit.posts.get(one.post_id)
        (plan,) = await plan_withdrawals(unit, post)
        assert (plan.taken, plan.standing) == (Taken.DELETE, one)
        await unpublish(unit, post)
    one, removal = await carry_to_rest(desk, account, clock)
    assert (one.state, one.reason_code) == (DeliveryState.DELIVERED, PARTLY)
    assert removal.state is DeliveryState.DELIVERED
    assert remote.parts == [(0, ()), (0, ())]


async def test_with_its_account_removed_a_thread_waits_for_a_person(
    desk: Desk, clock: StoppedClock, thread: Scripted, remote: Remote, account: Account
) -> None:
    remote.script["commit"] = [None, RateLimited(retry_after=3600)]
    await add_posts(desk, "one")
    await carry(desk, account)
    removed = await remove_account(desk, account.name, actor="test")
    one = await only(desk)
    assert (removed.held, one.state, one.reason_code) == (1, DeliveryState.HELD, "account_removed")
    assert "part 1 of 3 stands" in one.reason
    one = await decide(desk, one, Decision.GIVE_UP)
    assert (one.state, one.reason_code) == (DeliveryState.DELIVERED, PARTLY)


# ---------------------------------------------------------------- a worker dies


STEPS = [("commit", when, n) for n in (1, 2, 3) for when in ("before", "after")]


@pytest.mark.parametrize(("step", "when", "which"), STEPS)
async def test_death_around_the_call_of_a_part(
    step: str,
    when: str,
    which: int,
    desk: Desk,
    clock: StoppedClock,
    thread: Scripted,
    remote: Remote,
    account: Account,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    death = Death(monkeypatch, step, when, which)
    connect = thread.connect

    def mortal(session: Any) -> Any:
        client = connect(session)
        monkeypatch.setattr(client, step, death.wrap(getattr(client, step)))
        return client

    monkeypatch.setattr(thread, "connect", mortal)
    await add_posts(desk, "one")
    await die_and_go_on(desk, clock, account, death)
    (one,) = await carry_to_rest(desk, account, clock)
    assert one.state is DeliveryState.DELIVERED
    assert remote.parts == CHAIN


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("which", [1, 2, 3])
@pytest.mark.parametrize("step", ["intend", "receive"])
async def test_death_while_a_part_is_written_down(
    step: str,
    when: str,
    which: int,
    desk: Desk,
    clock: StoppedClock,
    thread: Scripted,
    remote: Remote,
    account: Account,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    death = Death(monkeypatch, step, when, which)
    monkeypatch.setattr(Records, step, death.wrap(getattr(Records, step)))
    await add_posts(desk, "one")
    await die_and_go_on(desk, clock, account, death)
    (one,) = await carry_to_rest(desk, account, clock)
    assert one.state is DeliveryState.DELIVERED
    assert remote.parts == CHAIN


# ---------------------------------------------------------------- afterwards


async def test_a_thread_is_looked_at_and_taken_down_part_by_part(
    desk: Desk, clock: StoppedClock, sandbox_account: AddSandbox
) -> None:
    account = await sandbox_account(parts="3")
    done = await put_out(desk, account, clock)
    one = await only(desk)
    (seen,) = await inspect_now(desk, [one.id], actor="test")
    assert seen.delivery.standing == Stands.AS_PUBLISHED
    remove_there(ledger(desk, account), "2")
    (seen,) = await inspect_now(desk, [one.id], actor="test")
    assert seen.delivery.standing == Stands.CHANGED
    assert "part 2 of 3" in seen.delivery.standing_note

    await take_down(desk, done)
    _, removal = await carry_to_rest(desk, account, clock)
    assert (removal.state, removal.reason) == (DeliveryState.DELIVERED, "")
    assert [line["id"] for line in ledger(desk, account).posts()] == ["1", "2", "3", "2", "3", "1"]
    again = await put_out(desk, account, clock)
    assert again.plans[0].intended is Intended.CREATE


def remove_there(kept: Ledger, id: str) -> None:
    line = {"id": id, "action": "delete", "key": "somebody", "received_at": "2026-11-22T12:00:00Z"}
    kept.accept(line, once=False)


@pytest.mark.parametrize("fault", ["lost_response", "reset_before_accept", "rate_limited", "html"])
async def test_a_thread_is_taken_down_whatever_happens_to_the_calls(
    fault: str, desk: Desk, clock: StoppedClock, sandbox_account: AddSandbox
) -> None:
    account = await sandbox_account(parts="3")
    done = await put_out(desk, account, clock)
    await change_account(
        desk, account.name, settings={"fault": fault, "times": "2"}, secrets={}, actor="test"
    )
    await take_down(desk, done)
    _, removal = await carry_to_rest(desk, account, clock)
    assert removal.state is DeliveryState.DELIVERED, removal.reason
    assert all(ledger(desk, account).was_removed(id) for id in "123")


async def test_a_removal_that_is_given_up_halfway_leaves_the_thread_changed(
    desk: Desk, clock: StoppedClock, thread: Scripted, remote: Remote, account: Account
) -> None:
    done = await put_out(desk, account, clock)
    await take_down(desk, done)
    remote.script["commit"] = [None, Refused("post", "not now")]
    await carry(desk, account)
    one, removal = await deliveries(desk)
    assert (removal.state, ids(removal)) == (DeliveryState.HELD, ["remote-1", "remote-2"])
    assert "part 3 of 3 was taken down; the others still stand" in removal.reason
    (again,) = await preview(desk, manuscript(), [account])
    assert [f.code for f in again.errors] == ["thread_halfway"]

    await decide(desk, removal, Decision.GIVE_UP)
    one, _ = await deliveries(desk)
    assert (one.standing, one.standing_note) == (Stands.CHANGED, "part 3 of 3 was taken down")
    (again,) = await preview(desk, manuscript(), [account])
    assert [f.code for f in again.errors] == ["changed_there"]
    await take_down(desk, done)
    await carry(desk, account)
    assert (await deliveries(desk))[-1].state is DeliveryState.DELIVERED


async def test_a_removal_that_the_platform_does_later_goes_on_with_the_next_part(
    desk: Desk, clock: StoppedClock, thread: Scripted, remote: Remote, account: Account
) -> None:
    done = await put_out(desk, account, clock)
    await take_down(desk, done)

    async def gone(outgoing: Outgoing) -> Outcome:
        return Published(outgoing.target_id)

    remote.script["commit"] = [Accepted({"job": 1}), RateLimited(retry_after=30)]
    remote.script["check"] = [gone]
    _, removal = await carry_to_rest(desk, account, clock)
    assert (removal.state, removal.remote_id) == (DeliveryState.DELIVERED, "remote-1")
    assert removal.handles == {"parts": [], "of": 3}
    assert remote.parts[3:] == [(1, ("remote-1",)), (0, ())], "the first call removed the last"


async def test_neither_into_a_thread_nor_of_one_are_there_updates(
    desk: Desk, clock: StoppedClock, sandbox_account: AddSandbox
) -> None:
    account = await sandbox_account(parts="3")
    await put_out(desk, account, clock)
    (same,) = await preview(desk, manuscript(), [account])
    assert same.intended is Intended.NOTHING
    (other,) = await preview(desk, manuscript("We are closed."), [account])
    assert [f.code for f in other.errors] == ["thread_cannot_change"]
    await change_account(desk, account.name, settings={"parts": "1"}, secrets={}, actor="test")
    account = await account_now(desk, account)
    (other,) = await preview(desk, manuscript("We are closed."), [account])
    assert [f.code for f in other.errors] == ["thread_cannot_change"]


async def test_beside_a_thread_that_is_halfway_nothing_new_is_sent(
    desk: Desk, clock: StoppedClock, thread: Scripted, remote: Remote, account: Account
) -> None:
    remote.script["commit"] = [None, Refused("text", "not like this")]
    await publish(desk, manuscript(), [account.name], actor="test")
    await carry(desk, account)
    (same,) = await preview(desk, manuscript(), [account])
    assert same.intended is Intended.NOTHING, "what is held waits for a person"
    (other,) = await preview(desk, manuscript("We are closed."), [account])
    assert [f.code for f in other.errors] == ["thread_halfway"]
    await decide(desk, await only(desk), Decision.GIVE_UP)
    for text in ("We open on Sunday.", "We are closed."):
        (found,) = await preview(desk, manuscript(text), [account])
        (finding,) = found.errors
        assert finding.code == "thread_halfway"
        assert "were given up" in finding.message
