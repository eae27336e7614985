"""Breakers: what opens them, who is let through, and that healthy accounts never notice."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from copydesk.core.account import Account
from copydesk.core.breaker import Breaker, host_breaker_id
from copydesk.core.delivery import Outgoing
from copydesk.core.outcomes import (
    Absent,
    Answer,
    Inconclusive,
    Outcome,
    Published,
    RateLimited,
    Ready,
    Refused,
    Unavailable,
    Unknown,
)
from copydesk.core.states import BreakerState, DeliveryState
from copydesk.distribution.breaker import BreakerPolicy, Pulse, closed, learn, scopes
from copydesk.distribution.retry import LIMITS, Cause
from copydesk.platforms.kit.manifest import Idempotency, Reconcile
from copydesk.platforms.kit.transport import Reply
from copydesk.store.breakers import Breakers
from copydesk.testing.clocks import NOON, StoppedClock
from copydesk.work.accounts.connecting import add_account
from copydesk.work.desk import Desk
from tests.distribution.carrying import account_now, add_posts, carry, carry_to_rest, deliveries
from tests.distribution.scripted import Remote, Scripted, Step

AWAY = Unavailable("the platform was not reached: connection refused")
POLICY = BreakerPolicy()


# ---------------------------------------------------------------- the rules


def after(pulse: Pulse, was: Breaker, account: str = "acc_1", probe: str = "") -> Breaker:
    (host, _) = scopes(account, "scripted", "host.example", POLICY)
    return learn(
        was,
        host,
        pulse,
        account_id=account,
        probe=probe,
        now=NOON,
        policy=POLICY,
        source=random.Random(1),
    )


def missed(times: int) -> Pulse:
    pulse = Pulse()
    for _ in range(times):
        pulse.feel(AWAY, pulse.mark())
    return pulse


def test_one_bad_account_does_not_stop_its_host() -> None:
    (host, _) = scopes("acc_1", "scripted", "host.example", POLICY)
    breaker = closed(host)
    for _ in range(20):
        breaker = after(missed(5), breaker, "acc_1")
    assert breaker.state is BreakerState.CLOSED
    breaker = after(missed(1), breaker, "acc_2")
    assert breaker.state is BreakerState.OPEN
    assert breaker.open_until is not None
    assert breaker.open_until > NOON


def test_an_answer_of_anybody_on_the_host_starts_the_count_anew() -> None:
    (host, _) = scopes("acc_1", "scripted", "host.example", POLICY)
    breaker = after(missed(9), closed(host), "acc_1")
    answered = Pulse()
    answered.feel(Refused("body", "no"), answered.mark())
    breaker = after(answered, breaker, "acc_2")
    assert (breaker.failures, breaker.failing) == (0, ())


def test_what_was_under_way_when_it_opened_changes_nothing() -> None:
    (host, _) = scopes("acc_1", "scripted", "host.example", POLICY)
    opened = after(missed(9), after(missed(9), closed(host), "acc_1"), "acc_2")
    assert opened.state is BreakerState.OPEN
    late = Pulse()
    late.feel(Published("1"), late.mark())
    assert after(late, opened) is opened
    assert after(missed(3), opened) is opened


def test_rests_grow_with_each_opening_and_end() -> None:
    source = random.Random(3)
    bounds = [max(POLICY.rest(n, source) for _ in range(200)).total_seconds() for n in range(1, 30)]
    assert bounds[0] <= POLICY.first
    assert bounds[3] > bounds[0]
    assert max(bounds) <= POLICY.longest
    assert POLICY.rest(10**6, source).total_seconds() <= POLICY.longest


async def test_a_spoke_that_could_not_ask_is_told_from_one_that_was_told_nothing() -> None:
    pulse = Pulse()
    since = pulse.mark()
    await pulse.before("GET", "https://host.example/")
    pulse.feel(Inconclusive("the listing could not be read"), since)
    assert pulse.failures == 1, "the call was begun and nobody answered"
    since = pulse.mark()
    await pulse.before("GET", "https://host.example/")
    await pulse.after("GET", "https://host.example/", Reply(status=200))
    pulse.feel(Inconclusive("the listing does not go back far enough"), since)
    assert pulse.failures == 1, "somebody answered: no failure"


async def test_a_server_that_answers_only_that_it_is_overloaded_is_missed() -> None:
    pulse = Pulse()
    for _ in range(3):
        since = pulse.mark()
        await pulse.before("POST", "https://host.example/")
        await pulse.after("POST", "https://host.example/", Reply(status=503))
        pulse.feel(RateLimited(retry_after=0, answer=Answer(status=503)), since)
    assert pulse.failures == 3
    pulse.feel(RateLimited(reason="the rate budget is used up"), pulse.mark())
    assert pulse.failures == 3, "no call was made"
    since = pulse.mark()
    await pulse.after("POST", "https://host.example/", Reply(status=429))
    pulse.feel(RateLimited(retry_after=0, answer=Answer(status=429)), since)
    assert pulse.failures == 0, "whoever counts our calls is there"


# ---------------------------------------------------------------- couriers


@pytest.fixture
async def second(desk: Desk, platform: Scripted) -> Account:
    return await add_account(
        desk, "scripted", "second", settings={}, secrets={}, inbox=True, actor="test"
    )


async def breaker_of(desk: Desk, id: str) -> Breaker | None:
    async with desk.store.read() as unit:
        return (await unit.breakers.of([id])).get(id)


async def test_while_a_platform_is_away_it_is_left_alone_and_no_try_is_lost(
    desk: Desk, remote: Remote, account: Account, clock: StoppedClock
) -> None:
    """Everything arrives in the end, once each, and what was let through to see lost no try."""
    remote.script["commit"] = [AWAY] * 9
    await add_posts(desk, *(f"post {n}" for n in range(8)))
    await carry(desk, account)
    assert len(remote.times("commit")) == POLICY.account_failures, "no further call is begun"
    opened = await breaker_of(desk, account.id)
    assert opened is not None
    assert opened.state is BreakerState.OPEN
    await carry(desk, account, "another/1")
    assert len(remote.times("commit")) == POLICY.account_failures, "open: no call"
    waiting = await deliveries(desk)
    assert {d.state for d in waiting} == {DeliveryState.SCHEDULED}
    assert all("is left alone" in d.reason for d in waiting if d.reason_code == "breaker_open")
    assert any(d.reason_code == "breaker_open" for d in waiting)

    found = await carry_to_rest(desk, account, clock)
    assert {d.state for d in found} == {DeliveryState.DELIVERED}
    assert set(remote.count().values()) == {1}
    assert max(d.spent.get(Cause.UNAVAILABLE, 0) for d in found) == 1
    closed_now = await breaker_of(desk, account.id)
    assert closed_now is not None
    assert closed_now.state is BreakerState.CLOSED
    async with desk.store.read() as unit:
        told = [e.to_state for e in await unit.events.history([account.id]) if e.noun == "breaker"]
    assert told[0] == "open"
    assert told[-1] == "closed"


@pytest.mark.parametrize("posts", [1, 2])
async def test_an_outage_that_swallows_answers_hands_nobody_over_where_keys_are_known(
    desk: Desk,
    remote: Remote,
    account: Account,
    platform: Scripted,
    clock: StoppedClock,
    posts: int,
) -> None:
    """The platform cannot be asked, but a repeat is harmless: what it takes is time alone."""
    platform.declare(idempotency=Idempotency.KEY_HEADER, reconcile=Reconcile(find=False))
    remote.script["commit"] = [Unknown("no answer within 5 s")] * 14
    remote.script["find"] = [Inconclusive("this platform cannot be asked")] * 100
    await add_posts(desk, *(f"post {n}" for n in range(posts)))
    found = await carry_to_rest(desk, account, clock)
    assert {d.state for d in found} == {DeliveryState.DELIVERED}
    assert set(remote.count().values()) == {1}


async def test_what_is_lost_again_and_again_where_others_arrive_is_handed_over(
    desk: Desk, remote: Remote, account: Account, platform: Scripted, clock: StoppedClock
) -> None:
    """The platform stumbles over this one: that is no outage, and tries end."""
    platform.declare(idempotency=Idempotency.KEY_HEADER, reconcile=Reconcile(find=False))
    stumbled: list[str] = []

    async def stumble(outgoing: Outgoing) -> Published | Unknown:
        if outgoing.payload["title"] == "bad":
            stumbled.append(outgoing.key)
            return Unknown("500")
        return remote.take(outgoing)

    remote.script["commit"] = [stumble] * 100
    remote.script["find"] = [Inconclusive("this platform cannot be asked")] * 100
    for number in range(8):
        await add_posts(desk, *(["bad"] if not number else []), f"post {number}")
        await carry(desk, account)
        clock.advance(60)
    found = await carry_to_rest(desk, account, clock)
    assert Counter(d.state for d in found) == {DeliveryState.DELIVERED: 8, DeliveryState.HELD: 1}
    assert len(stumbled) == LIMITS[Cause.REPEATED]


@pytest.mark.parametrize("how", ["commit", "overload", "upload", "lookup", "repeat"])
async def test_what_is_never_answered_keeps_nothing_else_back(
    desk: Desk,
    remote: Remote,
    account: Account,
    platform: Scripted,
    clock: StoppedClock,
    how: str,
) -> None:
    """Enough to open the breaker, due before the others, and each of them stumbled over."""
    if how == "repeat":
        platform.declare(idempotency=Idempotency.KEY_HEADER, reconcile=Reconcile(find=False))
    overloaded = RateLimited(retry_after=0, answer=Answer(status=503))
    stumbling: dict[str, Outcome] = {"commit": AWAY, "overload": overloaded}

    def stumbles(outgoing: Outgoing) -> bool:
        return str(outgoing.payload["title"]).startswith("bad")

    async def prepare(outgoing: Outgoing) -> Ready | Unavailable:
        return AWAY if how == "upload" and stumbles(outgoing) else Ready(outgoing.handles)

    async def commit(outgoing: Outgoing) -> Outcome:
        if not stumbles(outgoing):
            return remote.take(outgoing)
        return stumbling.get(how, Unknown("no answer within 5 s"))

    async def find(outgoing: Outgoing) -> Inconclusive:
        if how == "repeat":
            return Inconclusive("this platform cannot be asked")
        raise TimeoutError

    steps: dict[str, Step] = {"prepare": prepare, "commit": commit, "find": find}
    remote.script = {name: [step] * 2000 for name, step in steps.items()}
    await add_posts(desk, *(f"bad {n}" for n in range(8)), "good", "good as well")
    given_up_at = clock.now() + timedelta(hours=4)
    while len(remote.taken) < 2:
        assert clock.now() < given_up_at, "what would arrive waits for what never does"
        await carry(desk, account)
        async with desk.store.read() as unit:
            wakes_at = await unit.workers.next_wake(unit.now) or clock.now()
        # as long as a sweep may rest
        clock.advance(max(1.0, (wakes_at - clock.now()).total_seconds()))
    assert {title for _, _, title in remote.taken} == {"good", "good as well"}


async def test_one_probe_at_a_time_across_the_accounts_of_a_host(
    desk: Desk, remote: Remote, account: Account, second: Account, clock: StoppedClock
) -> None:
    remote.script["commit"] = [AWAY] * 12
    await add_posts(desk, *(f"post {n}" for n in range(6)))
    await carry(desk, account)
    clock.advance(0)
    await carry(desk, second)
    shared = await breaker_of(desk, host_breaker_id("scripted", "scripted"))
    assert shared is not None
    assert shared.state is BreakerState.OPEN, "ten failures in a row, of two accounts"
    assert set(shared.failing) == {account.id, second.id}

    calls = len(remote.times("commit"))
    under_way, let_go = asyncio.Event(), asyncio.Event()

    async def slow(outgoing: Outgoing) -> Published:
        under_way.set()
        await let_go.wait()
        return remote.take(outgoing)

    remote.script["commit"] = [slow]
    clock.advance(POLICY.longest)
    probing = asyncio.create_task(carry(desk, account, "worker/1"))
    await under_way.wait()
    await carry(desk, second, "worker/2")
    assert len(remote.times("commit")) == calls + 1, "the other account waits for the probe"
    let_go.set()
    await probing
    assert len(remote.times("commit")) > calls + 1, "it answered: the account goes on"
    await carry_to_rest(desk, second, clock)
    assert set(remote.count().values()) == {1}


async def test_a_probe_that_dies_keeps_nobody_out_for_ever(
    desk: Desk, remote: Remote, account: Account, clock: StoppedClock
) -> None:
    remote.script["commit"] = [AWAY] * 5
    await add_posts(desk, *(f"post {n}" for n in range(5)))
    await carry(desk, account)
    clock.advance(POLICY.longest)
    async with desk.store.begin("dead") as unit:
        term = unit.now + timedelta(seconds=POLICY.term)
        assert await unit.breakers.claim([account.id], "dlv_dead", term)
    found = await carry_to_rest(desk, account, clock)
    assert {d.state for d in found} == {DeliveryState.DELIVERED}


async def test_refusals_and_proved_absence_open_nothing(
    desk: Desk, remote: Remote, account: Account, clock: StoppedClock
) -> None:
    """What a platform answers, it answers, however little we like it."""
    remote.script["commit"] = [Refused("body", "not like this")] * 6 + [Unknown("500")] * 3
    remote.script["find"] = [Absent("complete listing")] * 3
    await add_posts(desk, *(f"post {n}" for n in range(9)))
    await carry_to_rest(desk, account, clock)
    breaker = await breaker_of(desk, account.id)
    assert breaker is None or breaker.state is BreakerState.CLOSED
    assert not [e for e in await _history(desk, account) if e == "breaker"]


async def _history(desk: Desk, account: Account) -> list[str]:
    async with desk.store.read() as unit:
        return [event.noun for event in await unit.events.history([account.id])]


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The calls to the repository of breakers other than the look that begins a round."""
    called: list[str] = []

    def watch(name: str, method: Callable[..., Awaitable[object]]) -> None:
        async def watched(self: Breakers, *args: object, **options: object) -> object:
            called.append(name)
            return await method(self, *args, **options)

        monkeypatch.setattr(Breakers, name, watched)

    for name in ("locked", "of", "claim", "put"):
        watch(name, getattr(Breakers, name))
    return called


async def test_a_healthy_account_costs_no_statement(
    desk: Desk, account: Account, clock: StoppedClock, statements: list[str]
) -> None:
    await add_posts(desk, *(f"post {n}" for n in range(30)))
    await carry_to_rest(desk, account, clock)
    assert statements == []
    assert (await account_now(desk, account)).paused_until is None
