"""The courier: the only code that publishes. One per account at a time, held by a lease.

Per round: what was being sent when somebody died becomes `unknown`; unknowns are looked up; what is
due is prepared; the intents are committed; the one irreversible call is made for each; the receipts
are committed before anything else. Nothing after the call can fail a delivery.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import structlog

from copydesk.core.account import Account, Lease
from copydesk.core.delivery import Delivery, Intent, Outgoing
from copydesk.core.errors import ConfigError, NotFound, StoreUnavailable
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
from copydesk.core.post import Media
from copydesk.core.states import AccountState, DeliveryState
from copydesk.distribution.judgement import (
    Circumstances,
    judge,
    judge_accepted,
    judge_existence,
    judge_preparation,
)
from copydesk.distribution.records import LEASE, Records, Sent
from copydesk.distribution.retry import RetryPolicy
from copydesk.distribution.vault import Vault
from copydesk.platforms.kit.contract import Client, Platform, Session
from copydesk.platforms.kit.registry import load_platform
from copydesk.platforms.kit.transport import Transport
from copydesk.store import Store
from copydesk.store.accounts import LeaseLost

_log = structlog.get_logger(__name__)

#: Seconds between two renewals of the lease, and how long before its end a courier that could not
#: renew it falls silent: whoever takes over must not meet a call that is still being made.
RENEWAL = 3.0
MARGIN = 2.0

#: How many deliveries share intent and receipt transactions where the platform can be asked later:
#: the first round so many, the next as many as it answers within `SPAN` seconds, up to `MOST`. A
#: quick platform shares the cost of a commit among many; a slow one leaves few unknown in a crash.
SHARED = 20
MOST = 100
SPAN = 1.0

#: Answers after which no further call may be made for the account in this round.
_STOPPERS = (RateLimited, AuthExpired, AuthRevoked, Misconfigured)


@dataclass(frozen=True, slots=True, kw_only=True)
class CourierTools:
    """What couriers work with. `owner` names this process in leases."""

    store: Store
    transport: Transport
    vault: Vault
    home: Path
    owner: str
    policy: RetryPolicy = field(default_factory=RetryPolicy)
    random: random.Random = field(default_factory=random.Random)
    stopping: Callable[[], bool] = lambda: False


class Courier:
    """Carries one account's due deliveries, round by round, until none is left."""

    def __init__(self, tools: CourierTools, account_id: str) -> None:
        self._tools = tools
        self._store = tools.store
        self._account_id = account_id

    async def run(self) -> int:
        """Carry what is due and return how many deliveries were looked at; 0 if another courier
        has the account. Raises `LeaseLost` when it could not be kept; calls end before it does."""
        began = asyncio.get_running_loop().time()
        async with self._store.begin("courier") as unit:
            lease = await unit.accounts.lease(self._account_id, self._tools.owner, LEASE)
            if lease is None:
                return 0
            account = await unit.accounts.get(self._account_id)
            sealed = await unit.accounts.secrets(self._account_id)
        try:
            async with asyncio.timeout_at(began + LEASE - MARGIN) as term:
                renewing = asyncio.create_task(self._renew(lease, term))
                try:
                    return await self._carry(account, sealed, lease)
                finally:
                    renewing.cancel()
        except TimeoutError as error:
            raise LeaseLost(f"The lease of account {account.name} could not be kept.") from error
        finally:
            async with self._store.begin("courier") as unit:
                await unit.accounts.release(lease)

    async def _carry(self, account: Account, sealed: bytes, lease: Lease) -> int:
        round_ = await self._open(account, sealed, lease)
        if round_ is None:
            return await self._let_wait(lease)
        carried = 0
        try:
            while not self._tools.stopping() and (seen := await round_.carry()):
                carried += seen
        finally:
            await round_.client.close()
        return carried

    async def _let_wait(self, lease: Lease) -> int:
        # no client, so no call: each delivery has to say itself what it waits for
        records = Records(self._store, lease)
        waited = 0
        while (look := await records.look(MOST)).awake:
            broken_off = [d for d in look.awake if d.state is DeliveryState.SENDING]
            await records.abandon(broken_off, LEASE)
            rest = [d for d in look.awake if d.state is not DeliveryState.SENDING]
            await records.wait_for_account(rest, look.account)
            waited += len(look.awake)
        return waited

    async def _renew(self, lease: Lease, term: asyncio.Timeout) -> None:
        # a call may take minutes, the lease lasts seconds: that we live is said here, and whether
        # the lease is still ours is asked again before every intent
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(RENEWAL)
            began = loop.time()
            try:
                await Records(self._store, lease).hold()
                term.reschedule(began + LEASE - MARGIN)
            except LeaseLost:
                term.reschedule(began)
                return
            except StoreUnavailable as error:
                _log.warning("lease_not_renewed", account=lease.account_id, reason=error.message)

    async def _open(self, account: Account, sealed: bytes, lease: Lease) -> _Rounds | None:
        try:
            platform = load_platform(account.platform)
            secrets = self._tools.vault.open(sealed)
        except (NotFound, ConfigError) as error:
            await Records(self._store, lease).block(account, f"{error.message} {error.remedy}")
            return None
        session = Session(
            account=account,
            secrets=secrets,
            transport=self._tools.transport,
            load_media=self._load_media,
            home=self._tools.home,
        )
        try:
            client = platform.connect(session)
        except Exception as error:
            # settings a spoke chokes on: a person has to mend them, and no other account waits
            _log.exception("connect_failed", account=account.name, platform=account.platform)
            await Records(self._store, lease).block(account, f"connecting failed: {_words(error)}")
            return None
        return _Rounds(self._tools, platform, account, client, lease)

    async def _load_media(self, media: Media) -> bytes:
        async with self._store.read() as unit:
            return await unit.workspaces.load(media.sha256)


class _Rounds:
    """The rounds of one courier run: the account is leased and its client is open."""

    def __init__(
        self,
        tools: CourierTools,
        platform: Platform,
        account: Account,
        client: Client,
        lease: Lease,
    ) -> None:
        self._tools = tools
        self._clock = tools.store.clock
        self._platform = platform
        self._manifest = platform.manifest
        self._account = account
        self._reconcile = platform.reconcile(account)
        self.client = client
        # a guard above the adapter's own timeout: no call keeps an account for ever
        self._patience = self._manifest.timeout * 2 + 5
        self._records = Records(tools.store, lease)
        self._size = self._round_size()

    def _round_size(self) -> int:
        if self._manifest.batch > 1:
            return self._manifest.batch
        # an intent that shares its transaction may be left unknown without ever having been
        # called; where nobody can look, that would need a person each time
        return SHARED if self._reconcile.find else max(1, self._concurrency)

    def _pace(self, calls: int, seconds: float) -> None:
        if self._manifest.batch > 1 or not self._reconcile.find or not calls:
            return
        answered = MOST if seconds <= 0 else int(SPAN * calls / seconds)
        # at most doubled: one quick answer is no promise
        self._size = max(1, min(answered, self._size * 2, MOST))

    @property
    def _concurrency(self) -> int:
        return 1 if self._manifest.ordered else self._manifest.concurrency

    async def carry(self) -> int:
        """Do one round; return how many deliveries it looked at, 0 when none is awake."""
        look = await self._records.look(self._size)
        self._account = look.account
        if not look.awake:
            return 0
        seen = len(look.awake)
        abandoned = [d for d in look.awake if d.state is DeliveryState.SENDING]
        await self._records.abandon(abandoned, self._reconcile.delay)
        awake = [d for d in look.awake if d.state is not DeliveryState.SENDING]
        now = self._clock.now()
        if self._account.state is not AccountState.CONNECTED:
            await self._records.wait_for_account(awake, self._account)
            return seen
        if self._account.paused_until and self._account.paused_until > now:
            await self._records.postpone(awake, self._account.paused_until)
            return seen

        for delivery in awake:
            if delivery.state is DeliveryState.UNKNOWN:
                await self._look(delivery, look.outgoing[delivery.id])
            elif delivery.is_accepted:
                await self._ask_if_public(delivery, look.outgoing[delivery.id])
        due = await self._records.wake(
            [
                d
                for d in awake
                if d.state is DeliveryState.SCHEDULED
                or (d.state is DeliveryState.SNOOZED and not d.is_accepted)
            ]
        )
        ready = await self._prepare(due, look.outgoing)
        if ready:
            await self._send(ready)
        return seen

    # -- looking ----------------------------------------------------------------------------------

    async def _look(self, delivery: Delivery, outgoing: Outgoing) -> None:
        found: Existence
        try:
            async with asyncio.timeout(self._patience):
                found = await self.client.find(outgoing)
        except Exception as error:
            _log.warning("look_failed", delivery=delivery.id, error=repr(error))
            found = Inconclusive(f"looking it up failed: {error}")
        at = self._circumstances(outgoing)
        judgement = judge_existence(found, delivery, at)
        if judgement is None:
            assert isinstance(found, Inconclusive)
            wait = self._tools.policy.wait(delivery.looks + 1, self._tools.random)
            again = found.retry_at or at.now + wait
            await self._records.look_again(delivery, again, found.reason)
        else:
            await self._records.settle(delivery, judgement, evidence=found)

    async def _ask_if_public(self, delivery: Delivery, outgoing: Outgoing) -> None:
        answer = await self._guarded(self.client.check(outgoing), before_commit=True)
        judgement = judge_accepted(answer, delivery, self._circumstances(outgoing))
        await self._records.settle(delivery, judgement, evidence=answer)

    # -- sending ----------------------------------------------------------------------------------

    async def _prepare(
        self, due: Sequence[Delivery], outgoing: Mapping[str, Outgoing]
    ) -> list[tuple[Delivery, Outgoing]]:
        ready: list[tuple[Delivery, Outgoing]] = []
        for position, delivery in enumerate(due):
            going = outgoing[delivery.id]
            step = self.client.check if delivery.handles else self.client.prepare
            answer = await self._guarded(step(going), before_commit=True)
            if isinstance(answer, Ready | Pending) and answer.handles != going.handles:
                await self._records.store_handles(delivery, answer.handles)
                going = replace(going, handles=answer.handles)
            if isinstance(answer, Ready):
                ready.append((delivery, going))
            elif isinstance(answer, Pending):
                await self._records.wait_for_platform(delivery, answer.retry_after)
            else:
                await self._records.not_prepared(
                    delivery,
                    judge_preparation(answer, delivery, self._circumstances(going)),
                    answer,
                )
                if isinstance(answer, _STOPPERS):
                    self._leave(due[position + 1 :])
                    break
        return ready

    def _leave(self, rest: Sequence[Delivery]) -> None:
        # they stay scheduled and due; the account's state or pause is looked at again next round
        if rest:
            _log.info("round_stopped", account=self._account.name, left=len(rest))

    async def _send(self, ready: Sequence[tuple[Delivery, Outgoing]]) -> None:
        now = self._clock.now()
        going = [
            (delivery, replace(out, first_sent_at=out.first_sent_at or now, sent_at=now))
            for delivery, out in ready
        ]
        intents = await self._records.intend(going)
        began = self._clock.monotonic()
        sent = await self._call(going, intents)
        self._pace(len(sent), self._clock.monotonic() - began)
        judged = [
            replace(
                one, judgement=judge(one.outcome, one.delivery, self._circumstances(one.outgoing))
            )
            for one in sent
        ]
        await self._records.receive(judged)
        called = {one.delivery.id for one in sent}
        await self._records.not_called([d for d, _ in intents.values() if d.id not in called])

    async def _call(
        self,
        going: Sequence[tuple[Delivery, Outgoing]],
        intents: dict[str, tuple[Delivery, Intent]],
    ) -> list[Sent]:
        outs = [outgoing for _, outgoing in going]
        if self._manifest.batch > 1:
            outcomes = await self._commit_batch(outs)
        elif self._concurrency > 1:
            gate = asyncio.Semaphore(self._concurrency)
            outcomes = await asyncio.gather(*(self._commit_within(gate, out) for out in outs))
        else:
            outcomes = []
            for out in outs:
                outcome = await self._commit(out)
                outcomes.append(outcome)
                if isinstance(outcome, _STOPPERS):
                    break
        return [
            Sent(
                delivery=intents[out.delivery_id][0],
                intent=intents[out.delivery_id][1],
                outgoing=out,
                outcome=outcome,
            )
            for out, outcome in zip(outs, outcomes, strict=False)
        ]

    async def _commit_within(self, gate: asyncio.Semaphore, out: Outgoing) -> Outcome:
        async with gate:
            return await self._commit(out)

    async def _commit(self, out: Outgoing) -> Outcome:
        answer = await self._guarded(self.client.commit(out), before_commit=False)
        assert not isinstance(answer, Ready | Pending)
        return answer

    async def _commit_batch(self, outs: Sequence[Outgoing]) -> list[Outcome]:
        try:
            async with asyncio.timeout(self._patience):
                outcomes = list(await self.client.commit_batch(outs))
        except Exception as error:
            _log.exception(
                "commit_failed", account=self._account.name, platform=self._platform.name
            )
            return [Unknown(_words(error))] * len(outs)
        missing = len(outs) - len(outcomes)
        return outcomes + [Unknown("the spoke gave no outcome for this one")] * missing

    async def _guarded(
        self, call: Awaitable[Ready | Pending | Outcome], *, before_commit: bool
    ) -> Ready | Pending | Outcome:
        try:
            async with asyncio.timeout(self._patience):
                answer = await call
        except Exception as error:
            # a fault in a spoke must cost neither the delivery nor the worker
            _log.exception("spoke_failed", account=self._account.name, platform=self._platform.name)
            answer = Unknown(_words(error))
        if before_commit and isinstance(answer, Unknown):
            return Unavailable(f"preparing it failed: {answer.reason}", answer=answer.answer)
        return answer

    def _circumstances(self, outgoing: Outgoing) -> Circumstances:
        return Circumstances(
            now=self._clock.now(),
            policy=self._tools.policy,
            random=self._tools.random,
            idempotency=self._platform.idempotency(self._account),
            window=self._manifest.idempotency_window,
            reconcile=self._reconcile,
            first_sent_at=outgoing.first_sent_at,
        )


def _words(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "no answer within the time allowed"
    return f"{type(error).__name__}: {error}"[:500]
