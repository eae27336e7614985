"""One renewal of a credential, from the question to what is stored of the answer.

A server with rotation takes a refresh token once. So what it handed out is stored before anybody
uses it, and where its answer was lost the next question waits until the access token has ended.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Final

import structlog

from copydesk.core.account import Account
from copydesk.core.errors import ConfigError, NotFound, StoreUnavailable
from copydesk.core.outcomes import AuthRevoked, Misconfigured, Outcome, RateLimited, Unavailable
from copydesk.core.states import AccountState
from copydesk.distribution.lifetimes import is_renewable, lifetimes_of
from copydesk.distribution.retry import RetryPolicy
from copydesk.distribution.vault import Vault
from copydesk.platforms.kit.auth import ACCESS_TOKEN, REFRESH_TOKEN, Grant
from copydesk.platforms.kit.registry import load_platform
from copydesk.platforms.kit.retry_after import LONGEST_WAIT
from copydesk.platforms.kit.transport import AnswerLost, Closed, NotSent
from copydesk.store import Store
from copydesk.store.credentials import Renewal

_log = structlog.get_logger(__name__)

#: Seconds one token request may take.
CALL: Final = 20.0
#: How often storing a renewed credential is tried, and the longest pause between: the database may
#: be away for ten minutes before what the server handed out is lost.
STORE_TRIES: Final = 120
STORE_PAUSE: Final = 5.0

#: The first of these pauses, in seconds.
_FIRST_PAUSE: Final = 0.05

_PERSON: Final = "Connect it again: copydesk accounts connect {name}"

Problem = AuthRevoked | Misconfigured | RateLimited | Unavailable

#: Asks whoever issued an account's secrets for new ones.
Ask = Callable[[Account, Mapping[str, str]], Awaitable[Grant | Outcome]]


class Renewals:
    """Carries out renewals that were claimed; `ask` makes the call."""

    def __init__(
        self,
        *,
        store: Store,
        vault: Vault,
        ask: Ask,
        source: random.Random,
        pause: Callable[[float], Awaitable[None]],
        policy: RetryPolicy,
    ) -> None:
        self._store = store
        self._clock = store.clock
        self._vault = vault
        self._ask = ask
        self._source = source
        self._pause = pause
        self._policy = policy

    async def carry_out(self, renewal: Renewal) -> Problem | None:
        """Ask for what `renewal` has the right to, and store what came of it.

        Returns what stands in the way, None where the credential is to be read again.
        """
        # a courier may be called off at any moment, but not between an answer and its storing
        task = asyncio.ensure_future(self._exchange(renewal))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            await asyncio.wait({task}, timeout=CALL)
            raise

    async def _exchange(self, renewal: Renewal) -> Problem | None:
        account = renewal.account
        known: Mapping[str, str] = {}
        try:
            known = self._vault.open(renewal.sealed)
            answer, sent = await self._answer(account, known)
        except (ConfigError, NotFound) as error:
            answer, sent = Misconfigured(error.message, error.remedy), False
        except Exception as error:
            # a fault in a spoke must neither block the account nor cost the worker
            _log.exception("renewal_failed", account=account.name, platform=account.platform)
            answer, sent = Unavailable(f"renewing failed: {type(error).__name__}"), True
        match answer:
            case Grant():
                await self._keep(account, known, answer)
                return None
            case AuthRevoked() | Misconfigured():
                return await self._block(renewal, answer)
            case RateLimited() | Unavailable():
                return await self._not_now(renewal, answer, answered=not sent)
            case _:
                strange = Unavailable(f"renewing was answered with {type(answer).__name__}")
                return await self._not_now(renewal, strange, answered=False)

    async def _answer(
        self, account: Account, known: Mapping[str, str]
    ) -> tuple[Grant | Outcome, bool]:
        """Return the server's answer and whether it leaves in doubt that the token was used."""
        try:
            async with asyncio.timeout(CALL):
                answer = await self._ask(account, known)
        except Closed as error:
            return RateLimited(until=error.until, scope=error.scope), False
        except NotSent as error:
            return Unavailable(f"the authorization server was not reached: {error}"), False
        except AnswerLost as error:
            return Unavailable(f"the authorization server was asked: {error}"), True
        except TimeoutError:
            return Unavailable("the authorization server did not answer in time"), True
        if isinstance(answer, Unavailable):
            # a 5xx may come from behind the server that has rotated the token already
            status = answer.answer.status
            return answer, status is None or status >= 500 or status < 300
        return answer, False

    # -- what came of it --------------------------------------------------------------------------

    async def _keep(self, account: Account, known: Mapping[str, str], grant: Grant) -> None:
        """Store a renewed credential, so that it can be handed out: never the other way round.

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
                await self._pause(min(STORE_PAUSE, _FIRST_PAUSE * 2**attempt))
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

    async def _block(self, renewal: Renewal, answer: AuthRevoked | Misconfigured) -> Problem | None:
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
            return None
        _log.warning("account_blocked", account=account.name, reason=reason)
        if isinstance(answer, AuthRevoked):
            return AuthRevoked(f"{reason}. {remedy}", answer.answer)
        return Misconfigured(reason, remedy, answer.answer)
