"""Deliveries of a post that is taken back into review: they wait until a person approves again.

What is being sent is not touched (a thread is from its first part on), nor what may have arrived;
and what takes a post down goes on.
"""

from __future__ import annotations

from typing import Final

from copydesk.core.delivery import Action, Delivery, parts_out
from copydesk.core.post import Post
from copydesk.core.states import IN_REVIEW, DeliveryState
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
        if delivery.state in _WAITING
        and delivery.action is not Action.DELETE
        and not delivery.is_accepted
        and not parts_out(delivery.handles)
    ]
    why = f"its post is in review again: {reason}"
    values = {
        "reason_code": IN_REVIEW,
        "reason": why,
        "remedy": f"Accept the review of {post.id}, and it goes on; reject it, and it is called"
        " off.",
    }
    await unit.deliveries.move_all(
        [
            Change(delivery=delivery, to=DeliveryState.HELD, reason=why, values=values)
            for delivery in waiting
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
                values={
                    "wake_at": delivery.due_at,
                    "reason_code": "",
                    "reason": "",
                    "remedy": "",
                },
            )
            for delivery in held
            if delivery.revision_id == post.revision_id
        ]
    )
    await _call_off(unit, replaced, "another text was approved in its place")
    return replaced


async def call_off(unit: UnitOfWork, post: Post) -> None:
    """Call off what waited for the review of a post that was rejected in it."""
    await _call_off(unit, await _held_back(unit, post), "its post was rejected in review")


async def _held_back(unit: UnitOfWork, post: Post) -> list[Delivery]:
    return [
        delivery
        for delivery in await unit.deliveries.of_post(post.id)
        if delivery.state is DeliveryState.HELD and delivery.reason_code == IN_REVIEW
    ]


async def _call_off(unit: UnitOfWork, deliveries: list[Delivery], why: str) -> None:
    values = {"reason_code": IN_REVIEW, "reason": why, "remedy": ""}
    await unit.deliveries.move_all(
        [
            Change(delivery=delivery, to=DeliveryState.CANCELLED, reason=why, values=values)
            for delivery in deliveries
        ]
    )
