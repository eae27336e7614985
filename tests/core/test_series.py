"""Series keep their time on the wall, end when they say, and never run for ever unseen."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile
from time import process_time

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given, settings
from hypothesis import strategies as st

from copydesk.core.errors import ContentInvalid
from copydesk.core.series import FIRST_WITHIN, Rule, expand
from copydesk.core.zones import Shift, wall_of, zone_of

HOURS = ",".join(map(str, range(24)))


def wall(text: str) -> datetime:
    return datetime.fromisoformat(text)


def wall_utc(day: str) -> datetime:
    return wall(day).replace(tzinfo=UTC)


def rule(
    text: str, start: str = "2026-10-19T09:00", zone: str = "Europe/Berlin", **more: object
) -> Rule:
    made = Rule(text=text, start=wall(start), zone=zone, **more)  # type: ignore[arg-type]
    made.check()
    return made


def test_nine_stays_nine_when_the_clocks_change() -> None:
    found = list(islice(rule("FREQ=WEEKLY;BYDAY=MO").from_(wall("2026-10-19T00:00")), 3))
    assert [f"{o.local:%a %H:%M}" for o in found] == ["Mon 09:00"] * 3
    assert [o.moment.hour for o in found] == [7, 8, 8]


def test_an_occurrence_in_the_gap_moves_and_says_so() -> None:
    daily = rule("FREQ=DAILY;COUNT=3", "2026-03-28T02:30")
    found = list(daily.from_(wall("2026-03-28T00:00")))
    assert [o.shift for o in found] == [Shift.NONE, Shift.GAP, Shift.NONE]
    assert [f"{o.local:%d %H:%M}" for o in found] == ["28 02:30", "29 03:30", "30 02:30"]


def test_what_a_gap_moves_comes_in_the_order_of_its_instant_and_no_instant_twice() -> None:
    night = rule("FREQ=DAILY;COUNT=5;BYHOUR=2,3;BYMINUTE=0,30,45", "2026-03-29T02:00")
    found = list(night.from_(wall("2026-03-29T00:00")))
    assert [f"{o.local:%d %H:%M}" for o in found] == ["29 03:00", "29 03:30", "29 03:45"]
    assert [o.shift for o in found] == [Shift.NONE, Shift.NONE, Shift.GAP]


def test_the_end_of_the_calendar_is_an_end() -> None:
    assert rule("FREQ=DAILY;UNTIL=99991231T235959Z").after(moment := wall_utc("2026-10-20"), 1)
    assert rule("FREQ=DAILY;UNTIL=99991231").after(moment, 1)
    with pytest.raises(ContentInvalid, match="beyond the calendar"):
        rule("FREQ=DAILY", "9999-12-31T23:00")


def test_the_last_within_is_the_last_that_has_come() -> None:
    daily = rule("FREQ=DAILY")
    after, until = wall_utc("2026-10-20"), wall_utc("2026-10-27")
    last = daily.last_within(after, until)
    assert last is not None
    assert last.asked == wall("2026-10-26T09:00")
    assert daily.last_within(after, after) is None


def test_exceptions_counts_and_ends_are_kept() -> None:
    some = rule(
        "FREQ=DAILY;COUNT=4", exceptions=(wall("2026-10-20T09:00"),)
    )  # an exception uses up its count, as RFC 5545 has it
    assert [o.asked.day for o in some.from_(wall("2026-10-19T00:00"))] == [19, 21, 22]
    whole_day = rule("FREQ=DAILY;UNTIL=20261021")
    assert [o.asked.day for o in whole_day.from_(wall("2026-10-19T00:00"))] == [19, 20, 21]
    utc = rule("FREQ=DAILY;UNTIL=20261021T070000Z")  # 09:00 in Berlin
    assert [o.asked.day for o in utc.from_(wall("2026-10-19T00:00"))] == [19, 20, 21]


@settings(deadline=None, max_examples=60)
@given(
    zone=st.sampled_from(
        [
            "Europe/Berlin",
            "America/New_York",
            "Australia/Lord_Howe",
            "Pacific/Apia",
            "Asia/Kathmandu",
        ]
    ),
    minute=st.integers(0, 24 * 60 - 1),
    text=st.sampled_from(
        [
            "FREQ=DAILY",
            "FREQ=DAILY;INTERVAL=3",
            "FREQ=WEEKLY;BYDAY=MO,SU",
            "FREQ=MONTHLY;BYDAY=-1FR",
        ]
    ),
    ahead=st.integers(0, 400),
)
def test_after_is_what_comes_after_by_the_instant(
    zone: str, minute: int, text: str, ahead: int
) -> None:
    made = Rule(text=text, start=wall("2026-01-01T00:00") + timedelta(minutes=minute), zone=zone)
    moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=ahead)
    found = made.after(moment, 5)
    assert len(found) == 5
    assert [o.moment for o in found] == sorted(o.moment for o in found)
    everything = islice(made.from_(made.start), ahead + 20)
    assert [o.moment for o in everything if o.moment > moment][:5] == [o.moment for o in found]
    for one in found:
        if one.shift is not Shift.GAP:
            assert wall_of(one.moment, zone_of(zone)) == one.asked


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "does not happen"),
        ("FREQ=DAILY;UNTIL=20200101", "does not happen"),
        ("FREQ=YEARLY;BYMONTH=4,6;BYMONTHDAY=31,-31", "does not happen"),
        ("FREQ=DAILY;BYDAY=MO;BYSETPOS=2", "does not happen"),
        ("FREQ=MONTHLY;BYMONTH=12;BYDAY=53MO", "1MO to 5MO"),
        ("FREQ=YEARLY;BYMONTH=12;BYDAY=-6MO", "BYDAY=-6MO"),
        (f"FREQ=MONTHLY;BYDAY=MO;BYSETPOS={HOURS[2:]}", "23 positions"),
        ("FREQ=MINUTELY", "FREQ=DAILY;BYHOUR"),
        ("FREQ=HOURLY", "BYHOUR"),
        ("BYDAY=MO", "FREQ is missing"),
        ("every monday", "not part of a rule"),
        ("FREQ=DAILY;INTERVAL=0", "INTERVAL=0"),
        ("FREQ=DAILY;BYMONTH=13", "BYMONTH=13"),
        ("FREQ=MONTHLY;BYMONTHDAY=0", "BYMONTHDAY=0"),
        ("FREQ=DAILY;COUNT=99999999", "COUNT"),
        ("FREQ=WEEKLY;BYDAY=1MO", "FREQ=MONTHLY;BYDAY=1MO"),
        ("FREQ=YEARLY;BYWEEKNO=20;BYDAY=1MO", "with BYWEEKNO"),
        ("FREQ=WEEKLY;BYMONTHDAY=3", "FREQ=WEEKLY"),
        ("FREQ=DAILY;BYWEEKNO=20", "Use FREQ=YEARLY"),
        ("FREQ=DAILY;BYSETPOS=1", "BYSETPOS"),
        ("FREQ=DAILY;UNTIL=00010101T000000Z", "UNTIL"),
        (f"FREQ=DAILY;BYHOUR={HOURS};BYMINUTE={HOURS}", "576 times a day"),
        ("FREQ=DAILY;COUNT=3;UNTIL=20270101", "exclude"),
        ("FREQ=DAILY;BYSECOND=1,2,3", "BYSECOND"),
        ("FREQ=WEEKLY;BYDAY=XX", "BYDAY=XX"),
        ("FREQ=DAILY;UNTIL=soon", "UNTIL"),
        ("FREQ=DAILY;FREQ=DAILY", "not part"),
        ("", "not part"),
    ],
)
def test_a_rule_that_cannot_be_is_refused_by_field_with_a_remedy(text: str, words: str) -> None:
    with pytest.raises(ContentInvalid) as caught:
        rule(text)
    finding = caught.value.findings[0]
    assert finding.field == "rule"
    assert words in f"{finding.message} {finding.remedy}"
    assert finding.remedy


@pytest.mark.parametrize("start", ["1000-01-02T09:00", "2026-10-19T09:00", "8999-12-31T09:00"])
def test_that_a_rule_never_happens_is_found_out_without_going_to_the_end_of_the_calendar(
    start: str,
) -> None:
    begun = process_time()
    with pytest.raises(ContentInvalid, match="does not happen"):
        rule("FREQ=DAILY;BYDAY=MO;BYSETPOS=2", start)
    # a quarter of a second, where 8,000 years of days take six
    assert process_time() - begun < 2


@given(
    freq=st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]),
    interval=st.integers(1, 20),
    days=st.sampled_from(["", ";BYDAY=MO,FR", ";BYDAY=SU;BYSETPOS=-1", ";BYMONTH=2,11"]),
    end=st.sampled_from(["", ";COUNT=7", ";UNTIL=21010301"]),
    start=st.datetimes(wall("1004-01-01"), wall("8996-02-29")),
    later=st.integers(0, 4000),
)
def test_whatever_the_year_a_rule_happens_when_the_library_says(
    freq: str, interval: int, days: str, end: str, start: datetime, later: int
) -> None:
    start = start.replace(microsecond=0)
    text = f"FREQ={freq};INTERVAL={interval}{days}{end}"
    since = start + timedelta(days=later)
    made = Rule(text=text, start=start, zone="UTC").from_(since)
    expected = rrulestr(text.replace("=21010301", "=21010301T235959"), dtstart=start)
    until = since + FIRST_WITHIN
    found = list(takewhile(lambda asked: asked <= until, expected.xafter(since, inc=True)))
    assert [one.asked for one in islice(made, 50)] == found[:50]


def test_a_rule_whose_every_day_is_an_exception_never_happens() -> None:
    days = tuple(wall(f"2026-10-{day}T09:00") for day in (19, 20))
    with pytest.raises(ContentInvalid, match="does not happen"):
        rule("FREQ=DAILY;COUNT=2", exceptions=days)


def test_sources_unfold_in_order_and_a_circle_is_refused_with_its_way() -> None:
    graph = {
        "all": ("pst_1", "tips", "pst_2"),
        "tips": ("pst_3", "pst_1"),
        "a": ("pst_1", "b"),
        "b": ("c",),
        "c": ("a",),
        "self": ("self",),
    }
    assert expand("all", graph.__getitem__) == ("pst_1", "pst_3", "pst_2")
    for name, way in (("a", "a → b → c → a"), ("self", "self → self")):
        with pytest.raises(ContentInvalid) as caught:
            expand(name, graph.__getitem__)
        assert caught.value.findings[0].code == "series_cyclic"
        assert way in caught.value.findings[0].message
        assert caught.value.findings[0].remedy
