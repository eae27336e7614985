"""Dates as feeds and forms write them."""

from __future__ import annotations

from datetime import UTC, datetime


def read_moment(written: str, whose: str, notes: list[str]) -> datetime | None:
    """Return an ISO 8601 time as aware UTC, None where it is empty or says no exact time.

    Why it is not taken is added to `notes`; `whose` begins that sentence, such as "The entry's".
    """
    written = written.strip()
    if not written:
        return None
    try:
        moment = datetime.fromisoformat(written)
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
        because = "names no time zone and was left open"
    except (ValueError, OverflowError):  # the year 1 in Tokyo is before the calendar in UTC
        because = "cannot be read"
    notes.append(f"{whose} date {because}: “{written[:60]}”.")
    return None
