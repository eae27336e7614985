"""When a feed is polled next: as asked, as its publisher and its server ask, within bounds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from copydesk.core.feed import Skips
from copydesk.platforms.kit.retry_after import read_wait

#: No feed is polled more often than this, nor less often than that, whoever asks for it.
SHORTEST: Final = timedelta(minutes=5)
LONGEST: Final = timedelta(days=7)

#: So long at most a publisher's wish makes us wait: some ask for a year and mean nothing by it.
LONGEST_WISH: Final = timedelta(days=1)

#: So long at most a feed rests after failures, unless its server asks for more.
LONGEST_REST: Final = timedelta(days=1)

_HOURS_OF_A_WEEK: Final = 7 * 24
_SPREAD: Final = timedelta(minutes=10)
_MAX_AGE = re.compile(r"(?:^|[\s,])max-age\s*=\s*\"?(\d{1,9})", re.IGNORECASE)


def next_rest(
    every: timedelta, rests: timedelta | None, headers: Mapping[str, str], chance: float
) -> timedelta:
    """Return how long a feed rests after a poll that went well.

    `rests` is what the document asked for, `headers` (lower-case names) are of its answer; `chance`
    (0..1) spreads feeds that would come at the same second over a tenth of their time.
    """
    wishes = [wish for wish in (rests, _fresh_for(headers)) if wish is not None]
    wished = min(max(wishes, default=SHORTEST), LONGEST_WISH)
    return max(every, wished, SHORTEST) * (1 + chance / 10)


def next_poll(due: datetime, skips: Skips, chance: float) -> datetime:
    """Return when a feed that is `due` (aware UTC) is polled: then, or when its publisher's next
    hour begins that is none of `skips`, spread over ten minutes by `chance` (0..1)."""
    moment = due
    for _ in range(_HOURS_OF_A_WEEK):
        if not skips.holds(moment):
            break
        moment = moment.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    else:
        return due
    return due if moment == due else moment + _SPREAD * chance


def rest_after_failure(
    every: timedelta, failures: int, headers: Mapping[str, str], chance: float
) -> timedelta:
    """Return how long a feed rests after its `failures`th failure in a row: longer each time, and
    as long as its server asks for, a week at most."""
    longest = max(every, LONGEST_REST)
    # 2**20 times five minutes is ten years: no need to reckon on
    times: int = 2 ** min(failures - 1, 20)
    rest = min(max(every, SHORTEST) * times, longest)
    asked = read_wait(headers).seconds
    return max(rest, timedelta(seconds=asked or 0)) * (1 + chance / 10)


def _fresh_for(headers: Mapping[str, str]) -> timedelta | None:
    """Return how long an answer stays fresh by its own account (RFC 9111 §4.2), None unsaid."""
    found = _MAX_AGE.search(headers.get("cache-control", ""))
    if found is None:
        return None
    age = headers.get("age", "")
    old = int(age) if age.isascii() and age.isdigit() and len(age) < 10 else 0
    return timedelta(seconds=max(0, int(found[1]) - old))
