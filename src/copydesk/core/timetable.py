"""An account's timetable: when it may be posted to, how densely, and what to do when it got late.

Pure: instants go in and come out; the clock is the caller's. Whether an instant is open is told by
the wall clock of the account's zone, so windows keep their hours across daylight saving time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from copydesk.core.errors import ContentInvalid
from copydesk.core.findings import Finding
from copydesk.core.windows import DAY, Slot, WeeklySpan, always_shut, slot_walls
from copydesk.core.zones import (
    FIRST_WALL,
    LAST_WALL,
    next_transition,
    resolve,
    wall_of,
    written,
    zone_of,
)

#: Weekly spans repeat; two weeks and a day hold every edge at least once outside a DST gap.
_PATTERN: Final = timedelta(days=15)

#: How far ahead a free slot is looked for.
SLOT_HORIZON: Final = timedelta(days=366)

#: Weeks are all alike.
_ANY_DAY: Final = date(2024, 1, 1)

#: Bounds of what one timetable holds.
MOST_SPANS: Final = 100
MOST_SLOTS: Final = 500


class LatePolicy(StrEnum):
    """What becomes of a delivery that could not go out in time."""

    POST_LATE = "post_late"
    SKIP = "skip"
    ASK = "ask"


#: How late a delivery may be before `skip` or `ask` takes hold, unless said otherwise.
GRACE: Final = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class Blackout:
    """A dated range in which nothing goes out: naive wall times, `last` not part of it."""

    first: datetime
    last: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """Why nothing may go out at an instant, and the first instant at which it may (aware UTC)."""

    code: str
    why: str
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Timetable:
    """When an account may be posted to. `zone` is an IANA name, `spacing` and `grace` are lengths.

    No windows means always; `quiet` and `blackouts` are taken away from them. `queues` are named
    sets of weekly slots.
    """

    zone: str = "UTC"
    windows: tuple[WeeklySpan, ...] = ()
    quiet: tuple[WeeklySpan, ...] = ()
    blackouts: tuple[Blackout, ...] = ()
    spacing: timedelta = timedelta()
    late: LatePolicy = LatePolicy.POST_LATE
    grace: timedelta = GRACE
    queues: Mapping[str, tuple[Slot, ...]] = field(default_factory=dict)

    @property
    def place(self) -> ZoneInfo:
        """Return the zone itself; raises `ContentInvalid` for an unknown one."""
        return zone_of(self.zone)

    def check(self) -> None:
        """Raise `ContentInvalid` with everything that makes this timetable unusable."""
        findings: list[Finding] = []

        def refuse(code: str, field: str, message: str, remedy: str) -> None:
            findings.append(Finding(code=code, field=field, message=message, remedy=remedy))

        zone_of(self.zone)
        if always_shut(self.windows, self.quiet):
            refuse(
                "window_never_opens",
                "window",
                "the quiet hours cover every window, so nothing would ever go out",
                "Widen a window or shorten the quiet hours.",
            )
        if self.spacing < timedelta():
            refuse("spacing_invalid", "spacing", "it is negative", "Give a length such as 30m.")
        if self.spacing > timedelta(days=31):
            refuse("spacing_invalid", "spacing", "it is over 31 days", "Use a series instead.")
        if self.grace < timedelta():
            refuse("grace_invalid", "grace", "it is negative", "Give a length such as 15m.")
        for name, spans in (("window", self.windows), ("quiet", self.quiet)):
            if len(spans) > MOST_SPANS:
                refuse(
                    f"{name}_invalid", name, f"there are more than {MOST_SPANS}", "Join some spans."
                )
        if len(self.blackouts) > MOST_SPANS:
            refuse(
                "blackout_invalid",
                "blackout",
                f"there are more than {MOST_SPANS}",
                "Remove those that are over.",
            )
        for blackout in self.blackouts:
            if blackout.first < FIRST_WALL or blackout.last > LAST_WALL:
                refuse(
                    "blackout_invalid",
                    "blackout",
                    f"{blackout.first:%Y-%m-%d}..{blackout.last:%Y-%m-%d} reaches beyond the "
                    "years that can be told apart",
                    "To stop an account for good, remove it; else name its last day.",
                )
            elif blackout.first >= blackout.last:
                refuse(
                    "blackout_invalid",
                    "blackout",
                    f"{blackout.first:%Y-%m-%d %H:%M} is not before {blackout.last:%Y-%m-%d %H:%M}",
                    "Write it as FIRST..LAST.",
                )
        for name, slots in self.queues.items():
            if not slots or len(slots) > MOST_SLOTS:
                refuse(
                    "queue_invalid",
                    "queue",
                    f"queue {name!r} has {len(slots)} slots",
                    f"Give it 1 to {MOST_SLOTS}.",
                )
            elif not findings and all(self._shut_every_week(slot) for slot in slots):
                refuse(
                    "queue_never_opens",
                    "queue",
                    f"no slot of queue {name!r} lies in an open window",
                    "Move a slot into a window, or widen the window.",
                )
        if findings:
            raise ContentInvalid(findings)

    def closed(self, moment: datetime) -> Closed | None:
        """Return why nothing may go out at `moment` (aware), or None when it may."""
        until = self.next_open(moment)
        if until <= moment:
            return None
        blackout = self._blackout_at(moment)
        when = written(until, self.zone)
        if blackout is not None:
            reason = f" ({blackout.reason})" if blackout.reason else ""
            return Closed(code="blackout", why=f"blackout{reason}; goes out {when}", until=until)
        if self._is_quiet(moment):
            return Closed(code="quiet_hours", why=f"quiet hours; goes out {when}", until=until)
        return Closed(
            code="window_closed", why=f"outside the windows; goes out {when}", until=until
        )

    def is_open(self, moment: datetime) -> bool:
        """Tell whether something may go out at `moment` (aware)."""
        return self._in_week(moment) and self._blackout_at(moment) is None

    def next_open(self, moment: datetime) -> datetime:
        """Return the first instant from `moment` (aware) on that is open, in UTC.

        Raises `ContentInvalid` when there is none; the search is bounded.
        """
        at = moment.astimezone(UTC)
        limit = at + _PATTERN
        while at <= limit:
            blackout = self._blackout_at(at)
            if blackout is not None:
                at = resolve(blackout.last, self.place).moment
                limit = at + _PATTERN  # each blackout is left once, and there are not many
            elif self._in_week(at):
                return at
            else:
                at = self._next_edge(at)
        raise ContentInvalid(
            [
                Finding(
                    code="window_never_opens",
                    field="window",
                    message="no window ever opens",
                    remedy="`copydesk timetable set ACCOUNT` changes windows and quiet hours.",
                )
            ]
        )

    def slots_from(self, queue: str, moment: datetime) -> Iterator[datetime]:
        """Yield the open slots of a queue from `moment` (aware) on, in UTC and in order.

        They end after `SLOT_HORIZON`. Raises `ContentInvalid` for a queue there is not.
        """
        if queue not in self.queues:
            known = ", ".join(sorted(self.queues)) or "none yet"
            raise ContentInvalid(
                [
                    Finding(
                        code="queue_unknown",
                        field="queue",
                        message=f"there is no queue {queue!r} (known: {known})",
                        remedy=f"`copydesk timetable set ACCOUNT --queue '{queue}: mon 09:00'`.",
                    )
                ]
            )
        start = moment.astimezone(UTC)
        day = wall_of(start, self.place).date() - timedelta(days=1)
        last: datetime | None = None
        for _ in range(SLOT_HORIZON.days // 7 + 1):
            moments = (
                resolve(wall, self.place).moment
                for wall in slot_walls(self.queues[queue], day, days=7)
            )
            for found in sorted(moments):
                # in a gap two slots may become one instant
                if found >= start and found != last and self.is_open(found):
                    last = found
                    yield found
            day += timedelta(days=7)

    def _shut_every_week(self, slot: Slot) -> bool:
        wall = slot_walls([slot], _ANY_DAY, days=7)[0]
        inside = not self.windows or any(span.covers(wall) for span in self.windows)
        return not inside or any(span.covers(wall) for span in self.quiet)

    def _in_week(self, moment: datetime) -> bool:
        wall = wall_of(moment, self.place)
        if self.windows and not any(span.covers(wall) for span in self.windows):
            return False
        return not any(span.covers(wall) for span in self.quiet)

    def _is_quiet(self, moment: datetime) -> bool:
        wall = wall_of(moment, self.place)
        return any(span.covers(wall) for span in self.quiet)

    def _blackout_at(self, moment: datetime) -> Blackout | None:
        for blackout in self.blackouts:
            first = resolve(blackout.first, self.place).moment
            if first <= moment < resolve(blackout.last, self.place).moment:
                return blackout
        return None

    def _next_edge(self, at: datetime) -> datetime:
        """Return the next instant at which a weekly span may begin or end."""
        wall = wall_of(at, self.place)
        midnight = wall.replace(hour=0, minute=0, second=0, microsecond=0)
        minutes = {DAY}
        for span in (*self.windows, *self.quiet):
            minutes |= {span.opens, span.closes}
        edges = (midnight + timedelta(minutes=minute) for minute in minutes)
        until = at + (min(edge for edge in edges if edge > wall) - wall)
        # a transition on the way moves the wall clock: stop there and look again
        return next_transition(at, until, self.place) or until


# -- lengths --------------------------------------------------------------------------------------

_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def read_length(text: str, field: str) -> timedelta:
    """Read `30m`, `1h30m`, `45s`, `2d` or `0`; raises `ContentInvalid` naming `field`."""
    rest, seconds = text.strip().lower(), 0
    if rest == "0":
        return timedelta()
    while rest:
        digits = len(rest) - len(rest.lstrip("0123456789"))
        unit = _UNITS.get(rest[digits : digits + 1])
        if not 0 < digits <= 6 or unit is None:
            break
        seconds += int(rest[:digits]) * unit
        rest = rest[digits + 1 :]
    if rest or not text.strip():
        raise ContentInvalid(
            [
                Finding(
                    code=f"{field}_invalid",
                    field=field,
                    message=f"{text!r} is not a length of time",
                    remedy="Write it as 45s, 30m, 1h30m or 2d.",
                )
            ]
        )
    return timedelta(seconds=seconds)


def written_length(length: timedelta) -> str:
    """Return a length as `1h30m`, in whole seconds."""
    left, parts = int(length.total_seconds()), ""
    for unit in ("d", "h", "m", "s"):
        count, left = divmod(left, _UNITS[unit])
        parts += f"{count}{unit}" if count else ""
    return parts or "0"
