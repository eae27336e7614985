"""Invitations (iCalendar, RFC 5545): what they say, for mails that hold nothing else.

Reads only the lines people read: what, when, where and the description.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_MAX_EVENTS: Final = 20
_LINE = re.compile(
    r"([A-Z][A-Z\-]{1,40})((?:;[^:\"]{0,200}(?:\"[^\"]{0,200}\")?)*):(.*)", re.DOTALL
)
_MOMENT = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)\d\d(Z?))?")
_ZONE = re.compile(r";TZID=\"?([^;:\"]{1,80})")
_SHOWN: Final = ("SUMMARY", "DTSTART", "DTEND", "LOCATION", "DESCRIPTION")
_LABELS: Final = {"DTSTART": "Starts", "DTEND": "Ends", "LOCATION": "Where"}


def invitation_text(calendar: str) -> str:
    """Return what the events of `calendar` say, "" if it has none.

    Times stand as they were written, with their zone ("UTC" where the file says so).
    """
    events: list[dict[str, str]] = []
    inside = ""
    for name, parameters, value in _lines(calendar):
        if name == "BEGIN":
            inside = value.strip().upper()
            if inside == "VEVENT" and len(events) < _MAX_EVENTS:
                events.append({})
        elif name == "END":
            inside = "VEVENT" if value.strip().upper() == "VALARM" else ""
        elif inside == "VEVENT" and events and name in _SHOWN:
            shown = _moment(value, parameters) if name.startswith("DT") else _plain(value)
            events[-1].setdefault(name, shown)
    return "\n\n".join(filter(None, map(_described, events)))


def _lines(calendar: str) -> Iterator[tuple[str, str, str]]:
    unfolded = re.sub(r"\r?\n[ \t]", "", calendar)
    for line in unfolded.splitlines():
        match = _LINE.fullmatch(line)
        if match:
            yield match[1], match[2], match[3]


def _plain(value: str) -> str:
    return re.sub(r"\\([\\;,nN])", lambda m: "\n" if m[1] in "nN" else m[1], value).strip()


def _moment(value: str, parameters: str) -> str:
    match = _MOMENT.fullmatch(value.strip())
    if match is None:
        return value.strip()
    day = f"{match[1]}-{match[2]}-{match[3]}"
    if not match[4]:
        return day
    named = _ZONE.search(parameters)
    zone = " UTC" if match[6] else f" {named[1]}" if named else ""
    return f"{day} {match[4]}:{match[5]}{zone}"


def _described(event: dict[str, str]) -> str:
    facts = [f"{_LABELS[n]}: {event[n]}" for n in _LABELS if event.get(n)]
    head = "\n".join(filter(None, [event.get("SUMMARY", ""), *facts]))
    return "\n\n".join(filter(None, [head, event.get("DESCRIPTION", "")]))
