"""Wall times become instants, and what the clocks did to them is said."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copydesk.core.errors import ContentInvalid
from copydesk.core.zones import Shift, next_transition, resolve, wall_of, zone_of

ZONES = [
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Asia/Kathmandu",
    "America/Sao_Paulo",
]


def wall(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("zone", "asked", "utc", "shift"),
    [
        ("Europe/Berlin", "2026-12-01T09:00", "2026-12-01T08:00", Shift.NONE),
        ("Europe/Berlin", "2026-03-29T02:30", "2026-03-29T01:30", Shift.GAP),
        ("Europe/Berlin", "2026-10-25T02:30", "2026-10-25T00:30", Shift.OVERLAP),
        ("America/New_York", "2026-03-08T02:00", "2026-03-08T07:00", Shift.GAP),
        ("America/New_York", "2026-11-01T01:59", "2026-11-01T05:59", Shift.OVERLAP),
        # half an hour of daylight saving time
        ("Australia/Lord_Howe", "2026-10-04T02:15", "2026-10-03T15:45", Shift.GAP),
        ("Australia/Lord_Howe", "2026-04-05T01:45", "2026-04-04T14:45", Shift.OVERLAP),
        # Samoa had no 30 December 2011
        ("Pacific/Apia", "2011-12-30T09:00", "2011-12-30T19:00", Shift.GAP),
        ("Asia/Kathmandu", "2026-12-01T09:00", "2026-12-01T03:15", Shift.NONE),
    ],
)
def test_gaps_move_forward_overlaps_take_the_first(
    zone: str, asked: str, utc: str, shift: Shift
) -> None:
    found = resolve(wall(asked), zone_of(zone))
    assert found.moment == wall(utc).replace(tzinfo=UTC)
    assert found.shift is shift
    assert bool(found.note) is (shift is not Shift.NONE)


def test_the_note_says_what_was_asked_what_it_became_and_why() -> None:
    gap = resolve(wall("2026-03-29T02:30"), zone_of("Europe/Berlin"))
    assert gap.note == (
        "2026-03-29 02:30 does not exist in Europe/Berlin: the clocks go forward; "
        "2026-03-29 03:30 is taken"
    )
    twice = resolve(wall("2026-10-25T02:30"), zone_of("Europe/Berlin"))
    assert "happens twice" in twice.note
    assert "UTC+02:00" in twice.note
    skipped = resolve(wall("2011-12-30T09:00"), zone_of("Pacific/Apia"))
    assert "2011-12-31 09:00 is taken" in skipped.note


moments = st.datetimes(min_value=datetime(1990, 1, 1), max_value=datetime(2037, 12, 31))


@given(zone=st.sampled_from(ZONES), asked=moments)
def test_an_instant_is_found_and_told_truly(zone: str, asked: datetime) -> None:
    place = zone_of(zone)
    found = resolve(asked, place)
    back = wall_of(found.moment, place)
    if found.shift is Shift.GAP:
        # nothing shows this wall time, and it moved forward by what the clocks skipped
        assert back > asked
        before = (found.moment - (back - asked)).astimezone(place).utcoffset()
        after = found.moment.astimezone(place).utcoffset()
        assert after is not None
        assert before is not None
        assert back - asked == after - before
    else:
        assert back == asked
        earlier = wall_of(found.moment - timedelta(hours=1), place)
        half = wall_of(found.moment - timedelta(minutes=30), place)
        assert asked not in {earlier, half}  # it is the first
        later = {wall_of(found.moment + timedelta(minutes=minutes), place) for minutes in (30, 60)}
        assert (asked in later) is (found.shift is Shift.OVERLAP)


@given(zone=st.sampled_from(ZONES), moment=moments.map(lambda m: m.replace(tzinfo=UTC)))
def test_a_transition_is_found_to_the_second(zone: str, moment: datetime) -> None:
    place = zone_of(zone)
    found = next_transition(moment, moment + timedelta(days=1), place)
    before = moment.astimezone(place).utcoffset()
    if found is None:
        assert (moment + timedelta(days=1)).astimezone(place).utcoffset() == before
    else:
        assert found.astimezone(place).utcoffset() != before
        assert (found - timedelta(seconds=1)).astimezone(place).utcoffset() == before


@pytest.mark.parametrize("name", ["", "Berlin", "../etc/passwd", "Mars/Olympus", "/etc/localtime"])
def test_an_unknown_zone_is_refused_with_a_remedy(name: str) -> None:
    with pytest.raises(ContentInvalid) as caught:
        zone_of(name)
    finding = caught.value.findings[0]
    assert (finding.code, finding.field) == ("zone_unknown", "zone")
    assert finding.remedy
    if name == "Berlin":
        assert "Europe/Berlin" in finding.remedy


def test_the_end_of_the_calendar_is_an_error_and_not_a_crash() -> None:
    with pytest.raises(ContentInvalid, match="beyond the calendar"):
        resolve(wall("0001-01-01T00:00"), zone_of("Asia/Kathmandu"))
