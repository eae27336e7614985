"""What a person can do about a delivery that waits for one, and about a blocked account."""

from __future__ import annotations

from enum import StrEnum

from copydesk.core.account import Account
from copydesk.core.delivery import Delivery
from copydesk.core.errors import Conflict
from copydesk.core.outcomes import Outcome, Published
from copydesk.core.post import Media
from copydesk.core.states import AccountState, DeliveryState
from copydesk.platforms.kit.contract import Session
from copydesk.platforms.kit.registry import load_platform
from copydesk.platforms.kit.transport import observed
from copydesk.store import UnitOfWork
from copydesk.store.deliveries import Change
from copydesk.work.desk import Desk


class Decision(StrEnum):
    """The three things a person can say about a delivery that is held, failed or blocked."""

    LANDED = "landed"
    SEND = "send"
    GIVE_UP = "give-up"


async def decide_delivery(
    unit: UnitOfWork,
    delivery_id: str,
    decision: Decision,
    *,
    url: str = "",
    reason: str = "",
) -> Delivery:
    """Settle a delivery: it landed (at `url`), send it (again), or give it up.

    Raises `NotFound`; `Conflict` when the delivery is not waiting for a person.
    """
    delivery = await unit.deliveries.get(delivery_id)
    if delivery.state not in {DeliveryState.HELD, DeliveryState.FAILED, DeliveryState.BLOCKED}:
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
                    "remote_id": url,
                    "reason_code": "",
                    "reason": "",
                    "remedy": "",
                },
            )
        case Decision.SEND:
            change = Change(
                delivery=delivery,
                to=DeliveryState.SCHEDULED,
                reason=why,
                values={
                    "wake_at": unit.now,
                    "attempts": 0,
                    "looks": 0,
                    # what an earlier try prepared or had accepted belongs to that try
                    "handles": {},
                    "reason_code": "",
                    "reason": "",
                    "remedy": "",
                },
            )
        case _:
            change = Change(
                delivery=delivery,
                to=DeliveryState.CANCELLED,
                reason=why,
                values={"reason_code": "given_up", "reason": why},
            )
    await unit.deliveries.move(change)
    return await unit.deliveries.get(delivery.id)


async def try_account(desk: Desk, name: str, *, actor: str) -> tuple[Account, Outcome]:
    """Ask the platform whether the account works; if it does, let its waiting deliveries go on."""
    async with desk.store.read() as unit:
        account = await unit.accounts.by_name(desk.workspace_id, name)
        sealed = await unit.accounts.secrets(account.id)
    observers = desk.observers(account)
    session = Session(
        account=account,
        secrets=desk.vault.open(sealed),
        transport=observed(desk.transport, observers),
        observers=observers,
        load_media=_no_media,
        home=desk.settings.home,
    )
    client = load_platform(account.platform).connect(session)
    try:
        outcome = await client.test()
    finally:
        await client.close()
    if isinstance(outcome, Published) and account.state is AccountState.BLOCKED:
        async with desk.store.begin(actor) as unit:
            await unit.accounts.move(account, AccountState.CONNECTED, "tested and working")
            await unit.deliveries.move_all(
                [
                    Change(
                        delivery=delivery,
                        to=DeliveryState.SCHEDULED,
                        reason="the account works again",
                        values={"wake_at": unit.now, "reason_code": "", "reason": "", "remedy": ""},
                    )
                    for delivery in await unit.deliveries.blocked(account.id)
                ]
            )
            await unit.deliveries.wake_resting(account.id)
            unit.hint("courier", account.id)
        async with desk.store.read() as unit:
            account = await unit.accounts.get(account.id)
    return account, outcome


async def _no_media(media: Media) -> bytes:
    raise LookupError(f"{media.name}: testing an account needs no media")
