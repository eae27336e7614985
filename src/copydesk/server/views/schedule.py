"""What is coming up, day by day on the clocks of its accounts, and the series behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from zoneinfo import ZoneInfo

from copydesk.core.recurrence import Series
from copydesk.core.states import SeriesState
from copydesk.core.timing import Timing
from copydesk.core.zones import Resolved, written_offset
from copydesk.server.views.badges import Badge, badge
from copydesk.server.views.frame import Frame, Trouble
from copydesk.store.listings import DeliveryLine


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduledLine:
    """One delivery that will go out: `clock` in its account's zone, `local` for the form. `name`
    tells it from every other by ear."""

    id: str
    name: str
    url: str
    heading: str
    badge: Badge
    clock: str
    about: tuple[str, ...]
    notes: tuple[str, ...]
    local: str
    zone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One day and what goes out then."""

    name: str
    lines: tuple[ScheduledLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesLine:
    """One series: its rule and where it goes, and in `happens` its next times in words."""

    name: str
    badge: Badge
    about: tuple[str, ...]
    reason: str
    happens: tuple[str, ...]
    pause_url: str
    resume_url: str
    end_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleView:
    """The page of what is coming up; `later_url` leads on where there is more, `said` is what was
    done just now."""

    frame: Frame
    said: str
    trouble: Trouble | None
    days: tuple[Day, ...]
    later_url: str
    series: tuple[SeriesLine, ...]


def days_of(found: Sequence[tuple[DeliveryLine, Timing]], zones: dict[str, str]) -> tuple[Day, ...]:
    """Return what goes out grouped by day; `zones` are the accounts' own, by name."""
    placed = [(line, timing, _local(line, timing, zones)) for line, timing in found]
    placed.sort(key=lambda entry: entry[2].date())  # stable: within a day by the instant
    return tuple(
        Day(
            name=f"{day:%A, %-d %B %Y}",
            lines=tuple(_line(line, timing, local) for line, timing, local in group),
        )
        for day, group in groupby(placed, key=lambda entry: entry[2].date())
    )


def series_line(one: Series, coming: Sequence[Resolved], accounts: Mapping[str, str]) -> SeriesLine:
    """Return a series as a line, with what can be done about it in its state; `accounts` are their
    names by id."""
    base = f"/schedule/series/{one.id}"
    return SeriesLine(
        name=one.name,
        badge=badge(one.state),
        about=(
            f"{one.rule.text} from {one.rule.start:%Y-%m-%d %H:%M} {one.rule.zone}",
            # one that was removed has no name here
            "to "
            + (", ".join(accounts[id] for id in one.account_ids if id in accounts) or "nobody"),
        ),
        reason=one.reason,
        happens=tuple(
            f"{found.local:%a %-d %b %Y, %H:%M}{f' ({found.note})' if found.note else ''}"
            for found in coming
        ),
        pause_url=f"{base}/pause" if one.state is SeriesState.RUNNING else "",
        resume_url=f"{base}/resume" if one.state is SeriesState.PAUSED else "",
        end_url=f"{base}/end" if one.state is not SeriesState.ENDED else "",
    )


def _local(line: DeliveryLine, timing: Timing, zones: dict[str, str]) -> datetime:
    delivery = line.delivery
    zone = timing.zone or zones.get(line.account, "") or "UTC"
    return (delivery.wake_at or delivery.due_at).astimezone(ZoneInfo(zone))


def _line(line: DeliveryLine, timing: Timing, local: datetime) -> ScheduledLine:
    delivery = line.delivery
    zone = str(local.tzinfo)
    heading = line.title or "(no title)"
    whither = [
        f"{line.platform}: {line.account}",
        f"to {delivery.recipient}" if delivery.recipient else "",
        f"queue {timing.queue}" if timing.queue else "",
        "of a series" if timing.series_id else "",
    ]
    about = tuple(part for part in whither if part)
    return ScheduledLine(
        id=delivery.id,
        name=f"{heading}, {', '.join(about)}, {local:%-d %B %H:%M}",
        url=f"/deliveries/{delivery.id}",
        heading=heading,
        badge=badge(delivery.state),
        # which of the two, in the hour that the clocks go back; UTC has no such hour
        clock=f"{local:%H:%M} {zone}" + (f" ({written_offset(local)})" if zone != "UTC" else ""),
        about=about,
        notes=tuple(part for part in (timing.note, delivery.reason) if part),
        local=f"{local:%Y-%m-%dT%H:%M}",
        zone=zone,
    )
