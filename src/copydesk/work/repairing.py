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
    """Free leases that have run out, queue every row that is due, and have the passages of all
    posts made anew."""
    async with desk.store.begin("repair") as unit:
        freed = await unit.accounts.free_expired_leases()
        await unit.passages.look_at_all(desk.workspace_id)
    runtime = await open_runtime(desk.store)
    try:
        queued = await sweep(desk, runtime)
    finally:
        await runtime.close()
    return Repaired(queued=queued, leases_freed=freed)
