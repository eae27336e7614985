"""What a rate limit closes: one endpoint, one account, or every account of the same app.

A closing is a row, so it holds in every worker and after a restart. Accounts are paused besides:
their couriers see that in the look they take anyway.
"""

from __future__ import annotations

from datetime import datetime

from copydesk.core.account import Account
from copydesk.core.keys import key_of
from copydesk.platforms.kit.contract import Platform
from copydesk.platforms.kit.pace import Pace
from copydesk.store import UnitOfWork


def account_key(account: Account) -> str:
    """Return the key of what closes a whole account."""
    return f"account {account.id}"


def app_key(platform: Platform, account: Account) -> str:
    """Return the key of what closes every account of an app."""
    return key_of(f"app {platform.app(account)}")


def bucket_key(platform: Platform, account: Account, pace: Pace) -> str:
    """Return the key of the bucket that `pace` is for `account`."""
    owner = app_key(platform, account) if pace.scope == "app" else account_key(account)
    return f"{owner} {pace.label}"


def endpoints(platform: Platform, method: str, url: str) -> list[Pace]:
    """Return the paces of scope endpoint that count a call."""
    paces = platform.manifest.pace
    return [pace for pace in paces if pace.scope == "endpoint" and pace.cost(method, url)]


async def close_scope(
    unit: UnitOfWork,
    platform: Platform,
    account: Account,
    scope: str,
    until: datetime,
    because: str,
    paces: list[Pace] | None = None,
) -> None:
    """Close what `scope` names until `until` (aware UTC): account, app or, with `paces`, those
    endpoints."""
    match scope:
        case "endpoint":
            for pace in paces or []:
                key = bucket_key(platform, account, pace)
                await unit.budgets.close(key, scope, until, because)
        case "app":
            for pace in platform.manifest.pace:
                if pace.scope == "app":
                    # first: from here on other workers wait for us before their next lump
                    key = bucket_key(platform, account, pace)
                    await unit.budgets.close(key, scope, until, because)
            await unit.budgets.close(app_key(platform, account), scope, until, because)
            ours = platform.app(account)
            sharing = await unit.accounts.on_platform(account.platform)
            await unit.budgets.pause_accounts(
                [one.id for one in sharing if platform.app(one) == ours], until
            )
        case _:
            await unit.budgets.close(account_key(account), "account", until, because)
            await unit.budgets.pause_accounts([account.id], until)
