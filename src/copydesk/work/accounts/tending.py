"""Keeping credentials good for accounts nobody publishes to, and telling people in time.

The sweep finds accounts by two indexed times: when to renew, when to announce an end. Whoever has
neither costs nothing.
"""

from __future__ import annotations

import math
from datetime import timedelta

from copydesk.core.states import AccountState
from copydesk.distribution.lifetimes import days_noticed, has_expired, next_notice
from copydesk.work.accounts.trying import credentials_of
from copydesk.work.desk import Desk


async def tend_account(desk: Desk, account_id: str) -> None:
    """Renew the credential of an account if it is time, and announce its end if it is time."""
    async with desk.store.read() as unit:
        account = await unit.accounts.get(account_id)
        due = await unit.credentials.notice_due(account_id)
        now = unit.now
    if account.state is not AccountState.CONNECTED:
        return
    if account.renew_at is not None and account.renew_at <= now:
        # what came of it stands on the account: renewed, blocked, or due again later
        await credentials_of(desk, "tending").keep(account, None)
    if due is not None and due <= now:
        await _announce(desk, account_id)


async def _announce(desk: Desk, account_id: str) -> None:
    """Say once how many days a credential has left; stop the account when it has none."""
    async with desk.store.begin("tending") as unit:
        account = await unit.credentials.lock(account_id)
        due = await unit.credentials.notice_due(account_id)
        # whoever connected it again meanwhile has moved the end, and this notice with it
        if account.ends_at is None or due is None or due > unit.now:
            return
        days = days_noticed(account.ends_at, unit.now)
        remedy = f"Connect it again: copydesk accounts connect {account.name}"
        ended = account.ends_at <= unit.now
        reason = (
            f"the credential ended on {account.ends_at:%Y-%m-%d %H:%M} UTC. {remedy}"
            if ended
            else f"the credential ends in {_days_left(account.ends_at - unit.now)}"
            f" ({account.ends_at:%Y-%m-%d %H:%M} UTC) and cannot be renewed. {remedy}"
        )
        await unit.credentials.notice(account, reason, days, next_notice(account.ends_at, unit.now))
        over = has_expired(account, unit.now) or account.expires_at is None
        if ended and over and account.state is AccountState.CONNECTED:
            await unit.credentials.rest(account.id)
            await unit.accounts.move(account, AccountState.BLOCKED, reason)


def _days_left(left: timedelta) -> str:
    # after a time without upkeep less may be left than the notice is called after
    days = math.ceil(left / timedelta(days=1))
    return "a day" if days <= 1 else f"{days} days"
