"""Leases as couriers take, hold and give them back: through the journal."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from copydesk.core.account import Lease
from copydesk.store import Store
from copydesk.store.journal import Entry


async def take(store: Store, account_id: str, owner: str, seconds: float = 10) -> Lease | None:
    now = store.clock.now()
    return await store.journal.lease(account_id, owner, now, now + timedelta(seconds=seconds))


async def hold(store: Store, lease: Lease, seconds: float = 10) -> None:
    now = store.clock.now()
    longer = replace(lease, until=now + timedelta(seconds=seconds))
    await store.journal.write(Entry(actor="courier", at=now, proves=longer))


async def give_back(store: Store, lease: Lease) -> None:
    await store.journal.write(Entry(actor="courier", at=store.clock.now(), releases=lease))
