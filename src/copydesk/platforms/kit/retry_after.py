"""How long a platform asks us to wait, read from the headers of its answer.

Reads `Retry-After` in both forms of RFC 9110 §10.2.3 and, without one, the reset headers vendors
use: ISO 8601 (Mastodon), epoch seconds (GitHub) or seconds to wait (Contentful). Spokes have no
clock, so a wait stays relative unless the answer itself tells the time in its `Date` header.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

#: A longer wait is not believed to the letter: after a week it is worth looking again.
LONGEST_WAIT: Final = 7 * 86_400.0

#: Numbers from here on are points in time (2001-09-09), below they are durations.
_FIRST_EPOCH_SECOND: Final = 1_000_000_000
_FIRST_EPOCH_MILLISECOND: Final = 1_000_000_000_000

_RESET_HEADERS: Final = ("x-ratelimit-reset", "ratelimit-reset", "x-rate-limit-reset")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """A wait as far as the answer tells it.

    `seconds` counts from the arrival of the answer and is at most `LONGEST_WAIT`; `until` is aware
    UTC by the platform's clock. Whoever has both takes `seconds`: it needs no agreement of clocks.
    """

    seconds: float | None = None
    until: datetime | None = None


def read_wait(headers: Mapping[str, str]) -> Wait:
    """Return the wait that `headers` (lower-case names) ask for; `Wait()` when they do not tell.

    Never raises: what cannot be read counts as not said. A time that has passed is a wait of 0.
    """
    now = parse_date(headers.get("date", ""))
    for name in ("retry-after", *_RESET_HEADERS):
        if asked := headers.get(name, "").strip():
            told = _wait(asked, now)
            if told != Wait():
                return told  # else it cannot be read, and another may tell
    return Wait()


def ends_at(wait: Wait, now: datetime) -> datetime | None:
    """Return when a wait that was told at `now` ends (both aware UTC, by our clock), at most
    `LONGEST_WAIT` from now; None where that is not told.

    A time that has passed, from a platform that does not say how late it is there, tells that our
    clocks differ, and nothing else.
    """
    if wait.seconds is not None:
        return now + timedelta(seconds=wait.seconds)
    if wait.until is None or wait.until <= now:
        return None
    return min(wait.until, now + timedelta(seconds=LONGEST_WAIT))


def read_reset(text: str, date: str) -> Wait:
    """Return the wait that a reset header's `text` means; `date` is the answer's own `Date`.

    Takes what `read_wait` takes: a time, an epoch in seconds or milliseconds, or seconds to wait.
    """
    return _wait(text.strip(), parse_date(date)) if text.strip() else Wait()


def parse_date(text: str) -> datetime | None:
    """Return the HTTP date (RFC 9110 §5.6.7) or ISO 8601 time in `text` as aware UTC, else None.

    A time without a zone is taken as UTC, which is what both formats' senders mean by it.
    """
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        try:
            moment = parsedate_to_datetime(text)
        except (ValueError, IndexError, OverflowError):
            return None
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        return None


def _wait(text: str, now: datetime | None) -> Wait:
    number = _number(text)
    if number is None:
        until = parse_date(text)
    elif number >= _FIRST_EPOCH_SECOND:
        until = _from_epoch(number)
    else:
        seconds = min(max(number, 0.0), LONGEST_WAIT)
        return Wait(seconds=seconds, until=now + timedelta(seconds=seconds) if now else None)
    if until is None:
        return Wait()
    if now is None:
        return Wait(until=until)
    seconds = min(max((until - now).total_seconds(), 0.0), LONGEST_WAIT)
    return Wait(seconds=seconds, until=now + timedelta(seconds=seconds))


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _from_epoch(number: float) -> datetime | None:
    seconds = number / 1000 if number >= _FIRST_EPOCH_MILLISECOND else number
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return None
