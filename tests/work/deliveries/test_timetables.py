"""Timetables are read as they are written, or refused by field; nothing is misread."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from copydesk.core.errors import ContentInvalid
from copydesk.core.timetable import Timetable
from copydesk.work.deliveries.timetables import (
    TimetableForm,
    applied,
    read_blackout,
    written_blackout,
)


def with_blackout(line: str) -> Timetable:
    table = applied(Timetable(), TimetableForm(blackouts=[line]))
    table.check()
    return table


@pytest.mark.parametrize(
    ("line", "written"),
    [
        ("2026-12-24", "2026-12-24..2026-12-24"),
        ("2026-12-24..2026-12-27", "2026-12-24..2026-12-27"),
        (" 2026-12-24 .. 2026-12-27  the fair\n is on", "2026-12-24..2026-12-27 the fair\n is on"),
        ("2026-12-24T12:00..2026-12-25", "2026-12-24T12:00..2026-12-26T00:00"),
        ("2026-12-24..2026-12-25T06:00 x", "2026-12-24T00:00..2026-12-25T06:00 x"),
    ],
)
def test_a_blackout_is_read_as_it_is_meant(line: str, written: str) -> None:
    found = read_blackout(line)
    assert written_blackout(found) == written
    assert read_blackout(written) == found


@pytest.mark.parametrize(
    "line",
    [
        "",
        "9999-12-31",
        "2026-01-01..9999-12-30",
        "0001-01-01..2026-01-01",
        "2026-12-27..2026-12-24",
        "2026-12-24..",
        "2026-W52..2026-W53",
        "20261224..20261227",
        "2026-12-24..2026-12-27closed",
        "2026-12-24T12:00+01:00..2026-12-25T06:00",
        "2026-02-30",
    ],
)
def test_what_is_no_range_of_days_is_refused_before_it_can_shut_anything(line: str) -> None:
    with pytest.raises(ContentInvalid) as caught:
        with_blackout(line)
    (finding,) = caught.value.findings
    assert (finding.code, finding.field) == ("blackout_invalid", "blackout")
    assert finding.remedy


def test_a_blackout_of_many_years_still_ends() -> None:
    table = with_blackout("2026-01-01..8999-12-30")
    assert table.next_open(datetime(2026, 6, 1, tzinfo=UTC)).year == 8999
