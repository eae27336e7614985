"""The append-only history. Rows are only ever inserted; the database refuses anything else.

What a unit of work appends is written in one statement, when it commits or asks for history.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from copydesk.core.events import Event
from copydesk.store.tables import events

if TYPE_CHECKING:
    from copydesk.store.unit import UnitOfWork

# built once: putting a statement together costs more than running it
APPEND = sa.insert(events)
_WRITERS = sa.text(
    "SELECT virtualtransaction FROM pg_locks WHERE locktype = 'relation' "
    "AND relation = 'events'::regclass AND mode = 'RowExclusiveLock' "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
    "AND pid <> pg_backend_pid()"
)


class Events:
    """Appends and reads events."""

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit
        self._appended: list[Mapping[str, Any]] = []

    async def append(
        self,
        workspace_id: str,
        noun: str,
        subject_id: str,
        from_state: str,
        to_state: str,
        *,
        reason: str = "",
        data: Mapping[str, Any] | None = None,
    ) -> None:
        """Record that the unit's actor took `subject_id` from one state to another."""
        await self.append_all(
            [self.row(workspace_id, noun, subject_id, from_state, to_state, reason, data)]
        )

    def row(
        self,
        workspace_id: str,
        noun: str,
        subject_id: str,
        from_state: str,
        to_state: str,
        reason: str = "",
        data: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Return the row `append_all` takes."""
        return {
            "at": self._unit.now,
            "workspace_id": workspace_id,
            "noun": noun,
            "subject_id": subject_id,
            "actor": self._unit.actor,
            "from_state": from_state,
            "to_state": to_state,
            "reason": reason,
            "data": dict(data or {}),
        }

    async def append_all(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Record several events."""
        self._appended += rows

    async def write(self) -> None:
        """Write what was appended; the unit of work does it last."""
        if self._appended:
            rows, self._appended = self._appended, []
            await self._unit.connection.execute(APPEND, rows)

    async def history(self, subject_ids: Sequence[str], limit: int = 500) -> list[Event]:
        """Return what happened to the given things, oldest first, at most `limit`."""
        await self.write()
        rows = await self._unit.connection.execute(
            sa.select(events)
            .where(events.c.subject_id.in_(list(subject_ids)))
            .order_by(events.c.sequence)
            .limit(limit)
        )
        return [_event(row) for row in rows]

    async def after(self, sequence: int, limit: int = 200) -> list[Event]:
        """Return events with a higher sequence number, oldest first."""
        await self.write()
        rows = await self._unit.connection.execute(
            sa.select(events)
            .where(events.c.sequence > sequence)
            .order_by(events.c.sequence)
            .limit(limit)
        )
        return [_event(row) for row in rows]

    async def newest(self) -> int:
        """Return the highest sequence number, 0 when nothing has happened."""
        await self.write()
        value = await self._unit.connection.scalar(sa.select(sa.func.max(events.c.sequence)))
        return int(value or 0)

    async def last_at(self) -> datetime | None:
        """Return when the newest thing happened (aware UTC), None when nothing has."""
        found: datetime | None = await self._unit.connection.scalar(
            sa.select(events.c.at).order_by(events.c.sequence.desc()).limit(1)
        )
        return found

    async def writers(self) -> frozenset[str]:
        """Return the transactions, by name, that may have taken a sequence and not committed yet.

        On PostgreSQL sequences are given out before they are visible, and the lock that an insert
        takes before it takes its sequence lasts until the transaction ends. SQLite has one writer,
        whose sequences nobody sees before all lower ones.
        """
        if self._unit.connection.dialect.name == "sqlite":
            return frozenset()
        rows = await self._unit.connection.execute(_WRITERS)
        return frozenset(row.virtualtransaction for row in rows)


def _event(row: Any) -> Event:
    return Event(**row._mapping)
