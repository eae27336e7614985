"""Deliveries of a post that is taken back into review: they wait until a person approves again.

What is being sent is not touched, nor what may have arrived: its courier asks how the post stands
before it sends anything again (`distribution.admitting`).
"""

from __future__ import annotations

from typing import Final

from copydesk.core.delivery import Delivery
from copydesk.core.post import Post
from copydesk.core.states import IN_REVIEW, DeliveryState
from copydesk.core.taken_back import (
    REJECTED,
    REPLACED,
    called_off,
    going_on,
    held_back,
    waits_for_review,
)
from copydesk.store import UnitOfWork
from copydesk.store.deliveries import Change

#: What certainly has not been sent, and would go out by itself.
_WAITING: Final = frozenset(
    {
        DeliveryState.PLANNED,
        DeliveryState.SCHEDULED,
        DeliveryState.SNOOZED,
        DeliveryState.BLOCKED,
    }
)


async def hold_back(unit: UnitOfWork, post: Post, reason: str) -> None:
    """Let what has not been sent of a post wait for its review; `reason` says why it is in one.

    Raises `Conflict` when one of them is being sent at this very moment.
    """
    waiting = [
        delivery
        for delivery in await unit.deliveries.of_post(post.id)
        if delivery.state in _WAITING and waits_for_review(delivery)
    ]
    await unit.deliveries.move_all(
        [
            Change(
                delivery=delivery,
                to=DeliveryState.HELD,
                reason=values["reason"],
                values=values,
            )
            for delivery in waiting
            for values in [held_back(delivery, reason)]
        ]
    )


async def let_go(unit: UnitOfWork, post: Post) -> list[Delivery]:
    """Let what waited for the review of an approved post go on at its time.

    What would send another text than the approved one is called off instead, and returned: the
    approved one has to be planned in its place.
    """
    held = await _held_back(unit, post)
    replaced = [delivery for delivery in held if delivery.revision_id != post.revision_id]
    await unit.deliveries.move_all(
        [
            Change(
                delivery=delivery,
                to=DeliveryState.SCHEDULED,
                reason="its post is approved again",
                values=going_on(delivery),
            )
            for delivery in held
            if delivery.revision_id == post.revision_id
        ]
    )
    await _call_off(unit, replaced, REPLACED)
    return replaced


async def call_off(unit: UnitOfWork, post: Post) -> None:
    """Call off what waited for the review of a post that was rejected in it."""
    await _call_off(unit, await _held_back(unit, post), REJECTED)


async def _held_back(unit: UnitOfWork, post: Post) -> list[Delivery]:
    return [
        delivery
        for delivery in await unit.deliveries.of_post(post.id)
        if delivery.state is DeliveryState.HELD and delivery.reason_code == IN_REVIEW
    ]


async def _call_off(unit: UnitOfWork, deliveries: list[Delivery], why: str) -> None:
    to, values = DeliveryState.CANCELLED, called_off(why)
    await unit.deliveries.move_all(
        [Change(delivery=delivery, to=to, reason=why, values=values) for delivery in deliveries]
    )
