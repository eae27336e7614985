"""Series of posts, and which of their occurrences are planned."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from copydesk.core.errors import Conflict, NotFound
from copydesk.core.recurrence import Series
from copydesk.core.series import Rule
from copydesk.core.states import DeliveryState, SeriesState, check_transition
from copydesk.core.timetable import LatePolicy
from copydesk.store.codec import from_json, length_of, seconds_of, to_json
from copydesk.store.schedules import CALLED_OFF
from copydesk.store.tables import deliveries, series, timings

if TYPE_CHECKING:
    from copydesk.store.unit import UnitOfWork


class SeriesRows:
    """Reads and writes series and finds their occurrences."""

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    async def add(self, made: Series) -> None:
        """Add a series; raises `Conflict` when its name is taken."""
        if await self.find(made.workspace_id, made.name) is not None:
            raise Conflict(
                f"There is a series called {made.name!r} already.", remedy="Choose another name."
            )
        await self._unit.connection.execute(sa.insert(series).values(**_columns(made)))
        await self._append(made, "", made.state, made.rule.text)
        self._hint(made)

    async def get(self, id: str) -> Series:
        """Return series `id`; raises `NotFound`."""
        rows = await self._unit.connection.execute(sa.select(series).where(series.c.id == id))
        row = rows.one_or_none()
        if row is None:
            raise NotFound.of(f"series {id}")
        return _one(row)

    async def find(self, workspace_id: str, name: str) -> Series | None:
        """Return the series called `name`, or None."""
        rows = await self._unit.connection.execute(
            sa.select(series).where(series.c.workspace_id == workspace_id, series.c.name == name)
        )
        row = rows.one_or_none()
        return _one(row) if row else None

    async def all(self, workspace_id: str) -> list[Series]:
        """Return every series of the workspace, by name."""
        rows = await self._unit.connection.execute(
            sa.select(series).where(series.c.workspace_id == workspace_id).order_by(series.c.name)
        )
        return [_one(row) for row in rows]

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

    async def move(
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
        moved = await self.get(current.id)
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


def _columns(one: Series) -> dict[str, Any]:
    return {
        "id": one.id,
        "workspace_id": one.workspace_id,
        "name": one.name,
        "state": one.state,
        "rule": to_json(Rule, one.rule),
        "sources": list(one.sources),
        "account_ids": list(one.account_ids),
        "late": one.late or "",
        "grace_seconds": seconds_of(one.grace),
        "planned": one.planned,
        "planned_until": one.planned_until,
        "wake_at": one.wake_at,
        "reason": one.reason,
        "created_at": one.created_at,
    }


def _one(row: Any) -> Series:
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
        grace=length_of(row.grace_seconds),
        planned=row.planned,
        wake_at=row.wake_at,
        reason=row.reason,
    )
