"""Costs add up by tier, model, capability and day, and times are ranked, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from copydesk.core.errors import ContentInvalid
from copydesk.core.model_call import CallOutcome
from copydesk.store import UnitOfWork
from copydesk.testing.clocks import StoppedClock
from copydesk.work.desk import Desk
from copydesk.work.models.costs import By, report_costs


async def book(unit: UnitOfWork, desk: Desk, n: int, **values: object) -> None:
    usual = {
        "capability": "rewrite_and_polish",
        "tier": "light",
        "provider": "openai:luna",
        "prompt_version": "rewrite_and_polish.v1",
        "outcome": CallOutcome.ANSWERED,
        "input_tokens": 10,
        "output_tokens": 5,
        "cost_usd": 0.01,
        "latency_ms": float(n),
    }
    await unit.model_calls.add(unit.ids.new("call"), desk.workspace_id, **{**usual, **values})


@pytest.fixture
async def booked(desk: Desk, clock: StoppedClock) -> Desk:
    """A hundred light calls on one day, and on the next a capable one and three that came to
    nothing."""
    clock.advance(11 * 3600)  # 23:00
    async with desk.store.begin("test") as unit:
        for n in range(1, 101):
            await book(unit, desk, n)
    clock.advance(2 * 3600)
    async with desk.store.begin("test") as unit:
        await book(
            unit, desk, 900, tier="capable", provider="openai:sol", cost_usd=None, cached_tokens=4
        )
        await book(unit, desk, 0, outcome=CallOutcome.FAILED, cost_usd=0.0)
        await book(unit, desk, 0, outcome=CallOutcome.REMEMBERED, cost_usd=0.0, capability="social")
        await book(unit, desk, 50, outcome=CallOutcome.REJECTED)
    return desk


@pytest.mark.parametrize(
    ("by", "lines"),
    [
        (By.TIER, {"capable": (1, 0.0, 1), "light": (103, 1.01, 0)}),
        (By.MODEL, {"openai:luna": (103, 1.01, 0), "openai:sol": (1, 0.0, 1)}),
        (By.CAPABILITY, {"rewrite_and_polish": (103, 1.01, 1), "social": (1, 0.0, 0)}),
        (By.DAY, {"2026-11-21": (100, 1.0, 0), "2026-11-22": (4, 0.01, 1)}),
    ],
)
async def test_calls_add_up(booked: Desk, by: By, lines: dict[str, tuple[int, float, int]]) -> None:
    async with booked.store.read() as unit:
        report = await report_costs(unit, booked.workspace_id, by=by)
    found = {
        line.key: (line.calls, round(line.cost_usd, 6), line.unpriced) for line in report.lines
    }
    assert found == lines
    assert (report.calls, report.saved, report.unpriced) == (103, 1, 1)
    assert sum(line.cached_tokens for line in report.lines) == 4


async def test_times_are_those_of_answers_alone(booked: Desk) -> None:
    async with booked.store.read() as unit:
        report = await report_costs(unit, booked.workspace_id)
    capable, light = report.latencies
    assert (capable.tier, capable.calls, capable.p50, capable.p99) == ("capable", 1, 900, 900)
    # 1 to 100 and once more 50: the 51st, 96th and 100th of 101 (95 is the 96th)
    assert (light.calls, light.p50, light.p95, light.p99) == (101, 50, 95, 99)


async def test_only_the_time_that_is_asked_for_counts(booked: Desk) -> None:
    begin = datetime(2026, 11, 22, tzinfo=UTC)
    async with booked.store.read() as unit:
        report = await report_costs(
            unit, booked.workspace_id, since=begin, until=begin + timedelta(days=1)
        )
        nothing = await report_costs(
            unit, booked.workspace_id, since=begin - timedelta(days=9), until=begin - timedelta(7)
        )
    assert sum(line.calls for line in report.lines) == 4
    assert nothing.lines == []


async def test_another_workspace_has_books_of_its_own(booked: Desk) -> None:
    async with booked.store.begin("test") as unit:
        other = await unit.workspaces.ensure("other", "automatic")
    async with booked.store.read() as unit:
        assert (await report_costs(unit, other.id)).lines == []


async def test_a_time_without_length_is_refused(booked: Desk) -> None:
    moment = datetime(2026, 11, 22, tzinfo=UTC)
    async with booked.store.read() as unit:
        with pytest.raises(ContentInvalid, match="end after it begins"):
            await report_costs(unit, booked.workspace_id, since=moment, until=moment)
