"""How long to wait, in every form vendors say it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from copydesk.platforms.kit.retry_after import (
    LONGEST_WAIT,
    Wait,
    ends_at,
    parse_date,
    read_wait,
)

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
DATE = format_datetime(NOW, usegmt=True)
LATER = NOW + timedelta(minutes=5)


@pytest.mark.parametrize(
    "headers",
    [
        {"retry-after": "300"},
        {"retry-after": format_datetime(LATER, usegmt=True)},
        {"x-ratelimit-reset": "2026-11-21T12:05:00.000Z"},
        {"x-ratelimit-reset": "2026-11-21T14:05:00+02:00"},
        {"x-ratelimit-reset": str(int(LATER.timestamp()))},
        {"x-ratelimit-reset": str(int(LATER.timestamp() * 1000))},
        {"ratelimit-reset": "300"},
        {"retry-after": "300", "x-ratelimit-reset": "9"},
    ],
)
def test_every_form_says_the_same(headers: dict[str, str]) -> None:
    assert read_wait({**headers, "date": DATE}) == Wait(seconds=300, until=LATER)


def test_without_the_time_of_the_answer_seconds_stay_relative_and_dates_absolute() -> None:
    assert read_wait({"retry-after": "120"}) == Wait(seconds=120)
    assert read_wait({"retry-after": format_datetime(LATER, usegmt=True)}) == Wait(until=LATER)


def test_a_wrong_clock_at_the_platform_does_not_change_the_wait() -> None:
    wrong = NOW + timedelta(days=400)
    asked = format_datetime(wrong + timedelta(seconds=90), usegmt=True)
    assert read_wait({"retry-after": asked, "date": format_datetime(wrong)}).seconds == 90


def test_a_past_time_means_now_and_an_absurd_one_a_week() -> None:
    past = format_datetime(NOW - timedelta(hours=1), usegmt=True)
    assert read_wait({"retry-after": past, "date": DATE}).seconds == 0
    assert read_wait({"retry-after": "-5"}).seconds == 0
    assert read_wait({"retry-after": "999999999"}).seconds == LONGEST_WAIT


@pytest.mark.parametrize("text", ["", "soon", "nan", "inf", "1e400", "2026-13-45", "\u0663\u0660s"])
def test_what_cannot_be_read_counts_as_not_said(text: str) -> None:
    assert read_wait({"retry-after": text, "date": DATE}) == Wait()


def test_what_cannot_be_read_leaves_the_word_to_another_header() -> None:
    headers = {"retry-after": "soon", "x-ratelimit-reset": "300", "date": DATE}
    assert read_wait(headers) == Wait(seconds=300, until=LATER)


@pytest.mark.parametrize(
    ("wait", "ends"),
    [
        (Wait(), None),
        (Wait(seconds=0), NOW),
        (Wait(seconds=90, until=NOW + timedelta(days=400)), NOW + timedelta(seconds=90)),
        (Wait(until=NOW + timedelta(minutes=3)), NOW + timedelta(minutes=3)),
        (Wait(until=NOW - timedelta(hours=1)), None),
        (Wait(until=datetime(9999, 12, 31, tzinfo=UTC)), NOW + timedelta(seconds=LONGEST_WAIT)),
    ],
    ids=["unsaid", "no wait", "relative first", "absolute", "their clock is late", "absurd"],
)
def test_a_wait_ends_by_our_clock_within_a_week(wait: Wait, ends: datetime | None) -> None:
    assert ends_at(wait, NOW) == ends


@settings(max_examples=200)
@given(st.text(max_size=40), st.text(max_size=40))
def test_no_header_breaks_it(asked: str, date: str) -> None:
    wait = read_wait({"retry-after": asked, "date": date})
    assert wait.seconds is None or 0 <= wait.seconds <= LONGEST_WAIT
    assert wait.until is None or wait.until.tzinfo is not None


def test_dates_without_a_zone_are_utc() -> None:
    assert parse_date("2026-11-21T12:00:00") == NOW
    assert parse_date("Sat, 21 Nov 2026 12:00:00 -0000") == NOW
