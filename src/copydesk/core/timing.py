"""Timings: when a delivery was asked to go out, in whose words, and what if it gets late."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from copydesk.core.timetable import LatePolicy
from copydesk.core.zones import Resolved


@dataclass(frozen=True, slots=True, kw_only=True)
class Lateness:
    """What becomes of one delivery that is more than `grace` late."""

    policy: LatePolicy
    grace: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """When one delivery goes out: `due_at` (aware UTC), and how that was asked for.

    `asked` is the naive wall time as a person gave it, in the IANA zone `zone`; `note` says what a
    change of the clocks made of it. `queue` names the queue whose slot it took. `late` and `grace`
    are its own; None leaves them to its account. An occurrence of a series knows it by `series_id`
    and the instant the rule gave, `occurrence` (aware UTC). `moves` counts how often it was moved.
    """

    due_at: datetime
    asked: str = ""
    zone: str = ""
    note: str = ""
    queue: str = ""
    late: LatePolicy | None = None
    grace: timedelta | None = None
    series_id: str = ""
    occurrence: datetime | None = None
    moves: int = 0

    @property
    def says_something(self) -> bool:
        """Tell whether there is more to keep than the time itself."""
        return bool(self.asked or self.queue or self.series_id or self.late or self.moves)


def timing_of(resolved: Resolved) -> Timing:
    """Return the timing that a wall time in a zone asks for."""
    return Timing(
        due_at=resolved.moment,
        asked=f"{resolved.asked:%Y-%m-%d %H:%M}",
        zone=resolved.zone,
        note=resolved.note,
    )
