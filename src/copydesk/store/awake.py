"""What a courier needs to know about the deliveries it looks at, in one statement a round."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.asyncio import AsyncConnection

from copydesk.core.delivery import Action, Delivery
from copydesk.core.json_text import read_json
from copydesk.core.post import Media
from copydesk.core.record import record
from copydesk.core.states import DeliveryState, PostState
from copydesk.store.codec import from_json
from copydesk.store.prepared import Question
from copydesk.store.tables import deliveries, intents, posts, renditions


@record(frozen=True, slots=True, kw_only=True)
class Awake:
    """A delivery that needs a look, with what it sends.

    `payload_sha256` is of the frozen payload in hex; `published_at` is the post's publication time
    and `first_sent_at` the time of the first intent, both aware UTC or None. `in_question`: the
    post is not out with this very text any more, being in review, rejected or revised.
    """

    delivery: Delivery
    payload: Mapping[str, Any]
    payload_sha256: str
    text: str
    media: tuple[Media, ...]
    published_at: datetime | None
    first_sent_at: datetime | None
    api_version: str = ""
    in_question: bool = False


#: A delivery's columns in the order in which `delivery_from` takes them.
FIELDS = tuple(name for name in Delivery.__dataclass_fields__ if name in deliveries.c)
_WIDTH = len(FIELDS)
_STATES = {state.value: state for state in DeliveryState}
_ACTIONS = {action.value: action for action in Action}

# Built once: putting a statement together costs more than running it.
#
# Nothing wakes before it is due, so what is due later (a million, perhaps) is never walked through
# in search of the few that are awake: the index ends the search at `now`. What goes with a delivery
# is looked up for those of this round alone; PostgreSQL would do so for all that are due first.
_CHOSEN = (
    sa.select(*(deliveries.c[name] for name in FIELDS))
    .where(
        deliveries.c.account_id == sa.bindparam("account"),
        deliveries.c.wake_at.is_not(None),
        deliveries.c.due_at <= sa.bindparam("now"),
        (deliveries.c.wake_at <= sa.bindparam("now"))
        | (deliveries.c.state == DeliveryState.SENDING),
    )
    .order_by(deliveries.c.due_at, deliveries.c.id)
    .limit(sa.bindparam("most"))
    .cte("chosen")
)
_AWAKE = (
    sa.select(
        _CHOSEN,
        renditions.c.payload,
        renditions.c.payload_sha256,
        renditions.c.text,
        renditions.c.media,
        renditions.c.api_version,
        posts.c.published_at,
        posts.c.state.label("post_state"),
        posts.c.revision_id.label("post_revision_id"),
        sa.select(sa.func.min(intents.c.started_at))
        .where(intents.c.delivery_id == _CHOSEN.c.id)
        .scalar_subquery()
        .label("first_sent_at"),
    )
    .join(renditions, renditions.c.id == _CHOSEN.c.rendition_id)
    .join(posts, posts.c.id == _CHOSEN.c.post_id)
    .order_by(_CHOSEN.c.due_at, _CHOSEN.c.id)
)


class AwakeRows:
    """The statement for one dialect, and what its rows say."""

    def __init__(self, dialect: Dialect) -> None:
        self._question = Question(_AWAKE, dialect)

    async def of(
        self, connection: AsyncConnection, account_id: str, now: datetime, most: int
    ) -> list[Awake]:
        """Return the deliveries of an account that need a look now (aware UTC), in their order."""
        found = await connection.exec_driver_sql(
            self._question.sql, self._question.parameters(account=account_id, now=now, most=most)
        )
        return [self._awake(values) for values in self._question.rows(found.all())]

    def _awake(self, values: Sequence[Any]) -> Awake:
        payload, sha256, text, media, api_version, *of_post, first_sent_at = values[_WIDTH:]
        published_at, post_state, post_revision_id = of_post
        delivery = delivery_from(values[:_WIDTH])
        return Awake(
            delivery=delivery,
            payload=read_json(payload),
            payload_sha256=sha256,
            text=text,
            media=from_json(tuple[Media, ...], media) if media else (),
            published_at=published_at,
            first_sent_at=first_sent_at,
            api_version=api_version,
            in_question=post_state != PostState.DISTRIBUTED
            or post_revision_id != delivery.revision_id,
        )


@lru_cache(maxsize=4)
def awake_rows(dialect: Dialect) -> AwakeRows:
    """Return the statement for `dialect`, made once."""
    return AwakeRows(dialect)


def awake_of(row: Any, delivery: Delivery) -> Awake:
    """Return what a row that joins a delivery's rendition and post says besides the delivery."""
    return Awake(
        delivery=delivery,
        payload=read_json(row.payload),
        payload_sha256=row.payload_sha256,
        text=row.text,
        media=from_json(tuple[Media, ...], row.media) if row.media else (),
        published_at=row.published_at,
        first_sent_at=row.first_sent_at,
        api_version=row.api_version,
    )


def delivery_from(values: Sequence[Any]) -> Delivery:
    """Return the delivery with these values of `FIELDS`."""
    named = dict(zip(FIELDS, values, strict=True))
    named["state"] = _STATES[named["state"]]
    named["action"] = _ACTIONS[named["action"]]
    return Delivery(**named)
