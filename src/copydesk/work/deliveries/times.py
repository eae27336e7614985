"""Times as people wish for them: written with a zone or in a zone, a slot of a queue, or now."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from copydesk.core.account import Account
from copydesk.core.errors import ContentInvalid
from copydesk.core.findings import Finding
from copydesk.core.timetable import GRACE, LatePolicy
from copydesk.core.timing import Timing, timing_of
from copydesk.core.zones import resolve, wall_of, within_calendar, written, written_offset, zone_of
from copydesk.distribution.slots import next_free_slot
from copydesk.store import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """When something should go out, as a person says it. All empty: now.

    `at` is an ISO 8601 time. Without an offset it is a wall time in the IANA zone `zone`, or in
    each account's own. `queue` asks for the next free slot of that queue instead. `late` and
    `grace` say what becomes of it when it gets late, else the account's timetable does.
    """

    at: str = ""
    zone: str = ""
    queue: str = ""
    late: LatePolicy | None = None
    grace: timedelta | None = None

    @property
    def is_now(self) -> bool:
        """Tell whether no time was asked for."""
        return not self.at and not self.queue


def read_time(text: str, zone: str = "") -> datetime:
    """Return an ISO 8601 time as written: aware with an offset, else a naive wall time.

    With a space for the T too. Raises `ContentInvalid` for what is no time of a day or beyond the
    calendar, for an unknown `zone`, and for a time whose offset is not the one of `zone` then.
    """
    try:
        moment = datetime.fromisoformat(text.strip())
        if len(text.strip()) <= len("2026-12-01"):
            raise ValueError
    except ValueError as error:
        raise _invalid("time_invalid", f"{text!r} is not an ISO 8601 time of a day") from error
    within_calendar(moment)
    if zone and moment.utcoffset() is not None:
        local = moment.astimezone(zone_of(zone))
        if local.utcoffset() != moment.utcoffset():
            raise _invalid(
                "zone_contradicts",
                f"{text!r} has another offset than {zone} ({written_offset(local)})",
                "Leave one of them out.",
            )
    return moment


def is_wall_time(text: str) -> bool:
    """Tell whether `text` is a time without an offset."""
    with suppress(ContentInvalid):
        return read_time(text).utcoffset() is None
    return False


def parse_time(text: str, field: str = "at") -> datetime:
    """Return an ISO 8601 time with an offset as UTC.

    Raises `ContentInvalid` about `field` for what is no time, and for one without a zone: that
    would be a guess.
    """
    try:
        moment = read_time(text)
        if moment.utcoffset() is None:
            raise _invalid("time_without_zone", f"{text!r} has no time zone", _WITH_OFFSET)
    except ContentInvalid as error:
        found = [replace(finding, field=field) for finding in error.findings]
        raise ContentInvalid(found) from error
    return moment.astimezone(UTC)


def timing_at(at: str, zone: str, account: Account | None) -> Timing:
    """Return the timing of a time that a person wrote, in `zone` or else in the account's.

    Raises `ContentInvalid` when no zone is known for a time without an offset.
    """
    moment = read_time(at, zone)
    own = account.timetable.zone if account and account.timetable else ""
    name = zone or own
    if moment.utcoffset() is None:
        if not name:
            raise _without_zone(at, account)
        return timing_of(resolve(moment, zone_of(name)))
    instant = moment.astimezone(UTC)
    wall = wall_of(instant, zone_of(name) if name else ZoneInfo("UTC"))
    return Timing(due_at=instant, asked=f"{wall:%Y-%m-%d %H:%M}", zone=name or "UTC")


async def timings_for(
    unit: UnitOfWork, accounts: Sequence[Account], wish: Wish
) -> dict[str, Timing]:
    """Return when a wish means for each account, by its id; nothing when the wish is: now.

    Slots are taken for good when the unit of work commits. Raises `ContentInvalid` with everything
    that is wrong with the wish for any of them: a time without a zone, one that has passed, an
    unknown queue.
    """
    if wish.is_now and wish.late is None and wish.grace is None:
        return {}
    findings: list[Finding] = []
    timings: dict[str, Timing] = {}
    # in one order, so that two who take slots never wait for each other in a circle
    for account in sorted(accounts, key=lambda account: account.id):
        try:
            timings[account.id] = await timing_for(unit, account, wish)
        except ContentInvalid as error:
            findings += [finding for finding in error.findings if finding not in findings]
    if findings:
        raise ContentInvalid(findings)
    return timings


async def timing_for(unit: UnitOfWork, account: Account, wish: Wish) -> Timing:
    """Return when a wish means for one account; a slot is taken until the unit of work ends.

    Raises `ContentInvalid`: for a time and a queue, a time without a zone or one that has passed,
    an unknown queue.
    """
    if wish.at and wish.queue:
        raise _invalid("time_twice", "a time and a queue were given", "Leave one of them out.")
    if wish.queue:
        timing = await next_free_slot(unit, account, wish.queue, unit.now)
    elif wish.at:
        timing = timing_at(wish.at, wish.zone, account)
        refuse_past(timing.due_at, wish, unit.now)
    else:
        timing = Timing(due_at=unit.now)
    return replace(timing, late=wish.late, grace=wish.grace)


def refuse_lone_zone(wish: Wish) -> None:
    """Raise `ContentInvalid` for a zone that somebody named without a time: whoever forgot the time
    does not mean now."""
    if wish.zone and wish.is_now:
        found = Finding(
            code="zone_without_time",
            field="zone",
            message=f"{wish.zone} was given, and no time",
            remedy="Give the time as well, or leave the zone out.",
        )
        raise ContentInvalid([found])


def refuse_past(due_at: datetime, wish: Wish, now: datetime) -> None:
    """Raise `ContentInvalid` for a time that has passed, unless the wish itself allows it: with
    `post_late`, or with another policy as long as its grace lasts."""
    by = now - due_at
    if by <= timedelta() or wish.late is LatePolicy.POST_LATE:
        return
    if wish.late is not None and by <= (GRACE if wish.grace is None else wish.grace):
        return
    raise _invalid(
        "time_passed",
        f"{written(due_at, wish.zone)} has passed",
        "Give a later time, none to publish now, or allow it: `--late post_late` on the command "
        "line, `late` in the API.",
    )


def _without_zone(text: str, account: Account | None = None) -> ContentInvalid:
    message = f"{text!r} has no time zone"
    remedy = "Write it with its zone, such as 2026-12-01T09:00+01:00, or name one with --zone."
    if account is not None:
        message += f", and {account.name} has no timetable with one"
        remedy = (
            "Write it as 2026-12-01T09:00+01:00, name a zone with --zone, or give the account one: "
            f"`copydesk timetable set {account.name} --zone Europe/Berlin`."
        )
    return _invalid("time_without_zone", message, remedy)


_WITH_OFFSET = "Write it with its zone, such as 2026-12-01T09:00+01:00."


def _invalid(
    code: str,
    message: str,
    remedy: str = "Write it as 2026-12-01T09:00+01:00, or 2026-12-01 09:00 with a zone.",
) -> ContentInvalid:
    return ContentInvalid([Finding(code=code, field="at", message=message, remedy=remedy)])
