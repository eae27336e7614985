"""The next free slot of a queue: no two posts get the same one of an account."""

from __future__ import annotations

from datetime import datetime
from itertools import islice
from typing import Final

from copydesk.core.account import Account
from copydesk.core.errors import ContentInvalid
from copydesk.core.findings import Finding
from copydesk.core.timetable import SLOT_HORIZON, Timetable
from copydesk.core.timing import Timing
from copydesk.core.zones import wall_of
from copydesk.store import UnitOfWork

#: How many slots are looked at in one statement.
_LOOK: Final = 100


async def next_free_slot(unit: UnitOfWork, account: Account, queue: str, after: datetime) -> Timing:
    """Return the first slot of the account's `queue` after `after` (aware) that is free.

    The account stays locked until the unit of work ends, so that nobody takes the slot meanwhile:
    whoever takes slots of several accounts does so in the order of their ids. A slot whose delivery
    is cancelled or moved is free again. Raises `ContentInvalid` when there is no such queue, or no
    slot within a year.
    """
    await unit.schedules.lock_account(account.id)
    table = account.timetable or Timetable()
    slots = table.slots_from(queue, after)
    open_slots = 0
    while some := list(islice(slots, _LOOK)):
        open_slots += len(some)
        taken = await unit.schedules.taken(account.id, some)
        for slot in some:
            if slot not in taken:
                wall = wall_of(slot, table.place)
                return Timing(
                    due_at=slot, asked=f"{wall:%Y-%m-%d %H:%M}", zone=table.zone, queue=queue
                )
    within = f"within {SLOT_HORIZON.days} days"
    if not open_slots:
        raise _no_slot(
            "queue_closed",
            f"no slot of queue {queue!r} of {account.name} is open {within}: its blackouts, "
            "windows or quiet hours cover them all",
            f"`copydesk timetable set {account.name}` changes them.",
        )
    raise _no_slot(
        "queue_full",
        f"queue {queue!r} of {account.name} has no free slot {within}",
        "Give it more slots, or publish with --at.",
    )


def _no_slot(code: str, message: str, remedy: str) -> ContentInvalid:
    return ContentInvalid([Finding(code=code, field="queue", message=message, remedy=remedy)])
