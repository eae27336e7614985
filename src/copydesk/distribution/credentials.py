"""Credentials that stay good: opened, renewed by one process at a time, stored before used.

Publishing, metrics, the web and upkeep renew through here. A renewal belongs to one generation of
one account's credential; whoever comes second waits and takes what the first has stored. Only an
answer that ends the grant in OAuth's own words blocks the account; everything else is "not now".

A refresh token that may have been used is a special case: servers with rotation revoke the whole
grant when it is used again. A renewal says that it is about to be sent before it is, so after a
crash or a lost answer the next one knows, and leaves the access token its full life first.
"""

from __future__ import annotations

import asyncio
import random
import secrets as randomness
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from copydesk.core.account import Account
from copydesk.core.errors import ConfigError
from copydesk.core.outcomes import (
    AuthRevoked,
    Misconfigured,
    Outcome,
    RateLimited,
    Unavailable,
)
from copydesk.core.states import AccountState
from copydesk.distribution.lifetimes import has_expired, is_renewable
from copydesk.distribution.media import LoadMedia, as_shown, no_media
from copydesk.distribution.renewal import CALL, Problem, Renewals
from copydesk.distribution.retry import RetryPolicy
from copydesk.distribution.signing import proving
from copydesk.distribution.vault import Vault
from copydesk.platforms.kit.auth import (
    ACCESS_TOKEN,
    CLIENT_ID,
    CLIENT_SECRET,
    REFRESH_TOKEN,
    App,
    AppPassword,
    Grant,
    JwtMaker,
    OAuth2ClientCredentials,
    OAuth2Code,
    OAuth2Device,
)
from copydesk.platforms.kit.contract import Session
from copydesk.platforms.kit.names import Names
from copydesk.platforms.kit.registry import load_platform
from copydesk.platforms.kit.transport import (
    Observer,
    Transport,
    observed,
)
from copydesk.store import Store
from copydesk.store.credentials import Busy, Renewal, Superseded

#: Seconds for which the right to make a token request lasts: longer than one may take, so that
#: nobody else sends the same refresh token while the first answer may still arrive.
CLAIM: Final = 45.0
#: When a renewal that failed for the time being is tried again.
_RENEWED_AGAIN: Final = RetryPolicy(first=2.0, longest=900.0)
#: Seconds between two looks at whether somebody else's renewal is through.
POLL: Final = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """An account's secrets in the clear, for as long as they are good.

    `good_until` (aware UTC) is set for what was made here and is stored nowhere, such as a signed
    token; what is stored carries its times on the account.
    """

    account: Account
    secrets: Mapping[str, str] = field(repr=False)
    good_until: datetime | None = None


class Credentials:
    """Opens and renews. `owner` names this process; `observers` see every call for an account.

    `blocked_too` is for a person who tries whether a blocked account works again.
    """

    def __init__(
        self,
        *,
        store: Store,
        vault: Vault,
        transport: Transport,
        names: Names,
        home: Path,
        owner: str,
        source: random.Random,
        observers: Callable[[Account], Sequence[Observer]] = lambda _: (),
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
        blocked_too: bool = False,
    ) -> None:
        self._store = store
        self._clock = store.clock
        self._vault = vault
        self._transport = transport
        self._names = names
        self._home = home
        self._owner = owner
        self._source = source
        self._observers = observers
        self._pause = pause
        self._blocked_too = blocked_too
        self._renewals = Renewals(
            store=store,
            vault=vault,
            ask=self._request,
            source=source,
            pause=pause,
            policy=_RENEWED_AGAIN,
        )

    # -- opening ----------------------------------------------------------------------------------

    def open(self, account: Account, sealed: bytes) -> Opened:
        """Return an account's secrets in the clear; makes no call.

        Raises `ConfigError` when no key opens them or a signing key cannot sign.
        """
        found = self._vault.open(sealed)
        kind = load_platform(account.platform).auth_of(account)
        if not isinstance(kind, JwtMaker):
            return Opened(account=account, secrets=found)
        from copydesk.platforms.kit.auth_jwt import make_token

        now = self._clock.now()
        try:
            token = make_token(kind, found, account.settings, now)
        except ValueError as error:
            raise ConfigError([str(error)], remedy="Give the account another key.") from error
        # renewed well before the platform's clock can disagree
        good_until = now + timedelta(seconds=kind.lifetime * 0.75)
        return Opened(
            account=account, secrets={**found, ACCESS_TOKEN: token}, good_until=good_until
        )

    def session(
        self,
        opened: Opened,
        load_media: LoadMedia,
        watched_by: Sequence[Observer] = (),
    ) -> Session:
        """Return what a client of the account works with: its calls are watched, signed if so.

        `watched_by` come last: a call that another observer refuses is not made, and tells nothing.
        """
        account = opened.account
        observers = (*self._observers(account), *watched_by)
        transport = observed(self._transport, observers)
        kind = load_platform(account.platform).auth_of(account)
        known = {**account.settings, **opened.secrets}
        transport = proving(transport, kind, known, self._clock)
        return Session(
            account=account,
            secrets=opened.secrets,
            transport=transport,
            observers=observers,
            load_media=as_shown(load_media),
            home=self._home,
            names=self._names,
        )

    async def reload(self, account_id: str) -> Opened | Problem:
        """Return the credential as it is stored now; a problem when the account is blocked or
        cannot be opened."""
        async with self._store.read() as unit:
            account, sealed = await unit.credentials.current(account_id)
        if account.state is not AccountState.CONNECTED and not self._blocked_too:
            return AuthRevoked(account.reason or f"the account is {account.state}")
        try:
            return self.open(account, sealed)
        except ConfigError as error:
            return Misconfigured(error.message, error.remedy)

    def can_renew(self, opened: Opened) -> bool:
        """Return whether the credential can be renewed without a person."""
        kind = load_platform(opened.account.platform).auth_of(opened.account)
        has_token = bool(opened.secrets.get(REFRESH_TOKEN))
        return is_renewable(kind, has_refresh_token=has_token)

    def is_over(self, opened: Opened) -> bool:
        """Return whether the credential has certainly expired by our clock."""
        return has_expired(opened.account, self._clock.now())

    # -- keeping fresh ----------------------------------------------------------------------------

    async def keep(self, account: Account, opened: Opened | None) -> Opened | Problem:
        """Return a credential that is good now: `opened` itself, another generation, or a renewed
        one. `account` is the row as it stands.

        A renewal that fails for the time being is no problem while the old one is still good.
        """
        now = self._clock.now()
        expired = has_expired(account, now)
        if account.renew_at is not None and account.renew_at <= now:
            renewed = await self.renew(account, eager=not expired)
            if not isinstance(renewed, RateLimited | Unavailable) or expired:
                return renewed
        elif expired and account.renew_at is not None:
            # an earlier try says when the next one makes sense
            return Unavailable(
                "the credential has expired and could not be renewed yet",
                retry_at=account.renew_at,
            )
        elif expired:
            return await self.renew(account)
        if opened is None or opened.account.generation != account.generation:
            reloaded = await self.reload(account.id)
            if isinstance(reloaded, Opened) and self._wants_first(reloaded):
                return await self.renew(reloaded.account)
            return reloaded
        if opened.good_until is not None and opened.good_until <= now:
            return await self.reload(account.id)
        return opened

    def _wants_first(self, opened: Opened) -> bool:
        # an app password or a client's own id: the first session is made when it is needed
        kind = load_platform(opened.account.platform).auth_of(opened.account)
        by_itself = isinstance(kind, AppPassword | OAuth2ClientCredentials)
        return by_itself and not opened.secrets.get(ACCESS_TOKEN)

    async def renew(self, account: Account, *, eager: bool = False) -> Opened | Problem:
        """Renew the credential of the generation in `account`; return what is stored in the end.

        `eager` says that the old one is still good, so there is no hurry: a refresh token in doubt
        is then left alone until it is needed. Whoever finds another renewal under way waits for it.
        """
        while True:
            owner = f"{self._owner}/{randomness.token_hex(6)}"
            async with self._store.begin("credentials") as unit:
                claim = await unit.credentials.claim(account.id, account.generation, owner, CLAIM)
                if isinstance(claim, Renewal) and eager and claim.cut_off_at is not None:
                    await unit.credentials.give_up(
                        claim,
                        renew_at=claim.account.expires_at,
                        answered=True,
                        tries=claim.tries,
                    )
                    return Unavailable(
                        "an earlier renewal was cut off; the next is made when the credential ends",
                        retry_at=claim.account.expires_at,
                    )
            match claim:
                case Superseded():
                    return await self.reload(account.id)
                case Busy() if eager:
                    return Unavailable("somebody else is renewing it", retry_at=claim.until)
                case Busy():
                    await self._pause(POLL)
                case Renewal():
                    problem = await self._renewals.carry_out(claim)
                    return await self.reload(account.id) if problem is None else problem

    async def _request(self, account: Account, known: Mapping[str, str]) -> Grant | Outcome:
        platform = load_platform(account.platform)
        kind = platform.auth_of(account)
        has_token = bool(known.get(REFRESH_TOKEN))
        if not is_renewable(kind, has_refresh_token=has_token):
            return AuthRevoked("the credential has expired and cannot be renewed")
        match kind:
            case OAuth2Code() | OAuth2Device() | OAuth2ClientCredentials():
                from copydesk.platforms.kit import auth_oauth2

                app = App(
                    client_id=known.get(CLIENT_ID) or account.settings.get(CLIENT_ID, ""),
                    client_secret=known.get(CLIENT_SECRET, ""),
                )
                endpoints = kind.endpoints(account.settings)
                if isinstance(kind, OAuth2ClientCredentials):
                    request = auth_oauth2.client_request(kind, endpoints, app)
                else:
                    request = auth_oauth2.refresh_request(
                        kind, endpoints, app, known[REFRESH_TOKEN]
                    )
                transport = observed(self._transport, self._observers(account))
                reply = await transport.call(
                    "POST",
                    request.url,
                    headers=request.headers,
                    form=request.form,
                    timeout=CALL,
                )
                return auth_oauth2.read_grant(reply, kind, tuple(known.values()))
            case _:
                client = platform.connect(
                    self.session(Opened(account=account, secrets=known), no_media)
                )
                try:
                    return await client.renew()
                finally:
                    await client.close()


__all__ = ["Credentials", "Opened", "Problem"]
