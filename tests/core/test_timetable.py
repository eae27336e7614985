"""Windows, blackouts and slots hold against walking minute by minute, in zones that change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from copydesk.core.errors import ContentInvalid
from copydesk.core.timetable import Blackout, Timetable, read_length, written_length
from copydesk.core.windows import DAY, Slot, WeeklySpan, always_shut, read_slots, read_span
from copydesk.core.zones import resolve, wall_of, zone_of

ZONES = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"]

#: Around the changes of the clocks of these zones in 2026, and two ordinary days.
STARTS = [
    datetime(2026, 3, 28, 22, 0, tzinfo=UTC),
    datetime(2026, 10, 24, 22, 0, tzinfo=UTC),
    datetime(2026, 3, 8, 5, 0, tzinfo=UTC),
    datetime(2026, 11, 1, 4, 0, tzinfo=UTC),
    datetime(2026, 4, 4, 12, 0, tzinfo=UTC),
    datetime(2026, 10, 3, 12, 0, tzinfo=UTC),
    datetime(2026, 6, 17, 9, 30, tzinfo=UTC),
]

spans = st.builds(
    WeeklySpan,
    days=st.sets(st.integers(0, 6), min_size=1).map(lambda d: tuple(sorted(d))),
    opens=st.integers(0, DAY - 1),
    closes=st.integers(1, DAY),
).filter(lambda span: span.opens != span.closes)


def walked(table: Timetable, start: datetime, days: int) -> datetime | None:
    """The first open minute, found by looking at every one."""
    for minute in range(days * DAY):
        moment = start + timedelta(minutes=minute)
        if table.is_open(moment):
            return moment
    return None


@settings(max_examples=50, deadline=None)
@given(
    zone=st.sampled_from(ZONES),
    start=st.sampled_from(STARTS),
    minutes=st.integers(0, 2 * DAY),
    windows=st.lists(spans, max_size=3),
    quiet=st.lists(spans, max_size=2),
)
def test_the_next_opening_is_the_one_a_walk_finds(
    zone: str,
    start: datetime,
    minutes: int,
    windows: list[WeeklySpan],
    quiet: list[WeeklySpan],
) -> None:
    table = Timetable(zone=zone, windows=tuple(windows), quiet=tuple(quiet))
    moment = start + timedelta(minutes=minutes)
    found = walked(table, moment, days=9)
    if always_shut(windows, quiet):
        assert found is None
        with pytest.raises(ContentInvalid, match="nothing would ever go out"):
            table.check()
        with pytest.raises(ContentInvalid, match="no window ever opens"):
            table.next_open(moment)
    elif found is not None:
        assert table.next_open(moment) == found
    else:  # open for less than an hour a week, and that hour was skipped by the clocks
        assert table.is_open(table.next_open(moment))


@settings(max_examples=30, deadline=None)
@given(
    zone=st.sampled_from(ZONES),
    begin=st.integers(-2 * DAY, 3 * DAY),
    length=st.integers(1, 3 * DAY),
    windows=st.lists(spans, min_size=1, max_size=2),
)
def test_blackouts_shut_what_windows_open(
    zone: str, begin: int, length: int, windows: list[WeeklySpan]
) -> None:
    start = datetime(2026, 10, 23, 12, 0, tzinfo=UTC)
    first = wall_of(start, zone_of(zone)) + timedelta(minutes=begin)
    blackout = Blackout(first=first, last=first + timedelta(minutes=length), reason="fair")
    table = Timetable(zone=zone, windows=tuple(windows), blackouts=(blackout,))
    found = walked(table, start, days=15)
    assert found is not None
    assert table.next_open(start) == found


def test_why_it_is_closed_is_said_with_the_time_it_opens() -> None:
    table = Timetable(
        zone="Europe/Berlin",
        windows=(read_span("mon-fri 09:00-18:00"),),
        quiet=(read_span("daily 12:00-13:00"),),
        blackouts=(
            Blackout(first=datetime(2026, 12, 24), last=datetime(2026, 12, 28), reason="Yule"),
        ),
    )
    at = datetime(2026, 12, 1, 11, 0, tzinfo=UTC)  # a Tuesday, 12:00 in Berlin
    quiet = table.closed(at)
    assert quiet is not None
    assert (quiet.code, quiet.until) == ("quiet_hours", at + timedelta(hours=1))
    assert "Tue 2026-12-01 13:00 Europe/Berlin" in quiet.why
    night = table.closed(at + timedelta(hours=10))
    assert night is not None
    assert night.code == "window_closed"
    yule = table.closed(datetime(2026, 12, 24, 12, tzinfo=UTC))
    assert yule is not None
    assert yule.code == "blackout"
    assert yule.until == datetime(2026, 12, 28, 8, tzinfo=UTC)
    assert "Yule" in yule.why
    assert table.closed(at - timedelta(hours=1)) is None


@settings(deadline=None, max_examples=30)
@given(
    zone=st.sampled_from(ZONES),
    start=st.sampled_from(STARTS),
    slots=st.sets(
        st.builds(Slot, day=st.integers(0, 6), minute=st.integers(0, DAY - 1)), min_size=1
    ),
    window=st.none() | spans,
)
def test_slots_come_in_order_once_each_and_only_when_open(
    zone: str, start: datetime, slots: set[Slot], window: WeeklySpan | None
) -> None:
    table = Timetable(zone=zone, windows=(window,) if window else (), queues={"news": tuple(slots)})
    found = list(islice(table.slots_from("news", start), 40))
    assert found == sorted(set(found))
    place = zone_of(zone)
    for moment in found:
        assert moment >= start
        assert table.is_open(moment)
        wall = wall_of(moment, place)
        asked = {
            resolve(
                datetime.combine(wall.date() - timedelta(days=back), datetime.min.time())
                + timedelta(minutes=slot.minute),
                place,
            ).moment
            for slot in slots
            for back in (0, 1)
        }
        assert moment in asked
    assume(window is None)
    assert len(found) == 40


def test_a_slot_in_no_window_and_an_unknown_queue_are_refused_with_a_remedy() -> None:
    table = Timetable(
        windows=(read_span("mon-fri 09:00-17:00"),), queues={"late": read_slots("sat 20:00")}
    )
    with pytest.raises(ContentInvalid) as caught:
        table.check()
    assert [(f.code, f.field) for f in caught.value.findings] == [("queue_never_opens", "queue")]
    with pytest.raises(ContentInvalid) as caught:
        next(table.slots_from("news", STARTS[0]))
    assert "known: late" in caught.value.findings[0].message
    assert "--queue" in caught.value.findings[0].remedy


@given(spans)
def test_what_is_written_of_a_span_reads_back(span: WeeklySpan) -> None:
    assert read_span(str(span)) == span


@given(st.integers(0, 90 * 86400).map(lambda s: timedelta(seconds=s)))
def test_what_is_written_of_a_length_reads_back(length: timedelta) -> None:
    assert read_length(written_length(length), "spacing") == length


@pytest.mark.parametrize(
    "text",
    [
        "",
        "mon",
        "mon 9",
        "mon 09:00",
        "mon 25:00-26:00",
        "xyz 09:00-10:00",
        "mon 9:60-10:00",
        "mon 09:00-09:00",
        "09:00-10:00",
    ],
)
def test_a_span_that_is_none_is_refused_by_field(text: str) -> None:
    with pytest.raises(ContentInvalid) as caught:
        read_span(text, "quiet")
    assert caught.value.findings[0].field == "quiet"
    assert caught.value.findings[0].remedy


@pytest.mark.parametrize("text", ["", "x", "5", "1w", "-3m", "1h 30m", "m"])
def test_a_length_that_is_none_is_refused_by_field(text: str) -> None:
    with pytest.raises(ContentInvalid) as caught:
        read_length(text, "grace")
    assert caught.value.findings[0].field == "grace"


def test_midnight_is_crossed_and_belongs_to_the_day_it_begins_on() -> None:
    span = read_span("fri 22:00-02:00")
    friday = datetime(2026, 12, 4, 21, 59)
    assert not span.covers(friday)
    assert span.covers(friday + timedelta(minutes=1))
    assert span.covers(friday + timedelta(hours=4))
    assert not span.covers(friday + timedelta(hours=4, minutes=1))
    assert not span.covers(friday - timedelta(hours=20))
