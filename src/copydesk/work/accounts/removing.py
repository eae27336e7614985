"""Removing an account: its secrets are wiped, nothing more goes out, nothing is forgotten."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from copydesk.core.account import Account
from copydesk.core.errors import ConfigError
from copydesk.core.states import DeliveryState
from copydesk.distribution.judgement import judge_removed
from copydesk.distribution.revoking import Back, GivenBack, give_back
from copydesk.store.deliveries import Change
from copydesk.work.accounts.connecting import made_secrets
from copydesk.work.desk import Desk

#: How many deliveries one transaction settles.
BATCH = 500

#: What has not come to an end. What is `sending` is settled by whoever sends it.
OPEN = (
    DeliveryState.PLANNED,
    DeliveryState.SCHEDULED,
    DeliveryState.SNOOZED,
    DeliveryState.UNKNOWN,
    DeliveryState.BLOCKED,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Removed:
    """What removing an account did, in deliveries: `held` are those that may have landed, `sending`
    those under way, which end as delivered or held. `given_back` is what the platform was told."""

    account: Account
    cancelled: int
    held: int
    sending: int
    given_back: GivenBack


async def remove_account(desk: Desk, name: str, *, actor: str, reason: str = "") -> Removed:
    """Remove the account called `name`. Raises `NotFound`.

    Its credential is given back to who issued it as well as that can be done.
    """
    async with desk.store.begin(actor) as unit:
        account = await unit.accounts.by_name(desk.workspace_id, name)
        sealed = await unit.accounts.secrets(account.id)
        await unit.accounts.remove(account, reason or "removed by a person")
    kept = made_secrets(desk.settings.home, account)
    await asyncio.to_thread(kept.unlink, missing_ok=True)
    given_back = await _give_back(desk, account, sealed)
    settled = {DeliveryState.CANCELLED: 0, DeliveryState.HELD: 0}
    # what a crash leaves here is settled by the account's courier, which finds it removed
    while True:
        async with desk.store.begin(actor) as unit:
            left = await unit.letters.of_account(account.id, OPEN, limit=BATCH)
            changes: list[Change] = []
            for delivery in left:
                judgement = judge_removed(delivery)
                settled[judgement.to] += 1
                changes.append(
                    Change(
                        delivery=delivery,
                        to=judgement.to,
                        reason=judgement.reason,
                        values=judgement.values,
                    )
                )
            await unit.deliveries.move_all(changes)
        if len(left) < BATCH:
            break
    async with desk.store.read() as unit:
        sending = await unit.letters.of_account(account.id, [DeliveryState.SENDING], limit=BATCH)
        account = await unit.accounts.get(account.id)
    return Removed(
        account=account,
        cancelled=settled[DeliveryState.CANCELLED],
        held=settled[DeliveryState.HELD],
        sending=len(sending),
        given_back=given_back,
    )


async def _give_back(desk: Desk, account: Account, sealed: bytes) -> GivenBack:
    try:
        secrets = desk.vault.open(sealed)
    except ConfigError as error:
        return GivenBack(back=Back.FAILED, problem=error.message)
    return await give_back(desk.transport, account, secrets, desk.observers(account))
