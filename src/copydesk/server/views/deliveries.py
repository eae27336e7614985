"""Deliveries: what is on its way where, and everything that happened to one of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from copydesk.core.delivery import Action, Delivery, part_total, parts_out
from copydesk.core.events import Event
from copydesk.core.states import DeliveryState
from copydesk.distribution.retry import LIMITS
from copydesk.distribution.threads import part_tried
from copydesk.server.views.aftercare import standing_words, trouble_there
from copydesk.server.views.badges import Badge, badge, event_badge
from copydesk.server.views.decisions import Option, options_of
from copydesk.server.views.frame import Choice, Frame, Trouble, address
from copydesk.store.letters import Payload, Seen
from copydesk.store.listings import DeliveryLine


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One delivery in a list. `remote_url` is a link only when it is safe to follow."""

    url: str
    heading: str
    badge: Badge
    about: tuple[str, ...]
    due_at: datetime
    reason: str
    remedy: str
    remote_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """The list itself, which refreshes from `refresh_url` when something happens."""

    lines: tuple[Line, ...]
    refresh_url: str
    older_url: str
    filtered: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveriesView:
    """The page of all deliveries."""

    frame: Frame
    live_url: str
    trouble: Trouble | None
    choices: tuple[Choice, ...]
    redrive_url: str
    list: Lines


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One step of a history: `source` is the state before, empty at the beginning."""

    badge: Badge
    noun: str
    at: datetime
    actor: str
    source: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of a thread that is out (of a deletion: that still stands). `url` is a link only
    when it is safe to follow."""

    number: int
    of: int
    remote_id: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """One call to the platform, written down before it was made. No answer: no `outcome`. `part` is
    which of a thread it was about, from 1, 0 of anything else."""

    attempt: int
    part: int
    started_at: datetime
    outcome: str
    received_at: datetime | None
    remote_id: str
    raw: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """One look at an outcome that was not known."""

    at: datetime
    found: str
    evidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Next:
    """What happens by itself at the instant `at`."""

    name: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """Where a delivery stands and how it came there; the part that refreshes. `account_url` is
    where its account is mended, "" while nothing is wrong with it; `again_url` where one whose time
    went by is sent after all, "" of any other."""

    refresh_url: str
    line: Line
    account_url: str
    again_url: str
    facts: tuple[tuple[str, str], ...]
    next: Next | None
    moments: tuple[Moment, ...]
    tries: tuple[Try, ...]
    looks: tuple[Glance, ...]
    payload: str
    payload_sha256: str
    decisions: tuple[Option, ...]
    asks_where: bool
    decide_url: str
    standing: str
    inspected_at: datetime | None
    inspect_url: str
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryView:
    """The page of one delivery."""

    frame: Frame
    live_url: str
    post_url: str
    timeline: Timeline


def line_of(row: DeliveryLine) -> Line:
    """Return one delivery as a line."""
    delivery = row.delivery
    about = [
        f"{row.platform}: {row.account}",
        f"to {delivery.recipient}" if delivery.recipient else "",
        delivery.action.value,
        f"{delivery.attempts} {'try' if delivery.attempts == 1 else 'tries'}",
    ]
    return Line(
        url=f"/deliveries/{delivery.id}",
        heading=row.title or "(no title)",
        badge=badge(delivery.state),
        about=tuple(part for part in about if part),
        due_at=delivery.due_at,
        reason=delivery.reason or trouble_there(delivery),
        remedy=delivery.remedy,
        remote_url=safe_url(delivery.url),
    )


def moment_of(event: Event) -> Moment:
    """Return one event as a step of a history."""
    return Moment(
        badge=event_badge(event.noun, event.to_state),
        noun=event.noun,
        at=event.at,
        actor=event.actor,
        source=event.from_state,
        reason=event.reason,
    )


def parts_of(delivery: Delivery) -> tuple[Part, ...]:
    """Return the parts of a thread that are out."""
    out = parts_out(delivery.handles)
    of = part_total(delivery.handles) or len(out)
    return tuple(
        Part(number=number, of=of, remote_id=part.id, url=safe_url(part.url))
        for number, part in enumerate(out, start=1)
    )


def try_of(row: Mapping[str, Any], delivery: Delivery) -> Try:
    """Return one intent of a delivery with its receipt."""
    return Try(
        attempt=row["attempt"],
        part=part_tried(row["key"], delivery),
        started_at=row["started_at"],
        outcome=row["outcome"] or "",
        received_at=row["received_at"],
        remote_id=row["remote_id"] or "",
        raw=row["raw"] or "",
    )


def facts_of(delivery: Delivery) -> tuple[tuple[str, str], ...]:
    """Return what a person may want to quote about a delivery."""
    facts = {
        "Delivery": delivery.id,
        "Key": delivery.key,
        "On the platform": delivery.remote_id,
        "Address": "" if safe_url(delivery.url) else delivery.url,
        "Reason code": delivery.reason_code,
        "Looks at an unknown outcome": str(delivery.looks or ""),
        "Tries used up": ", ".join(
            f"{n} {cause}" for cause, n in delivery.spent.items() if n and cause in LIMITS
        ),
    }
    return tuple((name, value) for name, value in facts.items() if value)


def next_of(delivery: Delivery) -> Next | None:
    """Return what happens to a delivery by itself, None while it waits for somebody."""
    if delivery.wake_at is None:
        return None
    if delivery.state is DeliveryState.UNKNOWN or delivery.is_accepted:
        name = "Next look"
    else:
        name = "Next try" if delivery.attempts or delivery.spent else "Goes out"
    return Next(name=name, at=delivery.wake_at)


def timeline_of(
    row: DeliveryLine,
    events: Sequence[Event],
    tries: Sequence[Mapping[str, Any]],
    looks: Sequence[Seen],
    payload: Payload,
) -> Timeline:
    """Return the timeline of a delivery, oldest step first: nothing moves when one is added."""
    delivery = row.delivery
    is_blocked = delivery.state is DeliveryState.BLOCKED
    return Timeline(
        refresh_url=f"/deliveries/{delivery.id}/timeline",
        line=line_of(row),
        account_url=f"/accounts#{delivery.account_id}" if is_blocked else "",
        again_url=_again_url(delivery),
        facts=facts_of(delivery),
        next=next_of(delivery),
        moments=tuple(moment_of(event) for event in events),
        tries=tuple(try_of(entry, delivery) for entry in tries),
        looks=tuple(Glance(at=look.at, found=look.found, evidence=look.evidence) for look in looks),
        payload=payload.text,
        payload_sha256=payload.sha256,
        decisions=options_of(delivery),
        asks_where=delivery.action is not Action.DELETE,
        decide_url=f"/deliveries/{delivery.id}/decide?attempts={delivery.attempts}",
        standing=standing_words(delivery),
        inspected_at=delivery.inspected_at,
        inspect_url=f"/deliveries/{delivery.id}/inspect" if _is_out(delivery) else "",
        parts=parts_of(delivery),
    )


def _again_url(delivery: Delivery) -> str:
    if delivery.state is not DeliveryState.EXPIRED:
        return ""
    return address("/deliveries/redrive", state=delivery.state, post=delivery.post_id)


def _is_out(delivery: Delivery) -> bool:
    is_there = delivery.state is DeliveryState.DELIVERED and delivery.action is not Action.DELETE
    return is_there and bool(delivery.remote_id)


def safe_url(url: str) -> str:
    """Return `url` when a browser may be sent there, else ""."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return url if parts.scheme in {"http", "https"} and parts.netloc else ""
