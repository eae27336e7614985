"""What a person can do about a delivery that waits for one, and about a blocked account."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import assert_never
from urllib.parse import urlsplit

from copydesk.core.delivery import Delivery
from copydesk.core.errors import Conflict, ContentInvalid, NotFound
from copydesk.core.findings import Finding
from copydesk.core.states import DeliveryState
from copydesk.platforms.kit.registry import load_platform
from copydesk.store import UnitOfWork
from copydesk.store.deliveries import Change
from copydesk.work.trying import try_account as try_account


class Decision(StrEnum):
    """The three things a person can say about a delivery that is held, failed or blocked."""

    LANDED = "landed"
    SEND = "send"
    GIVE_UP = "give-up"


#: States in which a delivery waits for a person.
WAITING = frozenset({DeliveryState.HELD, DeliveryState.FAILED, DeliveryState.BLOCKED})

_CLEARED = {"reason_code": "", "reason": "", "remedy": ""}


async def decide_delivery(
    unit: UnitOfWork,
    delivery_id: str,
    decision: Decision,
    *,
    url: str = "",
    reason: str = "",
) -> Delivery:
    """Settle a delivery: it landed (at `url`), send it (again), or give it up.

    Raises `NotFound`; `Conflict` when the delivery is not waiting for a person; `ContentInvalid`
    when `url` is not the address of a page.
    """
    delivery = await unit.deliveries.get(delivery_id)
    if delivery.state not in WAITING:
        raise Conflict(
            f"Delivery {delivery.id} is {delivery.state}; it does not wait for a person.",
            remedy="`copydesk status` shows where it stands.",
        )
    why = reason or f"a person said: {decision}"
    match decision:
        case Decision.LANDED:
            change = Change(
                delivery=delivery,
                to=DeliveryState.DELIVERED,
                reason=why,
                values={
                    "url": url,
                    "remote_id": await _remote_id(unit, delivery, checked_url(url)),
                    **_CLEARED,
                },
            )
        case Decision.SEND:
            change = sent_again(delivery, unit.now, why)
            await unit.schedules.send_however_late([delivery])
        case Decision.GIVE_UP:
            change = Change(
                delivery=delivery,
                to=DeliveryState.CANCELLED,
                reason=why,
                values={"reason_code": "given_up", "reason": why, "remedy": ""},
            )
        case _:
            assert_never(decision)
    await unit.deliveries.move(change)
    return await unit.deliveries.get(delivery.id)


def sent_again(delivery: Delivery, wake_at: datetime, why: str) -> Change:
    """Return the step of a delivery that is sent again at `wake_at` (aware UTC), with all its tries
    before it and nothing left of what an earlier try prepared or had accepted."""
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
            "handles": {},
            **_CLEARED,
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
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        usable = False
    if not usable or any(c.isspace() or not c.isprintable() for c in url):
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
