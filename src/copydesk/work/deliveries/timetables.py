"""Timetables as people write and change them, checked before anything is stored."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from copydesk.core.account import Account
from copydesk.core.errors import ContentInvalid
from copydesk.core.findings import Finding
from copydesk.core.timetable import (
    Blackout,
    LatePolicy,
    Timetable,
    read_length,
    written_length,
)
from copydesk.core.windows import Slot, WeeklySpan, read_slots, read_span
from copydesk.core.zones import zone_of
from copydesk.store import UnitOfWork

_MOMENT: Final = r"\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2})?"
#: A day or time, the last one after two dots, and why.
_BLACKOUT: Final = re.compile(
    rf"(?P<first>{_MOMENT})(?:\s*\.\.\s*(?P<last>{_MOMENT}))?(?:\s+(?P<reason>.*))?", re.DOTALL
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TimetableForm:
    """A timetable in words. None leaves a part as it is; an empty list takes it away.

    `windows` and `quiet` are spans such as `mon-fri 09:00-17:30`, `blackouts` ranges such as
    `2026-12-24..2026-12-27 closed`, `queues` lines such as `news: mon-fri 09:00,17:30`.
    """

    zone: str | None = None
    windows: Sequence[str] | None = None
    quiet: Sequence[str] | None = None
    blackouts: Sequence[str] | None = None
    spacing: str | None = None
    late: LatePolicy | None = None
    grace: str | None = None
    queues: Sequence[str] | None = None


async def set_timetable(
    unit: UnitOfWork, workspace_id: str, name: str, form: TimetableForm
) -> Account:
    """Change the timetable of the account called `name`; what waits for it is looked at again.

    Raises `NotFound` for an unknown account and `ContentInvalid` with everything that is wrong,
    windows that never open among it.
    """
    account = await unit.accounts.by_name(workspace_id, name)
    table = applied(account.timetable or Timetable(), form)
    table.check()
    changed = [name for name in form.__dataclass_fields__ if getattr(form, name) is not None]
    await unit.schedules.set_timetable(account, table, f"timetable: {', '.join(changed)}")
    return await unit.accounts.get(account.id)


def applied(table: Timetable, form: TimetableForm) -> Timetable:
    """Return `table` with what `form` says; raises `ContentInvalid` with all it cannot read."""
    findings: list[Finding] = []
    changes: dict[str, Any] = {}

    def read(part: str, value: Any, how: Any) -> None:
        if value is None:
            return
        try:
            changes[part] = how(value)
        except ContentInvalid as error:
            findings.extend(error.findings)

    read("zone", form.zone, lambda name: zone_of(name).key)
    read("windows", form.windows, lambda lines: _spans(lines, "window"))
    read("quiet", form.quiet, lambda lines: _spans(lines, "quiet"))
    read("blackouts", form.blackouts, lambda lines: tuple(read_blackout(line) for line in lines))
    read("spacing", form.spacing, lambda text: read_length(text, "spacing"))
    read("grace", form.grace, lambda text: read_length(text, "grace"))
    read("queues", form.queues, _queues)
    if form.late is not None:
        changes["late"] = form.late
    if findings:
        raise ContentInvalid(findings)
    return replace(table, **changes)


def in_words(table: Timetable) -> dict[str, Any]:
    """Return a timetable as `TimetableForm` reads it, ready for JSON."""
    return {
        "zone": table.zone,
        "windows": [str(span) for span in table.windows],
        "quiet": [str(span) for span in table.quiet],
        "blackouts": [written_blackout(blackout) for blackout in table.blackouts],
        "spacing": written_length(table.spacing),
        "late": table.late.value,
        "grace": written_length(table.grace),
        "queues": [
            f"{name}: {'; '.join(str(slot) for slot in slots)}"
            for name, slots in sorted(table.queues.items())
        ],
    }


def read_blackout(line: str) -> Blackout:
    """Read `2026-12-24..2026-12-27 reason` (the last day included) or with times of day, whose end
    is not included; raises `ContentInvalid`."""
    found = _BLACKOUT.fullmatch(line.strip())
    try:
        if found is None:
            raise ValueError
        first, last = found["first"], found["last"] or found["first"]
        begin, end = datetime.fromisoformat(first), datetime.fromisoformat(last)
        if "T" not in last:
            end += timedelta(days=1)
    except (ValueError, OverflowError) as error:
        raise ContentInvalid(
            [
                Finding(
                    code="blackout_invalid",
                    field="blackout",
                    message=f"{line!r} is not a range of days",
                    remedy="Write it as 2026-12-24..2026-12-27 reason, in the account's own zone.",
                )
            ]
        ) from error
    return Blackout(first=begin, last=end, reason=(found["reason"] or "").strip())


def written_blackout(blackout: Blackout) -> str:
    """Return a blackout as `read_blackout` reads it."""
    midnight = datetime.min.time()
    if blackout.first.time() == midnight == blackout.last.time():
        last = blackout.last - timedelta(days=1)
        dates = f"{blackout.first:%Y-%m-%d}..{last:%Y-%m-%d}"
    else:
        dates = f"{blackout.first:%Y-%m-%dT%H:%M}..{blackout.last:%Y-%m-%dT%H:%M}"
    return f"{dates} {blackout.reason}".strip()


def _spans(lines: Sequence[str], field: str) -> tuple[WeeklySpan, ...]:
    return tuple(read_span(line, field) for line in lines)


def _queues(lines: Sequence[str]) -> Mapping[str, tuple[Slot, ...]]:
    queues: dict[str, tuple[Slot, ...]] = {}
    for line in lines:
        name, mark, slots = line.partition(":")
        if not mark or not name.strip() or not slots.strip():
            raise ContentInvalid(
                [
                    Finding(
                        code="queue_invalid",
                        field="queue",
                        message=f"{line!r} is not a queue",
                        remedy="Write it as NAME: mon-fri 09:00,17:30; sat 10:00.",
                    )
                ]
            )
        found = {slot for part in slots.split(";") for slot in read_slots(part)}
        kept = set(queues.get(name.strip(), ()))
        queues[name.strip()] = tuple(sorted(kept | found, key=lambda s: (s.day, s.minute)))
    return queues
