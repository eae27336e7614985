"""The rounds of one courier run, step by step (DESIGN §3.3).

What was being sent when somebody died becomes `unknown`; unknowns are looked up; what is due is
prepared; the intents are committed; the one irreversible call is made for each; the receipts are
committed before anything else. Nothing after the call can fail a delivery.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

import structlog

from copydesk.core.account import Account, Lease
from copydesk.core.delivery import (
    Delivery,
    Intent,
    Outgoing,
    kept_of,
    of_spoke,
    part_count,
    with_fields,
)
from copydesk.core.outcomes import (
    AuthExpired,
    AuthRevoked,
    Inconclusive,
    Outcome,
    Pending,
    Ready,
)
from copydesk.core.states import AccountState, DeliveryState
from copydesk.distribution.admitting import Door
from copydesk.distribution.aftercare import Respect
from copydesk.distribution.breaker import Pulse
from copydesk.distribution.budget_money import Payer
from copydesk.distribution.calls import Calls, stops
from copydesk.distribution.circumstances import Circumstances
from copydesk.distribution.fares import noted
from copydesk.distribution.foresight import Foresight
from copydesk.distribution.gate import Gate
from copydesk.distribution.judgement import (
    judge,
    judge_accepted,
    judge_existence,
    judge_preparation,
)
from copydesk.distribution.liveness import Links
from copydesk.distribution.opened import OpenAccount, as_outcome, go_again, waits_until
from copydesk.distribution.records import SILENCE, Look, Records, Sent
from copydesk.distribution.threads import calls_left
from copydesk.platforms.kit.contract import Platform
from copydesk.platforms.kit.transport import Closed

if TYPE_CHECKING:
    from copydesk.distribution.courier import CourierTools

_log = structlog.get_logger(__name__)

#: How many deliveries share intent and receipt transactions where the platform can be asked later:
#: the first round so many, the next as many as it answers within `SPAN` seconds, up to `MOST`. A
#: quick platform shares the cost of a commit among many; a slow one leaves few unknown in a crash.
SHARED = 20
MOST = 100
SPAN = 1.0

#: A delivery with what is sent for it.
Going = tuple[Delivery, Outgoing]


class Rounds:
    """The account is leased and its client is open."""

    def __init__(
        self,
        tools: CourierTools,
        platform: Platform,
        account: Account,
        open_account: OpenAccount,
        lease: Lease,
        pulse: Pulse,
    ) -> None:
        self._tools = tools
        self._clock = tools.store.clock
        self._platform = platform
        self._manifest = platform.manifest
        self._account = account
        self._reconcile = platform.reconcile(account)
        self._gate = Gate(
            tools.store, account, platform.host(account), pulse, tools.breaker, tools.random
        )
        self._open = open_account
        self._calls = Calls(
            open_account.client, platform.manifest, account, pulse, tools.breaker.account_failures
        )
        self._records = Records(tools.store, lease)
        self._payer = Payer(tools.store, platform, account)
        self._door = Door(tools.store, lease)
        self._foresight = Foresight(tools.store, account, tools.budget(account))
        self._links = Links(tools.store, tools.transport, tools.public or tools.transport)
        self._respect = Respect(tools.store, platform, account, tools.closed_until)
        self._inspect_after = next(iter(platform.inspections(account)), None)
        self._size = self._first_size()

    def end_with(self, is_over: Callable[[], bool]) -> None:
        """Begin no irreversible call once `is_over()`: another courier may have the account."""
        self._calls.is_over = is_over

    async def close(self) -> None:
        """Close the client."""
        await self._open.close()

    async def carry(self) -> int:
        """Do one round; return how many deliveries it looked at, 0 when none is awake."""
        look = await self._records.look(self._size, self._gate.host_breaker_id)
        self._account = look.account
        if not look.awake:
            return 0
        awake = await self._abandon(look.awake)
        if await self._account_rests(awake):
            # the others stay due: nobody is sent to a resting account, and they may be many
            return 0
        if not await self._account_waits(awake):
            through = await self._gate.let_through(awake, look.breakers)
            if await self._credential_waits(through):
                return len(look.awake)
            await self._ask_about(through, look)
            due = await self._wake(through, look)
            with noted() as taken:
                ready = await self._prepare(self._in_order([(d, look.outgoing[d.id]) for d in due]))
            going = await self._foresight.let_commit(ready, taken)
            await self._send(await self._payer.afford(going))
            await self._gate.learn()
        return len(look.awake)

    # -- before any call --------------------------------------------------------------------------

    async def _abandon(self, awake: Sequence[Delivery]) -> list[Delivery]:
        """Call unknown what was being sent when its courier stopped; return the others."""
        abandoned = [d for d in awake if d.state is DeliveryState.SENDING]
        # whoever sent them may be at it still, if its clock or ours is wrong; it falls silent soon
        await self._records.abandon(abandoned, max(self._reconcile.delay, SILENCE))
        return [d for d in awake if d.state is not DeliveryState.SENDING]

    async def _account_waits(self, awake: Sequence[Delivery]) -> bool:
        """Let everything wait if the account itself has to."""
        if self._account.state is AccountState.CONNECTED:
            return False
        await self._records.wait_for_account(awake, self._account)
        return True

    async def _account_rests(self, awake: Sequence[Delivery]) -> bool:
        """Look at these again after the account's rest, if it has one."""
        until = self._account.paused_until
        connected = self._account.state is AccountState.CONNECTED
        if not connected or until is None or until <= self._clock.now():
            return False
        await self._records.postpone(awake, until)
        return True

    async def _credential_waits(self, through: Sequence[Delivery]) -> bool:
        """Renew the credential if it is time; let everything wait where that does not work."""
        if not through:
            return False
        problem = await self._open.keep(self._account)
        self._calls.client = self._open.client
        if problem is None:
            return False
        until = waits_until(problem, self._clock.now())
        if until is None:
            await self._records.block(self._account, problem.reason)
        else:
            await self._records.postpone(through, until)
        return True

    async def _better(self, outcomes: Sequence[Ready | Pending | Outcome | None]) -> Outcome | None:
        """Return None when calls that were refused for their credential may go again with a better
        one, else what is to be judged instead."""
        refused = [o for o in outcomes if isinstance(o, AuthExpired | AuthRevoked)]
        if any(o is not None for o in outcomes if o not in refused):
            self._open.proved()
        if not refused:
            return None
        problem = await self._open.after(refused[0])
        self._calls.client = self._open.client
        return None if problem is None else as_outcome(problem, self._clock.now())

    # -- looking ----------------------------------------------------------------------------------

    async def _ask_about(self, awake: Sequence[Delivery], look: Look) -> None:
        """Ask the platform about what may have landed already, and what it still works on."""
        for delivery in awake:
            if self._calls.gave_out:
                break
            if delivery.state is DeliveryState.UNKNOWN:
                await self._look(delivery, look.outgoing[delivery.id])
            elif delivery.is_accepted:
                await self._ask_if_public(delivery, look.outgoing[delivery.id])

    async def _look(self, delivery: Delivery, outgoing: Outgoing) -> None:
        outgoing = replace(outgoing, sent_at=await self._records.last_call(delivery))
        missed = self._gate.pulse.failures
        found = await self._calls.find(outgoing)
        found = await self._respect.told_apart(self._calls, delivery, found)
        until = self._tools.closed_until(self._account)
        if isinstance(found, Inconclusive) and until is not None:
            # a rate limit kept it from looking: that tells nothing, so it is no look
            await self._records.postpone([delivery], until)
            return
        at = self._circumstances(outgoing)
        at = replace(at, unreached=self._gate.pulse.failures > missed)
        await self._records.see(delivery, judge_existence(found, delivery, at), found)

    async def _ask_if_public(self, delivery: Delivery, outgoing: Outgoing) -> None:
        answer = await self._calls.check(outgoing)
        judgement = judge_accepted(answer, delivery, self._circumstances(outgoing))
        await self._records.settle(delivery, judgement, evidence=answer)

    # -- sending ----------------------------------------------------------------------------------

    async def _wake(self, awake: Sequence[Delivery], look: Look) -> list[Delivery]:
        """Return what may be sent now, in order; the rest of what was snoozed is over."""
        due = [
            d
            for d in awake
            if d.state is DeliveryState.SCHEDULED
            or (d.state is DeliveryState.SNOOZED and not d.is_accepted)
        ]
        admitted = await self._door.admit(due, self._account, look.in_question)
        through = await self._foresight.let_through(admitted, look.outgoing)
        return await self._records.wake(await self._links.admit(through))

    def _in_order(self, due: Sequence[Going]) -> Sequence[Going]:
        """Return what of `due` goes in this round: on an account that keeps its order nothing comes
        between two parts of a thread."""
        if not self._manifest.ordered:
            return due
        for position, (delivery, going) in enumerate(due):
            if calls_left(going.payload, delivery) > 1:
                return due[: position + 1]
        return due

    async def _prepare(self, due: Sequence[Going]) -> list[Going]:
        """Return what is ready to be committed, in order."""
        ready: list[Going] = []
        refused: list[tuple[Delivery, Closed]] = []
        for position, (delivery, going) in enumerate(due):
            if self._calls.gave_out:
                break
            objection = await self._respect.objection(self._calls, delivery, going)
            if isinstance(objection, datetime):
                await self._records.postpone([delivery], objection)
                continue
            if objection is not None:
                await self._records.object(delivery, objection)
                continue
            if self._calls.needs_no_preparing(going):
                ready.append((delivery, going))
                continue
            # what was uploaded may have expired by now, and spokes have no clock
            going = with_fields(going, sent_at=self._clock.now())
            answer = await self._foresight.watch(delivery, going, self._calls.prepare(going))
            if isinstance(answer, AuthExpired | AuthRevoked):
                better = await self._better([answer])
                answer = better or await self._calls.prepare(going)
            if isinstance(answer, Ready | Pending) and of_spoke(answer.handles) != of_spoke(
                going.handles
            ):
                handles = {**of_spoke(answer.handles), **kept_of(delivery.handles)}
                await self._records.store_handles(delivery, handles)
                delivery = replace(delivery, handles=handles)
                going = replace(going, handles=handles)
            if isinstance(answer, Ready):
                ready.append((delivery, going))
            elif isinstance(answer, Pending):
                await self._records.wait_for_platform(delivery, answer.retry_after)
            else:
                if (closed := self._foresight.closed_by(answer)) is not None:
                    refused.append((delivery, closed))
                else:
                    await self._records.not_prepared(
                        delivery,
                        judge_preparation(answer, delivery, self._circumstances(going)),
                        answer,
                    )
                if stops(answer):
                    # the rest stays scheduled and due; the next round looks at the account first
                    left = len(due) - position - 1
                    _log.info("round_stopped", account=self._account.name, left=left)
                    break
        await self._foresight.rest(refused)
        return ready

    async def _send(self, ready: Sequence[Going]) -> None:
        """Commit the intents, make the calls, commit the receipts."""
        if not ready:
            return
        now = self._clock.now()
        going = [
            (delivery, with_fields(out, first_sent_at=out.first_sent_at or now, sent_at=now))
            for delivery, out in ready
        ]
        await self._door.sending(self._account)
        intents = await self._records.intend(going)
        began = self._clock.monotonic()
        with noted() as fares:
            outcomes = await self._calls.commit([out for _, out in going])
        self._foresight.learn([delivery for delivery, _ in going], outcomes, fares)
        self._pace(sum(o is not None for o in outcomes), self._clock.monotonic() - began)
        answered = [
            (intents[delivery.id], out, outcome)
            for (delivery, out), outcome in zip(going, outcomes, strict=True)
            if outcome is not None
        ]
        # what the platform took is written down before a better credential is asked for
        refused = [one for one in answered if isinstance(one[2], AuthExpired | AuthRevoked)]
        at = self._clock.now()
        taken = [one for one in answered if one not in refused] if refused else answered
        await self._records.receive([self._judged(*one, at) for one in taken])
        instead = await self._better(outcomes)
        at = self._clock.now()
        await self._records.receive([self._judged(*one, at, instead=instead) for one in refused])
        called = {delivery.id for (delivery, _), _, _ in answered}
        await self._records.not_called([d for id, (d, _) in intents.items() if id not in called])
        await self._payer.settle(
            [(out, outcome) for (_, out), outcome in zip(going, outcomes, strict=True)]
        )

    def _judged(
        self,
        intended: tuple[Delivery, Intent],
        out: Outgoing,
        outcome: Outcome,
        now: datetime,
        *,
        instead: Outcome | None = None,
    ) -> Sent:
        """Return what `outcome` means; of a credential that was refused, `instead` does."""
        sending, intent = intended
        at = self._circumstances(out, now)
        if not isinstance(outcome, AuthExpired | AuthRevoked):
            judgement = judge(outcome, sending, at)
        elif instead is None:
            judgement = go_again(sending, at.now)
        else:
            judgement = judge(instead, sending, at)
        return Sent(
            delivery=sending, intent=intent, outgoing=out, outcome=outcome, judgement=judgement
        )

    # -- how many share a round -------------------------------------------------------------------

    def _first_size(self) -> int:
        if self._manifest.batch > 1:
            return self._manifest.batch
        # an intent that shares its transaction may be left unknown without ever having been
        # called; where no look can settle that, it would need a person each time
        return SHARED if self._reconcile.settles else max(1, self._calls.at_once)

    def _pace(self, calls: int, seconds: float) -> None:
        if self._manifest.batch > 1 or not self._reconcile.settles or not calls:
            return
        answered = MOST if seconds <= 0 else int(SPAN * calls / seconds)
        # at most doubled: one quick answer is no promise
        self._size = max(1, min(answered, self._size * 2, MOST))

    def _circumstances(self, outgoing: Outgoing, now: datetime | None = None) -> Circumstances:
        return Circumstances(
            now=now or self._clock.now(),
            policy=self._tools.policy,
            random=self._tools.random,
            idempotency=self._platform.idempotency(self._account),
            window=self._manifest.idempotency_window,
            reconcile=self._reconcile,
            first_sent_at=outgoing.first_sent_at,
            sent_at=outgoing.sent_at,
            action=outgoing.action,
            probing=self._gate.probe == outgoing.delivery_id,
            inspect_after=self._inspect_after,
            parts=part_count(outgoing.payload),
        )
