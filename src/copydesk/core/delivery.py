"""Renditions and deliveries: one post shaped for one account, and its way there."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

from copydesk.core.findings import Loss
from copydesk.core.post import Media
from copydesk.core.record import record
from copydesk.core.states import DeliveryState


class Action(StrEnum):
    """What a delivery does on the platform."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


@record(frozen=True, slots=True, kw_only=True)
class Rendition:
    """A post shaped for one account: the frozen payload and what it could not carry over.

    `payload` is JSON data of the spoke's own shape. `text` is the readable text the payload shows
    (for previews, look-ups and people). `recipient` names one addressee where the platform
    delivers to each apart (e-mail), else "". `api_version` is the platform's API version the
    payload was made for, "" the pinned one.
    """

    payload: Mapping[str, Any]
    text: str
    losses: tuple[Loss, ...] = ()
    media: tuple[Media, ...] = ()
    recipient: str = ""
    api_version: str = ""


@record(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One rendition on its way to one account, as a row.

    `key` is the idempotency key: deterministic per delivery, the same every time. `due_at` is when
    it should go out, `wake_at` when the engine next has to look at it (None: nothing left to do),
    both aware UTC. `attempts` counts commit calls, `looks` how often an unknown outcome was looked
    up, `spent` how many tries each cause has used up (see `distribution.retry`); of a thread all
    three are about the part in flight. `target_id` is the platform's id of what an update changes
    or a delete removes. `handles` is what preparing has made, and what the engine keeps (`KEPT`).

    `awaits` is what has to be there before it goes out, a line for each (see
    `distribution.liveness`). `standing` is a word of `Stands` as of `inspected_at`, `standing_note`
    what a person is told about it, `inspect_at` when it is looked again. `overwrite` means that a
    person wants this update even over what was changed on the platform.
    """

    id: str
    workspace_id: str
    account_id: str
    post_id: str
    revision_id: str
    rendition_id: str
    action: Action
    state: DeliveryState
    due_at: datetime
    key: str
    recipient: str = ""
    attempts: int = 0
    looks: int = 0
    spent: Mapping[str, int] = field(default_factory=dict)
    wake_at: datetime | None = None
    handles: Mapping[str, Any] = field(default_factory=dict)
    target_id: str = ""
    remote_id: str = ""
    url: str = ""
    reason_code: str = ""
    reason: str = ""
    remedy: str = ""
    created_at: datetime | None = None
    awaits: str = ""
    overwrite: bool = False
    standing: str = ""
    standing_note: str = ""
    inspected_at: datetime | None = None
    inspect_at: datetime | None = None

    @property
    def is_accepted(self) -> bool:
        """Whether the platform has taken it and only has to make it public: never send it again."""
        return self.state is DeliveryState.SNOOZED and bool(self.handles.get("accepted"))


@record(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """What a spoke is handed to publish. All but `sent_at` and `handles` is the same on every try.

    `intended_at` (aware UTC) is the post's publication time, so a payload that contains a time
    stays byte-identical. `first_sent_at` and `sent_at` (aware UTC) are when the first and this try
    began; spokes have no clock, so a wire that must carry the time of sending takes it from there.
    A payload with `parts` (a thread) goes out one part a call: `part` says which, `key` is that
    part's own, `handles["parts"]` names those before it. A delete carries the payload of what it
    removes and is called for each part, the last first, with `target_id` naming it; looks at how
    a thread stands name each part in the same way. `api_version` is the version the payload was
    made for and is sent with, "" the pinned one.
    """

    delivery_id: str
    key: str
    post_id: str
    action: Action
    payload: Mapping[str, Any]
    text: str
    intended_at: datetime
    recipient: str = ""
    handles: Mapping[str, Any] = field(default_factory=dict)
    target_id: str = ""
    media: tuple[Media, ...] = ()
    first_sent_at: datetime | None = None
    sent_at: datetime | None = None
    api_version: str = ""

    @property
    def part(self) -> int:
        """Return which of `payload["parts"]` this call is about, from 0: those before are out."""
        return len(parts_out(self.handles))


Record = TypeVar("Record", Delivery, Outgoing)


def with_fields(record: Record, **fields: Any) -> Record:
    """Return a copy of `record` with other values in `fields`, which are not looked at.

    What `dataclasses.replace` does in half of its time; a courier does it twice a delivery.
    """
    copy = object.__new__(type(record))
    for name in type(record).__slots__:
        setattr(copy, name, fields[name] if name in fields else getattr(record, name))
    return copy


@record(frozen=True, slots=True, kw_only=True)
class PartOut:
    """A part of a thread that is out: the platform's id of it and its address."""

    id: str
    url: str = ""


def part_count(payload: Mapping[str, Any]) -> int:
    """Return how many irreversible calls a payload takes: one for each of its `parts`, or one."""
    parts = payload.get("parts")
    return max(1, len(parts)) if isinstance(parts, list | tuple) else 1


def parts_out(handles: Mapping[str, Any]) -> tuple[PartOut, ...]:
    """Return the parts of a thread that are out already, the first of them first."""
    parts = handles.get("parts")
    if not parts:
        return ()
    return tuple(PartOut(id=str(part["id"]), url=str(part["url"])) for part in parts)


#: What the engine keeps among a delivery's handles; whatever else is there is the spoke's. `parts`:
#: of a create those that are out, of a delete those that still stand; `of` how many a thread has in
#: all; `accepted` since when the platform works on it; `prepared` what there was before it took it.
KEPT = frozenset({"parts", "of", "accepted", "prepared"})


def of_spoke(handles: Mapping[str, Any]) -> dict[str, Any]:
    """Return the handles that preparing has made, without what the engine keeps beside them."""
    if not handles:
        return {}
    return {name: value for name, value in handles.items() if name not in KEPT}


def kept_of(handles: Mapping[str, Any]) -> dict[str, Any]:
    """Return the handles that the engine keeps."""
    return {name: value for name, value in handles.items() if name in KEPT}


@record(frozen=True, slots=True, kw_only=True)
class Intent:
    """The record that a commit call is about to be made, written before it."""

    id: str
    delivery_id: str
    attempt: int
    key: str
    payload_sha256: str
    fence: int
    started_at: datetime


@record(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What came of an intent, written before anything else happens."""

    intent_id: str
    delivery_id: str
    outcome: str
    remote_id: str
    url: str
    raw: str
    received_at: datetime


def delivery_key(account_id: str, post_id: str, revision_id: str, recipient: str = "") -> str:
    """Return the idempotency key of a delivery: deterministic, opaque, 32 hex digits."""
    seed = "\x1f".join((account_id, post_id, revision_id, recipient))
    return hashlib.sha256(seed.encode()).hexdigest()[:32]


def part_total(handles: Mapping[str, Any]) -> int:
    """Return how many parts a thread has in all, 0 for what is none or has not begun."""
    return int(handles.get("of") or 0)


def part_key(key: str, part: int) -> str:
    """Return the idempotency key of one part of a delivery with `key`; the first has that itself.

    Deterministic, opaque, 32 hex digits.
    """
    return key if part == 0 else hashlib.sha256(f"{key}\x1f{part}".encode()).hexdigest()[:32]
