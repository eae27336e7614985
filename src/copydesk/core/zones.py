"""Wall times and zones: what a clock on a wall means as an instant, with DST told, never guessed.

A wall time is naive on purpose: it belongs to no instant until a zone is named. In a gap (clocks
go forward) it is moved forward by the length of the gap; in an overlap (clocks go back) it is the
first of the two. Either way the resolution says so. Source: PEP 495, the tz database.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from copydesk.core.errors import ContentInvalid
from copydesk.core.findings import Finding

#: Wall times outside of these are refused: at the ends of the calendar (years 1 to 9999) there is
#: no room for offsets, for what follows, nor for looking years ahead.
FIRST_WALL: Final = datetime(1000, 1, 1)  # noqa: DTZ001 - a wall time
LAST_WALL: Final = datetime(9000, 1, 1)  # noqa: DTZ001 - as above

_NAME: Final = re.compile(r"[A-Za-z0-9_+\-]+(?:/[A-Za-z0-9_+\-]+)*")


class Shift(StrEnum):
    """What a change of the clocks did to a wall time."""

    NONE = "none"
    GAP = "gap"
    OVERLAP = "overlap"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """A wall time in a zone as the instant it means.

    `asked` is the naive wall time, `moment` the instant (aware UTC), `shift` what a change of the
    clocks made of it.
    """

    asked: datetime
    zone: str
    moment: datetime
    shift: Shift = Shift.NONE

    @property
    def local(self) -> datetime:
        """Return the instant on the zone's own clock, aware."""
        return self.moment.astimezone(ZoneInfo(self.zone))

    @property
    def note(self) -> str:
        """Return in words what was decided, "" when nothing had to be."""
        match self.shift:
            case Shift.GAP:
                return (
                    f"{self.asked:%Y-%m-%d %H:%M} does not exist in {self.zone}: the clocks go "
                    f"forward; {self.local:%Y-%m-%d %H:%M} is taken"
                )
            case Shift.OVERLAP:
                return (
                    f"{self.asked:%Y-%m-%d %H:%M} happens twice in {self.zone}: the clocks go "
                    f"back; the first is taken ({written_offset(self.local)})"
                )
            case _:
                return ""


@cache
def zone_of(name: str) -> ZoneInfo:
    """Return the IANA zone called `name`; raises `ContentInvalid` for an unknown one."""
    # a name becomes a path in the zone database: nothing but names gets there
    if not _NAME.fullmatch(name) or name not in _known():
        near = [known for known in sorted(_known()) if name and name.lower() in known.lower()][:3]
        hint = f"Did you mean {', '.join(near)}?" if near else "Use one such as Europe/Berlin."
        raise ContentInvalid(
            [
                Finding(
                    code="zone_unknown",
                    field="zone",
                    message=f"{name!r} is not an IANA time zone",
                    remedy=hint,
                )
            ]
        )
    return ZoneInfo(name)


@cache
def _known() -> frozenset[str]:
    return frozenset(available_timezones() | {"UTC"})


def resolve(wall: datetime, zone: ZoneInfo) -> Resolved:
    """Return the instant that the naive `wall` means in `zone`.

    Raises `ContentInvalid` at the ends of the calendar, see `within_calendar`.
    """
    first = within_calendar(wall).replace(tzinfo=zone, fold=0)
    moment = first.astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None, fold=0) != wall:
        shift = Shift.GAP
    elif first.utcoffset() != wall.replace(tzinfo=zone, fold=1).utcoffset():
        shift = Shift.OVERLAP
    else:
        shift = Shift.NONE
    return Resolved(asked=wall, zone=zone.key, moment=moment, shift=shift)


def within_calendar(moment: datetime) -> datetime:
    """Return `moment` (aware or naive) as it is; raises `ContentInvalid` before `FIRST_WALL` and
    after `LAST_WALL`."""
    if FIRST_WALL <= moment.replace(tzinfo=None) <= LAST_WALL:
        return moment
    raise ContentInvalid(
        [
            Finding(
                code="time_invalid",
                field="at",
                message=f"{moment.isoformat()} is beyond the calendar",
                remedy="Give a time within the next years.",
            )
        ]
    )


def wall_of(moment: datetime, zone: ZoneInfo) -> datetime:
    """Return what the clocks of `zone` show at `moment`, naive."""
    return moment.astimezone(zone).replace(tzinfo=None, fold=0)


def next_transition(after: datetime, until: datetime, zone: ZoneInfo) -> datetime | None:
    """Return the first instant in (`after`, `until`] with another offset than `after`, to the
    second, or None when the offset is the same at both ends. Aware UTC throughout."""
    before = after.astimezone(zone).utcoffset()
    if until.astimezone(zone).utcoffset() == before:
        return None
    low, high = after, until
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) / 2
        middle = middle.replace(microsecond=0)
        if middle <= low:
            break
        if middle.astimezone(zone).utcoffset() == before:
            low = middle
        else:
            high = middle
    return high


def written_offset(moment: datetime) -> str:
    """Return the offset of an aware time from UTC, as `UTC+01:00`."""
    offset = moment.strftime("%z")
    return f"UTC{offset[:3]}:{offset[3:5]}"


def written(moment: datetime, zone: str) -> str:
    """Return an instant as people in `zone` (an IANA name, "" for UTC) read it."""
    local = moment.astimezone(ZoneInfo(zone)) if zone else moment.astimezone(UTC)
    return f"{local:%a %Y-%m-%d %H:%M} {zone or 'UTC'}"
