"""What a courier writes down: every step of its deliveries.

What every delivery needs goes through the journal, which commits it together with that of the
other couriers; what is rare has a unit of work of its own.

Steps before the call prove that the lease is still ours. The receipt does not ask: what the
platform answered is the truth, whoever holds the lease by then.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

import structlog

from copydesk.core.account import Account, Lease
from copydesk.core.breaker import Breaker
from copydesk.core.delivery import (
    Delivery,
    Intent,
    Outgoing,
    Receipt,
    parts_out,
    with_fields,
)
from copydesk.core.errors import Conflict, TransitionNotAllowed
from copydesk.core.outcomes import Existence, Outcome, Pending, Ready
from copydesk.core.record import record
from copydesk.core.states import AccountState, DeliveryState
from copydesk.distribution.closing import close_scope
from copydesk.distribution.consequences import Judgement
from copydesk.distribution.judgement import judge_removed
from copydesk.distribution.retry import bounded_wait
from copydesk.distribution.threads import in_flight, told
from copydesk.platforms.kit.registry import load_platform
from copydesk.store import Store, UnitOfWork
from copydesk.store.awake import Awake
from copydesk.store.deliveries import Change
from copydesk.store.journal import Entry

_log = structlog.get_logger(__name__)

#: How long a lease lasts, in seconds, unless its courier renews it. A dead courier's account is
#: taken over after this time.
LEASE = 10.0

#: Seconds between two renewals of the lease, and how long before its end a courier that could not
#: renew it falls silent: whoever takes over must not meet a call that is still being made.
RENEWAL = 3.0
MARGIN = 2.0

#: After so many seconds a courier knows that its account was taken over, and has stopped calling.
SILENCE = RENEWAL + MARGIN

#: Who acts, in events.
ACTOR = "courier"

#: How long unknown deliveries of a blocked account rest between looks; connecting it wakes them.
_WAIT = timedelta(hours=1)

#: A reason shown to people; the full answer stands in the receipt.
_SHOWN = 1000


@record(frozen=True, slots=True, kw_only=True)
class Sent:
    """One commit call that was made, what came of it and what that means."""

    delivery: Delivery
    intent: Intent
    outgoing: Outgoing
    outcome: Outcome
    judgement: Judgement


@record(frozen=True, slots=True, kw_only=True)
class Look:
    """What a courier finds at the start of a round; `outgoing`, by delivery, is what is sent.

    `in_question` are the ids of those whose post is not out with their very text any more.
    """

    account: Account
    awake: tuple[Delivery, ...]
    outgoing: Mapping[str, Outgoing]
    in_question: frozenset[str] = frozenset()
    breakers: tuple[Breaker, ...] = ()


class Records:
    """Writes the courier's steps for one leased account."""

    def __init__(self, store: Store, lease: Lease) -> None:
        self._store = store
        self._lease = lease
        self._digests: Mapping[str, str] = {}

    async def hold(self) -> None:
        """Extend the lease; raises `LeaseLost` when somebody else has taken over."""
        await self._write(proves=True)

    async def release(self) -> None:
        """Give the lease back, unless somebody else has it by now."""
        await self._store.journal.write(
            Entry(actor=ACTOR, at=self._store.clock.now(), releases=self._lease)
        )

    async def look(self, limit: int, host_breaker_id: str = "") -> Look:
        """Return the account and the deliveries that need a look now, in order.

        Raises `LeaseLost` when somebody else has taken over.
        """
        async with self._store.read() as unit:
            account, breakers = await unit.breakers.around(self._lease, host_breaker_id)
            found = await unit.deliveries.awake(account.id, unit.now, limit)
            threads = [one.delivery.id for one in found if parts_out(one.delivery.handles)]
            first_calls = await unit.deliveries.first_calls(threads) if threads else {}
        self._digests = {one.delivery.id: one.payload_sha256 for one in found}
        return Look(
            account=account,
            awake=tuple(one.delivery for one in found),
            outgoing={one.delivery.id: outgoing_of(one, first_calls) for one in found},
            in_question=frozenset(one.delivery.id for one in found if one.in_question),
            breakers=breakers,
        )

    # -- before the call --------------------------------------------------------------------------

    async def block(self, account: Account, reason: str) -> None:
        """Stop the account until a person acts."""
        async with self._store.begin(ACTOR) as unit:
            await self._block(unit, account.id, reason)

    async def wait_for_account(self, awake: Sequence[Delivery], account: Account) -> None:
        """Let deliveries wait while their account is blocked.

        What may have arrived already (unknown, accepted) keeps its state: it is not to be sent.
        Where the account was removed there is nothing to wait for.
        """
        if account.state is AccountState.REMOVED:
            async with self._store.begin(ACTOR) as unit:
                await unit.deliveries.move_all(
                    [_change(delivery, judge_removed(delivery), None) for delivery in awake]
                )
            return
        values = {
            "reason_code": "account_blocked",
            "reason": account.reason,
            "remedy": f"Once that is mended: `copydesk accounts test {account.name}`.",
        }
        async with self._store.begin(ACTOR) as unit:
            steps: list[Change] = []
            for delivery in awake:
                if delivery.state is DeliveryState.UNKNOWN or delivery.is_accepted:
                    await unit.deliveries.postpone([delivery.id], unit.now + _WAIT)
                    continue
                steps.append(
                    Change(
                        delivery=delivery,
                        to=DeliveryState.BLOCKED,
                        reason=account.reason,
                        values=values,
                    )
                )
            await unit.deliveries.move_all(steps)

    async def postpone(self, deliveries: Sequence[Delivery], until: datetime) -> None:
        """Look at these again at `until`."""
        async with self._store.begin(ACTOR) as unit:
            await unit.deliveries.postpone([d.id for d in deliveries], until)

    async def abandon(self, deliveries: Sequence[Delivery], delay: float) -> None:
        """Call unknown what was being sent when its courier stopped."""
        if deliveries:
            wake_at = self._store.clock.now() + timedelta(seconds=delay)
            await self._write([_abandoned(d, wake_at) for d in deliveries], proves=True)

    async def wake(self, deliveries: Sequence[Delivery]) -> list[Delivery]:
        """End the rest of snoozed deliveries; return all of them as scheduled."""
        snoozed = [d for d in deliveries if d.state is DeliveryState.SNOOZED]
        if snoozed:
            now = self._store.clock.now()
            await self._write([_to_scheduled(d, now) for d in snoozed])
        return [
            replace(d, state=DeliveryState.SCHEDULED) if d.state is DeliveryState.SNOOZED else d
            for d in deliveries
        ]

    async def store_handles(self, delivery: Delivery, handles: Mapping[str, Any]) -> None:
        """Keep what preparing has made."""
        async with self._store.begin(ACTOR) as unit:
            await unit.deliveries.store_handles(delivery.id, handles)

    async def wait_for_platform(self, delivery: Delivery, seconds: float) -> None:
        """Rest while the platform is still processing."""
        async with self._store.begin(ACTOR) as unit:
            reason = "the platform is still processing"
            await unit.deliveries.move(
                Change(
                    delivery=delivery,
                    to=DeliveryState.SNOOZED,
                    reason=reason,
                    values={
                        "wake_at": unit.now + max(timedelta(seconds=1), bounded_wait(seconds)),
                        "reason_code": "processing",
                        "reason": reason,
                    },
                )
            )

    async def object(self, delivery: Delivery, judgement: Judgement) -> None:
        """Hold what must not be sent as it is, before anything is done for it."""
        reason = told(judgement.reason, delivery)
        held = replace(judgement, reason=reason, values={**judgement.values, "reason": reason})
        async with self._store.begin(ACTOR) as unit:
            await unit.deliveries.move(_change(delivery, held, None))

    async def not_prepared(self, delivery: Delivery, judgement: Judgement, answer: Outcome) -> None:
        """Record that preparing failed; what is to be tried again stays scheduled."""
        async with self._store.begin(ACTOR) as unit:
            if judgement.to is DeliveryState.SCHEDULED:
                await unit.deliveries.stay(delivery, judgement.values)
            else:
                await unit.deliveries.move(_change(delivery, judgement, answer))
            await self._account_effects(unit, judgement)

    async def intend(
        self, going: Sequence[tuple[Delivery, Outgoing]]
    ) -> dict[str, tuple[Delivery, Intent]]:
        """Write the intents; return, by id, each delivery as it is now with its intent.

        Raises `LeaseLost` when somebody else has taken over.
        """
        now = self._store.clock.now()
        until = now + timedelta(seconds=LEASE)
        written: dict[str, tuple[Delivery, Intent]] = {}
        changes: list[Change] = []
        ids = self._store.ids.several("intent", len(going))
        for id, (delivery, out) in zip(ids, going, strict=True):
            attempt = delivery.attempts + 1
            changes.append(
                Change(
                    delivery=delivery,
                    to=DeliveryState.SENDING,
                    reason=f"try {attempt}",
                    values={"wake_at": until, "attempts": attempt},
                    # a platform may name the part by its key before its answer is here
                    evidence={"part": out.part + 1, "key": out.key} if out.part else {},
                )
            )
            sending = with_fields(delivery, state=DeliveryState.SENDING, attempts=attempt)
            intent = Intent(
                id=id,
                delivery_id=delivery.id,
                attempt=attempt,
                key=out.key,
                payload_sha256=self._digests[delivery.id],
                fence=self._lease.fence,
                started_at=now,
            )
            written[delivery.id] = (sending, intent)
        await self._write(changes, intents=[intent for _, intent in written.values()], proves=True)
        return written

    # -- after the call ---------------------------------------------------------------------------

    async def receive(self, sent: Sequence[Sent]) -> None:
        """Write the receipts and take the steps they mean, in one transaction."""
        if not sent:
            return
        try:
            if any(_concerns_account(one.judgement) for one in sent):
                await self._receive(sent)
            else:
                now = self._store.clock.now()
                await self._write(
                    [_change(one.delivery, one.judgement, one.outcome) for one in sent],
                    receipts=[_receipt(one, now) for one in sent],
                )
        except Conflict:
            # somebody declared one of them unknown meanwhile: each for itself, from where it is
            for one in sent:
                await self._receive([one], reload=True)

    async def _receive(self, sent: Sequence[Sent], *, reload: bool = False) -> None:
        async with self._store.begin(ACTOR) as unit:
            now = unit.now
            await unit.deliveries.write_receipts([_receipt(one, now) for one in sent])
            changes: list[Change] = []
            for one in sent:
                current = await unit.deliveries.get(one.delivery.id) if reload else one.delivery
                if parts_out(current.handles) != parts_out(one.delivery.handles):
                    continue  # somebody has gone on with its next part: the receipt is enough
                if current.state is DeliveryState.SENDING or (
                    current.state is DeliveryState.UNKNOWN and one.judgement.landed
                ):
                    changes.append(_change(current, one.judgement, one.outcome))
            await unit.deliveries.move_all(changes)
            for one in sent:
                await self._account_effects(unit, one.judgement)

    async def not_called(self, deliveries: Sequence[Delivery]) -> None:
        """Take back intents whose call was not made: an earlier answer stopped the round."""
        if deliveries:
            now = self._store.clock.now()
            await self._write(
                [
                    Change(
                        delivery=d,
                        to=DeliveryState.SCHEDULED,
                        reason="not called: an earlier answer stopped the round",
                        values={"wake_at": now, "attempts": d.attempts - 1},
                    )
                    for d in deliveries
                ]
            )

    async def settle(
        self,
        delivery: Delivery,
        judgement: Judgement,
        evidence: Existence | Ready | Pending | Outcome,
    ) -> None:
        """Take the step that a look at the platform means, or rest until the next look."""
        try:
            async with self._store.begin(ACTOR) as unit:
                if judgement.to is delivery.state:
                    again = {"wake_at": judgement.values["wake_at"]}
                    await unit.deliveries.stay(delivery, again)
                else:
                    await unit.deliveries.move(_change(delivery, judgement, evidence))
                await self._account_effects(unit, judgement)
        except Conflict as error:
            _overtaken(delivery, error)

    async def see(self, delivery: Delivery, judgement: Judgement, found: Existence) -> None:
        """Keep what a look at an unknown outcome found and take the step it means, if any."""
        try:
            async with self._store.begin(ACTOR) as unit:
                evidence = getattr(found, "evidence", "") or getattr(found, "reason", "")
                await unit.letters.saw(
                    delivery.id, type(found).__name__.lower(), str(evidence)[:_SHOWN]
                )
                if judgement.to is delivery.state:
                    await unit.deliveries.stay(delivery, judgement.values)
                else:
                    await unit.deliveries.move(_change(delivery, judgement, found))
        except Conflict as error:
            _overtaken(delivery, error)

    async def last_call(self, delivery: Delivery) -> datetime | None:
        """Return when the last call for a delivery ended, as far as it was written down."""
        async with self._store.read() as unit:
            return await unit.letters.last_call(delivery.id)

    async def _write(
        self,
        changes: Sequence[Change] = (),
        *,
        intents: Sequence[Intent] = (),
        receipts: Sequence[Receipt] = (),
        proves: bool = False,
    ) -> None:
        """Write together with what the other couriers of this process have to write now."""
        now = self._store.clock.now()
        lease = replace(self._lease, until=now + timedelta(seconds=LEASE)) if proves else None
        await self._store.journal.write(
            Entry(
                actor=ACTOR,
                at=now,
                proves=lease,
                changes=changes,
                intents=intents,
                receipts=receipts,
            )
        )

    async def _account_effects(self, unit: UnitOfWork, judgement: Judgement) -> None:
        if judgement.pause_until is not None:
            account = await unit.accounts.get(self._lease.account_id)
            await close_scope(
                unit,
                load_platform(account.platform),
                account,
                judgement.pause_scope,
                judgement.pause_until,
                judgement.reason,
            )
        if judgement.block_account:
            await self._block(unit, self._lease.account_id, judgement.block_account)

    async def _block(self, unit: UnitOfWork, account_id: str, reason: str) -> None:
        account = await unit.accounts.get(account_id)
        if account.state is AccountState.CONNECTED:
            await unit.accounts.move(account, AccountState.BLOCKED, reason)


def outgoing_of(one: Awake, first_calls: Mapping[str, datetime] = MappingProxyType({})) -> Outgoing:
    """Return what a spoke is handed for a delivery; of a thread for the part in flight, whose first
    call (aware UTC) is in `first_calls` by its key."""
    delivery = one.delivery
    outgoing = Outgoing(
        delivery_id=delivery.id,
        key=delivery.key,
        post_id=delivery.post_id,
        action=delivery.action,
        payload=one.payload,
        text=one.text,
        intended_at=one.published_at or delivery.due_at,
        recipient=delivery.recipient,
        handles=delivery.handles,
        target_id=delivery.target_id,
        media=one.media,
        first_sent_at=one.first_sent_at,
        api_version=one.api_version,
    )
    if not parts_out(delivery.handles):
        return outgoing
    part = in_flight(outgoing, delivery)
    return replace(part, first_sent_at=first_calls.get(part.key))


def _overtaken(delivery: Delivery, error: Conflict) -> None:
    if isinstance(error, TransitionNotAllowed):
        raise error
    # a callback or a person knew before us: what they said holds, and the round goes on
    _log.info("look_overtaken", delivery=delivery.id, reason=error.message)


def _concerns_account(judgement: Judgement) -> bool:
    return judgement.pause_until is not None or bool(judgement.block_account)


def _to_scheduled(delivery: Delivery, now: datetime) -> Change:
    return Change(
        delivery=delivery,
        to=DeliveryState.SCHEDULED,
        reason="the rest is over",
        values={"wake_at": now},
    )


def _abandoned(delivery: Delivery, wake_at: datetime | None) -> Change:
    reason = "its courier stopped between intent and receipt"
    return Change(
        delivery=delivery,
        to=DeliveryState.UNKNOWN,
        reason=reason,
        values={"wake_at": wake_at, "reason_code": "unknown", "reason": reason},
    )


def _change(delivery: Delivery, judgement: Judgement, answer: Any) -> Change:
    return Change(
        delivery=delivery,
        to=judgement.to,
        reason=judgement.reason[:_SHOWN],
        values=judgement.values,
        evidence={**_evidence(answer), **judgement.evidence},
    )


def _evidence(answer: Outcome | Existence | Ready | Pending | None) -> dict[str, Any]:
    if answer is None:
        return {}
    evidence: dict[str, Any] = {"answer": type(answer).__name__}
    details = getattr(answer, "answer", None)
    if details is not None and details.status is not None:
        evidence["status"] = details.status
    for name in ("evidence", "reason"):
        if value := getattr(answer, name, ""):
            evidence[name] = str(value)[:_SHOWN]
    return evidence


def _receipt(one: Sent, now: datetime) -> Receipt:
    outcome = one.outcome
    return Receipt(
        intent_id=one.intent.id,
        delivery_id=one.delivery.id,
        outcome=type(outcome).__name__.lower(),
        remote_id=str(getattr(outcome, "id", "") or getattr(outcome, "of", "")),
        url=getattr(outcome, "url", ""),
        raw=outcome.answer.raw,
        received_at=now,
    )
