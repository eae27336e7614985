"""What a courier needs to know about the deliveries it looks at, in one statement a round."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from copydesk.core.delivery import Delivery
from copydesk.core.post import Media
from copydesk.core.states import DeliveryState
from copydesk.store.codec import from_json
from copydesk.store.tables import deliveries, intents, posts, renditions


@dataclass(frozen=True, slots=True, kw_only=True)
class Awake:
    """A delivery that needs a look, with what it sends.

    `payload_sha256` is of the frozen payload in hex; `published_at` is the post's publication time
    and `first_sent_at` the time of the first intent, both aware UTC or None.
    """

    delivery: Delivery
    payload: Mapping[str, Any]
    payload_sha256: str
    text: str
    media: tuple[Media, ...]
    published_at: datetime | None
    first_sent_at: datetime | None
    api_version: str = ""


# Built once: putting a statement together costs more than running it.
#
# Nothing wakes before it is due, so what is due later (a million, perhaps) is never walked through
# in search of the few that are awake: the index ends the search at `now`.
AWAKE = (
    sa.select(
        deliveries,
        renditions.c.payload,
        renditions.c.payload_sha256,
        renditions.c.text,
        renditions.c.media,
        renditions.c.api_version,
        posts.c.published_at,
        sa.select(sa.func.min(intents.c.started_at))
        .where(intents.c.delivery_id == deliveries.c.id)
        .scalar_subquery()
        .label("first_sent_at"),
    )
    .join(renditions, renditions.c.id == deliveries.c.rendition_id)
    .join(posts, posts.c.id == deliveries.c.post_id)
    .where(
        deliveries.c.account_id == sa.bindparam("account"),
        deliveries.c.wake_at.is_not(None),
        deliveries.c.due_at <= sa.bindparam("now"),
        (deliveries.c.wake_at <= sa.bindparam("now"))
        | (deliveries.c.state == DeliveryState.SENDING),
    )
    .order_by(deliveries.c.due_at, deliveries.c.id)
    .limit(sa.bindparam("most"))
)


def awake_of(row: Any, delivery: Delivery) -> Awake:
    """Return what a row of `AWAKE` says besides its delivery."""
    return Awake(
        delivery=delivery,
        payload=json.loads(row.payload),
        payload_sha256=row.payload_sha256,
        text=row.text,
        media=from_json(tuple[Media, ...], row.media) if row.media else (),
        published_at=row.published_at,
        first_sent_at=row.first_sent_at,
        api_version=row.api_version,
    )
