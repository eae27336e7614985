"""One courier at a time, no call in a closed window, nothing sent twice, nothing left behind."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from copydesk.core.account import Account
from copydesk.core.delivery import Outgoing
from copydesk.core.outcomes import (
    Accepted,
    Answer,
    AuthRevoked,
    Inconclusive,
    Misconfigured,
    Outcome,
    Pending,
    Published,
    RateLimited,
    Ready,
    Unavailable,
    Unknown,
)
from copydesk.core.states import AccountState, DeliveryState
from copydesk.distribution import courier as courier_module
from copydesk.distribution import rounds
from copydesk.distribution.courier import Courier
from copydesk.distribution.records import LEASE, MARGIN, Records
from copydesk.platforms.kit import registry
from copydesk.platforms.kit.manifest import Reconcile
from copydesk.store.accounts import LeaseLost
from copydesk.testing.clocks import NOON, StoppedClock
from copydesk.work.accounts.trying import try_account
from copydesk.work.deliveries.settling import Decision, decide_delivery
from copydesk.work.desk import Desk
from tests.distribution.carrying import (
    account_now,
    add_posts,
    carry,
    carry_to_rest,
    deliveries,
    tools,
)
from tests.distribution.scripted import MANIFEST, Remote, Scripted
from tests.store.leasing import take

TITLES = ("one", "two", "three", "four")


def all_once(remote: Remote, count: int) -> None:
    assert sorted(remote.count().values()) == [1] * count


# ---------------------------------------------------------------- rests


@pytest.mark.parametrize(
    "limit",
    [
        RateLimited(retry_after=90),
        RateLimited(until=NOON + timedelta(seconds=90)),
        RateLimited(),
        RateLimited(retry_after=0),
        RateLimited(until=NOON - timedelta(days=1)),
    ],
)
@pytest.mark.parametrize("step", ["commit", "prepare"])
async def test_no_call_while_the_platform_asks_for_rest(
    limit: RateLimited,
    step: str,
    desk: Desk,
    clock: StoppedClock,
    remote: Remote,
    account: Account,
) -> None:
    remote.script[step] = [None, limit]
    await add_posts(desk, *TITLES)
    await carry(desk, account)
    until = (await account_now(desk, account)).paused_until
    assert until is not None
    assert until > NOON
    made = len(remote.calls)
    # whoever asks again, and however often, while the window is closed
    for number in range(3):
        await carry(desk, account, f"other/{number}")
    clock.advance((until - NOON).total_seconds() - 0.001)
    await carry(desk, account, "late/1")
    assert len(remote.calls) == made
    found = await carry_to_rest(desk, account, clock)
    assert {d.state for d in found} == {DeliveryState.DELIVERED}
    assert {d.attempts for d in found} == {1}, "a rest burns no attempt"
    all_once(remote, len(TITLES))


@pytest.mark.parametrize(
    ("limit", "most"),
    [
        (RateLimited(retry_after=0), 20),
        (RateLimited(until=NOON - timedelta(days=1)), 20),
        # as it may be this one delivery that overloads it, the breaker lets each through in turn
        (RateLimited(retry_after=0, answer=Answer(status=503)), 50),
    ],
)
async def test_who_asks_again_and_again_for_no_rest_at_all_is_left_alone_for_longer(
    limit: RateLimited, most: int, desk: Desk, clock: StoppedClock, remote: Remote, account: Account
) -> None:
    remote.script["commit"] = [limit] * 100
    await add_posts(desk, *TITLES)
    end = NOON + timedelta(hours=2)
    while clock.now() < end:
        await carry(desk, account, f"{clock.now()}")
        async with desk.store.read() as unit:
            wake_at = await unit.workers.next_wake(clock.now())
        until = (await account_now(desk, account)).paused_until
        assert wake_at is not None
        clock.advance((max(wake_at, until or wake_at) - clock.now()).total_seconds())
    # 1, 2, 4, … seconds, and then a quarter of an hour each
    assert 10 <= len(remote.times("commit")) <= most
    remote.script["commit"] = []
    found = await carry_to_rest(desk, account, clock)
    assert {d.state for d in found} == {DeliveryState.DELIVERED}
    assert {d.attempts for d in found} == {1}, "a rest burns no attempt"


async def test_calls_that_were_not_made_are_taken_back(
    desk: Desk, clock: StoppedClock, remote: Remote, account: Account
) -> None:
    remote.script["commit"] = [None, RateLimited(retry_after=30)]
    await add_posts(desk, *TITLES)
    await carry(desk, account)
    found = await deliveries(desk)
    assert [d.state for d in found] == [
        DeliveryState.DELIVERED,
        DeliveryState.SNOOZED,
        DeliveryState.SCHEDULED,
        DeliveryState.SCHEDULED,
    ]
    assert [d.attempts for d in found] == [1, 0, 0, 0]
    assert len(remote.times("commit")) == 2


async def test_order_is_kept_after_a_rest(
    desk: Desk, clock: StoppedClock, remote: Remote, account: Account
) -> None:
    remote.script["commit"] = [None, RateLimited(retry_after=30)]
    await add_posts(desk, *TITLES)
    await carry_to_rest(desk, account, clock)
    assert [title for _, _, title in remote.taken] == list(TITLES)


async def test_a_processing_platform_is_asked_again_with_the_stored_handles(
    desk: Desk, clock: StoppedClock, remote: Remote, account: Account
) -> None:
    handed: list[dict[str, object]] = []

    async def still(outgoing: Outgoing) -> Pending:
        handed.append(dict(outgoing.handles))
        return Pending(retry_after=20, handles={"container": 7})

    async def ready(outgoing: Outgoing) -> Ready:
        handed.append(dict(outgoing.handles))
        return Ready(outgoing.handles)

    remote.script |= {"prepare": [Pending(retry_after=0, handles={"container": 7})]}
    remote.script |= {"check": [still, ready]}
    await add_posts(desk, "one")
    (found,) = await carry_to_rest(desk, account, clock)
    assert found.state is DeliveryState.DELIVERED
    assert handed == [{"container": 7}, {"container": 7}]
    assert len(remote.times("prepare")) == 1
    all_once(remote, 1)


# ---------------------------------------------------------------- accepted, public later


async def accepted(desk: Desk, clock: StoppedClock, remote: Remote, account: Account) -> None:
    """Add a post that the platform takes but does not show yet."""

    async def take(outgoing: Outgoing) -> Accepted:
        remote.take(outgoing)
        return Accepted({"job": 1})

    remote.script["commit"] = [take]
    await add_posts(desk, "one")
    await carry(desk, account)
    (found,) = await deliveries(desk)
    assert found.is_accepted
    clock.advance(1)


@pytest.mark.parametrize(
    "meanwhile",
    [
        Pending(retry_after=5),
        Accepted({"job": 1}),
        Unavailable("down"),
        Unknown("lost"),
        RateLimited(retry_after=40),
        Ready(),
    ],
)
async def test_what_was_accepted_is_asked_for_and_never_sent_again(
    meanwhile: Ready | Pending | Outcome,
    desk: Desk,
    clock: StoppedClock,
    remote: Remote,
    account: Account,
) -> None:
    await accepted(desk, clock, remote, account)
    remote.script["check"] = [meanwhile, Published("remote-1", "https://example.org/1")]
    (found,) = await carry_to_rest(desk, account, clock)
    assert (found.state, found.url) == (DeliveryState.DELIVERED, "https://example.org/1")
    all_once(remote, 1)
    asked = remote.times("check")
    if isinstance(meanwhile, RateLimited):
        assert asked[1] - asked[0] >= timedelta(seconds=40)


@pytest.mark.parametrize("trouble", [AuthRevoked(), Misconfigured("no such server")])
async def test_an_account_blocked_after_accepting_sends_nothing_again(
    trouble: Outcome, desk: Desk, clock: StoppedClock, remote: Remote, account: Account
) -> None:
    await accepted(desk, clock, remote, account)
    remote.script["check"] = [trouble]
    await carry(desk, account)
    assert (await account_now(desk, account)).state is AccountState.BLOCKED
    clock.advance(3600)
    await carry(desk, account)
    await try_account(desk, account.name, actor="test")
    remote.script["check"] = [Published("remote-1")]
    (found,) = await carry_to_rest(desk, account, clock)
    assert found.state is DeliveryState.DELIVERED
    all_once(remote, 1)


# ---------------------------------------------------------------- unknown


async def test_looking_ends_with_a_person(
    desk: Desk, clock: StoppedClock, remote: Remote, account: Account
) -> None:
    remote.script["commit"] = [Unknown("reset")]
    remote.script["find"] = [Inconclusive("index is behind") for _ in range(9)]
    await add_posts(desk, "one")
    (found,) = await carry_to_rest(desk, account, clock)
    assert (found.state, found.reason_code) == (DeliveryState.HELD, "unknown")
    assert len(remote.times("find")) == MANIFEST.reconcile.looks
    assert len(remote.times("commit")) == 1
    async with desk.store.begin("ada") as unit:
        await decide_delivery(unit, found.id, Decision.SEND)
    (found,) = await carry_to_rest(desk, account, clock)
    assert found.state is DeliveryState.DELIVERED
    all_once(remote, 1)


async def test_a_blocked_account_keeps_its_unknowns_unknown(
    desk: Desk, clock: StoppedClock, platform: Scripted, remote: Remote, account: Account
) -> None:
    """An unknown outcome of a blocked account is not called blocked: that would send it again."""
    platform.declare(reconcile=Reconcile(find=True, delay=30, looks=3))

    async def lost(outgoing: Outgoing) -> Unknown:
        remote.take(outgoing)
        return Unknown("reset")

    remote.script["commit"] = [lost, AuthRevoked()]
    await add_posts(desk, "one", "two")
    await carry(desk, account)
    clock.advance(31)
    await carry(desk, account)
    assert [d.state for d in await deliveries(desk)] == [
        DeliveryState.UNKNOWN,
        DeliveryState.BLOCKED,
    ]
    await try_account(desk, account.name, actor="test")
    found = await carry_to_rest(desk, account, clock)
    assert {d.state for d in found} == {DeliveryState.DELIVERED}
    all_once(remote, 2)


async def test_a_spoke_that_crashes_costs_neither_worker_nor_delivery(
    desk: Desk, clock: StoppedClock, remote: Remote, account: Account
) -> None:
    async def crash(outgoing: Outgoing) -> Outcome:
        raise ZeroDivisionError("a bug in the spoke")

    async def crash_late(outgoing: Outgoing) -> Outcome:
        remote.take(outgoing)
        raise ZeroDivisionError("a bug in the spoke")

    remote.script |= {"prepare": [crash], "commit": [crash, crash_late], "find": [crash]}
    await add_posts(desk, "one", "two", "three")
    found = await carry_to_rest(desk, account, clock)
    assert {d.state for d in found} == {DeliveryState.DELIVERED}
    all_once(remote, 3)


async def test_settings_a_spoke_chokes_on_block_the_account(
    desk: Desk, platform: Scripted, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    def choke(session: object) -> None:
        raise ValueError("latency is not a number")

    monkeypatch.setattr(platform, "connect", choke)
    await add_posts(desk, "one")
    await carry(desk, account)
    blocked = await account_now(desk, account)
    assert blocked.state is AccountState.BLOCKED
    assert "latency is not a number" in blocked.reason
    (waiting,) = await deliveries(desk)
    assert (waiting.state, waiting.reason_code) == (DeliveryState.BLOCKED, "account_blocked")
    assert "latency is not a number" in waiting.reason


async def test_a_platform_that_is_gone_blocks_its_accounts(
    desk: Desk, platform: Scripted, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add_posts(desk, "one")
    registry.load_platform.cache_clear()
    monkeypatch.setattr("copydesk.platforms.kit.registry.platform_modules", dict)
    await carry(desk, account)
    blocked = await account_now(desk, account)
    assert blocked.state is AccountState.BLOCKED
    assert "scripted" in blocked.reason


# ---------------------------------------------------------------- leases


async def test_of_two_couriers_one_carries(desk: Desk, remote: Remote, account: Account) -> None:
    titles = [f"post-{n}" for n in range(30)]
    await add_posts(desk, *titles)
    carried = await asyncio.gather(*(carry(desk, account, f"worker-{n}/1") for n in range(4)))
    assert sum(carried) >= len(titles)
    assert {d.state for d in await deliveries(desk)} == {DeliveryState.DELIVERED}
    all_once(remote, len(titles))
    assert [title for _, _, title in remote.taken] == titles


async def test_a_courier_that_lost_its_lease_makes_no_further_call(
    desk: Desk,
    clock: StoppedClock,
    remote: Remote,
    account: Account,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It hangs in a call while another takes over: its call is dropped, its batch is not sent on,
    and what the other finds out is what counts."""
    monkeypatch.setattr(courier_module, "RENEWAL", 0.01)
    calling, ended = asyncio.Event(), asyncio.Event()

    async def hang(outgoing: Outgoing) -> Outcome:
        calling.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        raise AssertionError("not reached")

    remote.script["commit"] = [hang]
    await add_posts(desk, *TITLES)
    slow = asyncio.create_task(Courier(tools(desk, "slow/1"), account.id).run())
    async with asyncio.timeout(60):
        await calling.wait()
        # the slow one's clock says nothing; the database's lease has run out
        taken = None
        while taken is None:
            clock.advance(LEASE + 1)
            taken = await take(desk.store, account.id, "quick/1", LEASE)
        with pytest.raises(LeaseLost):
            await slow
    assert ended.is_set()
    assert len(remote.times("commit")) == 1
    clock.advance(LEASE + 1)
    found = await carry_to_rest(desk, account, clock)
    assert {d.state for d in found} == {DeliveryState.DELIVERED}
    all_once(remote, len(TITLES))


async def test_a_courier_that_cannot_renew_falls_silent_before_its_lease_ends(
    desk: Desk, remote: Remote, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = asyncio.get_running_loop()
    terms: list[asyncio.Timeout] = []
    timeout_at = asyncio.timeout_at

    def kept(when: float) -> asyncio.Timeout:
        terms.append(timeout_at(when))
        return terms[-1]

    monkeypatch.setattr(asyncio, "timeout_at", kept)
    monkeypatch.setattr(courier_module, "MARGIN", MARGIN)
    ended = asyncio.Event()

    async def hang(outgoing: Outgoing) -> Outcome:
        ends = terms[0].when()
        assert ends is not None
        assert ends < loop.time() + LEASE - 1
        terms[0].reschedule(loop.time())  # its term is over, without a renewal
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        raise AssertionError("not reached")

    remote.script["commit"] = [hang]
    await add_posts(desk, "one", "two")
    with pytest.raises(LeaseLost):
        await carry(desk, account)
    assert ended.is_set()
    assert len(remote.times("commit")) == 1


async def test_a_slow_platform_keeps_its_lease_as_long_as_it_is_renewed(
    desk: Desk,
    clock: StoppedClock,
    remote: Remote,
    account: Account,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(courier_module, "RENEWAL", 0.01)
    others: list[int] = []
    renewed = asyncio.Event()
    hold = Records.hold

    async def watched(records: Records) -> None:
        await hold(records)
        renewed.set()

    monkeypatch.setattr(Records, "hold", watched)

    async def slow(outgoing: Outgoing) -> Outcome:
        for _ in range(3):
            clock.advance(LEASE - 1)
            renewed.clear()
            await renewed.wait()
            others.append(await Courier(tools(desk, "other/1"), account.id).run())
        return remote.take(outgoing)

    remote.script["commit"] = [slow]
    await add_posts(desk, "one")
    await carry(desk, account)
    assert others == [0, 0, 0]
    all_once(remote, 1)


async def test_a_stopping_courier_ends_after_its_round_and_gives_the_account_back(
    desk: Desk, remote: Remote, account: Account
) -> None:
    await add_posts(desk, *(f"post-{n}" for n in range(25)))
    stopping = replace(tools(desk), stopping=lambda: bool(remote.taken))
    assert await Courier(stopping, account.id).run() == rounds.SHARED
    assert await carry(desk, account, "next/1") == 5
    all_once(remote, 25)


async def test_an_answer_that_stops_the_account_stops_calls_that_have_not_begun(
    desk: Desk, platform: Scripted, remote: Remote, account: Account
) -> None:
    """Where order does not matter several calls run at once; a 429 in their midst ends the rest."""
    platform.declare(ordered=False, concurrency=4)
    await add_posts(desk, *(f"post-{n}" for n in range(12)))
    under_way = most = 0
    gate = asyncio.Event()

    async def slow(outgoing: Outgoing) -> Outcome:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        if under_way == 4:
            gate.set()
        await gate.wait()
        under_way -= 1
        return remote.take(outgoing)

    async def closed(outgoing: Outgoing) -> Outcome:
        await slow(outgoing)
        remote.taken.pop()
        return RateLimited(retry_after=60)

    remote.script["commit"] = [slow, slow, slow, closed]
    await carry(desk, account)
    await carry(desk, account, "worker/2")
    assert most == len(remote.times("commit")) == 4
    assert remote.count().total() == 3
    found = await deliveries(desk)
    assert {d.attempts for d in found if d.state is DeliveryState.SCHEDULED} == {0}
    await carry_to_rest(desk, account, desk.clock)  # type: ignore[arg-type]
    all_once(remote, 12)
