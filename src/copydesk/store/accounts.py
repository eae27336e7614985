"""Accounts and the leases that make their couriers single-flight."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect

from copydesk.core.account import Account, Lease
from copydesk.core.errors import Conflict, NotFound
from copydesk.core.states import AccountState, check_transition
from copydesk.core.timetable import Timetable
from copydesk.store.codec import from_json
from copydesk.store.prepared import listed
from copydesk.store.tables import accounts

if TYPE_CHECKING:
    from copydesk.store.unit import UnitOfWork

COLUMNS = [
    accounts.c[name]
    for name in (
        "id",
        "workspace_id",
        "name",
        "platform",
        "state",
        "settings",
        "inbox",
        "reason",
        "paused_until",
        "auth",
        "identity",
        "scopes",
        "generation",
        "expires_at",
        "renew_at",
        "ends_at",
        "timetable",
        "last_sent_at",
        "api_version",
        "wait_for_link",
    )
]

# built once: putting a statement together costs more than running it
OURS = (
    accounts.c.id == sa.bindparam("account"),
    accounts.c.lease_fence == sa.bindparam("fence"),
)
_ONE = sa.select(*COLUMNS).where(accounts.c.id == sa.bindparam("account"))
_WITH_SECRETS = _ONE.add_columns(accounts.c.secrets)
HOLD = sa.update(accounts).where(*OURS).values(lease_until=sa.bindparam("until"))
TAKE = (
    sa.update(accounts)
    .where(*OURS)
    .values(
        lease_owner=sa.bindparam("owner"),
        lease_fence=sa.bindparam("next_fence"),
        lease_until=sa.bindparam("until"),
    )
)
RELEASE = sa.update(accounts).where(*OURS).values(lease_until=None)

#: What is known of a credential that a person pasted.
_UNKNOWN_LIFE: Mapping[str, object] = {
    "auth": "",
    "scopes": "",
    "expires_at": None,
    "renew_at": None,
    "ends_at": None,
    "notify_at": None,
    # a renewal of the one before may hang: nobody waits for it with a credential of another
    "renewal_owner": "",
    "renewal_until": None,
    "renewal_sent_at": None,
    "renewal_tries": 0,
}


class LeaseLost(Conflict):
    """Another courier has taken over this account."""


class Accounts:
    """Reads and writes accounts and leases."""

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    async def add(
        self,
        *,
        workspace_id: str,
        name: str,
        platform: str,
        settings: Mapping[str, str],
        secrets: bytes,
        inbox: bool,
    ) -> Account:
        """Add a connected account; `secrets` are sealed already. Raises `Conflict` on a name."""
        taken = await self._unit.connection.scalar(
            sa.select(accounts.c.id).where(
                accounts.c.workspace_id == workspace_id, accounts.c.name == name
            )
        )
        if taken:
            raise Conflict(
                f"There is an account called {name!r} already.", remedy="Choose another name."
            )
        id = self._unit.ids.new("account")
        await self._unit.connection.execute(
            sa.insert(accounts).values(
                id=id,
                workspace_id=workspace_id,
                name=name,
                platform=platform,
                state=AccountState.CONNECTED,
                settings=dict(settings),
                secrets=secrets,
                inbox=inbox,
                created_at=self._unit.now,
            )
        )
        await self._unit.events.append(
            workspace_id, "account", id, "", AccountState.CONNECTED, reason=f"{platform} {name}"
        )
        return await self.get(id)

    async def get(self, id: str) -> Account:
        """Return account `id`; raises `NotFound`."""
        rows = await self._unit.connection.execute(_ONE, {"account": id})
        row = rows.one_or_none()
        if row is None:
            raise NotFound.of(f"account {id}")
        return account_of(row)

    async def by_name(self, workspace_id: str, name: str) -> Account:
        """Return the account called `name`; raises `NotFound` listing the known names."""
        found = await self.all(workspace_id)
        for account in found:
            if account.name == name:
                return account
        known = ", ".join(account.name for account in found) or "none yet"
        raise NotFound(f"There is no account called {name!r}.", remedy=f"Known accounts: {known}.")

    async def all(self, workspace_id: str) -> list[Account]:
        """Return every account of the workspace that was not removed, by name."""
        rows = await self._unit.connection.execute(
            sa.select(*COLUMNS)
            .where(accounts.c.workspace_id == workspace_id)
            .where(accounts.c.state != AccountState.REMOVED)
            .order_by(accounts.c.name)
        )
        return [account_of(row) for row in rows]

    async def on_platform(self, platform: str) -> list[Account]:
        """Return every account on a platform, in all workspaces, that was not removed."""
        rows = await self._unit.connection.execute(
            sa.select(*COLUMNS).where(
                accounts.c.platform == platform, accounts.c.state != AccountState.REMOVED
            )
        )
        return [account_of(row) for row in rows]

    async def opened(self, id: str) -> tuple[Account, bytes]:
        """Return account `id` with its sealed secrets; raises `NotFound`."""
        rows = await self._unit.connection.execute(_WITH_SECRETS, {"account": id})
        row = rows.one_or_none()
        if row is None:
            raise NotFound.of(f"account {id}")
        return account_of(row), bytes(row.secrets or b"")

    async def secrets(self, id: str) -> bytes:
        """Return the sealed secrets of an account."""
        value = await self._unit.connection.scalar(
            sa.select(accounts.c.secrets).where(accounts.c.id == id)
        )
        return bytes(value or b"")

    async def adjust(
        self,
        account: Account,
        *,
        api_version: str | None = None,
        wait_for_link: bool | None = None,
        reason: str,
    ) -> Account:
        """Set the API version or whether announcements wait; None leaves one as it is."""
        given = {"api_version": api_version, "wait_for_link": wait_for_link}
        await self._unit.connection.execute(
            sa.update(accounts)
            .where(accounts.c.id == account.id)
            .values({name: value for name, value in given.items() if value is not None})
        )
        await self._unit.events.append(
            account.workspace_id, "account", account.id, account.state, account.state, reason=reason
        )
        return await self.get(account.id)

    async def change(
        self,
        account: Account,
        *,
        settings: Mapping[str, str],
        secrets: bytes,
        reason: str,
        pasted: bool = False,
    ) -> None:
        """Give an account other settings and sealed secrets; its state stays.

        `pasted` says that the credential is one a person gave: nothing is known of its life.
        Raises `Conflict` when its credential was renewed or replaced since `account` was read.
        """
        result = await self._unit.connection.execute(
            sa.update(accounts)
            .where(accounts.c.id == account.id, accounts.c.generation == account.generation)
            .values(
                settings=dict(settings),
                secrets=secrets,
                generation=account.generation + 1,
                **(_UNKNOWN_LIFE if pasted else {}),
            )
        )
        if result.rowcount != 1:
            raise Conflict(
                f"The credential of account {account.name} has just changed.",
                remedy="Nothing was changed. Try again.",
            )
        await self._unit.events.append(
            account.workspace_id,
            "account",
            account.id,
            account.state,
            account.state,
            reason=reason,
        )

    async def move(self, account: Account, to: AccountState, reason: str) -> None:
        """Take an account to a state; raises `TransitionNotAllowed`."""
        check_transition("account", account.id, account.state, to)
        await self._unit.connection.execute(
            sa.update(accounts).where(accounts.c.id == account.id).values(state=to, reason=reason)
        )
        await self._unit.events.append(
            account.workspace_id, "account", account.id, account.state, to, reason=reason
        )

    async def remove(self, account: Account, reason: str) -> None:
        """Take an account away for good and wipe its secrets; its name is free again.

        The row stays, since history speaks of it. Whoever renews its credential meanwhile has one
        of an older generation and stores nothing. Raises `TransitionNotAllowed`.
        """
        await self.move(account, AccountState.REMOVED, reason)
        await self._unit.connection.execute(
            sa.update(accounts)
            .where(accounts.c.id == account.id)
            .values(
                name=f"{account.name} (removed, {account.id})",
                secrets=b"",
                generation=accounts.c.generation + 1,
                inbox=False,
                renew_at=None,
                expires_at=None,
                ends_at=None,
            )
        )

    async def pause(self, id: str, until: datetime) -> None:
        """Make no calls for this account before `until` (aware UTC); a longer pause stays."""
        await self._unit.budgets.pause_accounts([id], until)

    # -- leases -----------------------------------------------------------------------------------

    async def leased(self) -> int:
        """Return how many accounts have a courier. Walks through all of them."""
        leased = sa.select(sa.func.count()).where(accounts.c.lease_until > self._unit.now)
        return int(await self._unit.connection.scalar(leased) or 0)

    async def free_expired_leases(self) -> int:
        """Clear leases that have run out; return how many."""
        result = await self._unit.connection.execute(
            sa.update(accounts)
            .where(accounts.c.lease_until <= self._unit.now)
            .values(lease_until=None)
        )
        return int(result.rowcount)

    async def free_leases_of(self, worker_id: str) -> None:
        """Clear the leases of a worker that is certainly gone."""
        await self._unit.connection.execute(
            sa.update(accounts)
            .where(accounts.c.lease_owner.startswith(f"{worker_id}/", autoescape=True))
            .values(lease_until=None)
        )


def leases(dialect: Dialect, *, waiting: bool = True) -> sa.Select[tuple[str, int, str, datetime]]:
    """Return the question who holds listed accounts, which locks them in the order of their ids.

    Without `waiting` those are left out that another transaction has locked.
    """
    return (
        sa.select(
            accounts.c.id, accounts.c.lease_fence, accounts.c.lease_owner, accounts.c.lease_until
        )
        .where(listed(accounts.c.id, "ids", dialect))
        .order_by(accounts.c.id)
        # whoever only refers to an account does not wait for us
        .with_for_update(key_share=True, skip_locked=not waiting)
    )


def lease_lost(lease: Lease) -> LeaseLost:
    """Return what to raise when a lease is somebody else's."""
    return LeaseLost(f"Another worker has taken over account {lease.account_id}.")


def account_of(row: Any) -> Account:
    """Return the account a row holds that has `COLUMNS`, maybe among others."""
    values = {column.name: row._mapping[column.name] for column in COLUMNS}
    values["state"] = AccountState(values["state"])
    if values["timetable"] is not None:
        values["timetable"] = from_json(Timetable, values["timetable"])
    return Account(**values)
