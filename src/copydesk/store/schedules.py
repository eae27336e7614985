"""Timetables of accounts, timings of deliveries, and series."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from copydesk.core.account import Account, Lease
from copydesk.core.delivery import Delivery
from copydesk.core.errors import Conflict, NotFound
from copydesk.core.recurrence import Series
from copydesk.core.series import Rule
from copydesk.core.states import DeliveryState, SeriesState, check_transition
from copydesk.core.timetable import LatePolicy, Timetable
from copydesk.core.timing import Timing
from copydesk.store.absent import insert_if_absent
from copydesk.store.accounts import LeaseLost
from copydesk.store.codec import from_json, to_json
from copydesk.store.tables import accounts, deliveries, series, timings

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
        """Let deliveries rest until `wake_at` (aware UTC) in the state they are in, and say why."""
        await self._unit.connection.execute(
            sa.update(deliveries)
            .where(deliveries.c.id.in_(list(ids)))
            .values(wake_at=wake_at, reason_code=code, reason=reason, remedy="")
        )

    # -- series -----------------------------------------------------------------------------------

    async def add_series(self, made: Series) -> None:
        """Add a series; raises `Conflict` when its name is taken."""
        if await self.find_series(made.workspace_id, made.name) is not None:
            raise Conflict(
                f"There is a series called {made.name!r} already.", remedy="Choose another name."
            )
        await self._unit.connection.execute(sa.insert(series).values(**_series_columns(made)))
        await self._append(made, "", made.state, made.rule.text)
        self._hint(made)

    async def get_series(self, id: str) -> Series:
        """Return series `id`; raises `NotFound`."""
        rows = await self._unit.connection.execute(sa.select(series).where(series.c.id == id))
        row = rows.one_or_none()
        if row is None:
            raise NotFound(f"There is no series {id}.")
        return _series(row)

    async def find_series(self, workspace_id: str, name: str) -> Series | None:
        """Return the series called `name`, or None."""
        rows = await self._unit.connection.execute(
            sa.select(series).where(series.c.workspace_id == workspace_id, series.c.name == name)
        )
        row = rows.one_or_none()
        return _series(row) if row else None

    async def all_series(self, workspace_id: str) -> list[Series]:
        """Return every series of the workspace, by name."""
        rows = await self._unit.connection.execute(
            sa.select(series).where(series.c.workspace_id == workspace_id).order_by(series.c.name)
        )
        return [_series(row) for row in rows]

    async def advance(
        self, current: Series, *, planned: int, until: datetime, wake_at: datetime | None
    ) -> None:
        """Note how far a series is planned; raises `Conflict` when somebody else has gone on."""
        result = await self._unit.connection.execute(
            sa.update(series)
            .where(
                series.c.id == current.id,
                series.c.planned_until == current.planned_until,
                series.c.state == current.state,
            )
            .values(planned=planned, planned_until=until, wake_at=wake_at)
        )
        if result.rowcount != 1:
            raise Conflict(f"Series {current.name} has changed in the meantime.")

    async def set_sources(self, current: Series, sources: Sequence[str], reason: str) -> None:
        """Give a series other sources."""
        await self._unit.connection.execute(
            sa.update(series).where(series.c.id == current.id).values(sources=list(sources))
        )
        await self._append(current, current.state, current.state, reason)

    async def move_series(
        self, current: Series, to: SeriesState, *, reason: str, wake_at: datetime | None = None
    ) -> Series:
        """Take a series to a state; raises `TransitionNotAllowed`, or `Conflict` if it moved."""
        check_transition("series", current.name, current.state, to)
        result = await self._unit.connection.execute(
            sa.update(series)
            .where(series.c.id == current.id, series.c.state == current.state)
            .values(state=to, wake_at=wake_at, reason=reason)
        )
        if result.rowcount != 1:
            raise Conflict(f"Series {current.name} has changed in the meantime.")
        await self._append(current, current.state, to, reason)
        moved = await self.get_series(current.id)
        self._hint(moved)
        return moved

    async def occurrences(self, series_id: str) -> list[str]:
        """Return the deliveries of a series that have not gone out, by id.

        What a person has moved is no longer among them.
        """
        rows = await self._unit.connection.execute(
            sa.select(timings.c.delivery_id)
            .join(deliveries, deliveries.c.id == timings.c.delivery_id)
            .where(
                timings.c.series_id == series_id,
                timings.c.moves == 0,
                deliveries.c.wake_at.is_not(None),
            )
            .order_by(timings.c.due_at, timings.c.delivery_id)
        )
        return [row.delivery_id for row in rows]

    async def settled_occurrences(
        self, series_id: str, since: datetime
    ) -> set[tuple[str, datetime]]:
        """Return the accounts and occurrences from `since` on (aware UTC) that are planned, or that
        a person has moved or called off. What the series itself took back is not among them."""
        rows = await self._unit.connection.execute(
            sa.select(deliveries.c.account_id, timings.c.occurrence)
            .join(deliveries, deliveries.c.id == timings.c.delivery_id)
            .where(
                timings.c.series_id == series_id,
                timings.c.occurrence >= since,
                (deliveries.c.state != DeliveryState.CANCELLED)
                | (deliveries.c.reason_code == CALLED_OFF)
                | (timings.c.moves > 0),
            )
        )
        return {(row.account_id, row.occurrence) for row in rows}

    async def latest_occurrence(
        self, series_id: str, account_id: str, after: datetime, until: datetime
    ) -> datetime | None:
        """Return the last occurrence planned for an account in (`after`, `until`] (aware UTC), None
        when there is none. What was called off or moved is not among them."""
        rows = await self._unit.connection.execute(
            sa.select(timings.c.occurrence)
            .join(deliveries, deliveries.c.id == timings.c.delivery_id)
            .where(
                timings.c.series_id == series_id,
                timings.c.occurrence > after,
                timings.c.occurrence <= until,
                timings.c.moves == 0,
                deliveries.c.account_id == account_id,
                deliveries.c.state != DeliveryState.CANCELLED,
            )
            .order_by(timings.c.occurrence.desc())
            .limit(1)
        )
        row = rows.one_or_none()
        return row.occurrence if row else None

    async def _append(self, one: Series, source: str, to: str, reason: str) -> None:
        await self._unit.events.append(
            one.workspace_id, "series", one.id, source, to, reason=reason
        )

    def _hint(self, one: Series) -> None:
        if one.wake_at is not None:
            self._unit.hint("series", one.id, one.wake_at)


def _timing_columns(delivery_id: str, timing: Timing) -> dict[str, Any]:
    return {
        "delivery_id": delivery_id,
        "due_at": timing.due_at,
        "asked": timing.asked,
        "zone": timing.zone,
        "note": timing.note,
        "queue": timing.queue,
        "late": timing.late or "",
        "grace_seconds": _seconds(timing.grace),
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
        grace=_length(row.grace_seconds),
        # what was moved is no longer of its series; which occurrence it was stays in its row
        series_id=(not row.moves and row.series_id) or "",
        occurrence=row.occurrence,
        moves=row.moves,
    )


def _series_columns(one: Series) -> dict[str, Any]:
    return {
        "id": one.id,
        "workspace_id": one.workspace_id,
        "name": one.name,
        "state": one.state,
        "rule": to_json(Rule, one.rule),
        "sources": list(one.sources),
        "account_ids": list(one.account_ids),
        "late": one.late or "",
        "grace_seconds": _seconds(one.grace),
        "planned": one.planned,
        "planned_until": one.planned_until,
        "wake_at": one.wake_at,
        "reason": one.reason,
        "created_at": one.created_at,
    }


def _series(row: Any) -> Series:
    return Series(
        id=row.id,
        workspace_id=row.workspace_id,
        name=row.name,
        state=SeriesState(row.state),
        rule=from_json(Rule, row.rule),
        sources=tuple(row.sources),
        account_ids=tuple(row.account_ids),
        planned_until=row.planned_until,
        created_at=row.created_at,
        late=LatePolicy(row.late) if row.late else None,
        grace=_length(row.grace_seconds),
        planned=row.planned,
        wake_at=row.wake_at,
        reason=row.reason,
    )


def _seconds(length: timedelta | None) -> int | None:
    return None if length is None else int(length.total_seconds())


def _length(seconds: int | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)
