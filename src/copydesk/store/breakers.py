"""Circuit breakers as rows, so that all workers agree on who may call and who is let through."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from copydesk.core.account import Account, Lease
from copydesk.core.breaker import Breaker
from copydesk.core.states import BreakerState, check_transition
from copydesk.store.absent import insert_if_absent
from copydesk.store.accounts import COLUMNS, OURS, LeaseLost, account_of
from copydesk.store.tables import accounts, breakers

if TYPE_CHECKING:
    from copydesk.store.unit import UnitOfWork

_FIELDS = tuple(Breaker.__dataclass_fields__)

#: A leased account with the breakers in its way: one statement a round for both, and one row where
#: nothing fails.
_AROUND = (
    sa.select(*COLUMNS, *(breakers.c[name].label(f"breaker_{name}") for name in _FIELDS))
    .select_from(accounts)
    .outerjoin(breakers, breakers.c.id.in_([accounts.c.id, sa.bindparam("host_breaker")]))
    .where(*OURS)
)

#: Waiting in one order, two workers never wait for each other in a circle.
_THESE = (
    sa.select(breakers)
    .where(breakers.c.id.in_(sa.bindparam("ids", expanding=True)))
    .order_by(breakers.c.id)
    .with_for_update()
)


class Breakers:
    """Reads and writes breakers."""

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    async def around(
        self, lease: Lease, host_breaker_id: str
    ) -> tuple[Account, tuple[Breaker, ...]]:
        """Return the leased account as it stands now, and the breakers that concern it.

        `host_breaker_id` is "" where there is no host to share. Raises `LeaseLost` when another
        courier has the account.
        """
        rows = await self._unit.connection.execute(
            _AROUND,
            {
                "account": lease.account_id,
                "fence": lease.fence,
                "host_breaker": host_breaker_id,
            },
        )
        found = rows.all()
        if not found:
            raise LeaseLost(f"Another worker has taken over account {lease.account_id}.")
        return (
            account_of(found[0]),
            tuple(
                _breaker({name: row._mapping[f"breaker_{name}"] for name in _FIELDS})
                for row in found
                if row._mapping["breaker_id"] is not None
            ),
        )

    async def locked(self, ids: Sequence[str]) -> dict[str, Breaker]:
        """Return breakers by id, locked until the unit of work ends."""
        rows = await self._unit.connection.execute(_THESE, {"ids": list(ids)})
        return {row.id: _breaker(row._mapping) for row in rows}

    async def of(self, ids: Sequence[str]) -> dict[str, Breaker]:
        """Return those breakers by id that exist, whatever their state."""
        rows = await self._unit.connection.execute(
            sa.select(breakers).where(breakers.c.id.in_(list(ids)))
        )
        return {row.id: _breaker(row._mapping) for row in rows}

    async def standing(self) -> list[Breaker]:
        """Return every breaker that stops calls, by platform and host."""
        rows = await self._unit.connection.execute(
            sa.select(breakers)
            .where(breakers.c.state != BreakerState.CLOSED)
            .order_by(breakers.c.platform, breakers.c.host, breakers.c.id)
        )
        return [_breaker(row._mapping) for row in rows]

    async def claim(self, ids: Sequence[str], probe: str, term: datetime) -> bool:
        """Let the delivery `probe` through these breakers until `term` (aware UTC), if their rest
        is over and nobody else is. All or none; of several who claim at once one wins."""
        now = self._unit.now
        known = await self.locked(ids)
        if any(b.stands_in_the_way and (b.open_until or now) > now for b in known.values()):
            return False
        for breaker in known.values():
            if breaker.stands_in_the_way:
                check_transition("breaker", breaker.id, breaker.state, BreakerState.HALF_OPEN)
                await self._unit.connection.execute(
                    sa.update(breakers)
                    .where(breakers.c.id == breaker.id)
                    .values(
                        state=BreakerState.HALF_OPEN, probe=probe, open_until=term, changed_at=now
                    )
                )
        return True

    async def put(self, breaker: Breaker, was: Breaker, workspace_id: str) -> None:
        """Store a breaker as it is now; a change of state is an event of `workspace_id`.

        Raises `TransitionNotAllowed`.
        """
        values = {name: getattr(breaker, name) for name in _FIELDS}
        values["failing"] = list(breaker.failing)
        result = await self._unit.connection.execute(
            sa.update(breakers).where(breakers.c.id == breaker.id).values(values)
        )
        if not result.rowcount:
            await self._unit.connection.execute(
                insert_if_absent(self._unit, breakers).values(values)
            )
        if breaker.state is was.state:
            return
        check_transition("breaker", breaker.id, was.state, breaker.state)
        where = f"{breaker.platform} at {breaker.host}" if breaker.host else breaker.platform
        await self._unit.events.append(
            workspace_id,
            "breaker",
            breaker.id,
            was.state,
            breaker.state,
            reason=f"{where}: {breaker.reason}" if breaker.reason else f"{where}: it answers again",
            data={"failures": breaker.failures, "trips": breaker.trips},
        )


def _breaker(values: Any) -> Breaker:
    fields = {name: values[name] for name in _FIELDS}
    fields["state"] = BreakerState(fields["state"])
    fields["failing"] = tuple(fields["failing"])
    return Breaker(**fields)
