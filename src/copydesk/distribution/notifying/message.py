"""What a webhook is told: an event as a Standard Webhooks message, and which events it wants.

Pure. The id of a message is made from the event, so it is the same on every try, after every crash
and in every replay; receivers deduplicate by it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from copydesk.core.events import Event
from copydesk.core.findings import Finding
from copydesk.core.standing import Stands
from copydesk.core.states import TRANSITIONS

#: What a test sends. It is no event and is told to nobody else.
PING: Final = "webhook.ping"

#: The last part of the type of an event that changed no state, such as changed settings.
NOTED: Final = "noted"

_PATTERN: Final = re.compile(r"\*|([a-z_]+)\.(\*|[a-z_]+)")
_ID: Final = re.compile(r"evt_([0-9]{1,18})_([0-9a-f]{12})")


def _word(state: str) -> str:
    # types are made of letters, digits and underscores (Standard Webhooks)
    return str(state).replace("-", "_")


#: The kinds of things that events are about, and the states they come to.
NOUNS: Final[Mapping[str, tuple[str, ...]]] = {
    **{
        kind.__name__.removesuffix("State").lower(): (*(_word(state) for state in kind), NOTED)
        for kind in TRANSITIONS
    },
    # most of it is spent; it has no states, only a row
    "model_budget": ("low",),
}
#: What is told of things whose state stays as it is.
_STANDINGS: Final[Mapping[str, tuple[str, ...]]] = {
    "delivery": tuple(standing.value for standing in Stands),
    "review": ("assigned", "released", "signed", "escalated", "rebased", "reworked"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message: its stable id, its type such as `delivery.failed`, and the bytes to sign."""

    id: str
    type: str
    body: bytes


def message_of(event: Event, facts: Mapping[str, Any]) -> Message:
    """Return what is told of `event`; `facts` are of its subject as it is now."""
    data = {
        "id": event.subject_id,
        "object": event.noun,
        "from": event.from_state,
        "to": event.to_state,
        "reason": event.reason,
        "actor": event.actor,
        "sequence": event.sequence,
        "workspace_id": event.workspace_id,
        "details": dict(event.data),
        **{name: value for name, value in facts.items() if name != "id"},
    }
    return _message(message_id(event), type_of(event), event.at, data)


def ping_of(id: str, webhook_id: str, now: datetime) -> Message:
    """Return a test message."""
    data = {"id": webhook_id, "object": "webhook", "message": "It works."}
    return _message(id, PING, now, data)


def type_of(event: Event) -> str:
    """Return the type of an event: what it is about and what that came to.

    What changes no state has a type of its own: how a delivered post stands by now, such as
    `delivery.gone`, or else `noted`.
    """
    changed = event.from_state != event.to_state
    word = event.to_state if changed else str(event.data.get("standing", NOTED))
    return f"{event.noun}.{_word(word)}"


def message_id(event: Event) -> str:
    """Return the id of an event's message. Its digest tells it from that of another event under
    the same sequence, as there may be after a backup was restored."""
    seed = "\x1f".join(
        (event.workspace_id, event.at.isoformat(), event.noun, event.subject_id, event.to_state)
    )
    return f"evt_{event.sequence}_{hashlib.sha256(seed.encode()).hexdigest()[:12]}"


def sequence_of(id: str) -> int | None:
    """Return the sequence of the event that a message id names, or None when it names none."""
    match = _ID.fullmatch(id.strip())
    return int(match[1]) if match else None


def wants(patterns: Sequence[str], type: str) -> bool:
    """Tell whether one of `patterns` matches `type`: `*`, `delivery.*` or `delivery.failed`."""
    noun = type.partition(".")[0]
    return any(pattern in {"*", f"{noun}.*", type} for pattern in patterns)


def types_of(noun: str) -> tuple[str, ...]:
    """Return what may follow `noun` in a type; raises `KeyError` for what no events are about."""
    return (*NOUNS[noun], *_STANDINGS.get(noun, ()))


def check_patterns(patterns: Sequence[str]) -> list[Finding]:
    """Return a finding for every pattern that can never match anything."""
    findings = []
    for pattern in patterns:
        match = _PATTERN.fullmatch(pattern)
        noun, state = (match[1], match[2]) if match else (None, None)
        if match is None:
            message, remedy = (
                "is not the form of an event type",
                "Write *, delivery.* or delivery.failed.",
            )
        elif noun and noun not in NOUNS:
            message, remedy = "no events are about that", f"There are: {', '.join(sorted(NOUNS))}."
        elif noun and state not in {"*", *types_of(noun)}:
            message, remedy = (
                f"a {noun} never comes to that",
                f"There are: {', '.join(types_of(noun))}; or {noun}.* for everything about it.",
            )
        else:
            continue
        findings.append(
            Finding(
                code="event_unknown",
                field="events",
                message=f"{pattern!r}: {message}",
                remedy=remedy,
            )
        )
    return findings


def _message(id: str, type: str, at: datetime, data: Mapping[str, Any]) -> Message:
    timestamp = at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    payload = {"type": type, "timestamp": timestamp, "data": data}
    body = json.dumps(payload, ensure_ascii=False, separators=(",", ":"), default=str)
    return Message(id=id, type=type, body=body.encode("utf-8", "replace"))
