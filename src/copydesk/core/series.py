"""Recurring series: an RFC 5545 rule on local wall time, each occurrence then resolved in its zone.

09:00 stays 09:00 on the wall when the clocks change. A rule is checked part by part before the
library sees it: that accepts month 13 and an interval of 0 (python-dateutil 4.0.0, 2026-11-22).
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import MAXYEAR, UTC, datetime, timedelta
from itertools import islice
from typing import Final
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr

from copydesk.core.errors import ContentInvalid
from copydesk.core.findings import Finding
from copydesk.core.zones import FIRST_WALL, LAST_WALL, Resolved, Shift, resolve, zone_of

#: How far ahead the occurrences of a rule are gone through.
FIRST_WITHIN: Final = timedelta(days=3660)

#: How often a day a series may happen: all its occurrences since its start are gone through.
MOST_A_DAY: Final = 288

#: How many positions a rule may choose: each is looked up anew in every day, week, month or year.
MOST_POSITIONS: Final = 12

#: How many sources and exceptions one series takes.
MOST_SOURCES: Final = 500
MOST_EXCEPTIONS: Final = 500

_FREQUENCIES: Final = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
_BOUNDS: Final = {
    "INTERVAL": (1, 1000),
    "COUNT": (1, 10_000),
    "BYMONTH": (1, 12),
    "BYMONTHDAY": (-31, 31),
    "BYYEARDAY": (-366, 366),
    "BYWEEKNO": (-53, 53),
    "BYSETPOS": (-366, 366),
    "BYHOUR": (0, 23),
    "BYMINUTE": (0, 59),
}
_SINGLE: Final = frozenset({"INTERVAL", "COUNT"})
#: What RFC 5545 (3.3.10) allows with these frequencies alone; the library takes them with any, and
#: makes something else of them.
_ONLY_WITH: Final = {
    "BYWEEKNO": ("YEARLY",),
    "BYYEARDAY": ("YEARLY",),
    "BYMONTHDAY": ("DAILY", "MONTHLY", "YEARLY"),
}
_WEEKDAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_WEEKS_OF_A_MONTH: Final = 5

#: After so many years the Gregorian calendar has the same days on the same weekdays again.
_CYCLE: Final = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """When a series happens: `start` is a naive wall time in `zone` and fixes the time of day.

    `text` is an RFC 5545 rule without `RRULE:`; `exceptions` are naive wall times (EXDATE) that are
    left out.
    """

    text: str
    start: datetime
    zone: str
    exceptions: tuple[datetime, ...] = ()

    def check(self) -> None:
        """Raise `ContentInvalid` for a rule that cannot be read, or does not happen within ten
        years of its start.

        That a rule never happens may take a second to find out: not on the event loop.
        """
        _parts(self.text)
        zone_of(self.zone)
        if not FIRST_WALL <= self.start <= LAST_WALL:
            raise _invalid("start", "it is beyond the calendar", "Give a time of these years.")
        if len(self.exceptions) > MOST_EXCEPTIONS:
            raise _invalid("except", f"there are more than {MOST_EXCEPTIONS} exceptions", "")
        if next(self.from_(self.start), None) is None:
            raise _never(self.text)

    def from_(self, wall: datetime) -> Iterator[Resolved]:
        """Yield the occurrences at or after the naive `wall` and within ten years of it, each
        instant once and in order, exceptions left out."""
        zone = zone_of(self.zone)
        left_out = set(self.exceptions)
        made = self._made(zone, wall)
        return _in_order(resolve(asked, zone) for asked in made if asked not in left_out)

    def after(self, moment: datetime, most: int) -> list[Resolved]:
        """Return the next `most` occurrences whose instant is after `moment` (aware)."""
        return list(islice(self.following(moment), most))

    def following(self, moment: datetime) -> Iterator[Resolved]:
        """Yield the occurrences whose instant is after `moment` (aware), in order."""
        zone = zone_of(self.zone)
        # a day earlier: in a gap the instant is later than its wall time says
        wall = moment.astimezone(zone).replace(tzinfo=None) - timedelta(days=1)
        return (found for found in self.from_(wall) if found.moment > moment)

    def last_within(self, after: datetime, until: datetime) -> Resolved | None:
        """Return the last occurrence whose instant is in (`after`, `until`] (aware), or None."""
        last = None
        for found in self.following(after):
            if found.moment > until:
                break
            last = found
        return last

    def _made(self, zone: ZoneInfo, wall: datetime) -> Iterator[datetime]:
        """Yield the wall times of the rule at or after `wall` and until ten years after it."""
        parts = dict(_parts(self.text))
        count = int(parts.pop("COUNT", 0)) or None
        until = max(wall, self.start) + FIRST_WITHIN
        # whatever UNTIL says, the library looks for one that never comes to the end of the
        # calendar; which repeats itself, so it is asked about the last years that are like these
        ahead = (MAXYEAR - until.year) // _CYCLE * _CYCLE
        if "UNTIL" in parts:
            until = min(until, _until(parts["UNTIL"], zone))
        parts["UNTIL"] = f"{_moved(until, ahead):%Y%m%dT%H%M%S}"
        text = ";".join(f"{key}={value}" for key, value in parts.items())
        made = islice(iter(rrulestr(text, dtstart=_moved(self.start, ahead))), count)
        first = _moved(wall, ahead)
        return (_moved(asked, -ahead) for asked in made if asked >= first)


def _in_order(found: Iterator[Resolved]) -> Iterator[Resolved]:
    """Yield occurrences by their instants, one for each: a gap moves 02:30 behind 03:00, and onto
    03:30."""
    moved: deque[Resolved] = deque()
    for one in found:
        if one.shift is Shift.GAP:
            moved.append(one)
            continue
        while moved and moved[0].moment < one.moment:
            yield moved.popleft()
        if moved and moved[0].moment == one.moment:
            moved.popleft()
        yield one
    yield from moved


def expand(name: str, sources_of: Callable[[str], Sequence[str]]) -> tuple[str, ...]:
    """Return the posts a series goes through, the series it includes unfolded in place.

    `sources_of` returns the sources of a series: ids of posts, or names of other series. Raises
    `ContentInvalid` when a series includes itself, over whatever detour.
    """
    found: list[str] = []

    def visit(current: str, way: tuple[str, ...]) -> None:
        if current in way:
            circle = " → ".join((*way[way.index(current) :], current))
            raise ContentInvalid(
                [
                    Finding(
                        code="series_cyclic",
                        field="include",
                        message=f"the series would include itself: {circle}",
                        remedy="Take one of them out of the other's sources.",
                    )
                ]
            )
        for source in sources_of(current):
            if source.startswith("pst_"):
                found.append(source)
            else:
                visit(source, (*way, current))
            if len(found) > MOST_SOURCES:
                raise _invalid(
                    "posts", f"it would go through more than {MOST_SOURCES} posts", "Use fewer."
                )

    visit(name, ())
    return tuple(dict.fromkeys(found))


def _parts(text: str) -> dict[str, str]:
    rule = text.strip().upper().removeprefix("RRULE:")
    parts: dict[str, str] = {}
    for part in rule.split(";"):
        key, mark, value = part.partition("=")
        if not mark or not value or key in parts:
            raise _invalid("rule", f"{part!r} is not part of a rule", _EXAMPLE)
        parts[key] = value
    if parts.get("FREQ") not in _FREQUENCIES:
        raise _invalid(
            "rule",
            f"FREQ is {parts.get('FREQ', 'missing')}",
            f"Use {', '.join(_FREQUENCIES)}; several times a day is FREQ=DAILY;BYHOUR=9,13,17.",
        )
    for key, value in parts.items():
        _check_part(key, value)
    if "COUNT" in parts and "UNTIL" in parts:
        raise _invalid("rule", "COUNT and UNTIL exclude each other", "Leave one of them out.")
    _check_together(parts)
    return parts


def _check_together(parts: Mapping[str, str]) -> None:
    """Refuse parts that RFC 5545 does not allow beside each other."""
    freq = parts["FREQ"]
    for key, allowed in _ONLY_WITH.items():
        if key in parts and freq not in allowed:
            raise _invalid("rule", f"{key} is not for FREQ={freq}", f"Use FREQ={allowed[-1]}.")
    numbered = [day for day in parts.get("BYDAY", "").split(",") if len(day) > 2]
    if numbered and (freq not in ("MONTHLY", "YEARLY") or "BYWEEKNO" in parts):
        raise _invalid(
            "rule",
            f"BYDAY={numbered[0]} counts the days of a month or year, and this is FREQ={freq}"
            + (" with BYWEEKNO" if "BYWEEKNO" in parts else ""),
            f"FREQ=MONTHLY;BYDAY={numbered[0]}, or BYDAY={numbered[0][-2:]} for each of them.",
        )
    if freq == "MONTHLY" or "BYMONTH" in parts:
        # the library looks for a 53rd Monday of December beyond the end of its tables
        beyond = next((day for day in numbered if abs(int(day[:-2])) > _WEEKS_OF_A_MONTH), "")
        if beyond:
            day = beyond[-2:]
            raise _invalid(
                "rule",
                f"BYDAY={beyond} counts further than a month goes",
                f"1{day} to {_WEEKS_OF_A_MONTH}{day}, or -1{day} for the last one.",
            )
    if "BYSETPOS" in parts and not any(key.startswith("BY") and key != "BYSETPOS" for key in parts):
        raise _invalid(
            "rule", "BYSETPOS has nothing to choose from", "Name days: BYDAY=MO,TU,WE,TH,FR."
        )
    if (positions := parts.get("BYSETPOS", "").count(",") + 1) > MOST_POSITIONS:
        raise _invalid(
            "rule",
            f"BYSETPOS chooses {positions} positions",
            f"{MOST_POSITIONS} are the most: name the days themselves (BYDAY, BYMONTHDAY).",
        )
    a_day = math.prod(len(parts.get(key, "0").split(",")) for key in ("BYHOUR", "BYMINUTE"))
    if a_day > MOST_A_DAY:
        raise _invalid(
            "rule", f"it happens {a_day} times a day", f"{MOST_A_DAY} times are the most."
        )


def _check_part(key: str, value: str) -> None:
    if key == "FREQ":
        return
    if key == "UNTIL":
        _until(value, ZoneInfo("UTC"))
    elif key == "WKST":
        if value not in _WEEKDAYS:
            raise _invalid("rule", f"WKST={value} is not a weekday", _EXAMPLE)
    elif key == "BYDAY":
        for day in value.split(","):
            number = day[:-2].removeprefix("+")
            if day[-2:] not in _WEEKDAYS or not _is_between(number or "1", -53, 53):
                raise _invalid("rule", f"BYDAY={day} is not a weekday", "MO, TU, … or 1MO, -1FR.")
    elif key in _BOUNDS:
        low, high = _BOUNDS[key]
        numbers = [value] if key in _SINGLE else value.split(",")
        zero_is_none = low < 0
        if not all(_is_between(n, low, high) and (int(n) or not zero_is_none) for n in numbers):
            raise _invalid("rule", f"{key}={value} is out of range", f"{low} to {high}.")
    else:
        raise _invalid("rule", f"there is no part {key}", _EXAMPLE)


def _is_between(text: str, low: int, high: int) -> bool:
    digits = text.removeprefix("-")
    return digits.isascii() and digits.isdecimal() and len(digits) <= 6 and low <= int(text) <= high


def _until(text: str, zone: ZoneInfo) -> datetime:
    """Return UNTIL as a naive wall time of `zone`; with a Z it is UTC, a date its whole day."""
    try:
        form = "%Y%m%d" if len(text) == 8 else "%Y%m%dT%H%M%S"
        wall = datetime.strptime(text.removesuffix("Z"), form)  # noqa: DTZ007 - a wall time
        if wall < FIRST_WALL:
            raise ValueError
    except ValueError as error:
        raise _invalid("rule", f"UNTIL={text} is not a date", "Write UNTIL=20271231.") from error
    wall = min(wall, LAST_WALL)
    if len(text) == 8:
        return wall + timedelta(hours=23, minutes=59, seconds=59)
    if text.endswith("Z"):
        return wall.replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=None)
    return wall


def _moved(wall: datetime, years: int) -> datetime:
    """Return the same wall time `years` later, a multiple of `_CYCLE`: it is the same weekday."""
    return wall.replace(year=wall.year + years)


_EXAMPLE: Final = "Write a rule of RFC 5545 such as FREQ=WEEKLY;BYDAY=MO,TH."


def _never(rule: str) -> ContentInvalid:
    return ContentInvalid(
        [
            Finding(
                code="series_never_happens",
                field="rule",
                message=f"{rule} does not happen within ten years of its start",
                remedy="Change the rule, its start or its exceptions so that a day is left.",
            )
        ]
    )


def _invalid(field: str, message: str, remedy: str) -> ContentInvalid:
    code = "rule_invalid" if field == "rule" else "series_invalid"
    return ContentInvalid([Finding(code=code, field=field, message=message, remedy=remedy)])
