"""Times as people write them, with their zone or not at all."""

from __future__ import annotations

from datetime import UTC, datetime

from copydesk.core.errors import ContentInvalid
from copydesk.core.findings import Finding


def parse_time(text: str) -> datetime:
    """Return an ISO 8601 time as UTC.

    Raises `ContentInvalid` for what is no time, and for one without a zone: that would be a guess.
    """
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise _invalid("time_invalid", f"{text!r} is not an ISO 8601 time") from error
    if moment.utcoffset() is None:
        raise _invalid("time_without_zone", f"{text!r} has no time zone")
    return moment.astimezone(UTC)


def _invalid(code: str, message: str) -> ContentInvalid:
    remedy = "Write it with its zone, such as 2026-12-01T09:00+01:00 or 2026-12-01T08:00Z."
    return ContentInvalid([Finding(code=code, field="at", message=message, remedy=remedy)])
