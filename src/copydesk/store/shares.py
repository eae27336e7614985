"""Whose accounts come first when more have work than are asked for: each workspace's in turn.

A workspace with a thousand busy accounts would otherwise stand before another's one for as long as
its backlog lasts, since that is overdue for longer.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from copydesk.store.tables import accounts, deliveries

_now: sa.BindParameter[datetime] = sa.bindparam("now")
_first = (
    sa.select(sa.func.min(deliveries.c.wake_at))
    .where(deliveries.c.account_id == accounts.c.id, deliveries.c.wake_at.is_not(None))
    .scalar_subquery()
)

# Built once: putting a statement together costs more than running it.
_busy = (
    sa.select(
        accounts.c.id,
        _first.label("first"),
        sa.func.row_number()
        .over(partition_by=accounts.c.workspace_id, order_by=_first)
        .label("place"),
    )
    .where(
        accounts.c.paused_until.is_(None) | (accounts.c.paused_until <= _now),
        accounts.c.lease_until.is_(None) | (accounts.c.lease_until <= _now),
        _first <= _now,
    )
    .subquery()
)
_IN_TURN: Final = (
    sa.select(_busy.c.id).order_by(_busy.c.place, _busy.c.first).limit(sa.bindparam("most"))
)


async def accounts_in_turn(connection: AsyncConnection, now: datetime, limit: int) -> list[str]:
    """Return at most `limit` accounts that have a delivery to look at at `now` (aware UTC): the
    longest overdue of each workspace, then the next of each. Those that rest or have a courier
    already are left out. Looks at every account that is busy, so ask for it where there are more
    than `limit`."""
    rows = await connection.execute(_IN_TURN, {"now": now, "most": limit})
    return [row.id for row in rows]
