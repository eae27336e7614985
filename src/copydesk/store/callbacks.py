"""Callbacks we got: each takes effect once, and what nobody understood is kept as evidence."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from copydesk.core.delivery import Delivery, parts_out
from copydesk.core.keys import key_of
from copydesk.store.absent import insert_if_absent
from copydesk.store.deliveries import delivery_of
from copydesk.store.slices import sorted_by
from copydesk.store.tables import callbacks, deliveries, events, storable
from copydesk.store.tables.deliveries import REMOTE_BEGINNING
from copydesk.store.tables.history import ABOUT_PART

if TYPE_CHECKING:
    from copydesk.store.unit import UnitOfWork

#: How many characters of a vendor's id of a message are kept.
_LONGEST = 255

#: How much is kept, per account, of what nobody understood.
_MOST_EVIDENCE = 100

#: How many deliveries are looked into of which a part went by the same id.
_MOST_ALIKE = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A callback that was taken: when, what it did, and what it said if nobody understood it."""

    account_id: str
    message_id: str
    received_at: datetime
    expires_at: datetime
    effect: str
    raw: str


class Callbacks:
    """Remembers callbacks."""

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    async def remember(
        self, account_id: str, message_id: str, *, effect: str, raw: str, lasts: timedelta
    ) -> bool:
        """Remember a message; return whether it is new. A second one waits for the first to be
        committed, so of two that come at once exactly one is new."""
        now = self._unit.now
        kept = await self._unit.connection.execute(
            insert_if_absent(self._unit, callbacks).values(
                account_id=account_id,
                message_id=_kept(message_id),
                received_at=now,
                expires_at=now + lasts,
                effect=effect,
                raw=raw,
            )
        )
        return bool(kept.rowcount == 1)

    async def conclude(self, account_id: str, message_id: str, *, effect: str, raw: str) -> None:
        """Write down what a remembered message did, and what it said if nobody understood it."""
        mine = callbacks.c.account_id == account_id
        await self._unit.connection.execute(
            sa.update(callbacks)
            .where(mine, callbacks.c.message_id == _kept(message_id))
            .values(effect=effect, raw=raw)
        )

    async def inspect_now(self, delivery_id: str) -> None:
        """Look at a delivered post at once: how it stands may have changed."""
        await self._unit.connection.execute(
            sa.update(deliveries)
            .where(deliveries.c.id == delivery_id)
            .values(inspect_at=self._unit.now)
        )

    async def tidy(self, account_id: str) -> None:
        """Forget what has expired, and all but the newest of what nobody understood."""
        mine = callbacks.c.account_id == account_id
        await self._unit.connection.execute(
            sa.delete(callbacks).where(mine, callbacks.c.expires_at <= self._unit.now)
        )
        oldest = await self._unit.connection.scalar(
            sa.select(callbacks.c.received_at)
            .where(mine, callbacks.c.raw != "")
            .order_by(callbacks.c.received_at.desc())
            .offset(_MOST_EVIDENCE)
            .limit(1)
        )
        if oldest is not None:
            # the row itself stays: it is what makes a repeat have no effect
            await self._unit.connection.execute(
                sa.update(callbacks).where(mine, callbacks.c.received_at <= oldest).values(raw="")
            )

    async def of_account(self, account_id: str, limit: int = 50) -> list[Received]:
        """Return the newest callbacks first."""
        rows = await self._unit.connection.execute(
            sa.select(callbacks)
            .where(callbacks.c.account_id == account_id)
            .order_by(callbacks.c.received_at.desc(), callbacks.c.message_id)
            .limit(limit)
        )
        return [Received(**row._mapping) for row in rows]

    async def delivery(self, account_id: str, *, key: str, remote_id: str) -> Delivery | None:
        """Return the delivery of an account that a platform means by our key or its own id.

        Of several with one id (created, then updated) the newest is meant. A key or an id may be
        that of a later part of a thread.
        """
        if not (key or remote_id):
            return None
        remote_id = storable(remote_id)
        named = deliveries.c.key == key if key else self._is_called(remote_id)
        rows = await self._unit.connection.execute(
            sa.select(deliveries)
            .where(deliveries.c.account_id == account_id, named)
            .order_by(deliveries.c.id.desc())
            .limit(1)
        )
        row = rows.one_or_none()
        if row is not None:
            return delivery_of(row)
        return await (
            self._by_key(account_id, key) if key else self._by_part(account_id, remote_id)
        )

    def _is_called(self, remote_id: str) -> sa.ColumnElement[bool]:
        named = (deliveries.c.remote_id == remote_id) & (deliveries.c.remote_id != "")
        if self._unit.connection.dialect.name == "sqlite":
            return named
        beginning = sa.literal_column(REMOTE_BEGINNING, sa.Text)
        return named & (beginning == remote_id[:255])

    async def _by_key(self, account_id: str, key: str) -> Delivery | None:
        """Return the delivery of which a later part went by `key`."""
        rows = await self._unit.connection.execute(
            sa.select(deliveries)
            .where(
                deliveries.c.account_id == account_id,
                deliveries.c.id.in_(self._told("key", key)),
            )
            .limit(1)
        )
        row = rows.first()
        return delivery_of(row) if row else None

    async def _by_part(self, account_id: str, remote_id: str) -> Delivery | None:
        """Return the newest thread of which a later part is `remote_id` on the platform."""
        rows = await self._unit.connection.execute(
            sa.select(deliveries)
            .where(
                deliveries.c.account_id == account_id,
                deliveries.c.id.in_(self._told("remote_id", remote_id)),
            )
            .order_by(sorted_by(deliveries.c.id).desc())
            .limit(_MOST_ALIKE)
        )
        for row in rows:
            found = delivery_of(row)
            if any(part.id == remote_id for part in parts_out(found.handles)):
                return found
        return None

    def _told(self, field: str, value: str) -> sa.Select[tuple[str]]:
        """Return the deliveries of which an event names a part by `value` in `field`."""
        # in the words of the indexes, or neither store could tell that it may use them
        embedded = self._unit.connection.dialect.name == "sqlite"
        said = (
            f"json_extract(events.data, '$.{field}')" if embedded else f"events.data ->> '{field}'"
        )
        return sa.select(events.c.subject_id).where(
            sa.text(ABOUT_PART[field]),
            sa.literal_column(f"substr({said}, 1, 255)", sa.Text) == value[:255],
        )


def _kept(message_id: str) -> str:
    return key_of(storable(message_id), _LONGEST)
