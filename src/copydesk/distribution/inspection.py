"""Looking again at what was published: who changed or removed it on the platform since.

A delivered post says in an indexed column when it is looked at next; one that never is costs
nothing. Looks are claimed before they are made, so that workers do not make them twice, and go
through the account's observed transport, so that rate budgets count them. Where a platform takes
what was read last for the base of an update, a look has the account to itself, as a courier has.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from copydesk.core.delivery import Delivery, Outgoing
from copydesk.core.outcomes import Inconclusive
from copydesk.core.standing import Standing, stands
from copydesk.distribution.aftercare import Inspects, look_at
from copydesk.distribution.calls import words
from copydesk.distribution.records import LEASE, MARGIN, Records
from copydesk.store import Store
from copydesk.store.aftercare import Out

#: How many posts are looked at in one go, and for how long a claim keeps others from them.
AT_ONCE: Final = 50
CLAIM: Final = timedelta(minutes=10)

_BUSY: Final = Inconclusive("its account is being served; look again in a moment")


class Unasked:
    """Stands for a client that cannot be used now, and says why."""

    def __init__(self, reason: str) -> None:
        self._reason = reason

    async def inspect(self, outgoing: Outgoing) -> Standing:
        """Say that nobody was asked."""
        return Inconclusive(f"the platform was not asked: {self._reason}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A delivered post and how it stands, found just now."""

    delivery: Delivery
    standing: Standing


def next_look(schedule: Sequence[float], delivered_at: datetime, now: datetime) -> datetime | None:
    """Return when to look next at what is out since `delivered_at`: the first time of `schedule`
    (seconds after it) still to come, None after the last. All aware UTC."""
    times = (delivered_at + timedelta(seconds=seconds) for seconds in schedule)
    return next((time for time in times if time > now), None)


async def claim(store: Store, account_id: str) -> list[Out]:
    """Return posts of an account that are due for a look; others leave them alone for a while.

    What something newer stands in place of is not looked at any more.
    """
    async with store.begin("inspection") as unit:
        found = await unit.aftercare.claim(account_id, unit.now + CLAIM, AT_ONCE)
        old = [out.delivery.id for out in found if out.superseded]
        if old:
            await unit.aftercare.stop_looking(old)
    return [out for out in found if not out.superseded]


async def inspect(
    store: Store,
    client: Inspects,
    outs: Sequence[Out],
    schedule: Sequence[float],
    *,
    actor: str,
    alone: bool = False,
) -> list[Seen]:
    """Look at each post and keep how it stands; changes nothing on the platform.

    After an answer that says nothing, the standing known before stays. With `alone` nothing is
    looked at while a courier has the account; what is claimed comes up again.
    """
    seen: list[Seen] = []
    for out in outs:
        if alone:
            found = await _look_alone(store, client, out)
            if found is None:
                seen.append(Seen(delivery=out.delivery, standing=_BUSY))
                continue
            standing = found
        else:
            standing = await _look(client, out)
        word, note = stands(standing)
        async with store.begin(actor) as unit:
            again_at = next_look(schedule, out.delivered_at, unit.now)
            await unit.aftercare.stands(out.delivery, word, note, again_at)
            delivery = await unit.deliveries.get(out.delivery.id)
        seen.append(Seen(delivery=delivery, standing=standing))
    return seen


async def _look_alone(store: Store, client: Inspects, out: Out) -> Standing | None:
    """Return how a post stands, None when somebody else has its account."""
    now = store.clock.now()
    lease = await store.journal.lease(
        out.delivery.account_id,
        f"inspection/{store.ids.new('intent')}",
        now,
        now + timedelta(seconds=LEASE),
    )
    if lease is None:
        return None
    try:
        # no longer than the account is ours: a courier comes after
        async with asyncio.timeout(LEASE - MARGIN):
            return await _look(client, out)
    except TimeoutError:
        return Inconclusive(f"looking at it took longer than {LEASE - MARGIN:g} seconds")
    finally:
        await Records(store, lease).release()


async def _look(client: Inspects, out: Out) -> Standing:
    if not out.delivery.remote_id:
        return Inconclusive("nobody said under which id it is there")
    try:
        return await look_at(client, out)
    except Exception as error:
        # a fault in a spoke: the post is looked at again when its next time comes
        return Inconclusive(f"looking at it failed: {words(error)}")
