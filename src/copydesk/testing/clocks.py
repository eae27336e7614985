"""Clocks for tests: one that stands still until it is told to move, and one that goes wrong."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from copydesk.core.clock import Clock

#: An ordinary Saturday.
NOON: Final = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


class StoppedClock:
    """A `Clock` for tests. `pause` stands in for sleeping: it moves the clock and returns."""

    def __init__(self, now: datetime = NOON) -> None:
        self._now = now
        self._elapsed = 0.0

    def now(self) -> datetime:
        """Return the time the clock stands at, aware UTC."""
        return self._now

    def monotonic(self) -> float:
        """Return the seconds the clock has been moved since it was made."""
        return self._elapsed

    def advance(self, seconds: float) -> None:
        """Move the clock."""
        self._now += timedelta(seconds=seconds)
        self._elapsed += seconds

    async def pause(self, seconds: float) -> None:
        """Pass the time without spending it."""
        self.advance(seconds)


class SkewedClock:
    """A `Clock` that is wrong by `skew` seconds, which may change at any moment.

    As on a real machine, only the wall clock is wrong: `monotonic` is that of the true clock.
    """

    def __init__(self, true: Clock, skew: float = 0.0) -> None:
        self._true = true
        self.skew = skew

    def now(self) -> datetime:
        """Return the wrong time, aware UTC."""
        return self._true.now() + timedelta(seconds=self.skew)

    def monotonic(self) -> float:
        """Return the seconds of the true clock."""
        return self._true.monotonic()
