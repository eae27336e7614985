"""When to try again and how often: exponential backoff with full jitter, here and nowhere else."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How long to wait after a try that certainly did not land, and how many tries there are.

    Full jitter: a wait drawn evenly from zero to the exponential bound. Source: AWS Architecture
    Blog, "Exponential Backoff And Jitter" (2015). Seconds throughout.
    """

    first: float = 1.0
    longest: float = 900.0
    attempts: int = 8
    rate_limit_first: float = 60.0

    def wait(self, attempt: int, source: random.Random) -> timedelta:
        """Return the wait after try number `attempt` (from 1)."""
        bound = min(self.longest, self.first * 2 ** max(0, attempt - 1))
        return timedelta(seconds=source.uniform(0, bound))

    def rate_limit(self, retry_after: float | None) -> timedelta:
        """Return the rest a platform asked for, or a careful one when it did not say how long.

        Never less than `first`: a rest burns no attempt, so one of no length would never end.
        """
        return timedelta(
            seconds=self.rate_limit_first if retry_after is None else max(self.first, retry_after)
        )
