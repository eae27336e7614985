"""Which accounts have a delivery to look at: every sweep asks, so it has to cost nearly nothing.

Two questions, because each is cheap where the other is not: what is due, from the index of waking
times, while little is; and a look into an index for each account where much is, so that a backlog
of one costs no more than a delivery. A million idle accounts are never walked through.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from copydesk.store.tables import accounts, deliveries

#: So many due deliveries are a little.
FEW: Final = 500

_now: sa.BindParameter[datetime] = sa.bindparam("now")
_is_free = sa.and_(
    accounts.c.paused_until.is_(None) | (accounts.c.paused_until <= _now),
    accounts.c.lease_until.is_(None) | (accounts.c.lease_until <= _now),
)

# Built once: putting a statement together costs more than running it.
_waking = (
    sa.select(deliveries.c.account_id, deliveries.c.wake_at)
    .where(deliveries.c.wake_at <= _now)
    .order_by(deliveries.c.wake_at)
    .limit(FEW)
    .subquery()
)
_FIRST_DUE = (
    sa.select(accounts.c.id, sa.func.count().label("due"), _is_free.label("is_free"))
    .join(_waking, _waking.c.account_id == accounts.c.id)
    .group_by(accounts.c.id)
    .order_by(sa.func.min(_waking.c.wake_at), accounts.c.id)
)

_first = (
    sa.select(sa.func.min(deliveries.c.wake_at))
    .where(deliveries.c.account_id == accounts.c.id, deliveries.c.wake_at.is_not(None))
    .scalar_subquery()
)
_EACH_ACCOUNT = (
    sa.select(accounts.c.id)
    .where(_is_free, _first <= _now)
    .order_by(_first)
    .limit(sa.bindparam("most"))
)


async def accounts_with_work(connection: AsyncConnection, now: datetime, limit: int) -> list[str]:
    """Return at most `limit` accounts that have a delivery to look at at `now` (aware UTC), the
    longest overdue first. Those that rest or have a courier already are left out."""
    found = (await connection.execute(_FIRST_DUE, {"now": now})).all()
    if sum(row.due for row in found) < FEW:
        return [row.id for row in found if row.is_free][:limit]
    rows = await connection.execute(_EACH_ACCOUNT, {"now": now, "most": limit})
    return [row.id for row in rows]
