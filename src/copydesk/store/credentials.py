"""Credentials as rows: sealed, numbered by generation, renewed by one process at a time.

The generation is the fence: a credential is only ever replaced by whoever saw the one before it.
Nothing here opens what is sealed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from copydesk.core.account import Account
from copydesk.core.states import AccountState
from copydesk.store.tables import accounts

if TYPE_CHECKING:
    from copydesk.store.unit import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifetimes:
    """When a credential expires, is to be renewed, ends for good and is to be warned about.

    Aware UTC; None where that is not known or does not happen.
    """

    expires_at: datetime | None = None
    renew_at: datetime | None = None
    ends_at: datetime | None = None
    notify_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewal:
    """The right to renew the credential of `account` as it stands, until `until` (aware UTC).

    `cut_off_at` is when an earlier renewal of this same credential was sent whose answer nobody
    has stored; `tries` how many have failed since one worked.
    """

    account: Account
    owner: str
    sealed: bytes
    until: datetime
    cut_off_at: datetime | None = None
    tries: int = 0


@dataclass(frozen=True, slots=True)
class Superseded:
    """There is another credential by now."""


@dataclass(frozen=True, slots=True)
class Busy:
    """Somebody else is renewing it, at the longest until then (aware UTC)."""

    until: datetime


class Credentials:
    """Reads and writes what is sealed for accounts, and who may renew it."""

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    async def current(self, account_id: str) -> tuple[Account, bytes]:
        """Return the account and its sealed secrets as they stand together."""
        account = await self._unit.accounts.get(account_id)
        return account, await self._unit.accounts.secrets(account_id)

    async def lock(self, account_id: str) -> Account:
        """Return the account and keep its row from changing until the unit of work ends."""
        await self._unit.connection.execute(
            sa.select(accounts.c.id)
            .where(accounts.c.id == account_id)
            .with_for_update(key_share=True)
        )
        return await self._unit.accounts.get(account_id)

    async def claim(
        self, account_id: str, seen: int, owner: str, seconds: float
    ) -> Renewal | Superseded | Busy:
        """Take the right to renew the credential of generation `seen`.

        `owner` names this one attempt. That it is about to be sent is recorded with it: should the
        process die now, the next one knows that the refresh token may have been used.
        """
        account = await self.lock(account_id)
        if account.generation != seen:
            return Superseded()
        row = (
            await self._unit.connection.execute(
                sa.select(
                    accounts.c.secrets,
                    accounts.c.renewal_until,
                    accounts.c.renewal_sent_at,
                    accounts.c.renewal_tries,
                ).where(accounts.c.id == account_id)
            )
        ).one()
        now = self._unit.now
        if row.renewal_until is not None and row.renewal_until > now:
            return Busy(row.renewal_until)
        until = now + timedelta(seconds=seconds)
        await self._update(
            account_id, renewal_owner=owner, renewal_until=until, renewal_sent_at=now
        )
        return Renewal(
            account=account,
            owner=owner,
            sealed=bytes(row.secrets),
            until=until,
            cut_off_at=row.renewal_sent_at,
            tries=row.renewal_tries,
        )

    async def store(
        self,
        account_id: str,
        seen: int,
        sealed: bytes,
        lifetimes: Lifetimes,
        *,
        auth: str,
        scopes: str,
    ) -> bool:
        """Replace the credential of generation `seen`; tell whether it was still that one.

        It does not matter whether the renewal's time had run out: what the server handed out is
        the truth, and nobody else has stored anything since.
        """
        result = await self._unit.connection.execute(
            sa.update(accounts)
            .where(accounts.c.id == account_id, accounts.c.generation == seen)
            .values(
                secrets=sealed,
                generation=seen + 1,
                auth=auth,
                scopes=scopes,
                expires_at=lifetimes.expires_at,
                renew_at=lifetimes.renew_at,
                ends_at=lifetimes.ends_at,
                notify_at=lifetimes.notify_at,
                renewal_owner="",
                renewal_until=None,
                renewal_sent_at=None,
                renewal_tries=0,
            )
        )
        return bool(result.rowcount == 1)

    async def give_up(
        self, renewal: Renewal, *, renew_at: datetime | None, answered: bool, tries: int
    ) -> None:
        """End a renewal that brought nothing; the next is due at `renew_at`.

        `answered` says that the server's answer arrived or the request did not reach it: then the
        refresh token is certainly unused. Does nothing when somebody else has taken over.
        """
        values: dict[str, object] = {
            "renewal_owner": "",
            "renewal_until": None,
            "renew_at": renew_at,
            "renewal_tries": tries,
        }
        if answered:
            # what an even earlier process has sent stays in doubt
            values["renewal_sent_at"] = renewal.cut_off_at
        await self._unit.connection.execute(
            sa.update(accounts)
            .where(
                accounts.c.id == renewal.account.id,
                accounts.c.generation == renewal.account.generation,
                accounts.c.renewal_owner == renewal.owner,
            )
            .values(**values)
        )

    async def due(self, now: datetime, limit: int = 500) -> list[str]:
        """Return accounts whose credential wants renewing, or whose end wants announcing, now."""
        found: dict[str, None] = {}
        # one look at each index: an OR over both would read the whole table on some planners
        for column in (accounts.c.renew_at, accounts.c.notify_at):
            rows = await self._unit.connection.execute(
                sa.select(accounts.c.id)
                .where(column <= now, accounts.c.state == AccountState.CONNECTED)
                .order_by(column)
                .limit(limit)
            )
            found |= dict.fromkeys(row.id for row in rows)
        return list(found)

    async def notice_due(self, account_id: str) -> datetime | None:
        """Return when the end of an account's credential wants announcing."""
        moment: datetime | None = await self._unit.connection.scalar(
            sa.select(accounts.c.notify_at).where(accounts.c.id == account_id)
        )
        return moment

    async def notice(
        self, account: Account, reason: str, days: int, notify_at: datetime | None
    ) -> None:
        """Record that the end was announced, and when it is to be announced next."""
        await self._update(account.id, notify_at=notify_at)
        await self._unit.events.append(
            account.workspace_id,
            "account",
            account.id,
            account.state,
            account.state,
            reason=reason,
            data={
                "notice": "credential_ends",
                "days": days,
                "ends_at": account.ends_at.isoformat() if account.ends_at else None,
            },
        )

    async def identify(self, account_id: str, identity: str) -> None:
        """Record who the account is on its platform."""
        await self._update(account_id, identity=identity)

    async def rest(self, account_id: str) -> None:
        """Take an account out of upkeep: a person has to act first."""
        await self._update(account_id, renew_at=None, notify_at=None)

    async def _update(self, account_id: str, **values: object) -> None:
        await self._unit.connection.execute(
            sa.update(accounts).where(accounts.c.id == account_id).values(**values)
        )
