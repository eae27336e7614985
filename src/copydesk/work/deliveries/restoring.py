"""After a backup was restored: what may have gone out since is looked up, never sent again.

The rows of a backup know nothing of the calls that were made after it. So each delivery that has
come due since gets an intent without a receipt, as if its courier had died between the two: it is
`unknown`, and goes the way of everything that is.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from copydesk.core.account import Account
from copydesk.core.delivery import Action, Delivery, Intent, part_count, part_key, parts_out
from copydesk.core.errors import Conflict
from copydesk.core.states import DeliveryState
from copydesk.platforms.kit.manifest import Idempotency
from copydesk.platforms.kit.registry import load_platform
from copydesk.store import UnitOfWork
from copydesk.store.deliveries import Change
from copydesk.work.desk import Desk
from copydesk.work.health import SILENT_AFTER

#: How many deliveries share a transaction.
BATCH: Final = 500

_REASON: Final = "a backup was restored, and it may have gone out since"
_THREAD: Final = "a backup was restored, and parts of it may have gone out since"
_LOOKING: Final = "Nothing to do: copydesk is looking whether it arrived."
_PERSON: Final = (
    "Look at the platform. None of it is there: let it be sent. Otherwise give it up; saying that"
    " it landed sends the parts after the first."
)

#: Where a call that is made again with the same key names what is there, for each part of a thread.
_NAMES: Final = frozenset({Idempotency.CLIENT_ID, Idempotency.NATURAL_KEY})


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What declaring a restored backup did (or would do).

    `backed_up_at` (aware UTC) is when the last thing happened that the backup knows of, None where
    it knows of nothing. Deliveries by account: `looked_up` are `unknown` now, `held` are threads
    that only a person can tell about.
    """

    backed_up_at: datetime | None
    looked_up: dict[str, int]
    held: dict[str, int]


async def declare_restored(desk: Desk, *, actor: str, dry_run: bool = False) -> Restored:
    """Say that the database was restored from a backup, before anything else is done with it.

    Takes in every workspace: a backup has them all. Interrupted, run it again. Raises `Conflict`
    while a process works on the database.
    """
    async with desk.store.read() as unit:
        await _refuse_while_somebody_works(unit)
        backed_up_at = await unit.events.last_at()
        now = unit.now
    looked_up: Counter[str] = Counter()
    held: Counter[str] = Counter()
    last: str | None = ""
    while last is not None:
        async with desk.store.begin(actor) as unit:
            found = await unit.deliveries.overdue(now, last, BATCH)
            last = found[-1].id if found else None
            payloads = await unit.deliveries.renditions([one.rendition_id for one in found])
            steps: list[Change] = []
            intents: list[Intent] = []
            for delivery in found:
                if delivery.is_accepted:
                    continue  # it is only ever asked about
                account = await unit.accounts.get(delivery.account_id)
                rendition, digest = payloads[delivery.rendition_id]
                if _cannot_be_looked_up(account, delivery, part_count(rendition.payload)):
                    held[account.name] += 1
                    steps.append(_held(delivery))
                    continue
                looked_up[account.name] += 1
                steps += _unknown(delivery, now)
                intents.append(_intent(unit, delivery, digest))
            if steps and not dry_run:
                await unit.deliveries.move_all(steps)
            if intents and not dry_run:
                await unit.deliveries.write_intents(intents)
    return Restored(backed_up_at=backed_up_at, looked_up=dict(looked_up), held=dict(held))


def _intent(unit: UnitOfWork, delivery: Delivery, payload_sha256: str) -> Intent:
    """Return the intent that was lost, begun as early as it can have been: who looks for the post
    looks from there on."""
    return Intent(
        id=unit.ids.new("intent"),
        delivery_id=delivery.id,
        attempt=delivery.attempts + 1,
        key=part_key(delivery.key, len(parts_out(delivery.handles))),
        payload_sha256=payload_sha256,
        fence=0,
        started_at=delivery.due_at,
    )


async def _refuse_while_somebody_works(unit: UnitOfWork) -> None:
    now = unit.now
    if alive := [one for one in await unit.workers.all() if now - one.seen_at < SILENT_AFTER]:
        names = ", ".join(f"{one.kind} (process {one.pid} on {one.host})" for one in alive)
        raise Conflict(
            f"Somebody works on this database: {names}. Nothing was done.",
            remedy="Stop it, wait for a minute, then run this again.",
        )


def _cannot_be_looked_up(account: Account, delivery: Delivery, parts: int) -> bool:
    # a look tells about the part in flight, and the others would be sent after it
    if delivery.action is not Action.CREATE or parts <= 1:
        return False
    return load_platform(account.platform).manifest.idempotency not in _NAMES


def _held(delivery: Delivery) -> Change:
    return Change(
        delivery=delivery,
        to=DeliveryState.HELD,
        reason=_THREAD,
        values={"reason_code": "unknown", "reason": _THREAD, "remedy": _PERSON},
    )


def _unknown(delivery: Delivery, now: datetime) -> list[Change]:
    """Return the legal steps to `unknown`: those of a call that was begun and never answered."""
    steps: list[Change] = []
    state = delivery.state
    ways = [DeliveryState.SCHEDULED] if state is not DeliveryState.SCHEDULED else []
    for to in (*ways, DeliveryState.SENDING):
        steps.append(Change(delivery=_in(delivery, state), to=to, reason=_REASON))
        state = to
    steps.append(
        Change(
            delivery=_in(delivery, state),
            to=DeliveryState.UNKNOWN,
            reason=_REASON,
            values={
                "wake_at": now + timedelta(seconds=1),
                "attempts": delivery.attempts + 1,
                "reason_code": "unknown",
                "reason": _REASON,
                "remedy": _LOOKING,
            },
        )
    )
    return steps


def _in(delivery: Delivery, state: DeliveryState) -> Delivery:
    return replace(delivery, state=state)
