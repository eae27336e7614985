"""What comes in, compared week by week, from rows to a warning."""

from __future__ import annotations

from datetime import timedelta

import pytest

from copydesk.core.drift import Watched
from copydesk.core.states import AlarmState, SubmissionState
from copydesk.core.submission import ParsedMessage, Segment, SegmentKind, Source
from copydesk.testing.clocks import StoppedClock
from copydesk.work.desk import Desk
from copydesk.work.drift.comparing import WEEK, compare_input

ENGLISH = "the parcel number {0} arrived late and its lid was torn please send another one"
ORDERS = "automatic notice: order {0} was shipped, track it at the counter, do not answer this"


async def came_in(desk: Desk, text: str, count: int, *, quoted: str = "") -> None:
    async with desk.store.begin("test") as unit:
        raw = await unit.workspaces.keep(b"raw")
        for number in range(count):
            own = text.format(number)
            submission = await unit.submissions.add(
                workspace_id=desk.workspace_id,
                source=Source.EMAIL,
                source_key=f"{unit.now}{text[:5]}{number}",
                filename="",
                raw_sha256=raw,
                size=1,
            )
            tiles = [Segment(kind=SegmentKind.AUTHORED, start=0, end=len(own), rule="test")]
            if quoted:
                tiles.append(
                    Segment(
                        kind=SegmentKind.QUOTE,
                        start=len(own),
                        end=len(own + quoted),
                        rule="test",
                        dropped_because="quoted history",
                    )
                )
            parsed = ParsedMessage(
                source=Source.EMAIL, text=own + quoted, segments=tuple(tiles), language="en"
            )
            submission = await unit.submissions.store_parsed(submission, parsed, [])
            await unit.submissions.move(submission, SubmissionState.COMPOSED)


async def test_another_kind_of_messages_is_a_warning_that_changes_nothing(
    desk: Desk, clock: StoppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    # windows of 500 are the business of the arithmetic's own tests
    monkeypatch.setattr("copydesk.work.drift.comparing.FEWEST_TEXTS", 40)
    async with desk.store.begin("test") as unit:
        await unit.drift.plan_comparison(desk.workspace_id)
    await came_in(desk, ENGLISH, 40)
    clock.advance(WEEK.total_seconds())
    await came_in(desk, ENGLISH, 40, quoted="\n> " + ORDERS)
    clock.advance(3600)
    async with desk.store.read() as unit:
        assert await unit.drift.comparisons_due(unit.now - WEEK) == [desk.workspace_id]
    await compare_input(desk, desk.workspace_id)
    async with desk.store.read() as unit:
        assert await unit.drift.alarms(desk.workspace_id) == []
        assert await unit.drift.comparisons_due(unit.now - WEEK) == []
    clock.advance(WEEK.total_seconds())
    await came_in(desk, ORDERS, 40)
    clock.advance(3600)
    await compare_input(desk, desk.workspace_id)
    await compare_input(desk, desk.workspace_id)
    async with desk.store.read() as unit:
        (alarm,) = await unit.drift.alarms(desk.workspace_id, state=AlarmState.OPENED)
        assert (alarm.watched, alarm.channel, alarm.language) == (Watched.INPUT, "email", "en")
        assert alarm.only_warns
        assert await unit.drift.open_about(desk.workspace_id, "email", "en") == []
        assert await unit.drift.comparisons_due(unit.now - timedelta(days=6)) == []
