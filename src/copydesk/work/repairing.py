"""Repair: make the queue anew from rows. Rows are the truth, so this can be run at any time."""

from __future__ import annotations

from dataclasses import dataclass

from copydesk.work.desk import Desk
from copydesk.work.runtime import open_runtime
from copydesk.work.sweep import sweep


@dataclass(frozen=True, slots=True, kw_only=True)
class Repaired:
    """What repairing did."""

    queued: int
    leases_freed: int


async def repair(desk: Desk) -> Repaired:
    """Free leases that have run out and queue every row that is due."""
    async with desk.store.begin("repair") as unit:
        freed = await unit.accounts.free_expired_leases()
    runtime = await open_runtime(desk.store)
    try:
        queued = await sweep(desk, runtime)
    finally:
        await runtime.close()
    return Repaired(queued=queued, leases_freed=freed)
