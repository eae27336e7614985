"""Weekly spans of wall time: when an account may be posted to, and when it must be quiet.

A span is written as `mon-fri 09:00-17:30`; one whose end is not after its start crosses midnight
and belongs to the day it begins on. Times are minutes of a wall clock without a date.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from copydesk.core.errors import ContentInvalid
from copydesk.core.findings import Finding

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_ALIASES: Final = {"daily": "mon-sun", "weekdays": "mon-fri", "weekends": "sat-sun"}
_CLOCK: Final = re.compile(r"(\d{1,2}):(\d{2})")
DAY: Final = 24 * 60
WEEK: Final = 7 * DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class WeeklySpan:
    """Some days of the week (0 is Monday) from `opens` to `closes`, in minutes after midnight.

    `closes` is not part of the span; at or before `opens` it is on the following day.
    """

    days: tuple[int, ...]
    opens: int
    closes: int

    def __post_init__(self) -> None:
        if not self.days or not 0 <= self.opens < DAY or not 0 < self.closes <= DAY:
            raise ValueError("a span has days and lies within them")

    @property
    def length(self) -> int:
        """Return how many minutes of wall time the span has."""
        return (
            self.closes - self.opens if self.closes > self.opens else self.closes + DAY - self.opens
        )

    def covers(self, wall: datetime) -> bool:
        """Tell whether the naive `wall` is within the span."""
        minute = wall.hour * 60 + wall.minute
        today = wall.weekday()
        if self.closes > self.opens:
            return today in self.days and self.opens <= minute < self.closes
        # until midnight of its own day, or what is left of yesterday's
        yesterday = (today - 1) % 7
        return (today in self.days and minute >= self.opens) or (
            yesterday in self.days and minute < self.closes
        )

    def __str__(self) -> str:
        return f"{written_days(self.days)} {written_clock(self.opens)}-{written_clock(self.closes)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One time of the week: `day` (0 is Monday) at `minute` after midnight."""

    day: int
    minute: int

    def __str__(self) -> str:
        return f"{DAYS[self.day]} {written_clock(self.minute)}"


def always_shut(windows: Iterable[WeeklySpan], quiet: Iterable[WeeklySpan]) -> bool:
    """Tell whether no minute of the week is left open. No windows at all leave the whole week."""
    windows = tuple(windows)
    week = bytearray(WEEK) if windows else bytearray(b"\1") * WEEK
    for spans, value in ((windows, 1), (tuple(quiet), 0)):
        for span in spans:
            for day in span.days:
                for minute in range(span.length):
                    week[(day * DAY + span.opens + minute) % WEEK] = value
    return not any(week)


def slot_walls(slots: Iterable[Slot], first: date, days: int) -> list[datetime]:
    """Return the naive wall times of `slots` on `days` days from `first`, in order."""
    found = [
        datetime.combine(day, time.min) + timedelta(minutes=slot.minute)
        for number in range(days)
        for day in [first + timedelta(days=number)]
        for slot in slots
        if slot.day == day.weekday()
    ]
    return sorted(found)


# -- reading and writing --------------------------------------------------------------------------


def read_span(text: str, field: str = "window") -> WeeklySpan:
    """Read `mon-fri 09:00-17:30`, `daily 22:00-07:00`; raises `ContentInvalid` naming `field`."""
    days, _, clocks = text.strip().lower().partition(" ")
    opens, mark, closes = clocks.strip().replace("–", "-").partition("-")
    if not mark:
        raise _invalid(field, text, "it is not a span", "Write it as mon-fri 09:00-17:30.")
    start, end = read_clock(opens, field), read_clock(closes, field)
    if start == end:
        raise _invalid(
            field, text, "it begins and ends at the same minute", "The whole day is 00:00-24:00."
        )
    if start == DAY or end == 0:
        # 24:00 as a beginning is the next day's 00:00, 00:00 as an end this day's 24:00
        start, end = start % DAY, end or DAY
    return WeeklySpan(days=read_days(days, field), opens=start, closes=end)


def read_slots(text: str, field: str = "queue") -> tuple[Slot, ...]:
    """Read `mon-fri 09:00,17:30`; raises `ContentInvalid` naming `field`."""
    days, _, clocks = text.strip().lower().partition(" ")
    minutes = [read_clock(clock, field) for clock in clocks.split(",")]
    if DAY in minutes:
        raise _invalid(field, text, "24:00 is not a time of day", "Use 00:00 of the day after.")
    return tuple(
        Slot(day=day, minute=minute)
        for day in read_days(days, field)
        for minute in dict.fromkeys(minutes)
    )


def read_days(text: str, field: str) -> tuple[int, ...]:
    """Read `mon-fri`, `sat,sun`, `daily`, `fri-mon` as day numbers, sorted."""
    found: set[int] = set()
    for part in _ALIASES.get(text, text).split(","):
        first, mark, last = part.strip().partition("-")
        names = [first, last] if mark else [first]
        if any(name not in DAYS for name in names):
            raise _invalid(field, text, "these are not days", f"Days are {', '.join(DAYS)}, daily.")
        start, end = DAYS.index(names[0]), DAYS.index(names[-1])
        found |= {(start + n) % 7 for n in range((end - start) % 7 + 1)}
    return tuple(sorted(found))


def read_clock(text: str, field: str) -> int:
    """Read `09:00` to `24:00` as minutes after midnight."""
    match = _CLOCK.fullmatch(text.strip())
    minutes = int(match[1]) * 60 + int(match[2]) if match else -1
    if match is None or int(match[2]) > 59 or not 0 <= minutes <= DAY:
        raise _invalid(field, text, "it is not a time of day", "Write 09:00, up to 24:00.")
    return minutes


def written_clock(minute: int) -> str:
    """Return minutes after midnight as `09:00`."""
    return f"{minute // 60:02}:{minute % 60:02}"


def written_days(days: Iterable[int]) -> str:
    """Return day numbers as `mon-fri,sun`."""
    wanted = sorted(days)
    parts: list[str] = []
    while wanted:
        run = [wanted.pop(0)]
        while wanted and wanted[0] == run[-1] + 1:
            run.append(wanted.pop(0))
        first, last = DAYS[run[0]], DAYS[run[-1]]
        parts.append(
            first if len(run) == 1 else f"{first}-{last}" if len(run) > 2 else f"{first},{last}"
        )
    return ",".join(parts)


def _invalid(field: str, text: str, problem: str, remedy: str) -> ContentInvalid:
    return ContentInvalid(
        [
            Finding(
                code=f"{field}_invalid",
                field=field,
                message=f"{text.strip()!r}: {problem}",
                remedy=remedy,
            )
        ]
    )
