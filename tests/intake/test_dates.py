"""Dates as feeds, forms and chats write them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copydesk.core.submission import Source
from copydesk.intake.dates import read_moment
from copydesk.intake.parsing import parse

#: Before the calendar begins in UTC, and after it has ended there.
BEYOND = ("0001-01-01T00:00:00+09:00", "9999-12-31T23:59:59-09:00")


def test_an_exact_time_is_taken_and_nothing_is_said() -> None:
    notes: list[str] = []
    assert read_moment(" 2026-01-02T10:00+01:00 ", "The form's", notes) == datetime(
        2026, 1, 2, 9, tzinfo=UTC
    )
    assert read_moment(" ", "The form's", notes) is None
    assert notes == []


@pytest.mark.parametrize(
    ("written", "because"),
    [
        ("2026-01-02 10:00", "names no time zone and was left open"),
        ("yesterday", "cannot be read"),
        *((moment, "cannot be read") for moment in BEYOND),
    ],
)
def test_what_is_no_exact_time_is_left_open_and_said(written: str, because: str) -> None:
    notes: list[str] = []
    assert read_moment(written, "The form's", notes) is None
    assert notes == [f"The form's date {because}: “{written}”."]


@given(st.text(max_size=40) | st.datetimes(timezones=st.timezones()).map(datetime.isoformat))
def test_any_text_is_a_time_in_utc_or_a_note(written: str) -> None:
    notes: list[str] = []
    moment = read_moment(written, "The entry's", notes)
    if moment is None:
        assert len(notes) == bool(written.strip())
    else:
        assert moment.utcoffset() == timedelta(0)
        assert notes == []


@pytest.mark.parametrize("at", BEYOND)
def test_a_date_beyond_the_calendar_keeps_no_message_out(at: str) -> None:
    form = {"email": "ada@example.org", "message": "The parcel is late.", "date": at}
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "items": [{"id": "1", "content_text": "The parcel is late.", "date_published": at}],
    }
    chat = [
        {"user": "ada", "text": "The parcel is late.", "ts": at},
        {"user": "bob", "text": "Since when?", "ts": at},
    ]
    for source, sent in ((Source.FORM, form), (Source.FEED, feed), (Source.CHAT, chat)):
        parsed = parse(json.dumps(sent).encode(), source=source)
        assert parsed.sent_at is None
        assert "The parcel is late." in parsed.text
