"""What a person can do about a delivery that waits for one."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import assert_never

from copydesk.core.delivery import Action, Delivery, part_count
from copydesk.core.errors import Conflict, ContentInvalid, NotFound
from copydesk.core.findings import Finding
from copydesk.core.standing import Stands
from copydesk.core.states import IN_REVIEW, DeliveryState
from copydesk.distribution.threads import (
    CLEARED,
    done,
    given_up,
    goes_on,
    gone_words,
    has_begun,
    part_again,
)
from copydesk.platforms.kit.registry import load_platform
from copydesk.store import UnitOfWork
from copydesk.store.deliveries import Change
from copydesk.transformation.addresses import is_web_address


class Decision(StrEnum):
    """The three things a person can say about a delivery that is held, failed or blocked."""

    LANDED = "landed"
    SEND = "send"
    GIVE_UP = "give-up"


#: States in which a delivery waits for a person.
WAITING = frozenset({DeliveryState.HELD, DeliveryState.FAILED, DeliveryState.BLOCKED})


async def decide_delivery(
    unit: UnitOfWork,
    delivery_id: str,
    decision: Decision,
    *,
    url: str = "",
    reason: str = "",
    attempts: int | None = None,
) -> Delivery:
    """Settle a delivery: it landed (at `url`), send it (again), or give it up.

    `attempts` are the tries the person knew of: what somebody has sent again since, so that it
    waits once more, is another question than the one that was answered.

    Of a thread that is about the part in flight: the parts after one that landed are sent, sending
    goes on where it stopped, and when it is given up what is out of it stays as delivered.

    Raises `NotFound`; `Conflict` when the delivery is not waiting for a person, would be sent past
    the review of its post, or was tried again meanwhile; `ContentInvalid` when `url` is not the
    address of a page, or does not tell what the next part should answer.
    """
    delivery = await unit.deliveries.get(delivery_id)
    if delivery.state not in WAITING:
        raise Conflict(
            f"Delivery {delivery.id} is {delivery.state}; it does not wait for a person.",
            remedy="`copydesk status` shows where it stands.",
        )
    if delivery.reason_code == IN_REVIEW and decision is Decision.SEND:
        raise Conflict(
            f"Delivery {delivery.id} waits for the review of its post.", remedy=delivery.remedy
        )
    if attempts is not None and attempts != delivery.attempts:
        raise Conflict(
            f"Delivery {delivery.id} was tried again since you looked. Nothing was done.",
            remedy="Look at the platform once more, then decide on what the page says now.",
        )
    why = reason or f"a person said: {decision}"
    match decision:
        case Decision.LANDED:
            changes = [await _landed(unit, delivery, checked_url(url), why)]
        case Decision.SEND:
            changes = [sent_again(delivery, unit.now, why)]
            await unit.schedules.send_as_told([delivery])
        case Decision.GIVE_UP:
            changes = await _given_up(unit, delivery, why)
        case _:
            assert_never(decision)
    await unit.deliveries.move_all(changes)
    return await unit.deliveries.get(delivery.id)


async def _landed(unit: UnitOfWork, delivery: Delivery, url: str, why: str) -> Change:
    rendition, _ = await unit.deliveries.rendition(delivery.rendition_id)
    remote_id = await _remote_id(unit, delivery, url)
    found = done(delivery, part_count(rendition.payload), remote_id, url, unit.now)
    is_create = delivery.action is not Action.DELETE
    if is_create and (part := part_again(remote_id, delivery.handles)):
        raise _not_told(f"{url} is part {part}, which was out before")
    if is_create and found.to is DeliveryState.SCHEDULED and not remote_id:
        raise _not_told("the next part answers this one, and nobody said where it is")
    return Change(
        delivery=delivery,
        to=found.to,
        reason=f"{why}; {found.reason}" if found.reason else why,
        values=found.values,
        evidence=found.evidence,
    )


async def _given_up(unit: UnitOfWork, delivery: Delivery, why: str) -> list[Change]:
    if has_begun(delivery) and delivery.action is not Action.DELETE:
        return given_up(delivery, why)
    if has_begun(delivery):
        # what stands there is no longer what was delivered
        out = await unit.aftercare.standing(
            delivery.account_id, delivery.post_id, delivery.recipient
        )
        if out is not None:
            await unit.aftercare.stands(
                out.delivery, Stands.CHANGED, gone_words(delivery), out.delivery.inspect_at
            )
    return [
        Change(
            delivery=delivery,
            to=DeliveryState.CANCELLED,
            reason=why,
            values={"reason_code": "given_up", "reason": why, "remedy": ""},
        )
    ]


def _not_told(message: str) -> ContentInvalid:
    finding = Finding(
        code="part_not_told",
        field="url",
        message=message,
        remedy="Give the address of the part that landed.",
    )
    return ContentInvalid([finding])


def sent_again(delivery: Delivery, wake_at: datetime, why: str) -> Change:
    """Return the step of a delivery that is sent again at `wake_at` (aware UTC), with all its tries
    before it and nothing left of what an earlier try prepared or had accepted. The parts of a
    thread that are out stay so."""
    return Change(
        delivery=delivery,
        to=DeliveryState.SCHEDULED,
        reason=why,
        values={
            "wake_at": wake_at,
            # nothing wakes before it is due
            "due_at": min(delivery.due_at, wake_at),
            "spent": {},
            "looks": 0,
            "handles": goes_on(delivery.handles),
            **CLEARED,
            **_insisted(delivery),
        },
    )


def _insisted(delivery: Delivery) -> dict[str, object]:
    """Return what a person means who sends what was held for a page or for somebody's edit."""
    match delivery.reason_code:
        case "changed_there":
            return {"overwrite": True}
        case "link_not_there":
            return {"awaits": ""}
        case _:
            return {}


def checked_url(url: str) -> str:
    """Return `url`, the address of a page or "". Raises `ContentInvalid` for anything else."""
    if not url:
        return ""
    if not is_web_address(url) or not url.isprintable():
        raise ContentInvalid(
            [
                Finding(
                    code="url_invalid",
                    field="url",
                    message=f"{url[:200]!r} is not the address of a page",
                    remedy="Copy it from the browser: it begins with https:// and names a host.",
                )
            ]
        )
    return url


async def _remote_id(unit: UnitOfWork, delivery: Delivery, url: str) -> str:
    """Return the platform's id of what a person found: later changes are made to it."""
    if delivery.target_id:
        return delivery.target_id
    account = await unit.accounts.get(delivery.account_id)
    try:
        platform = load_platform(account.platform)
    except NotFound:
        return ""
    return platform.remote_id(url, account, delivery)
