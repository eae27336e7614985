"""What the rows say beside what the platform has: the row of a scenario."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from copydesk.core.delivery import Delivery
from copydesk.core.states import SETTLED, DeliveryState
from copydesk.platforms.kit.manifest import Idempotency
from copydesk.platforms.kit.registry import load_platform
from copydesk.testing.faults.catalogue import Fault
from copydesk.testing.faults.engine import all_deliveries
from copydesk.testing.faults.figures import Row
from copydesk.testing.faults.rig import EngineRig
from copydesk.work.desk import Desk

#: Reason codes that say: nobody can tell whether it arrived.
_UNCERTAIN = frozenset({"unknown", "spoke_fault"})


async def compare(
    desk: Desk, rig: EngineRig, store: str, fault: Fault, markers: Mapping[str, str], note: str = ""
) -> Row:
    """Return the row: every delivery held against the platform's own record."""
    found = await all_deliveries(desk)
    copies = rig.copies()
    by_marker = {markers[d.post_id]: d for d in found if d.post_id in markers}
    held = [d for d in found if d.state is DeliveryState.HELD]
    expected = fault in {Fault.REFUSED, Fault.FORBIDDEN}
    excused = [d for d in held if expected or (await is_uncertain(desk, rig, d))]
    failed = [
        d
        for d in found
        if d.state in SETTLED and d.state is not DeliveryState.DELIVERED and d not in excused
    ]
    planned, there = len(markers), len(by_marker)
    return Row(
        spoke=rig.spoke,
        store=store,
        fault=fault.value,
        deliveries=planned,
        duplicates=sum(number - 1 for number in copies.values() if number > 1),
        lost=planned
        - there
        + sum(
            d.state is DeliveryState.DELIVERED and not copies[marker]
            for marker, d in by_marker.items()
        )
        + sum(not d.reason for d in held),
        stuck=sum(d.state not in SETTLED for d in found),
        wrongly_failed=len(failed),
        calls_during_429=rig.calls_while_limited,
        held=len(held),
        seconds_to_truth=round(await seconds_to_truth(desk), 1),
        note=note,
    )


async def is_uncertain(desk: Desk, rig: EngineRig, delivery: Delivery) -> bool:
    """Tell whether nobody could have known what became of `delivery`: it was called, and the
    platform neither knows a repeated key nor can be asked in a way that settles it."""
    platform = load_platform(rig.platform)
    async with desk.store.read() as unit:
        account = await unit.accounts.get(delivery.account_id)
    return (
        delivery.reason_code in _UNCERTAIN
        and delivery.attempts > 0
        and platform.idempotency(account) is Idempotency.NONE
        and not platform.reconcile(account).settles
    )


async def seconds_to_truth(desk: Desk) -> float:
    """Return the longest time from a delivery's first try to its last step, in seconds."""
    first: dict[str, datetime] = {}
    longest = 0.0
    sequence = 0
    async with desk.store.read() as unit:
        while page := await unit.events.after(sequence, limit=2000):
            sequence = page[-1].sequence
            for event in page:
                if event.noun != "delivery":
                    continue
                if event.to_state == DeliveryState.SENDING:
                    first.setdefault(event.subject_id, event.at)
                elif event.subject_id in first:
                    longest = max(longest, (event.at - first[event.subject_id]).total_seconds())
    return longest
