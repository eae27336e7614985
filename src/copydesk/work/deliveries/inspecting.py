"""Looking at published posts again: on schedule, and when a person asks."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import groupby
from typing import Final

import structlog

from copydesk.core.account import Account
from copydesk.core.delivery import Action, parts_out
from copydesk.core.errors import ConfigError, Conflict, NotFound
from copydesk.core.states import AccountState, DeliveryState
from copydesk.distribution.inspection import AT_ONCE, Seen, Unasked, claim, inspect
from copydesk.distribution.media import no_media
from copydesk.distribution.opened import OpenAccount
from copydesk.platforms.kit.registry import load_platform
from copydesk.store.aftercare import Out
from copydesk.work.accounts.trying import credentials_of
from copydesk.work.desk import Desk

_log = structlog.get_logger(__name__)

#: Seconds that the looks at one account's posts may take together, per post.
_PATIENCE: Final = 2


async def inspect_account(desk: Desk, account_id: str) -> None:
    """Look at the posts of an account that are due for it. Safe to run twice."""
    async with desk.store.read() as unit:
        account = await unit.accounts.get(account_id)
    if account.state is not AccountState.CONNECTED:
        return
    while outs := await claim(desk.store, account_id):
        try:
            seen = await _look(desk, account, outs, actor="inspection")
        except (ConfigError, NotFound) as error:
            _log.warning("not_inspected", account=account.name, reason=str(error))
            return
        _log.info("inspected", account=account.name, posts=len(seen))
        if len(outs) < AT_ONCE:
            return


async def inspect_now(desk: Desk, ids: Sequence[str], *, actor: str) -> list[Seen]:
    """Look at deliveries now, and return how they stand, in the order of their accounts.

    Raises `NotFound`; `Conflict` for one that is not out there, because it was not delivered yet
    or takes a post down.
    """
    async with desk.store.read() as unit:
        for id in ids:
            delivery = await unit.deliveries.get(id)
            if delivery.workspace_id != desk.workspace_id:
                raise NotFound.of(f"delivery {id}")
            if delivery.state is not DeliveryState.DELIVERED or delivery.action is Action.DELETE:
                raise Conflict(
                    f"Delivery {id} has nothing to look at: {delivery.action}, {delivery.state}.",
                    remedy="Name one that was delivered.",
                )
        outs = await unit.aftercare.out(ids)
        accounts = {id: await unit.accounts.get(id) for id in {o.delivery.account_id for o in outs}}
    seen: list[Seen] = []
    by_account = sorted(outs, key=lambda out: (out.delivery.account_id, out.delivery.id))
    for account_id, group in groupby(by_account, key=lambda out: out.delivery.account_id):
        seen += await _look(desk, accounts[account_id], list(group), actor=actor)
    return seen


async def _look(desk: Desk, account: Account, outs: Sequence[Out], *, actor: str) -> list[Seen]:
    platform = load_platform(account.platform)
    schedule = platform.inspections(account)
    credentials = credentials_of(desk, actor)
    async with desk.store.read() as unit:
        sealed = await unit.accounts.secrets(account.id)
    opened = OpenAccount(credentials, platform, credentials.open(account, sealed), no_media)
    try:
        async with asyncio.timeout(platform.manifest.timeout * (1 + _PATIENCE * _looks(outs))):
            problem = await opened.keep(account)
            client = opened.client if problem is None else Unasked(problem.reason)
            alone = platform.manifest.reading_rebases
            return await inspect(desk.store, client, outs, schedule, actor=actor, alone=alone)
    finally:
        await opened.close()


def _looks(outs: Sequence[Out]) -> int:
    return sum(max(1, len(parts_out(out.delivery.handles))) for out in outs)
