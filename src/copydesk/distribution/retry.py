"""When to try again and how often: exponential backoff with full jitter, here and nowhere else.

Each cause of another try has a limit of its own, and what one has used up says nothing about the
others: three lost answers do not shorten the patience with a platform that cannot be reached. What
is not in the table uses up nothing: missing authorisation, a platform still at work. That we are
asked to rest is counted alone and in a row, so that who asks again and again for next to nothing is
left alone for longer (RFC 9110 §10.2.3: the time given is how long to wait at least).
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from copydesk.platforms.kit.retry_after import LONGEST_WAIT


class Cause(StrEnum):
    """Why a delivery is tried again."""

    UNAVAILABLE = "unavailable"  # the platform certainly did not take it
    PREPARATION = "preparation"  # an upload or another step before the commit failed
    ABSENT = "absent"  # the answer was lost, and it proved not to have arrived
    REPEATED = "repeated"  # the answer was lost, and a repeat with the same key is harmless
    OUTAGE = "outage"  # it was let through an open breaker to see, and the platform is still away
    RESTED = "rested"  # asked to rest, so often in a row; of these any number may be spent


#: Backoff alone makes eight tries last some four minutes; an outage is the breaker's business, and
#: its tries are the last things to be given up: at its longest rest they last for a day. A payload
#: that the platform answers with 500 each time is `ABSENT` or `REPEATED` again and again; six are
#: enough, and fewer would be used up before a breaker opens.
LIMITS: Mapping[Cause, int] = MappingProxyType(
    {
        Cause.UNAVAILABLE: 8,
        Cause.PREPARATION: 8,
        Cause.ABSENT: 6,
        Cause.REPEATED: 6,
        Cause.OUTAGE: 288,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How long to wait before the next try or look, and how many tries each cause has.

    Full jitter: a wait drawn evenly from zero to the exponential bound. Source: AWS Architecture
    Blog, "Exponential Backoff And Jitter" (2015). Seconds throughout.
    """

    first: float = 1.0
    longest: float = 900.0
    limits: Mapping[Cause, int] = field(default_factory=lambda: LIMITS)
    rate_limit_first: float = 60.0

    def wait(self, attempt: int, source: random.Random) -> timedelta:
        """Return the wait after try number `attempt` (from 1)."""
        return timedelta(seconds=source.uniform(0, self._bound(self.first, attempt)))

    def look(self, looks: int, delay: float, source: random.Random) -> timedelta:
        """Return the wait before look number `looks` + 1 at a platform that shows what it has taken
        after `delay` seconds: never less than that, and growing with each look that told nothing.
        """
        first = max(self.first, delay)
        bound = max(first, self._bound(first, looks + 1))
        return timedelta(seconds=source.uniform(max(first, bound / 2), bound))

    def rest_until(
        self, now: datetime, retry_after: float | None, moment: datetime | None, times: int = 1
    ) -> datetime:
        """Return until when (aware UTC) to leave a platform alone that asked for it `times` in a
        row: for `retry_after`, else until `moment`, else for a careful while.

        Never for less than a wait that begins with `first` and grows: a rest burns no attempt, so
        one of no length would never end.
        """
        least = now + timedelta(seconds=self._bound(self.first, times))
        if retry_after is None and moment is not None:
            # by a clock that need not be right: neither at once nor for ever
            return min(max(moment, least), now + timedelta(seconds=LONGEST_WAIT))
        asked = self.rate_limit_first if retry_after is None else retry_after
        return max(now + bounded_wait(asked), least)

    def has_left(self, cause: Cause, spent: Mapping[str, int]) -> bool:
        """Whether a delivery that has `spent` so much may be tried once more for `cause`."""
        return spent.get(cause, 0) + 1 < self.limits[cause]

    def _bound(self, first: float, attempt: int) -> float:
        # the exponent is capped where the bound has long been reached: 2**10000 is no float
        return min(self.longest, first * float(2 ** min(60, max(0, attempt - 1))))


def bounded_wait(seconds: float, longest: float = LONGEST_WAIT) -> timedelta:
    """Return a wait of `seconds` that a spoke was asked for: never negative, `longest` (seconds) at
    most, and none for what is no number."""
    return timedelta(seconds=min(seconds, longest) if seconds > 0 else 0.0)


def spend(cause: Cause, spent: Mapping[str, int]) -> dict[str, int]:
    """Return `spent` with one more try for `cause`."""
    before = spent if cause is Cause.RESTED else unrested(spent)
    return {**before, cause.value: spent.get(cause, 0) + 1}


def unrested(spent: Mapping[str, int]) -> dict[str, int]:
    """Return `spent` without rests: they count in a row, and every other answer ends the row."""
    return {cause: tries for cause, tries in spent.items() if cause != Cause.RESTED}
