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

import structlog

from copydesk.core.account import Account
from copydesk.core.errors import ConfigError, NotFound, StoreUnavailable
from copydesk.core.outcomes import (
    AuthRevoked,
    Misconfigured,
    Outcome,
    RateLimited,
    Unavailable,
)
from copydesk.core.states import AccountState
from copydesk.distribution.lifetimes import has_expired, is_renewable, lifetimes_of
from copydesk.distribution.media import LoadMedia, as_shown, no_media
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
from copydesk.platforms.kit.retry_after import LONGEST_WAIT
from copydesk.platforms.kit.transport import (
    AnswerLost,
    Closed,
    NotSent,
    Observer,
    Transport,
    observed,
)
from copydesk.store import Store
from copydesk.store.credentials import Busy, Renewal, Superseded

_log = structlog.get_logger(__name__)

#: Seconds one token request may take, and how long the right to make it lasts: longer, so that
#: nobody else sends the same refresh token while the first answer may still arrive.
CALL: Final = 20.0
CLAIM: Final = 45.0
#: Seconds between two looks at whether somebody else's renewal is through.
POLL: Final = 0.05
#: How often storing a renewed credential is tried, and the longest pause between: the database may
#: be away for ten minutes before what the server handed out is lost.
STORE_TRIES: Final = 120
STORE_PAUSE: Final = 5.0

_PERSON: Final = "Connect it again: copydesk accounts connect {name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """An account's secrets in the clear, for as long as they are good.

    `good_until` (aware UTC) is set for what was made here and is stored nowhere, such as a signed
    token; what is stored carries its times on the account.
    """

    account: Account
    secrets: Mapping[str, str] = field(repr=False)
    good_until: datetime | None = None


Problem = AuthRevoked | Misconfigured | RateLimited | Unavailable


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
        policy: RetryPolicy | None = None,
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
        self._policy = policy or RetryPolicy(first=2.0, longest=900.0)

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
                    return await self._undisturbed(self._exchange(claim))

    async def _undisturbed(self, work: Awaitable[Opened | Problem]) -> Opened | Problem:
        # a courier may be called off at any moment, but not between an answer and its storing
        task = asyncio.ensure_future(work)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            await asyncio.wait({task}, timeout=CALL)
            raise

    async def _exchange(self, renewal: Renewal) -> Opened | Problem:
        account = renewal.account
        known: Mapping[str, str] = {}
        try:
            known = self._vault.open(renewal.sealed)
            answer, sent = await self._ask(account, known)
        except (ConfigError, NotFound) as error:
            answer, sent = Misconfigured(error.message, error.remedy), False
        except Exception as error:
            # a fault in a spoke must neither block the account nor cost the worker
            _log.exception("renewal_failed", account=account.name, platform=account.platform)
            answer, sent = Unavailable(f"renewing failed: {type(error).__name__}"), True
        match answer:
            case Grant():
                return await self._keep_grant(account, known, answer)
            case AuthRevoked() | Misconfigured():
                return await self._block(renewal, answer)
            case RateLimited() | Unavailable():
                return await self._not_now(renewal, answer, answered=not sent)
            case _:
                strange = Unavailable(f"renewing was answered with {type(answer).__name__}")
                return await self._not_now(renewal, strange, answered=False)

    async def _ask(
        self, account: Account, known: Mapping[str, str]
    ) -> tuple[Grant | Outcome, bool]:
        """Return the server's answer and whether it leaves in doubt that the token was used."""
        try:
            async with asyncio.timeout(CALL):
                answer = await self._request(account, known)
        except Closed as error:
            return RateLimited(until=error.until, scope=error.scope), False
        except NotSent as error:
            return Unavailable(f"the authorization server was not reached: {error}"), False
        except AnswerLost as error:
            return Unavailable(f"the authorization server's answer was lost: {error}"), True
        except TimeoutError:
            return Unavailable("the authorization server did not answer in time"), True
        if isinstance(answer, Unavailable):
            # a 5xx may come from behind the server that has rotated the token already
            status = answer.answer.status
            return answer, status is None or status >= 500 or status < 300
        return answer, False

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

    # -- what came of it --------------------------------------------------------------------------

    async def _keep_grant(
        self, account: Account, known: Mapping[str, str], grant: Grant
    ) -> Opened | Problem:
        """Store a renewed credential, then hand it out: never the other way round.

        Settings may have been changed since it was asked for. What was renewed is stored all the
        same where the credential is still the one that was used up by it.
        """
        used = known.get(REFRESH_TOKEN)
        while not await self._stored(account, known, grant):
            async with self._store.read() as unit:
                account, sealed = await unit.credentials.current(account.id)
            known = {} if account.state is AccountState.REMOVED else self._vault.open(sealed)
            if not used or known.get(REFRESH_TOKEN) != used:
                _log.info("credential_superseded", account=account.name)
                break
        return await self.reload(account.id)

    async def _stored(self, account: Account, known: Mapping[str, str], grant: Grant) -> bool:
        """Store what was renewed for an account as it was read; tell whether it was still that."""
        kind = load_platform(account.platform).auth_of(account)
        merged = {**known, **grant.more, ACCESS_TOKEN: grant.access_token}
        if grant.refresh_token:
            merged[REFRESH_TOKEN] = grant.refresh_token
        lifetimes = lifetimes_of(
            grant,
            self._clock.now(),
            renewable=is_renewable(kind, has_refresh_token=bool(merged.get(REFRESH_TOKEN))),
            kept_until=account.ends_at,
            source=self._source,
        )
        scopes = account.scopes if grant.scopes is None else " ".join(grant.scopes)
        for attempt in range(1, STORE_TRIES + 1):
            try:
                async with self._store.begin("credentials") as unit:
                    ours = await unit.credentials.store(
                        account.id,
                        account.generation,
                        self._vault.seal(merged),
                        lifetimes,
                        auth=account.auth,
                        scopes=scopes,
                    )
                if ours:
                    until = str(lifetimes.expires_at)
                    _log.info("credential_renewed", account=account.name, until=until)
                return ours
            except StoreUnavailable as error:
                if attempt == STORE_TRIES:
                    _log.error("credential_not_stored", account=account.name, reason=error.message)
                    raise
                await self._pause(min(STORE_PAUSE, POLL * 2**attempt))
        raise AssertionError("unreachable")

    async def _not_now(
        self, renewal: Renewal, answer: RateLimited | Unavailable, *, answered: bool
    ) -> Problem:
        now, tries = self._clock.now(), renewal.tries + 1
        wait = self._policy.wait(tries, self._source)
        if answer.retry_after is not None:
            wait = max(wait, timedelta(seconds=answer.retry_after))
        again = now + max(wait, timedelta(seconds=1))
        until = answer.until if isinstance(answer, RateLimited) else answer.retry_at
        if until is not None and answer.retry_after is None:
            # who tells both a time and how long it is until then may have another clock
            again = max(again, min(until, now + timedelta(seconds=LONGEST_WAIT)))
        expires_at = renewal.account.expires_at
        if not answered and expires_at is not None and expires_at > now:
            # the token may be used up by now: the access token lives its life before we find out
            again = max(again, expires_at)
        async with self._store.begin("credentials") as unit:
            await unit.credentials.give_up(
                renewal, renew_at=again, answered=answered, tries=min(tries, 1000)
            )
        reason = answer.reason or "asked to wait"
        _log.warning("credential_not_renewed", account=renewal.account.name, reason=reason)
        if isinstance(answer, RateLimited):
            return RateLimited(until=again, scope=answer.scope, answer=answer.answer, reason=reason)
        return Unavailable(answer.reason, retry_at=again, answer=answer.answer)

    async def _block(
        self, renewal: Renewal, answer: AuthRevoked | Misconfigured
    ) -> Opened | Problem:
        """Stop the account, unless somebody has stored another credential meanwhile.

        The right to renew ends here: what a person enters next is tried at once.
        """
        account, cut_off_at = renewal.account, renewal.cut_off_at
        remedy = _PERSON.format(name=account.name)
        if isinstance(answer, Misconfigured) and answer.remedy:
            remedy = answer.remedy
        reason = answer.reason
        if cut_off_at is not None:
            reason += (
                f" (a renewal begun at {cut_off_at:%Y-%m-%d %H:%M:%S} UTC was cut off before its"
                " answer was stored)"
            )
        async with self._store.begin("credentials") as unit:
            now = await unit.credentials.lock(account.id)
            if now.generation == account.generation:
                await unit.credentials.give_up(
                    renewal, renew_at=None, answered=True, tries=renewal.tries
                )
                await unit.credentials.rest(account.id)
                if now.state is AccountState.CONNECTED:
                    await unit.accounts.move(now, AccountState.BLOCKED, f"{reason}. {remedy}")
        if now.generation != account.generation:
            return await self.reload(account.id)
        _log.warning("account_blocked", account=account.name, reason=reason)
        if isinstance(answer, AuthRevoked):
            return AuthRevoked(f"{reason}. {remedy}", answer.answer)
        return Misconfigured(reason, remedy, answer.answer)


__all__ = ["Credentials", "Opened", "Problem"]
