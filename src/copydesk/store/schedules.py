"""Timetables of accounts and timings of deliveries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from copydesk.core.account import Account, Lease
from copydesk.core.delivery import Delivery
from copydesk.core.errors import Conflict
from copydesk.core.states import SETTLED, DeliveryState
from copydesk.core.timetable import LatePolicy, Timetable
from copydesk.core.timing import Timing
from copydesk.store.absent import insert_if_absent
from copydesk.store.accounts import LeaseLost
from copydesk.store.codec import length_of, seconds_of, to_json
from copydesk.store.tables import accounts, deliveries, timings

if TYPE_CHECKING:
    from copydesk.store.unit import UnitOfWork

#: Reasons for which a delivery waits that its account's timetable gave; a new one may lift them.
TIMETABLE_REASONS = ("window_closed", "quiet_hours", "blackout", "spacing")

#: The code of what a person has called off.
CALLED_OFF = "cancelled"

#: What is written of a delivery whose time nobody has asked for in particular.
_PLAIN: Mapping[str, Any] = {
    "asked": "",
    "zone": "",
    "note": "",
    "queue": "",
    "late": "",
    "grace_seconds": None,
    "series_id": None,
    "occurrence": None,
    "moves": 0,
}


class Schedules:
    """Reads and writes what says when things go out."""

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    # -- timetables -------------------------------------------------------------------------------

    async def set_timetable(self, account: Account, timetable: Timetable, reason: str) -> None:
        """Give an account a timetable; what waits because of the old one is looked at again."""
        now = self._unit.now
        await self._unit.connection.execute(
            sa.update(accounts)
            .where(accounts.c.id == account.id)
            .values(timetable=to_json(Timetable, timetable))
        )
        await self._unit.connection.execute(
            sa.update(deliveries)
            .where(
                deliveries.c.account_id == account.id,
                deliveries.c.wake_at.is_not(None),
                deliveries.c.state.in_([DeliveryState.SCHEDULED, DeliveryState.SNOOZED]),
                deliveries.c.reason_code.in_(TIMETABLE_REASONS),
            )
            .values(wake_at=sa.case((deliveries.c.due_at > now, deliveries.c.due_at), else_=now))
        )
        await self._unit.events.append(
            account.workspace_id, "account", account.id, account.state, account.state, reason=reason
        )
        self._unit.hint("courier", account.id)

    async def lock_account(self, account_id: str) -> None:
        """Let nobody else take a slot of this account until the unit of work ends."""
        # SQLite has one writer anyway, and knows no such word
        await self._unit.connection.execute(
            sa.select(accounts.c.id)
            .where(accounts.c.id == account_id)
            .with_for_update(key_share=True)
        )

    async def taken(self, account_id: str, slots: Sequence[datetime]) -> set[datetime]:
        """Return those of `slots` (aware UTC) at which something of the account will go out."""
        rows = await self._unit.connection.execute(
            sa.select(deliveries.c.due_at)
            .where(
                deliveries.c.account_id == account_id,
                deliveries.c.wake_at.is_not(None),
                deliveries.c.due_at.in_(list(slots)),
            )
            .distinct()
        )
        return {row.due_at for row in rows}

    async def sending(self, lease: Lease) -> None:
        """Keep when an account whose posts keep a distance sent last; raises `LeaseLost`."""
        result = await self._unit.connection.execute(
            sa.update(accounts)
            .where(accounts.c.id == lease.account_id, accounts.c.lease_fence == lease.fence)
            .values(last_sent_at=self._unit.now)
        )
        if result.rowcount != 1:
            raise LeaseLost(f"Another worker has taken over account {lease.account_id}.")

    # -- timings ----------------------------------------------------------------------------------

    async def add_timings(self, timed: Mapping[str, Timing]) -> None:
        """Keep how the times of these deliveries (by id) were asked for."""
        rows = [_timing_columns(id, timing) for id, timing in timed.items()]
        if rows:
            await self._unit.connection.execute(sa.insert(timings), rows)

    async def timings(self, delivery_ids: Sequence[str]) -> dict[str, Timing]:
        """Return what is kept of the times of these deliveries; many have nothing."""
        rows = await self._unit.connection.execute(
            sa.select(timings).where(timings.c.delivery_id.in_(list(delivery_ids)))
        )
        return {row.delivery_id: _timing(row) for row in rows}

    async def retime(self, delivery: Delivery, timing: Timing) -> None:
        """Give a delivery another time; `timing` replaces what was kept, but for the occurrence of
        a series that it was: that must not be planned again."""
        columns = _timing_columns(delivery.id, timing)
        await self._unit.connection.execute(insert_if_absent(self._unit, timings).values(**columns))
        del columns["series_id"], columns["occurrence"]
        await self._unit.connection.execute(
            sa.update(timings).where(timings.c.delivery_id == delivery.id).values(**columns)
        )
        await self._unit.connection.execute(
            sa.update(deliveries).where(deliveries.c.id == delivery.id).values(due_at=timing.due_at)
        )

    async def send_however_late(self, found: Sequence[Delivery]) -> None:
        """Let these deliveries go out whenever they can: a person has been asked, or said so."""
        owners = await self._unit.connection.execute(
            sa.select(accounts.c.id).where(
                accounts.c.id.in_({delivery.account_id for delivery in found}),
                accounts.c.timetable.is_not(None),
            )
        )
        strict = {row.id for row in owners}
        fresh = [
            {"delivery_id": delivery.id, "due_at": delivery.due_at, **_PLAIN}
            for delivery in found
            if delivery.account_id in strict
        ]
        if fresh:
            await self._unit.connection.execute(insert_if_absent(self._unit, timings), fresh)
        await self._unit.connection.execute(
            sa.update(timings)
            .where(timings.c.delivery_id.in_([delivery.id for delivery in found]))
            .values(late=LatePolicy.POST_LATE)
        )

    async def send_as_told(self, found: Sequence[Delivery]) -> None:
        """Let these deliveries go out because a person said so: however late, and though their
        series has come to a later occurrence."""
        await self.send_however_late(found)
        await self._unit.connection.execute(
            sa.update(timings)
            .where(timings.c.delivery_id.in_([delivery.id for delivery in found]))
            .values(moves=timings.c.moves + 1)
        )

    async def rest(self, delivery: Delivery, values: Mapping[str, Any], why: str) -> None:
        """Give a waiting delivery other values (`wake_at` among them) in the state it is in.

        Raises `Conflict` when it has moved meanwhile.
        """
        result = await self._unit.connection.execute(
            sa.update(deliveries)
            .where(deliveries.c.id == delivery.id, deliveries.c.state == delivery.state)
            .values(changed_at=self._unit.now, **values)
        )
        if result.rowcount != 1:
            raise Conflict(f"Delivery {delivery.id} has changed in the meantime.")
        await self._unit.events.append(
            delivery.workspace_id,
            "delivery",
            delivery.id,
            delivery.state,
            delivery.state,
            reason=why,
        )
        self._unit.hint("courier", delivery.account_id, values.get("wake_at"))

    async def wait(self, ids: Sequence[str], wake_at: datetime, code: str, reason: str) -> None:
        """Let deliveries rest until `wake_at` (aware UTC) in the state they are in, and say why.

        What was settled meanwhile, by a callback or a person, stays at rest.
        """
        await self._unit.connection.execute(
            sa.update(deliveries)
            .where(deliveries.c.id.in_(list(ids)), deliveries.c.state.not_in(SETTLED))
            .values(wake_at=wake_at, reason_code=code, reason=reason, remedy="")
        )


def _timing_columns(delivery_id: str, timing: Timing) -> dict[str, Any]:
    return {
        "delivery_id": delivery_id,
        "due_at": timing.due_at,
        "asked": timing.asked,
        "zone": timing.zone,
        "note": timing.note,
        "queue": timing.queue,
        "late": timing.late or "",
        "grace_seconds": seconds_of(timing.grace),
        "series_id": timing.series_id or None,
        "occurrence": timing.occurrence,
        "moves": timing.moves,
    }


def _timing(row: Any) -> Timing:
    return Timing(
        due_at=row.due_at,
        asked=row.asked,
        zone=row.zone,
        note=row.note,
        queue=row.queue,
        late=LatePolicy(row.late) if row.late else None,
        grace=length_of(row.grace_seconds),
        # what was moved is no longer of its series; which occurrence it was stays in its row
        series_id=(not row.moves and row.series_id) or "",
        occurrence=row.occurrence,
        moves=row.moves,
    )
