"""Whatever a platform does to a call, the post is there once and its delivery can be read."""

from __future__ import annotations

import pytest

from copydesk.core.errors import Conflict
from copydesk.core.states import AccountState, DeliveryState
from copydesk.distribution.retry import LIMITS, Cause
from copydesk.platforms.sandbox.faults import AFTER_ACCEPT, Fault
from copydesk.testing.clocks import StoppedClock
from copydesk.work.accounts.trying import try_account
from copydesk.work.deliveries.settling import Decision, decide_delivery
from copydesk.work.desk import Desk
from tests.distribution.carrying import (
    NO_BREAKER,
    account_now,
    add_posts,
    carry,
    carry_to_rest,
    deliveries,
    sandbox_has,
)
from tests.store_fixtures import AddSandbox

BLOCKING = {Fault.TOKEN_EXPIRED, Fault.TOKEN_REVOKED}
PASSING = sorted(set(Fault) - BLOCKING - {Fault.REFUSED, Fault.NONE})
LOST = sorted(AFTER_ACCEPT | {Fault.RESET_BEFORE_ACCEPT, Fault.HTML})


def once(desk: Desk, found: list[str], counted: dict[str, int]) -> None:
    assert counted == dict.fromkeys(found, 1)


@pytest.mark.parametrize("fault", PASSING)
async def test_fault_that_passes_ends_delivered_exactly_once(
    fault: Fault, desk: Desk, clock: StoppedClock, sandbox_account: AddSandbox
) -> None:
    account = await sandbox_account(fault=fault, times="2")
    await add_posts(desk, "one", "two", "three")
    found = await carry_to_rest(desk, account, clock)
    assert [d.state for d in found] == [DeliveryState.DELIVERED] * 3
    assert [(d.reason_code, d.reason, d.wake_at) for d in found] == [("", "", None)] * 3
    once(desk, [d.key for d in found], sandbox_has(desk, account))


@pytest.mark.parametrize("fault", LOST)
async def test_repeated_keys_are_taken_once_where_the_platform_promises_it(
    fault: Fault, desk: Desk, clock: StoppedClock, sandbox_account: AddSandbox
) -> None:
    account = await sandbox_account(fault=fault, times="2", idempotency="key", find="no")
    await add_posts(desk, "one", "two")
    found = await carry_to_rest(desk, account, clock)
    assert [d.state for d in found] == [DeliveryState.DELIVERED] * 2
    once(desk, [d.key for d in found], sandbox_has(desk, account))


@pytest.mark.parametrize("fault", LOST)
async def test_an_outcome_nobody_can_look_up_is_held_for_a_person(
    fault: Fault, desk: Desk, clock: StoppedClock, sandbox_account: AddSandbox
) -> None:
    account = await sandbox_account(fault=fault, find="no")
    await add_posts(desk, "one", "two")
    first, second = await carry_to_rest(desk, account, clock)
    assert (first.state, first.reason_code) == (DeliveryState.HELD, "unknown")
    assert "nobody can tell" in first.reason
    assert "say that it landed" in first.remedy
    assert second.state is DeliveryState.DELIVERED
    there = {second.key: 1} | ({first.key: 1} if fault in AFTER_ACCEPT else {})
    assert sandbox_has(desk, account) == there


@pytest.mark.parametrize("fault", sorted(BLOCKING))
async def test_a_blocked_account_waits_and_goes_on_once_it_works(
    fault: Fault, desk: Desk, clock: StoppedClock, sandbox_account: AddSandbox
) -> None:
    account = await sandbox_account(fault=fault)
    await add_posts(desk, "one", "two", "three")
    found = await carry_to_rest(desk, account, clock)
    assert {d.state for d in found} == {DeliveryState.BLOCKED}
    assert all(d.remedy and d.reason for d in found)
    assert sandbox_has(desk, account) == {}
    blocked = await account_now(desk, account)
    assert blocked.state is AccountState.BLOCKED
    assert blocked.reason

    tried, _ = await try_account(desk, account.name, actor="test")
    assert tried.state is AccountState.CONNECTED
    found = await carry_to_rest(desk, account, clock)
    assert {d.state for d in found} == {DeliveryState.DELIVERED}
    assert {d.attempts for d in found} == {1}
    once(desk, [d.key for d in found], sandbox_has(desk, account))


async def test_refused_content_is_held_with_field_and_remedy_and_stops_nothing(
    desk: Desk, clock: StoppedClock, sandbox_account: AddSandbox
) -> None:
    account = await sandbox_account(fault="refused")
    await add_posts(desk, "one", "two")
    first, second = await carry_to_rest(desk, account, clock)
    assert (first.state, first.reason_code) == (DeliveryState.HELD, "refused")
    assert first.reason.startswith("body: ")
    assert first.remedy
    assert second.state is DeliveryState.DELIVERED
    assert sandbox_has(desk, account) == {second.key: 1}


# ---------------------------------------------------------------- what a person decides


@pytest.mark.parametrize(
    ("decision", "state", "copies"),
    [
        (Decision.LANDED, DeliveryState.DELIVERED, 1),
        (Decision.GIVE_UP, DeliveryState.CANCELLED, 1),
        (Decision.SEND, DeliveryState.DELIVERED, 2),  # a person said it was not there
    ],
)
async def test_a_person_settles_what_nobody_can_tell(
    decision: Decision,
    state: DeliveryState,
    copies: int,
    desk: Desk,
    clock: StoppedClock,
    sandbox_account: AddSandbox,
) -> None:
    account = await sandbox_account(fault="lost_response", find="no")
    await add_posts(desk, "one")
    (held,) = await carry_to_rest(desk, account, clock)
    url = "https://example.org/one" if decision is Decision.LANDED else ""
    async with desk.store.begin("ada") as unit:
        await decide_delivery(unit, held.id, decision, url=url, reason="I looked")
    (settled,) = await carry_to_rest(desk, account, clock)
    assert settled.state is state
    assert settled.url == url
    assert sandbox_has(desk, account) == {held.key: copies}
    async with desk.store.read() as unit:
        history = await unit.events.history([held.id])
        with pytest.raises(Conflict, match="does not wait for a person"):
            await decide_delivery(unit, held.id, decision)
    assert ("ada", "I looked") in [(e.actor, e.reason) for e in history]


async def test_tries_end_and_a_person_can_send_again(
    desk: Desk, clock: StoppedClock, sandbox_account: AddSandbox
) -> None:
    account = await sandbox_account(fault="reset_before_accept", times="8")
    await add_posts(desk, "one")
    (failed,) = await carry_to_rest(desk, account, clock, NO_BREAKER)
    assert (failed.state, failed.reason_code) == (DeliveryState.FAILED, "attempts_used_up")
    assert failed.attempts == LIMITS[Cause.ABSENT]
    assert f"{failed.attempts} tries" in failed.reason
    async with desk.store.begin("ada") as unit:
        await decide_delivery(unit, failed.id, Decision.SEND)
    (sent,) = await carry_to_rest(desk, account, clock)
    assert sent.state is DeliveryState.DELIVERED
    assert sandbox_has(desk, account) == {sent.key: 1}


async def test_every_step_is_in_the_history(
    desk: Desk, clock: StoppedClock, sandbox_account: AddSandbox
) -> None:
    account = await sandbox_account(fault="lost_response")
    await add_posts(desk, "one")
    (delivered,) = await carry_to_rest(desk, account, clock)
    async with desk.store.read() as unit:
        history = await unit.events.history([delivered.id])
        (tried,) = await unit.deliveries.tries(delivered.id)
    assert [e.to_state for e in history] == [
        "planned",
        "scheduled",
        "sending",
        "unknown",
        "delivered",
    ]
    assert tried["outcome"] == "unknown"
    assert tried["received_at"] is not None


async def test_nothing_is_carried_while_nothing_is_due(
    desk: Desk, sandbox_account: AddSandbox
) -> None:
    account = await sandbox_account()
    assert await carry(desk, account) == 0
    assert await deliveries(desk) == []


async def test_after_a_clock_was_put_back_nobody_is_sent_for_what_is_not_due_any_more(
    desk: Desk, clock: StoppedClock, sandbox_account: AddSandbox
) -> None:
    account = await sandbox_account(fault=Fault.TOKEN_REVOKED, times="1")
    await add_posts(desk, "one")
    await carry(desk, account)
    clock.advance(-3_600)
    # awake at once, by a clock that says that it is not due for an hour
    await try_account(desk, account.name, actor="person")

    async def sent_for() -> list[str]:
        async with desk.store.read() as unit:
            return await unit.deliveries.accounts_with_work(unit.now)

    assert await sent_for() == [account.id]
    assert await carry(desk, account) == 0
    assert await sent_for() == []
    clock.advance(3_600)
    assert await sent_for() == [account.id]
    await carry_to_rest(desk, account, clock)
    assert [d.state for d in await deliveries(desk)] == [DeliveryState.DELIVERED]
