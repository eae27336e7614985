"""Buckets as rows, and money: what may be spent and what was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa

from copydesk.core.states import DeliveryState
from copydesk.store.absent import insert_if_absent
from copydesk.store.tables import accounts, allowances, buckets, deliveries, spendings

if TYPE_CHECKING:
    from copydesk.store.unit import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """A bucket's row. `fill` is its state as data; `closed_until` (aware UTC) a known 429 window,
    `closed_because` says who closed it."""

    key: str
    scope: str
    fill: Mapping[str, Any] = field(default_factory=dict)
    closed_until: datetime | None = None
    closed_because: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What may be spent: `micros` (millionths of a US dollar) in a `period` (day or month).

    `account_id` is "" for the whole workspace.
    """

    account_id: str
    period: str
    micros: int


class Paid(NamedTuple):
    """What is paid for: a part of a delivery, from 0; most have only that."""

    delivery_id: str
    part: int = 0


_PAID = sa.tuple_(spendings.c.delivery_id, spendings.c.part)

# Built once: putting a statement together costs more than running it.
_ONE = sa.select(buckets).where(buckets.c.key == sa.bindparam("wanted")).with_for_update()


class Budgets:
    """Reads and writes buckets, allowances and spendings."""

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    # -- buckets ----------------------------------------------------------------------------------

    async def lock(self, key: str, scope: str) -> Bucket:
        """Return the bucket `key`, made if absent; nobody else changes it until the unit ends."""
        rows = await self._unit.connection.execute(_ONE, {"wanted": key})
        row = rows.one_or_none()
        if row is None:
            await self._unit.connection.execute(
                insert_if_absent(self._unit, buckets).values(
                    key=key, scope=scope, fill={}, changed_at=self._unit.now
                )
            )
            row = (await self._unit.connection.execute(_ONE, {"wanted": key})).one()
        return _bucket(row)

    async def fill(self, key: str, fill: Mapping[str, Any]) -> None:
        """Store a bucket's state."""
        await self._unit.connection.execute(
            sa.update(buckets)
            .where(buckets.c.key == key)
            .values(fill=dict(fill), changed_at=self._unit.now)
        )

    async def close(self, key: str, scope: str, until: datetime, because: str) -> None:
        """Close a bucket until `until` (aware UTC), unless it is closed for longer already."""
        bucket = await self.lock(key, scope)
        if bucket.closed_until is None or bucket.closed_until < until:
            await self._unit.connection.execute(
                sa.update(buckets)
                .where(buckets.c.key == key)
                .values(closed_until=until, closed_because=because, changed_at=self._unit.now)
            )

    async def all(self, keys: Sequence[str]) -> dict[str, Bucket]:
        """Return the buckets that exist among `keys`, by key."""
        rows = await self._unit.connection.execute(
            sa.select(buckets).where(buckets.c.key.in_(list(keys)))
        )
        return {row.key: _bucket(row) for row in rows}

    async def pause_accounts(self, ids: Sequence[str], until: datetime) -> None:
        """Let no courier call for these accounts before `until`; a longer pause stays."""
        await self._unit.connection.execute(
            sa.update(accounts)
            .where(
                accounts.c.id.in_(list(ids)),
                accounts.c.paused_until.is_(None) | (accounts.c.paused_until < until),
            )
            .values(paused_until=until)
        )

    async def forget(self, before: datetime) -> int:
        """Remove buckets untouched since `before`, whose windows are over; return how many."""
        result = await self._unit.connection.execute(
            sa.delete(buckets).where(
                buckets.c.changed_at < before,
                buckets.c.closed_until.is_(None) | (buckets.c.closed_until < self._unit.now),
            )
        )
        return int(result.rowcount)

    # -- money ------------------------------------------------------------------------------------

    async def allow(
        self, workspace_id: str, account_id: str, period: str, micros: int | None
    ) -> None:
        """Set what may be spent in a period; None: no limit. `account_id` "": the workspace."""
        where = (
            allowances.c.workspace_id == workspace_id,
            allowances.c.account_id == account_id,
            allowances.c.period == period,
        )
        await self._unit.connection.execute(sa.delete(allowances).where(*where))
        if micros is not None:
            await self._unit.connection.execute(
                sa.insert(allowances).values(
                    workspace_id=workspace_id,
                    account_id=account_id,
                    period=period,
                    micros=micros,
                    changed_at=self._unit.now,
                )
            )

    async def allowances(self, workspace_id: str, *, locked: bool = False) -> list[Allowance]:
        """Return what may be spent in a workspace; `locked`: nobody else spends until the unit
        ends."""
        query = (
            sa.select(allowances.c.account_id, allowances.c.period, allowances.c.micros)
            .where(allowances.c.workspace_id == workspace_id)
            .order_by(allowances.c.account_id, allowances.c.period)
        )
        rows = await self._unit.connection.execute(query.with_for_update() if locked else query)
        return [Allowance(**row._mapping) for row in rows]

    async def spend(self, workspace_id: str, account_id: str, costs: Mapping[Paid, int]) -> None:
        """Record what deliveries cost, part by part, in micro-dollars. A part costs once: what an
        earlier try was charged with is replaced."""
        await self.refund(list(costs))
        await self._unit.connection.execute(
            sa.insert(spendings),
            [
                {
                    "delivery_id": id,
                    "part": part,
                    "workspace_id": workspace_id,
                    "account_id": account_id,
                    "micros": micros,
                    "spent_at": self._unit.now,
                }
                for (id, part), micros in costs.items()
            ],
        )

    async def refund(self, paid: Sequence[Paid]) -> None:
        """Take back what these cost: they were certainly not applied."""
        await self._unit.connection.execute(
            sa.delete(spendings).where(_PAID.in_([tuple(one) for one in paid]))
        )

    async def wake_waiting(self, workspace_id: str, account_id: str) -> list[str]:
        """Look at deliveries that wait for money now; return their accounts. `account_id` "":
        every account of the workspace."""
        waiting: list[sa.ColumnElement[bool]] = [
            deliveries.c.workspace_id == workspace_id,
            deliveries.c.state == DeliveryState.SNOOZED,
            deliveries.c.reason_code == "budget_spent",
        ]
        if account_id:
            waiting.append(deliveries.c.account_id == account_id)
        rows = await self._unit.connection.execute(
            sa.update(deliveries)
            .where(*waiting)
            .values(wake_at=self._unit.now)
            .returning(deliveries.c.account_id)
        )
        return sorted({row.account_id for row in rows})

    async def spent(
        self, workspace_id: str, since: datetime, *, excluding: Sequence[Paid] = ()
    ) -> dict[str, int]:
        """Return by account what was spent from `since` on, in micro-dollars.

        What failed was certainly not applied, and what ended before its first try never left: they
        cost nothing, whatever was reserved for them. The parts of a thread that are out cost what
        they did, however it ends.
        """
        is_sqlite = self._unit.connection.dialect.name == "sqlite"
        parts = sa.literal_column(
            "json_array_length(deliveries.handles, '$.parts')"
            if is_sqlite
            else "json_array_length(deliveries.handles -> 'parts')",
            sa.Integer,
        )
        rows = await self._unit.connection.execute(
            sa.select(spendings.c.account_id, sa.func.sum(spendings.c.micros).label("micros"))
            .join(deliveries, deliveries.c.id == spendings.c.delivery_id)
            .where(
                spendings.c.workspace_id == workspace_id,
                spendings.c.spent_at >= since,
                _PAID.not_in([tuple(one) for one in excluding]),
                (deliveries.c.state != DeliveryState.FAILED)
                | (spendings.c.part < sa.func.coalesce(parts, 0)),
                (deliveries.c.attempts > 0)
                | deliveries.c.state.not_in([DeliveryState.CANCELLED, DeliveryState.EXPIRED]),
            )
            .group_by(spendings.c.account_id)
        )
        return {row.account_id: int(row.micros) for row in rows}


def _bucket(row: Any) -> Bucket:
    columns = row._mapping
    return Bucket(**{name: columns[name] for name in Bucket.__dataclass_fields__})
