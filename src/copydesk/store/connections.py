"""Attempts to connect an account through the platform's own pages, as rows.

Any process can finish what another has begun. The ticket that comes back with the answer is used
once; of it and of the browser's session only hashes are stored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from copydesk.core.errors import Conflict, NotFound
from copydesk.core.states import ConnectionState, check_transition
from copydesk.store.tables import connections
from copydesk.store.tokens import fingerprint

if TYPE_CHECKING:
    from copydesk.store.unit import UnitOfWork

#: For how long finished and forgotten attempts can be looked up.
KEPT_FOR = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """One attempt. `secrets` are sealed; `account_id` is "" until it is connected."""

    id: str
    workspace_id: str
    state: ConnectionState
    platform: str
    account_name: str
    settings: Mapping[str, str]
    inbox: bool
    other_identity: bool
    auth: str
    session_sha256: str
    secrets: bytes = field(repr=False)
    account_id: str = ""
    reason: str = ""
    remedy: str = ""
    created_at: datetime
    expires_at: datetime


class Connections:
    """Reads and writes connections."""

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    async def open(
        self,
        *,
        id: str,
        workspace_id: str,
        platform: str,
        account_name: str,
        settings: Mapping[str, str],
        inbox: bool,
        other_identity: bool,
        auth: str,
        ticket: str,
        session: str,
        secrets: bytes,
        lasts: timedelta,
    ) -> Connection:
        """Add an attempt that `ticket` will finish, within `lasts`; old ones are swept away."""
        now = self._unit.now
        await self._unit.connection.execute(
            sa.delete(connections).where(connections.c.expires_at < now - KEPT_FOR)
        )
        await self._unit.connection.execute(
            sa.insert(connections).values(
                id=id,
                workspace_id=workspace_id,
                state=ConnectionState.OPENED,
                platform=platform,
                account_name=account_name,
                settings=dict(settings),
                inbox=inbox,
                other_identity=other_identity,
                auth=auth,
                ticket_sha256=fingerprint(ticket),
                session_sha256=fingerprint(session) if session else "",
                secrets=secrets,
                account_id="",
                reason="",
                remedy="",
                created_at=now,
                expires_at=now + lasts,
            )
        )
        await self._unit.events.append(
            workspace_id,
            "connection",
            id,
            "",
            ConnectionState.OPENED,
            reason=f"{platform} {account_name}",
        )
        return await self.get(id)

    async def get(self, id: str) -> Connection:
        """Return a connection; raises `NotFound`."""
        rows = await self._unit.connection.execute(
            sa.select(connections).where(connections.c.id == id)
        )
        row = rows.one_or_none()
        if row is None:
            raise NotFound.of(f"connection {id}")
        return _connection(row)

    async def by_ticket(self, ticket: str) -> Connection | None:
        """Return the connection that `ticket` belongs to, or None."""
        rows = await self._unit.connection.execute(
            sa.select(connections).where(connections.c.ticket_sha256 == fingerprint(ticket))
        )
        row = rows.one_or_none()
        return None if row is None else _connection(row)

    async def move(
        self,
        connection: Connection,
        to: ConnectionState,
        *,
        reason: str = "",
        remedy: str = "",
        account_id: str = "",
    ) -> None:
        """Take a connection to a state, once: raises `Conflict` when another got there first.

        What was sealed for it is forgotten with its last step.
        """
        check_transition("connection", connection.id, connection.state, to)
        values: dict[str, Any] = {
            "state": to,
            "reason": reason,
            "remedy": remedy,
            "account_id": account_id,
        }
        if to is not ConnectionState.CLAIMED:
            values["secrets"] = b""
        result = await self._unit.connection.execute(
            sa.update(connections)
            .where(connections.c.id == connection.id, connections.c.state == connection.state)
            .values(**values)
        )
        if result.rowcount != 1:
            raise Conflict(
                "This answer of the platform was used already.", remedy="Begin again if you must."
            )
        await self._unit.events.append(
            connection.workspace_id,
            "connection",
            connection.id,
            connection.state,
            to,
            reason=reason,
        )


def _connection(row: Any) -> Connection:
    values = dict(row._mapping)
    values.pop("ticket_sha256")
    values["state"] = ConnectionState(values["state"])
    values["secrets"] = bytes(values["secrets"])
    return Connection(**values)
