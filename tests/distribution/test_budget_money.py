"""Money: reserved before the intent, taken back when nothing was applied, never passed."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from copydesk.core.account import Account
from copydesk.core.errors import ContentInvalid, NotFound
from copydesk.core.money import Period, dollars, parse_dollars
from copydesk.core.outcomes import Inconclusive, Refused, Unavailable, Unknown
from copydesk.core.states import DeliveryState
from copydesk.distribution.retry import LIMITS, Cause
from copydesk.platforms.kit.pace import Price, price_of
from copydesk.testing.clocks import NOON, StoppedClock
from copydesk.work.accounts.budgeting import MoneyLine, report_budgets, set_budget
from copydesk.work.accounts.connecting import add_account
from copydesk.work.deliveries.settling import Decision, decide_delivery
from copydesk.work.desk import Desk
from tests.distribution.carrying import (
    NO_BREAKER,
    add_posts,
    carry,
    carry_to_rest,
    deliveries,
)
from tests.distribution.scripted import Remote, Scripted

PRICES = tuple(
    Price.model_validate({"source": "a test", "checked": NOON.date(), **price})
    for price in (
        {"action": "create", "micros": 15_000, "with_link": 200_000},
        {"action": "delete", "micros": 10_000},
    )
)


@pytest.fixture
def charging(platform: Scripted) -> Scripted:
    """The scripted platform at the prices of a well-known one."""
    platform.declare(price=PRICES)
    return platform


async def allow(desk: Desk, amount: str | None, *, account: str = "", per: str = "day") -> None:
    async with desk.store.begin("test") as unit:
        await set_budget(unit, desk.workspace_id, account, Period(per), amount)


async def money(desk: Desk) -> dict[tuple[str, str], MoneyLine]:
    async with desk.store.read() as unit:
        lines = (await report_budgets(unit, desk.workspace_id)).money
    return {(line.account, line.period): line for line in lines}


def test_a_price_depends_on_action_and_links() -> None:
    assert price_of(PRICES, "create", "Just words.") == 15_000
    assert price_of(PRICES, "create", "See https://example.org now") == 200_000
    assert price_of(PRICES, "delete", "https://example.org") == 10_000
    assert price_of(PRICES, "update", "anything") == 0


@pytest.mark.parametrize(
    ("text", "micros"), [("5", 5_000_000), ("$0.015", 15_000), (" 12.50 ", 12_500_000), ("0", 0)]
)
def test_amounts_are_exact(text: str, micros: int) -> None:
    assert parse_dollars(text) == micros


@pytest.mark.parametrize("text", ["", "five", "-1", "0.0000001", "inf", "nan", "99999999999"])
def test_other_amounts_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="dollar"):
        parse_dollars(text)


def test_amounts_are_shown_as_people_write_them() -> None:
    assert [dollars(m) for m in (15_000, 12_500_000, 1_234_000_000)] == [
        "$0.015",
        "$12.50",
        "$1,234.00",
    ]


def test_periods_are_utc_days_and_months() -> None:
    late = datetime(2026, 12, 31, 23, 59, tzinfo=UTC)
    assert Period.DAY.starts(late) == datetime(2026, 12, 31, tzinfo=UTC)
    assert Period.DAY.ends(late) == Period.MONTH.ends(late) == datetime(2027, 1, 1, tzinfo=UTC)
    assert Period.MONTH.starts(late) == datetime(2026, 12, 1, tzinfo=UTC)


async def test_without_a_budget_spending_is_recorded(
    desk: Desk, charging: Scripted, account: Account
) -> None:
    await add_posts(desk, "One", "Two", "See https://example.org")
    await carry(desk, account)
    line = (await money(desk))["scripted", "day"]
    assert (line.spent, line.limit, line.left) == (230_000, None, None)


async def test_what_is_not_covered_waits_for_the_next_day_and_burns_no_try(
    desk: Desk, charging: Scripted, account: Account, clock: StoppedClock, remote: Remote
) -> None:
    await allow(desk, "0.03")
    await add_posts(desk, "One", "Two", "Three")
    await carry(desk, account)
    *sent, waiting = await deliveries(desk)
    assert {d.state for d in sent} == {DeliveryState.DELIVERED}
    assert (waiting.state, waiting.reason_code) == (DeliveryState.SNOOZED, "budget_spent")
    assert "the daily budget of the workspace, $0.03, is spent" in waiting.reason
    assert waiting.attempts == 0
    clock.advance(timedelta(hours=11, minutes=59).total_seconds())
    await carry(desk, account)
    assert len(remote.taken) == 2
    clock.advance(60)
    await carry(desk, account)
    assert len(remote.taken) == 3


async def test_raising_a_budget_lets_what_waits_go_on(
    desk: Desk, charging: Scripted, account: Account, remote: Remote
) -> None:
    await allow(desk, "0.015", account="scripted", per="month")
    await add_posts(desk, "One", "Two")
    await carry(desk, account)
    assert len(remote.taken) == 1
    await allow(desk, None, account="scripted", per="month")
    await carry(desk, account)
    assert len(remote.taken) == 2


async def test_what_no_period_can_pay_is_held_for_a_person(
    desk: Desk, charging: Scripted, account: Account
) -> None:
    await allow(desk, "0.10")
    await add_posts(desk, "See https://example.org")
    await carry(desk, account)
    (held,) = await deliveries(desk)
    assert (held.state, held.reason_code) == (DeliveryState.HELD, "too_expensive")
    assert "$0.20" in held.reason
    assert "copydesk budgets set" in held.remedy


async def test_what_was_certainly_not_applied_costs_nothing(
    desk: Desk, charging: Scripted, account: Account, remote: Remote, clock: StoppedClock
) -> None:
    await allow(desk, "0.015")
    remote.script["commit"] = [Refused("body", "no"), Unavailable("later"), None]
    await add_posts(desk, "Refused", "Tried twice")
    found = await carry_to_rest(desk, account, clock)
    assert [d.state for d in found] == [DeliveryState.HELD, DeliveryState.DELIVERED]
    assert (await money(desk))["", "day"].spent == 15_000


async def test_an_unknown_outcome_keeps_its_reservation(
    desk: Desk, charging: Scripted, account: Account, remote: Remote
) -> None:
    remote.script["commit"] = [Unknown("lost")]
    remote.script["find"] = [Inconclusive("cannot be told")]
    await add_posts(desk, "Lost")
    await carry(desk, account)
    assert (await money(desk))["scripted", "day"].spent == 15_000


async def test_two_couriers_share_a_budget_without_passing_it(
    desk: Desk, charging: Scripted, account: Account, remote: Remote
) -> None:
    other = await add_account(
        desk, "scripted", "other", settings={}, secrets={}, inbox=True, actor="test"
    )
    await allow(desk, "0.075")
    await add_posts(desk, *(f"Post {number}" for number in range(6)))
    await asyncio.gather(carry(desk, account, "worker/1"), carry(desk, other, "worker/2"))
    assert len(remote.taken) == 5
    line = (await money(desk))["", "day"]
    assert (line.spent, line.left) == (75_000, 0)


async def test_a_crash_between_reservation_and_intent_pays_once(
    desk: Desk,
    charging: Scripted,
    account: Account,
    remote: Remote,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from copydesk.distribution.records import Records

    async def die(self: Records, going: object) -> None:
        raise ConnectionError("killed here")

    await allow(desk, "0.015")
    await add_posts(desk, "Once")
    with monkeypatch.context() as patched:
        patched.setattr(Records, "intend", die)
        with pytest.raises(ConnectionError):
            await carry(desk, account)
    assert (await money(desk))["", "day"].spent == 15_000
    await carry(desk, account)
    assert len(remote.taken) == 1
    assert (await money(desk))["", "day"].spent == 15_000


async def test_a_budget_names_what_is_wrong_with_it(desk: Desk, account: Account) -> None:
    with pytest.raises(NotFound, match="nobody"):
        await allow(desk, "1", account="nobody")
    with pytest.raises(ContentInvalid) as refused:
        await allow(desk, "a lot")
    assert refused.value.findings[0].field == "day"


# ---------------------------------------------------------------- threads


async def test_the_parts_of_a_thread_are_paid_for_one_by_one(
    desk: Desk, clock: StoppedClock, charging: Scripted, remote: Remote, account: Account
) -> None:
    """Each at its own price; where the budget ends, what is out stays and the rest waits."""
    charging.parts = 3
    prices = {0: 200_000, 1: 15_000, 2: 15_000}
    charging.price = lambda out, _: prices[out.part]  # type: ignore[method-assign, assignment]
    await allow(desk, "0.22")
    await add_posts(desk, "one")
    await carry(desk, account)
    (one,) = await deliveries(desk)
    assert (one.state, one.reason_code) == (DeliveryState.SNOOZED, "budget_spent")
    assert [part for part, _ in remote.parts] == [0, 1]
    assert (await money(desk))["", "day"].spent == 215_000
    (one,) = await carry_to_rest(desk, account, clock)
    assert one.state is DeliveryState.DELIVERED
    assert [part for part, _ in remote.parts] == [0, 1, 2]
    assert (await money(desk))["", "day"].spent == 15_000, "the rest was paid for the next day"


async def test_what_is_out_of_a_thread_is_paid_for_however_it_ends(
    desk: Desk, clock: StoppedClock, charging: Scripted, remote: Remote, account: Account
) -> None:
    charging.parts = 3
    away = [Unavailable("not reached")] * LIMITS[Cause.UNAVAILABLE]
    remote.script["commit"] = [None, *away]
    await allow(desk, "5")
    await add_posts(desk, "one")
    (one,) = await carry_to_rest(desk, account, clock, NO_BREAKER)
    assert one.state is DeliveryState.FAILED
    assert "part 1 of 3 stands" in one.reason
    assert (await money(desk))["", "day"].spent == 15_000
    remote.script["commit"] = [Refused("text", "too long")]
    async with desk.store.begin("person") as unit:
        await decide_delivery(unit, one.id, Decision.SEND)
    await carry(desk, account)
    assert (await money(desk))["", "day"].spent == 15_000
