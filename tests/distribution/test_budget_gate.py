"""The gate: no call over a pace, none in a known 429 window, whoever makes it."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from copydesk.core.account import Account
from copydesk.core.delivery import Delivery
from copydesk.core.outcomes import Published, RateLimited
from copydesk.core.states import DeliveryState
from copydesk.distribution.budget_gate import BudgetGate
from copydesk.distribution.budget_lumps import Budgets, Lump
from copydesk.platforms.kit.pace import Pace
from copydesk.platforms.kit.transport import Closed, NotSent, Reply, observed
from copydesk.testing.clocks import NOON, StoppedClock
from copydesk.work.accounts.trying import try_account
from copydesk.work.desk import Desk
from tests.distribution.carrying import account_now, add_posts, carry, carry_to_rest, deliveries
from tests.distribution.scripted import Scripted
from tests.distribution.strict import StrictPlatform, add, pace

POSTS = "https://platform.test/v1/posts"
MEDIA = "https://platform.test/v1/media"


PER_MEDIA = pace(2, 600, scope="endpoint", name="media", of=({"path": "/v1/media"},))


async def try_call(
    budgets: Budgets,
    account: Account,
    platform: Scripted,
    strict: StrictPlatform,
    url: str = POSTS,
    method: str = "POST",
) -> Closed | Reply:
    transport = observed(strict, [BudgetGate(budgets, account, platform)])
    try:
        return await transport.call(method, url)
    except Closed as closed:
        return closed


@pytest.mark.parametrize("scope", ["app", "account"])
async def test_three_processes_never_pass_a_shared_pace(
    desk: Desk,
    platform: Scripted,
    strict: StrictPlatform,
    processes: list[Budgets],
    clock: StoppedClock,
    scope: str,
) -> None:
    platform.declare(pace=(pace(20, 60, scope=scope),))
    strict.limit = 20
    accounts = [await add(desk, f"a{number}") for number in range(3)]
    if scope == "account":
        accounts = accounts[:1] * 3
    dice = random.Random(11)
    for _ in range(40):
        await asyncio.gather(
            *(
                try_call(budgets, account, platform, strict)
                for budgets, account in zip(processes, accounts, strict=True)
            )
        )
        clock.advance(dice.choice([0, 0.2, 1.1, 3, 17]))
    assert strict.over == 0
    assert len(strict.calls) > 40, "the pace was kept by hardly calling at all"


async def test_nobody_calls_in_a_429_window_of_the_app(
    desk: Desk,
    platform: Scripted,
    strict: StrictPlatform,
    processes: list[Budgets],
    clock: StoppedClock,
) -> None:
    platform.declare(pace=(pace(100, 60, scope="app"),))
    accounts = [await add(desk, f"a{number}") for number in range(3)]
    for budgets, account in zip(processes, accounts, strict=True):
        await try_call(budgets, account, platform, strict)
    refusal = {"retry-after": "90", "x-ratelimit-scope": "global", "x-ratelimit-limit": "100"}
    strict.refusals = [Reply(status=429, headers={**refusal, "x-ratelimit-remaining": "0"})]
    clock.advance(2)
    await try_call(processes[0], accounts[0], platform, strict)
    for _ in range(8):
        for budgets, account in zip(processes, accounts, strict=True):
            answer = await try_call(budgets, account, platform, strict)
            assert isinstance(answer, Closed)
            assert answer.until == NOON + timedelta(seconds=92)
        clock.advance(11)
    assert strict.during_429 == 0
    for account in accounts:
        paused = (await account_now(desk, account)).paused_until
        assert paused == NOON + timedelta(seconds=92)
    restarted = Budgets(desk.store)
    answer = await try_call(restarted, await account_now(desk, accounts[2]), platform, strict)
    assert isinstance(answer, Closed)
    clock.advance(11)
    for budgets, account in zip(processes, accounts, strict=True):
        assert isinstance(await try_call(budgets, account, platform, strict), Reply)
    assert strict.during_429 == 0


async def test_an_endpoint_is_closed_alone_and_stays_so_after_a_restart(
    desk: Desk, platform: Scripted, strict: StrictPlatform
) -> None:
    platform.declare(pace=(pace(100, 60, name="all"), PER_MEDIA))
    account = await add(desk, "one")
    budgets = Budgets(desk.store)
    strict.refusals = [Reply(status=429, headers={"retry-after": "300"})]
    await try_call(budgets, account, platform, strict, MEDIA)
    for known in (budgets, Budgets(desk.store)):
        closed = await try_call(known, account, platform, strict, MEDIA)
        assert isinstance(closed, Closed)
        assert closed.scope == "endpoint"
        assert isinstance(await try_call(known, account, platform, strict, POSTS), Reply)
    assert (await account_now(desk, account)).paused_until is None


async def test_a_limit_of_all_calls_met_at_an_endpoint_closes_the_account(
    desk: Desk, platform: Scripted, strict: StrictPlatform
) -> None:
    platform.declare(pace=(pace(300, 300, name="all"), PER_MEDIA))
    account = await add(desk, "one")
    budgets = Budgets(desk.store)
    headers = {"retry-after": "60", "x-ratelimit-limit": "300", "x-ratelimit-remaining": "0"}
    strict.refusals = [Reply(status=429, headers=headers)]
    await try_call(budgets, account, platform, strict, MEDIA)
    closed = await try_call(budgets, account, platform, strict, POSTS)
    assert isinstance(closed, Closed)
    assert (await account_now(desk, account)).paused_until == NOON + timedelta(seconds=60)


async def test_headers_lower_what_is_left(
    desk: Desk, platform: Scripted, strict: StrictPlatform, clock: StoppedClock
) -> None:
    platform.declare(pace=(pace(100, 60),))
    account = await add(desk, "one")
    budgets = Budgets(desk.store)
    strict.headers = {
        "x-ratelimit-limit": "100",
        "x-ratelimit-remaining": "3",
        "x-ratelimit-reset": "40",
    }
    await try_call(budgets, account, platform, strict)
    strict.headers = {}
    answers = [await try_call(budgets, account, platform, strict) for _ in range(6)]
    assert sum(isinstance(answer, Reply) for answer in answers) == 3
    clock.advance(40)
    assert isinstance(await try_call(budgets, account, platform, strict), Reply)


async def test_nothing_left_closes_until_the_reset(
    desk: Desk, platform: Scripted, strict: StrictPlatform, clock: StoppedClock
) -> None:
    account = await add(desk, "one")
    budgets = Budgets(desk.store)
    strict.headers = {"x-ratelimit-limit": "9", "x-ratelimit-remaining": "0"}
    strict.headers["x-ratelimit-reset"] = "120"
    await try_call(budgets, account, platform, strict)
    assert isinstance(await try_call(budgets, account, platform, strict), Closed)
    again = await account_now(desk, account)
    assert isinstance(await try_call(Budgets(desk.store), again, platform, strict), Closed)
    clock.advance(120)
    assert isinstance(await try_call(budgets, account, platform, strict), Reply)


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [
        ("soon", 60),
        ("Sat, 21 Nov 2026 11:00:00 GMT", 60),  # an hour ago: their clock is late
        ("Fri, 31 Dec 9999 23:59:59 GMT", 7 * 86_400),
        ("999999999", 7 * 86_400),
    ],
)
async def test_a_refusal_that_asks_for_nonsense_is_rested_after_within_reason(
    desk: Desk,
    platform: Scripted,
    strict: StrictPlatform,
    clock: StoppedClock,
    asked: str,
    seconds: int,
) -> None:
    account = await add(desk, "one")
    budgets = Budgets(desk.store)
    strict.refusals = [Reply(status=429, headers={"retry-after": asked})]
    await try_call(budgets, account, platform, strict)
    assert isinstance(await try_call(budgets, account, platform, strict), Closed)
    clock.advance(seconds - 1)
    assert isinstance(await try_call(budgets, account, platform, strict), Closed)
    clock.advance(2)
    assert isinstance(await try_call(budgets, account, platform, strict), Reply)


async def test_a_call_that_one_bucket_refuses_takes_nothing_from_another(
    desk: Desk, platform: Scripted, strict: StrictPlatform
) -> None:
    platform.declare(pace=(pace(4, 60, name="all"), PER_MEDIA))
    account = await add(desk, "one")
    budgets = Budgets(desk.store)
    for _ in range(5):
        await try_call(budgets, account, platform, strict, MEDIA)
    for _ in range(5):
        await try_call(budgets, account, platform, strict, POSTS)
    assert [url for _, _, url in strict.calls] == [MEDIA] * 2 + [POSTS] * 2


async def test_what_a_dead_process_had_reserved_is_spent(
    desk: Desk, platform: Scripted, strict: StrictPlatform, clock: StoppedClock
) -> None:
    platform.declare(pace=(pace(10, 60, scope="account"),))
    strict.limit = 10
    account = await add(desk, "one")
    for _ in range(12):
        await try_call(Budgets(desk.store), account, platform, strict)  # each dies after one call
        clock.advance(1)
    assert len(strict.calls) == 10
    assert strict.over == 0
    clock.advance(60)
    assert isinstance(await try_call(Budgets(desk.store), account, platform, strict), Reply)


async def test_a_platform_without_a_pace_costs_no_statement(
    desk: Desk, platform: Scripted, strict: StrictPlatform
) -> None:
    account = await add(desk, "one")
    budgets = Budgets(desk.store)
    statements: list[str] = []
    sa.event.listen(
        desk.store.engine.sync_engine,
        "before_cursor_execute",
        lambda c, cursor, statement, *more: statements.append(statement),
    )
    for _ in range(5):
        await try_call(budgets, account, platform, strict)
    assert statements == []
    platform.declare(pace=(pace(1000, 60),))
    for _ in range(100):
        await try_call(budgets, account, platform, strict)
    assert 0 < len(statements) < 12, "a lump serves many calls"


async def test_budgets_that_cannot_be_asked_let_no_call_through(
    desk: Desk, platform: Scripted, strict: StrictPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    from copydesk.core.errors import StoreUnavailable

    def gone(actor: str) -> None:
        raise StoreUnavailable("The database is away.")

    platform.declare(pace=(pace(10, 60),))
    account = await add(desk, "one")
    monkeypatch.setattr(desk.store, "begin", gone)
    with pytest.raises(NotSent, match="could not be asked"):
        await try_call(Budgets(desk.store), account, platform, strict)
    assert strict.calls == []


# -- with couriers --------------------------------------------------------------------------------


async def test_couriers_keep_the_pace_and_burn_no_try(
    desk: Desk, platform: Scripted, strict: StrictPlatform, clock: StoppedClock
) -> None:
    platform.declare(pace=(pace(5, 60),))
    strict.limit = 5
    account = await add(desk, "one")
    await add_posts(desk, *(f"Post {number}" for number in range(12)))
    found = await carry_to_rest(desk, account, clock)
    assert {d.state for d in found} == {DeliveryState.DELIVERED}
    assert {d.attempts for d in found} == {1}
    assert (len(strict.calls), strict.over) == (12, 0)


async def test_a_delivery_that_waits_for_the_budget_says_so(
    desk: Desk, platform: Scripted, strict: StrictPlatform, clock: StoppedClock
) -> None:
    platform.declare(pace=(pace(1, 60, name="posts"),))
    account = await add(desk, "one")
    await add_posts(desk, "First", "Second")
    await carry(desk, account)
    first, second = await deliveries(desk)
    assert (first.state, second.state) == (DeliveryState.DELIVERED, DeliveryState.SCHEDULED)
    assert "the rate budget is used up: posts, 1 in 60 s" in second.reason
    assert second.attempts == 0


async def test_a_look_that_was_not_allowed_is_no_look(
    desk: Desk, platform: Scripted, strict: StrictPlatform, clock: StoppedClock
) -> None:
    account = await add(desk, "one")
    await add_posts(desk, "Lost")
    strict.refusals = [Reply(status=500, headers={"retry-after": "0"})]
    await carry(desk, account)
    (unknown,) = await deliveries(desk)
    assert unknown.state is DeliveryState.UNKNOWN
    clock.advance(600)
    for _ in range(12):
        strict.refusals = [Reply(status=429, headers={"retry-after": "600"})]
        clock.advance(1)
        await carry(desk, account)
        clock.advance(600)
    (still,) = await deliveries(desk)
    assert (still.state, still.looks) == (DeliveryState.UNKNOWN, unknown.looks)
    assert len(strict.calls) > 12, "it did look each time it was allowed to"
    assert strict.during_429 == 0


async def test_testing_an_account_obeys_its_429_window(
    desk: Desk, platform: Scripted, strict: StrictPlatform, clock: StoppedClock
) -> None:
    await add(desk, "one")
    strict.refusals = [Reply(status=429, headers={"retry-after": "60"})]
    for _ in range(3):
        _, outcome = await try_account(desk, "one", actor="test")
        assert isinstance(outcome, RateLimited)
    assert len(strict.calls) == 1
    clock.advance(60)
    _, outcome = await try_account(desk, "one", actor="test")
    assert isinstance(outcome, Published)


async def test_three_couriers_of_three_processes_share_an_app(
    desk: Desk,
    platform: Scripted,
    strict: StrictPlatform,
    processes: list[Budgets],
    clock: StoppedClock,
) -> None:
    platform.declare(pace=(pace(7, 60, scope="app"),))
    strict.limit = 7
    accounts = [await add(desk, f"a{number}") for number in range(3)]
    desks = [replace(desk, budgets=budgets) for budgets in processes]
    await add_posts(desk, *(f"Post {number}" for number in range(10)))
    refusal = {"retry-after": "45", "x-ratelimit-scope": "global", "x-ratelimit-remaining": "0"}
    found: list[Delivery] = []
    for number in range(200):
        if number == 9:
            strict.refusals = [Reply(status=429, headers=refusal)]
        owners = [f"worker{n}/{number}" for n in range(3)]
        await asyncio.gather(*map(carry, desks, accounts, owners))
        found = await deliveries(desk)
        if all(d.state is DeliveryState.DELIVERED for d in found):
            break
        clock.advance(5)
    assert {d.state for d in found} == {DeliveryState.DELIVERED}
    assert len(found) == 30
    assert {d.attempts for d in found} == {1}
    assert strict.over == 0
    assert strict.refusals == []
    assert strict.during_429 == 0
    # the others hear of it when it is written; until then they have what the pace gives at once
    assert strict.simultaneous <= 7


async def test_a_long_queue_of_a_resting_account_is_left_alone(
    desk: Desk, platform: Scripted, strict: StrictPlatform, clock: StoppedClock
) -> None:
    platform.declare(pace=(pace(1, 600),))
    account = await add(desk, "one")
    await add_posts(desk, *(f"Post {number}" for number in range(60)))
    await carry(desk, account)
    async with desk.store.read() as unit:
        touched = await unit.deliveries.resting(desk.workspace_id, unit.now)
        assert await unit.deliveries.accounts_with_work(unit.now) == []
        assert (await unit.workers.backlog()).due == 0
    assert touched < 60
    clock.advance(700)
    async with desk.store.read() as unit:
        assert await unit.deliveries.accounts_with_work(unit.now) == [account.id]


async def test_a_token_put_back_is_not_spent_again_in_a_later_slice(
    desk: Desk,
    platform: Scripted,
    strict: StrictPlatform,
    clock: StoppedClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It would leave its window with the slice it was taken in, before the call that it is for."""
    platform.declare(pace=(pace(10, 60, name="all"), PER_MEDIA))
    strict.limit = 10
    account = await add(desk, "one")
    budgets = Budgets(desk.store)
    others = 0

    async def meanwhile(key: str, wanted: Pace, cost: int) -> Lump:
        nonlocal others
        if wanted is PER_MEDIA:
            # while this bucket is asked a slice passes, and somebody else fetches a lump
            clock.advance(1.5)
            others += isinstance(await try_call(budgets, account, platform, strict), Reply)
        return await taking(key, wanted, cost)

    taking = budgets.take
    for _ in range(2):
        await try_call(Budgets(desk.store), account, platform, strict, MEDIA)
    clock.advance(70)
    strict.calls.clear()
    monkeypatch.setattr(budgets, "take", meanwhile)
    assert isinstance(await try_call(budgets, account, platform, strict, MEDIA), Closed)
    monkeypatch.setattr(budgets, "take", taking)
    assert others == 1
    for _ in range(12):
        await try_call(budgets, account, platform, strict)
    clock.advance(59.5)
    for _ in range(12):
        await try_call(budgets, account, platform, strict)
        clock.advance(0.04)
    assert strict.over == 0
