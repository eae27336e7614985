"""Giving a delivery another time, or calling it off: legal only for what has not been sent."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final

from copydesk.core.account import Account
from copydesk.core.delivery import Action, Delivery
from copydesk.core.errors import Conflict
from copydesk.core.states import DeliveryState
from copydesk.core.timetable import LatePolicy
from copydesk.core.timing import Timing
from copydesk.core.zones import written
from copydesk.distribution.threads import has_begun, standing_words
from copydesk.store import UnitOfWork
from copydesk.store.deliveries import Change
from copydesk.store.schedules import CALLED_OFF

#: What certainly has not been sent, and can still go out.
_WAITING: Final = frozenset({DeliveryState.SCHEDULED, DeliveryState.SNOOZED, DeliveryState.BLOCKED})


def is_movable(delivery: Delivery) -> bool:
    """Tell whether a delivery has not been sent and may get another time.

    A held one only when it is held for being late: any other may have arrived. Of a thread that has
    begun some parts are out.
    """
    if has_begun(delivery):
        return False
    if delivery.state is DeliveryState.HELD:
        return delivery.reason_code == "late"
    if delivery.state is DeliveryState.EXPIRED:
        return True
    return delivery.state in _WAITING and not delivery.is_accepted


def is_cancellable(delivery: Delivery) -> bool:
    """Tell whether a delivery has not been sent and may be called off."""
    return is_movable(delivery) and delivery.state is not DeliveryState.EXPIRED


def first_wake(account: Account, due_at: datetime) -> tuple[datetime, str, str]:
    """Return when a delivery due at `due_at` (aware UTC) can first go out by the account's windows,
    with a code and words for what it waits for ("" when it need not wait longer)."""
    closed = account.timetable.closed(due_at) if account.timetable else None
    return (closed.until, closed.code, closed.why) if closed else (due_at, "", "")


async def retime(
    unit: UnitOfWork, delivery: Delivery, account: Account, timing: Timing, reason: str = ""
) -> Delivery:
    """Let a delivery go out at another time; an occurrence leaves its series by that.

    Raises `Conflict` when it was sent, is being sent, or its outcome is not known.
    """
    if not is_movable(delivery):
        raise _not_possible(delivery, "be moved")
    before = (await unit.schedules.timings([delivery.id])).get(delivery.id)
    moves = before.moves + 1 if before else 1
    late, grace = timing.late, timing.grace
    if before is not None and late is None and before.late is not None:
        # what was given up as late and is moved is judged anew, by what was asked at first
        given_up = delivery.reason_code == "late" and before.late is LatePolicy.POST_LATE
        late, grace = (None if given_up else before.late), grace or before.grace
    detached = " and taken out of its series" if before and before.series_id else ""
    kept = replace(timing, moves=moves, late=late, grace=grace, series_id="")
    why = (
        f"moved from {written(delivery.due_at, timing.zone)} "
        f"to {written(timing.due_at, timing.zone)}{detached}"
    )
    why = f"{why}: {reason}" if reason else why
    wake_at, code, words = first_wake(account, timing.due_at)
    values = {"wake_at": wake_at, "reason_code": code, "reason": words, "remedy": ""}
    await unit.schedules.retime(delivery, kept)
    if delivery.state is DeliveryState.SCHEDULED:
        await unit.schedules.rest(delivery, values, why)
    else:
        await unit.deliveries.move(
            Change(delivery=delivery, to=DeliveryState.SCHEDULED, reason=why, values=values)
        )
    return await unit.deliveries.get(delivery.id)


async def cancel(
    unit: UnitOfWork, delivery: Delivery, reason: str = "", code: str = CALLED_OFF
) -> Delivery:
    """Call a delivery off; `code` says who does, a person unless told otherwise.

    Raises `Conflict` when it was sent, or its outcome is not known.
    """
    if not is_cancellable(delivery):
        raise _not_possible(delivery, "be cancelled")
    why = reason or "called off"
    await unit.deliveries.move(
        Change(
            delivery=delivery,
            to=DeliveryState.CANCELLED,
            reason=why,
            values={"reason_code": code, "reason": why, "remedy": ""},
        )
    )
    return await unit.deliveries.get(delivery.id)


def _not_possible(delivery: Delivery, what: str) -> Conflict:
    if has_begun(delivery) and delivery.action is not Action.DELETE:
        return Conflict(
            f"Delivery {delivery.id} cannot {what}: {standing_words(delivery)}.",
            remedy="Take the post down: `copydesk unpublish` stops it and removes what is out.",
        )
    state = "accepted by the platform" if delivery.is_accepted else str(delivery.state)
    remedies = {
        DeliveryState.DELIVERED: "It is public: publish a change of it, or take it down there.",
        DeliveryState.SENDING: "Its outcome is known in a moment; look again then.",
        DeliveryState.UNKNOWN: "It may have arrived; it is looked up, and can be settled then.",
        DeliveryState.HELD: f"`copydesk settle {delivery.id}` decides about it.",
        DeliveryState.FAILED: f"`copydesk settle {delivery.id}` decides about it.",
    }
    return Conflict(
        f"Delivery {delivery.id} is {state} and cannot {what}.",
        remedy=remedies.get(delivery.state, "`copydesk status` shows where it stands."),
    )
