"""The calls a courier makes through a spoke: within their time, as many at once as allowed.

A fault in a spoke costs neither the delivery nor the worker: it becomes an outcome. After an answer
that stops the account no further call is begun.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import structlog

from copydesk.core.account import Account
from copydesk.core.delivery import Action, Outgoing, of_spoke
from copydesk.core.outcomes import (
    AuthExpired,
    AuthRevoked,
    Existence,
    Inconclusive,
    Misconfigured,
    Outcome,
    Pending,
    RateLimited,
    Ready,
    Unavailable,
    Unknown,
)
from copydesk.core.standing import Standing
from copydesk.distribution.breaker import Pulse
from copydesk.distribution.versions import SPEAKING
from copydesk.platforms.kit.contract import Client
from copydesk.platforms.kit.manifest import Manifest

_log = structlog.get_logger(__name__)

#: Answers after which no further call may be made for the account in this round.
STOPPERS = (RateLimited, AuthExpired, AuthRevoked, Misconfigured)


class Calls:
    """One account's open client, guarded. Nothing here raises because of a spoke."""

    def __init__(
        self, client: Client, manifest: Manifest, account: Account, pulse: Pulse, most_misses: int
    ) -> None:
        self.client = client
        self._pulse = pulse
        self._most_misses = most_misses
        self._manifest = manifest
        self._account = account
        #: Whether the lease may have run out. Asked before each commit call: libraries swallow a
        #: cancellation that falls together with a timeout of their own (aiohttp 3.14, 2026-11-22).
        self.is_over: Callable[[], bool] = lambda: False
        # a guard above the adapter's own timeout: no call keeps an account for ever
        self._patience = manifest.timeout * 2 + 5

    @property
    def gave_out(self) -> bool:
        """Whether so many calls in a row got no answer that no further one is begun."""
        return self._pulse.failures >= self._most_misses

    @property
    def at_once(self) -> int:
        """Return how many commit calls may be under way together."""
        return 1 if self._manifest.ordered else self._manifest.concurrency

    async def find(self, outgoing: Outgoing) -> Existence:
        """Ask the platform whether `outgoing` has landed."""
        SPEAKING.set(outgoing.api_version)
        since = self._pulse.mark()
        try:
            async with asyncio.timeout(self._patience):
                found = await self.client.find(outgoing)
        except Exception as error:
            _log.warning("look_failed", delivery=outgoing.delivery_id, error=repr(error))
            self._pulse.miss(words(error))
            return Inconclusive(f"looking it up failed: {words(error)}")
        self._pulse.feel(found, since)
        return found

    async def inspect(self, outgoing: Outgoing) -> Standing:
        """Ask the platform how a delivered post stands."""
        SPEAKING.set(outgoing.api_version)
        try:
            async with asyncio.timeout(self._patience):
                return await self.client.inspect(outgoing)
        except Exception as error:
            _log.warning("inspection_failed", delivery=outgoing.delivery_id, error=repr(error))
            return Inconclusive(f"looking at it failed: {words(error)}")

    def needs_no_preparing(self, outgoing: Outgoing) -> bool:
        """Whether the spoke does nothing before the commit, so that no call has to be made."""
        return type(self.client).prepare is Client.prepare and not of_spoke(outgoing.handles)

    async def prepare(self, outgoing: Outgoing) -> Ready | Pending | Outcome:
        """Do what may be repeated before the commit, or ask whether it is done by now.

        What was prepared for a thread serves all its parts.
        """
        if outgoing.action is Action.DELETE:
            return Ready(outgoing.handles)
        if of_spoke(outgoing.handles):
            return await self.check(outgoing)
        SPEAKING.set(outgoing.api_version)
        return await self._before_commit(self.client.prepare(outgoing))

    async def check(self, outgoing: Outgoing) -> Ready | Pending | Outcome:
        """Ask how far the platform has got; never `Unknown`, since asking changes nothing."""
        SPEAKING.set(outgoing.api_version)
        return await self._before_commit(self.client.check(outgoing))

    async def commit(self, outs: Sequence[Outgoing]) -> list[Outcome | None]:
        """Make the irreversible calls; None for each that an earlier answer, or the end of the
        lease, stopped."""
        if self.is_over():
            return [None] * len(outs)
        if self._manifest.batch > 1:
            return list(await self._commit_batch(outs))
        outcomes: list[Outcome | None] = [None] * len(outs)
        left = iter(range(len(outs)))
        stopped = False

        async def lane() -> None:
            nonlocal stopped
            for position in left:
                if stopped or self.is_over():
                    return
                outcome = await self._commit_one(outs[position])
                outcomes[position] = outcome
                if stops(outcome) or self.gave_out:
                    stopped = True

        lanes = min(self.at_once, len(outs))
        if lanes > 1:
            async with asyncio.TaskGroup() as group:
                for _ in range(lanes):
                    group.create_task(lane())
        else:
            await lane()
        return outcomes

    async def _before_commit(
        self, call: Awaitable[Ready | Pending | Outcome]
    ) -> Ready | Pending | Outcome:
        since = self._pulse.mark()
        answer = _harmless(await self._guarded(call))
        self._pulse.feel(answer, since)
        return answer

    async def _commit_one(self, out: Outgoing) -> Outcome:
        SPEAKING.set(out.api_version)
        since = self._pulse.mark()
        answer = await self._guarded(self.client.commit(out))
        assert not isinstance(answer, Ready | Pending)
        self._pulse.feel(answer, since)
        return answer

    async def _commit_batch(self, outs: Sequence[Outgoing]) -> list[Outcome]:
        try:
            async with asyncio.timeout(self._patience):
                outcomes = list(await self.client.commit_batch(outs))
        except Exception as error:
            self._say_failed()
            self._pulse.miss(words(error))
            return [Unknown(words(error))] * len(outs)
        # one call, so one answer: any of them that is one tells that somebody is there
        telling = [o for o in outcomes if not isinstance(o, Unavailable | Unknown)] or outcomes
        for outcome in telling[:1]:
            self._pulse.feel(outcome, self._pulse.mark())
        missing = len(outs) - len(outcomes)
        return outcomes + [Unknown("the spoke gave no outcome for this one")] * missing

    async def _guarded(
        self, call: Awaitable[Ready | Pending | Outcome]
    ) -> Ready | Pending | Outcome:
        try:
            async with asyncio.timeout(self._patience):
                return await call
        except Exception as error:
            self._say_failed()
            return Unknown(words(error))

    def _say_failed(self) -> None:
        _log.exception("spoke_failed", account=self._account.name, platform=self._manifest.name)


def _harmless(answer: Ready | Pending | Outcome) -> Ready | Pending | Outcome:
    if isinstance(answer, Unknown):
        return Unavailable(f"preparing it failed: {answer.reason}", answer=answer.answer)
    return answer


def stops(answer: Ready | Pending | Outcome) -> bool:
    """Return whether no further call may be made for the account in this round."""
    if isinstance(answer, RateLimited) and answer.scope == "endpoint":
        return False  # what does not need that endpoint may go on
    return isinstance(answer, STOPPERS)


def words(error: BaseException) -> str:
    """Return what went wrong in a line that people can read, at most 500 characters."""
    if isinstance(error, TimeoutError):
        return "no answer within the time allowed"
    return f"{type(error).__name__}: {error}"[:500]
