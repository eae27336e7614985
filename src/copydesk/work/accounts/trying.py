"""Trying an account without publishing, and letting what waited for it go on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from copydesk.core.account import Account
from copydesk.core.outcomes import AuthExpired, AuthRevoked, Outcome, Published
from copydesk.core.states import AccountState, DeliveryState
from copydesk.distribution.credentials import Credentials, Opened
from copydesk.distribution.media import no_media
from copydesk.distribution.opened import OpenAccount
from copydesk.platforms.kit.registry import load_platform
from copydesk.store.deliveries import Change
from copydesk.work.accounts.breakers import close_breakers

if TYPE_CHECKING:
    from copydesk.store import UnitOfWork
    from copydesk.work.desk import Desk


def credentials_of(desk: Desk, owner: str, *, blocked_too: bool = False) -> Credentials:
    """Return what opens and renews credentials for `owner`, a process or a request."""
    return Credentials(
        store=desk.store,
        vault=desk.vault,
        transport=desk.transport,
        names=desk.names,
        home=desk.settings.home,
        owner=owner,
        source=desk.random,
        observers=desk.observers,
        blocked_too=blocked_too,
    )


async def try_account(desk: Desk, name: str, *, actor: str) -> tuple[Account, Outcome]:
    """Ask the platform whether the account works; if it does, let its waiting deliveries go on.

    A credential that has expired is renewed first where that takes no person. Raises `NotFound`,
    and `ConfigError` when no key opens the credential.
    """
    credentials = credentials_of(desk, actor, blocked_too=True)
    async with desk.store.read() as unit:
        account = await unit.accounts.by_name(desk.workspace_id, name)
        sealed = await unit.accounts.secrets(account.id)
    outcome = await ask_who(credentials, credentials.open(account, sealed))
    if isinstance(outcome, Published):
        async with desk.store.begin(actor) as unit:
            account = await unit.credentials.lock(account.id)
            if outcome.id and not account.identity:
                await unit.credentials.identify(account.id, outcome.id)
            await close_breakers(unit, account)
            if account.state is AccountState.BLOCKED:
                await resume(unit, account, "tested and working")
    async with desk.store.read() as unit:
        account = await unit.accounts.get(account.id)
    return account, outcome


async def ask_who(credentials: Credentials, opened: Opened) -> Outcome:
    """Return `Published(id=<who we are>)` when the credential works, renewed once if need be."""
    platform = load_platform(opened.account.platform)
    account = OpenAccount(credentials, platform, opened, no_media)
    try:
        problem = await account.keep(opened.account)
        if problem is not None:
            return problem
        outcome = await account.client.test()
        if isinstance(outcome, AuthExpired | AuthRevoked):
            problem = await account.after(outcome)
            return problem or await account.client.test()
        return outcome
    finally:
        await account.close()


async def resume(unit: UnitOfWork, account: Account, reason: str) -> None:
    """Take a blocked account back to work, and with it every delivery that waited for it."""
    await unit.accounts.move(account, AccountState.CONNECTED, reason)
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
