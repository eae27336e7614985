"""Whether a due delivery may go out now, has to wait, or has become too late. Pure.

Time spent waiting for a window or for the distance between posts is not lateness: that counts from
the first instant at which the delivery was allowed to go.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from copydesk.core.account import Account
from copydesk.core.delivery import Delivery
from copydesk.core.timetable import LatePolicy, Timetable, written_length
from copydesk.core.timing import Lateness, Timing
from copydesk.core.zones import written

#: Nothing is late before this has passed: to notice what is due and to make a call takes time too.
PUNCTUAL: Final = timedelta(minutes=1)

_ALWAYS: Final = Timetable()


@dataclass(frozen=True, slots=True)
class Admitted:
    """It may go out now."""


@dataclass(frozen=True, slots=True)
class Waits:
    """It has to wait until `until` (aware UTC): a code and words for it."""

    until: datetime
    code: str
    why: str


@dataclass(frozen=True, slots=True)
class Late:
    """It is `by` too late for its policy, which is to skip it or to ask."""

    policy: LatePolicy
    by: timedelta
    why: str


Admission = Admitted | Waits | Late


def lateness_of(timing: Timing | None, timetable: Timetable | None) -> Lateness:
    """Return what becomes of a late delivery: its own word first, then its account's."""
    table = timetable or _ALWAYS
    if timing is None:
        return Lateness(policy=table.late, grace=table.grace)
    return Lateness(
        policy=timing.late or table.late,
        grace=table.grace if timing.grace is None else timing.grace,
    )


def admit(
    due: Sequence[Delivery],
    account: Account,
    timings: Mapping[str, Timing],
    now: datetime,
    line: datetime | None = None,
    later: Mapping[str, datetime] | None = None,
) -> Iterator[tuple[Delivery, Admission]]:
    """Yield what each of the due deliveries may do, in their order.

    Where posts keep a distance one is admitted at most, and of those that have to wait each gets a
    time of its own, behind `line` (aware UTC): the time of the last one that stands there already.
    Of a series' missed occurrences only the last is made up for: `later` has, by delivery, the
    instant of the last one that has come since (aware UTC).
    """
    table = account.timetable
    free_at = _free_at(account)
    for delivery in due:
        late = None
        if now - delivery.due_at > PUNCTUAL:
            by = now - _allowed_from(delivery, account, free_at)
            late = _overtaken(delivery, account, by, later or {}) or _late(
                delivery, account, timings.get(delivery.id), by
            )
        if late is not None:
            yield delivery, late
            continue
        waits = _waits(table, now, free_at, line) if table is not None else None
        if waits is not None:
            line = waits.until
        elif table is not None and table.spacing:
            free_at = now + table.spacing
        yield delivery, waits or Admitted()


def _free_at(account: Account) -> datetime | None:
    """Return when the account may send next, None when it keeps no distance or has not sent."""
    if account.timetable is None or not account.timetable.spacing:
        return None
    return account.last_sent_at and account.last_sent_at + account.timetable.spacing


def _waits(
    table: Timetable, now: datetime, free_at: datetime | None, line: datetime | None
) -> Waits | None:
    closed = table.closed(now)
    earliest = max(now, free_at or now)
    if closed is None and earliest <= now:
        return None
    if line is not None and table.spacing:
        earliest = max(earliest, line + table.spacing)
    until = table.next_open(earliest)
    if closed is not None and closed.until >= until:
        return Waits(closed.until, closed.code, closed.why)
    why = f"{written_length(table.spacing)} between posts; goes out {written(until, table.zone)}"
    return Waits(until, "spacing", why)


def _allowed_from(delivery: Delivery, account: Account, free_at: datetime | None) -> datetime:
    """Return the first instant at which a delivery could have gone out."""
    if account.timetable is None:
        return delivery.due_at
    opened = account.timetable.next_open(delivery.due_at)
    return opened if free_at is None else max(opened, free_at)


def _overtaken(
    delivery: Delivery, account: Account, by: timedelta, later: Mapping[str, datetime]
) -> Late | None:
    latest = later.get(delivery.id)
    if latest is None or by <= PUNCTUAL:
        return None
    zone = (account.timetable or _ALWAYS).zone
    why = (
        f"it was due {written(delivery.due_at, zone)} and is {written_length(by)} late; its series "
        f"has come to {written(latest, zone)}, and only the last missed time is made up for"
    )
    return Late(LatePolicy.SKIP, by, why)


def _late(
    delivery: Delivery, account: Account, timing: Timing | None, by: timedelta
) -> Late | None:
    lateness = lateness_of(timing, account.timetable)
    if lateness.policy is LatePolicy.POST_LATE or by <= max(lateness.grace, PUNCTUAL):
        return None
    why = (
        f"it was due {written(delivery.due_at, (account.timetable or _ALWAYS).zone)} and is "
        f"{written_length(by)} late; {written_length(lateness.grace)} were allowed"
    )
    return Late(lateness.policy, by, why)
