"""The calendar feed: what is scheduled as iCalendar (RFC 5545), for other calendar programs.

Stable ids and growing SEQUENCE numbers let a program follow a delivery that is moved or called off.
"""

from __future__ import annotations

import re
import secrets
from datetime import timedelta
from typing import Final

from icalendar import Calendar, Event

from copydesk.core.delivery import Delivery
from copydesk.core.errors import NotFound
from copydesk.core.states import DeliveryState
from copydesk.core.timing import Timing
from copydesk.store import UnitOfWork
from copydesk.store.listings import DeliveryLine
from copydesk.work.deliveries.scheduling import upcoming, with_timings

#: What the feed reaches back and forward to, and how many events it has at most of each kind.
BACK: Final = timedelta(days=30)
AHEAD: Final = timedelta(days=366)
MOST: Final = 1000

#: The role of a token that can read the feed and nothing else.
FEED_ROLE: Final = "calendar"

#: How long an event is shown to last: a calendar needs some length.
_LENGTH: Final = timedelta(minutes=15)

_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")

_STATUS: Final = {
    DeliveryState.SCHEDULED: "CONFIRMED",
    DeliveryState.SENDING: "CONFIRMED",
    DeliveryState.DELIVERED: "CONFIRMED",
    DeliveryState.SNOOZED: "CONFIRMED",
    DeliveryState.CANCELLED: "CANCELLED",
    DeliveryState.EXPIRED: "CANCELLED",
    DeliveryState.FAILED: "CANCELLED",
}


async def make_feed(unit: UnitOfWork, workspace_id: str, *, renew: bool) -> str:
    """Return the path of a new feed address; with `renew` those made before end."""
    if renew:
        await unit.tokens.revoke(workspace_id, role=FEED_ROLE)
    token = secrets.token_urlsafe(32)
    await unit.tokens.add(workspace_id, token, label="calendar", role=FEED_ROLE)
    return f"/calendar/{token}/calendar.ics"


async def check_feed(unit: UnitOfWork, workspace_id: str, token: str) -> None:
    """Raise `NotFound` unless `token` is one of a feed of this workspace."""
    found = await unit.tokens.find(token)
    if found is None or found.workspace_id != workspace_id or found.role != FEED_ROLE:
        raise NotFound("There is no such calendar.", remedy="`copydesk schedule feed` makes one.")


async def calendar_of(unit: UnitOfWork, workspace_id: str, base_url: str) -> bytes:
    """Return what is coming up, and what was scheduled in the last weeks, as iCalendar.

    `base_url` is where the pages are, without a slash at its end.
    """
    now = unit.now
    lines = await unit.listings.timed(workspace_id, since=now - BACK, until=now + AHEAD, limit=MOST)
    found = {line.delivery.id: (line, timing) for line, timing in await with_timings(unit, lines)}
    for line, timing in await upcoming(unit, workspace_id, until=now + AHEAD, limit=MOST):
        found.setdefault(line.delivery.id, (line, timing))
    calendar = Calendar()
    calendar.add("prodid", "-//copydesk//schedule//EN")
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", "copydesk")
    for line, timing in sorted(found.values(), key=lambda pair: _at(pair[0].delivery)):
        calendar.add_component(_event(line, timing, base_url))
    return bytes(calendar.to_ical())


def _at(delivery: Delivery) -> tuple[float, str]:
    return ((delivery.wake_at or delivery.due_at).timestamp(), delivery.id)


def _event(line: DeliveryLine, timing: Timing, base_url: str) -> Event:
    delivery = line.delivery
    waits = delivery.state in {DeliveryState.SCHEDULED, DeliveryState.SNOOZED}
    begins = delivery.wake_at if waits and delivery.wake_at else delivery.due_at
    event = Event()
    event.add("uid", f"{delivery.id}@copydesk")
    # a change of state moves nothing: a program keeps the place and takes the new words
    event.add("sequence", timing.moves)
    event.add("dtstamp", line.changed_at)
    event.add("dtstart", begins)
    event.add("dtend", begins + _LENGTH)
    event.add("summary", _plain(f"{line.title or '(no title)'} → {line.account}"))
    event.add("status", _STATUS.get(delivery.state, "TENTATIVE"))
    event.add("url", f"{base_url}/deliveries/{delivery.id}")
    about = [f"{line.platform}: {line.account}, {delivery.state}", timing.note, delivery.reason]
    event.add("description", "\n".join(_plain(part) for part in about if part))
    event.add("categories", [line.account])
    event.add("transp", "TRANSPARENT")
    return event


def _plain(text: str) -> str:
    """Return `text` without control characters: a TEXT of RFC 5545 (3.3.11) has none."""
    return _CONTROL.sub(" ", text)
