"""Recurring series: an RFC 5545 rule on local wall time, each occurrence then resolved in its zone.

09:00 stays 09:00 on the wall when the clocks change. A rule is checked part by part before the
library sees it: that accepts month 13 and an interval of 0 (python-dateutil 4.0.0, 2026-11-22).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Final
from zoneinfo import ZoneInfo

from dateutil.rrule import rrule, rrulestr

from copydesk.core.errors import ContentInvalid
from copydesk.core.findings import Finding
from copydesk.core.zones import Resolved, resolve, zone_of

#: A rule has to fire within this time of its start, or it never does.
FIRST_WITHIN: Final = timedelta(days=3660)

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
_WEEKDAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_LONGEST: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


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
        """Raise `ContentInvalid` for a rule that cannot be read, or never happens.

        Some rules that never happen take seconds to be found out: not on the event loop.
        """
        parts = _parts(self.text)
        zone_of(self.zone)
        if len(self.exceptions) > MOST_EXCEPTIONS:
            raise _invalid("except", f"there are more than {MOST_EXCEPTIONS} exceptions", "")
        if _impossible(parts):
            raise _never(self.text)
        first = next(self.from_(self.start), None)
        if first is None or first.asked - self.start > FIRST_WITHIN:
            raise _never(self.text)

    def from_(self, wall: datetime) -> Iterator[Resolved]:
        """Yield the occurrences at or after the naive `wall`, in order, exceptions left out."""
        zone = zone_of(self.zone)
        left_out = set(self.exceptions)
        for asked in self._made(zone).xafter(wall, inc=True):
            if asked not in left_out:
                yield resolve(asked, zone)

    def after(self, moment: datetime, most: int) -> list[Resolved]:
        """Return the next `most` occurrences whose instant is after `moment` (aware)."""
        return list(islice(self.following(moment), most))

    def following(self, moment: datetime) -> Iterator[Resolved]:
        """Yield the occurrences whose instant is after `moment` (aware), in order."""
        zone = zone_of(self.zone)
        # a day earlier: in a gap the instant is later than its wall time says
        wall = moment.astimezone(zone).replace(tzinfo=None) - timedelta(days=1)
        return (found for found in self.from_(wall) if found.moment > moment)

    def _made(self, zone: ZoneInfo) -> rrule:
        parts = dict(_parts(self.text))
        if "UNTIL" in parts:
            parts["UNTIL"] = f"{_until(parts['UNTIL'], zone):%Y%m%dT%H%M%S}"
        made = rrulestr(";".join(f"{k}={v}" for k, v in parts.items()), dtstart=self.start)
        assert isinstance(made, rrule)
        return made


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
            raise _invalid("rule", f"{part!r} is no part of a rule", _EXAMPLE)
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
    return parts


def _check_part(key: str, value: str) -> None:
    if key == "FREQ":
        return
    if key == "UNTIL":
        _until(value, ZoneInfo("UTC"))
    elif key == "WKST":
        if value not in _WEEKDAYS:
            raise _invalid("rule", f"WKST={value} is no weekday", _EXAMPLE)
    elif key == "BYDAY":
        for day in value.split(","):
            number = day[:-2].removeprefix("+")
            if day[-2:] not in _WEEKDAYS or not _is_between(number or "1", -53, 53):
                raise _invalid("rule", f"BYDAY={day} is no weekday", "MO, TU, … or 1MO, -1FR.")
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
    return digits.isdecimal() and len(digits) <= 6 and low <= int(text) <= high


def _until(text: str, zone: ZoneInfo) -> datetime:
    """Return UNTIL as a naive wall time of `zone`; with a Z it is UTC, a date its whole day."""
    try:
        if len(text) == 8:
            day = datetime.strptime(text, "%Y%m%d")  # noqa: DTZ007 - a wall time
            return day + timedelta(hours=23, minutes=59, seconds=59)
        wall = datetime.strptime(text.removesuffix("Z"), "%Y%m%dT%H%M%S")  # noqa: DTZ007 - as above
    except ValueError as error:
        raise _invalid("rule", f"UNTIL={text} is no date", "Write UNTIL=20271231.") from error
    if text.endswith("Z"):
        return wall.replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=None)
    return wall


def _impossible(parts: Mapping[str, str]) -> bool:
    """Tell whether no month has such a day: the library would look for it to the year 9999."""
    if not {"BYMONTH", "BYMONTHDAY"} <= parts.keys():
        return False
    months = [int(month) for month in parts["BYMONTH"].split(",")]
    days = [abs(int(day)) for day in parts["BYMONTHDAY"].split(",")]
    return all(day > _LONGEST[month - 1] for month in months for day in days)


_EXAMPLE: Final = "Write a rule of RFC 5545 such as FREQ=WEEKLY;BYDAY=MO,TH."


def _never(rule: str) -> ContentInvalid:
    return ContentInvalid(
        [
            Finding(
                code="series_never_happens",
                field="rule",
                message=f"{rule} never happens",
                remedy="Change the rule, its start or its exceptions so that a day is left.",
            )
        ]
    )


def _invalid(field: str, message: str, remedy: str) -> ContentInvalid:
    code = "rule_invalid" if field == "rule" else "series_invalid"
    return ContentInvalid([Finding(code=code, field=field, message=message, remedy=remedy)])
