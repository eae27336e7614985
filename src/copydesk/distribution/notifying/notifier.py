"""The notifier: tells one webhook what has happened, round by round, until it knows everything.

Per round: what is due is read, signed and sent; then, in one transaction, the cursor moves on, what
failed is kept for another try, and the tries are logged. Whoever dies in between leaves the cursor
where it was, and the same messages go out again with the same ids.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from copydesk.core.clock import Clock
from copydesk.core.errors import ConfigError, Conflict
from copydesk.core.events import Event
from copydesk.core.states import WebhookState
from copydesk.core.webhook import Attempt, Waiting, Webhook
from copydesk.distribution.notifying.answers import Answered, no_answer, read_answer
from copydesk.distribution.notifying.horizon import Horizon
from copydesk.distribution.notifying.message import Message, message_of, type_of, wants
from copydesk.distribution.notifying.round import MOST_WAITING, Tally, lines_of
from copydesk.distribution.vault import Vault
from copydesk.platforms.kit.signature import signed_headers, signing_keys
from copydesk.platforms.kit.transport import AnswerLost, NotSent, Reply, Transport
from copydesk.store import Store
from copydesk.store.unit import UnitOfWork

_log = structlog.get_logger(__name__)

#: Seconds a receiver has for its answer; Standard Webhooks recommends 15 to 30.
TIMEOUT = 20.0

#: An answer lost within so many seconds was lost with a connection that the receiver had closed
#: since the message before. That is no try: the message goes once more, under the id it has.
_CLOSED = 2.0

#: Seconds within which the messages of one round are begun; it lasts at most `TIMEOUT` longer.
SPAN = 2.0

#: Seconds a round may take in all before another worker takes over.
LEASE = 30.0

#: How many messages one webhook is sent at a time, each of another subject.
AT_ONCE = 8

#: How many messages a round has: the first so many, later ones what `SPAN` allows.
FIRST, LEAST, MOST = 40, 8, 500

#: What the log of a webhook keeps: so many tries, none older than this.
KEPT_ATTEMPTS = 5_000
KEPT_FOR = timedelta(days=30)

#: The log is shortened each time the cursor has passed so many events.
_SHORTENED_EVERY = 256

#: How long a webhook rests whose secret cannot be read.
_UNSIGNED_REST = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifierTools:
    """What notifiers work with. `transport` reaches public addresses only, `private` all.

    `owner` names this run in leases.
    """

    store: Store
    vault: Vault
    transport: Transport
    private: Transport
    horizon: Horizon
    owner: str
    random: random.Random = field(default_factory=random.Random)
    stopping: Callable[[], bool] = lambda: False

    def towards(self, webhook: Webhook) -> Transport:
        """Return the transport that may reach this webhook."""
        return self.private if webhook.allow_private else self.transport


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What came of telling one message: the answer, when it began and how long it took."""

    answered: Answered
    at: datetime
    milliseconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """What a round works with; `upto` and `replayed` are where the cursors go.

    `bodies` are what tries have sent, of earlier rounds and of this one, by sequence.
    """

    webhook: Webhook
    waiting: list[Waiting]
    lines: list[list[Waiting]]
    begun: list[Waiting]
    events: Mapping[int, Event]
    facts: Mapping[str, Mapping[str, Any]]
    bodies: dict[int, bytes]
    upto: int
    replayed: int | None


class Notifier:
    """Tells one webhook what it wants to know and does not know yet."""

    def __init__(self, tools: NotifierTools, webhook_id: str) -> None:
        self._tools = tools
        self._store = tools.store
        self._webhook_id = webhook_id
        self._size = FIRST
        self._told = 0

    async def run(self) -> int:
        """Tell what there is; return how many messages were sent, 0 if another has the webhook."""
        async with self._store.begin("notifier") as unit:
            webhook = await unit.webhooks.take(self._webhook_id, self._tools.owner, LEASE)
        if webhook is None:
            return 0
        try:
            keys = await self._keys(webhook)
            while keys and not self._tools.stopping() and await self._round(webhook, keys):
                continue
        except Conflict as error:
            _log.info("webhook_round_repeated", webhook=webhook.id, reason=error.message)
        finally:
            async with self._store.begin("notifier") as unit:
                await unit.webhooks.release(webhook)
        return self._told

    async def _keys(self, webhook: Webhook) -> tuple[bytes, ...]:
        async with self._store.read() as unit:
            sealed = await unit.webhooks.sealed(webhook.id)
        try:
            secrets = self._tools.vault.open(sealed)
            return keys_of(secrets, webhook, self._store.clock.now())
        except (ConfigError, ValueError) as error:
            # without a signature nothing may leave; the operator finds the reason with the webhook
            async with self._store.begin("notifier") as unit:
                await unit.webhooks.keep(
                    webhook,
                    LEASE,
                    resting=True,
                    wake_at=unit.now + _UNSIGNED_REST,
                    reason=f"its secret cannot be used: {error}",
                )
            return ()

    async def _round(self, webhook: Webhook, keys: tuple[bytes, ...]) -> bool:
        """Do one round; return whether there may be more to tell at once."""
        horizon = await self._tools.horizon.look()
        async with self._store.read() as unit:
            look = await self._look(unit, webhook, horizon)
        if look is None:
            return False
        tally = Tally(look.webhook, self._tools.random)
        attempts = await self._send(look, keys, tally)
        await self._record(look, tally, attempts)
        self._told += len(attempts)
        unfinished = look.upto < horizon or len(attempts) > 0 or look.replayed is not None
        return unfinished and not tally.stopped

    # -- reading ----------------------------------------------------------------------------------

    async def _look(self, unit: UnitOfWork, ours: Webhook, horizon: int) -> _Look | None:
        webhook = await unit.webhooks.taken(ours)
        now = unit.now
        if webhook is None or (webhook.resting and webhook.wake_at and webhook.wake_at > now):
            return None
        waiting = await unit.messages.waiting(webhook.id)
        found: list[Event] = []
        upto, replayed, size = webhook.cursor, webhook.replay_cursor, self._size
        if len(waiting) >= (1 if webhook.resting else MOST_WAITING):
            size = 0
        if (
            size
            and not webhook.resting
            and webhook.replay_cursor is not None
            and webhook.replay_until is not None
        ):
            old = await unit.messages.events(
                webhook.workspace_id,
                after=webhook.replay_cursor,
                until=webhook.replay_until,
                limit=size,
            )
            found += old
            replayed = old[-1].sequence if len(old) == size else None
            # what happens now is not kept back by what happened long ago
            size = max(1, size // 2)
        if size and webhook.cursor < horizon:
            new = await unit.messages.events(
                webhook.workspace_id, after=webhook.cursor, until=horizon, limit=size
            )
            probe = next((event for event in new if _is_wanted(webhook, event)), None)
            if webhook.resting and probe is not None:
                new = new[: new.index(probe) + 1]
                upto = probe.sequence
            else:
                upto = new[-1].sequence if len(new) == size else horizon
            found += new
        fresh = [
            Waiting(sequence=event.sequence, subject_id=event.subject_id)
            for event in found
            if _is_wanted(webhook, event)
        ]
        lines = lines_of(webhook, waiting, fresh, now, self._size)
        known = {event.sequence: event for event in found}
        going = {one.sequence for line in lines for one in line}
        known |= await unit.messages.named(webhook.workspace_id, going - known.keys())
        told = [known[sequence] for sequence in going if sequence in known]
        if not lines and upto == webhook.cursor and replayed == webhook.replay_cursor:
            return None
        return _Look(
            webhook=webhook,
            waiting=waiting,
            lines=lines,
            begun=fresh,
            events=known,
            facts=await unit.messages.facts(told),
            bodies=await unit.messages.bodies(webhook.id, sorted(going)),
            upto=upto,
            replayed=replayed,
        )

    # -- sending ----------------------------------------------------------------------------------

    async def _send(self, look: _Look, keys: tuple[bytes, ...], tally: Tally) -> list[Attempt]:
        clock = self._store.clock
        began = clock.monotonic()
        attempts: list[Attempt] = []
        gate = asyncio.Semaphore(AT_ONCE)

        async def follow(line: Sequence[Waiting]) -> None:
            async with gate:
                for one in line:
                    late = clock.monotonic() - began > SPAN
                    if late or tally.stopped or self._tools.stopping():
                        return
                    event = look.events.get(one.sequence)
                    if event is None:
                        tally.delivered.append(one.sequence)
                        continue
                    message = message_of(event, look.facts.get(event.subject_id, {}))
                    # an id that has left once stands for the bytes it left with
                    body = look.bodies.setdefault(one.sequence, message.body)
                    message = replace(message, body=body)
                    told = await self._tell(look.webhook, keys, message)
                    outcome = tally.count(one, told.answered, clock.now())
                    attempts.append(attempt_of(message, one, told, outcome))
                    if outcome not in {"delivered", "exhausted"}:
                        return

        await asyncio.gather(*(follow(line) for line in look.lines))
        self._pace(len(attempts), clock.monotonic() - began)
        return attempts

    async def _tell(self, webhook: Webhook, keys: tuple[bytes, ...], message: Message) -> Told:
        return await tell(
            self._tools.towards(webhook), webhook.url, keys, message, self._store.clock
        )

    def _pace(self, sent: int, seconds: float) -> None:
        within = MOST if seconds <= 0 else int(SPAN * sent / seconds)
        self._size = max(LEAST, min(within, self._size * 2, MOST))

    # -- recording --------------------------------------------------------------------------------

    async def _record(self, look: _Look, tally: Tally, attempts: Sequence[Attempt]) -> None:
        webhook = look.webhook
        left = tally.left(look.waiting, look.begun)
        before = {one.sequence: one for one in look.waiting}
        async with self._store.begin("notifier") as unit:
            now = unit.now
            await unit.webhooks.keep(
                webhook,
                LEASE,
                cursor=look.upto,
                replay_cursor=look.replayed,
                replay_until=None if look.replayed is None else webhook.replay_until,
                failures=tally.failures,
                failing_since=tally.failing_since,
                resting=tally.is_resting,
                wake_at=tally.wake_at(left, now),
                reason="",
            )
            gone = [sequence for sequence in tally.delivered if sequence in before]
            await unit.messages.drop(webhook.id, gone)
            changed = [one for one in left if before.get(one.sequence) != one]
            for kept, tries_left in ((changed, True), (tally.exhausted, False)):
                await unit.messages.put(webhook.id, kept, tries_left=tries_left, bodies=look.bodies)
            if tally.recovered:
                await unit.messages.wake(webhook.id, exhausted=False)
            await unit.messages.log(webhook.id, attempts)
            if webhook.cursor // _SHORTENED_EVERY != look.upto // _SHORTENED_EVERY:
                await unit.messages.shorten_log(
                    webhook.id, keep=KEPT_ATTEMPTS, since=now - KEPT_FOR
                )
            if reason := tally.hopeless(now):
                await unit.webhooks.move(webhook, WebhookState.DISABLED, reason)
                _log.warning("webhook_disabled", webhook=webhook.id, reason=reason)


def _is_wanted(webhook: Webhook, event: Event) -> bool:
    return wants(webhook.patterns, type_of(event))


async def tell(
    transport: Transport, url: str, keys: tuple[bytes, ...], message: Message, clock: Clock
) -> Told:
    """Send one message, signed with every key, and return what came of it. Never raises for what
    the receiver does."""
    began, at = clock.monotonic(), clock.now()
    headers = {
        "Content-Type": "application/json",
        **signed_headers(keys, id=message.id, sent_at=at, body=message.body),
    }

    async def post() -> Reply:
        return await transport.call(
            "POST", url, headers=headers, body=message.body, timeout=TIMEOUT
        )

    try:
        async with asyncio.timeout(TIMEOUT + 5):
            try:
                reply = await post()
            except AnswerLost:
                if clock.monotonic() - began > _CLOSED:
                    raise
                reply = await post()
        answered = read_answer(reply, clock.now())
    except NotSent as error:
        answered = no_answer(f"not reached: {error}")
    except AnswerLost as error:
        answered = no_answer(str(error))
    except TimeoutError:
        answered = no_answer(f"no answer within {TIMEOUT:g} s")
    milliseconds = round((clock.monotonic() - began) * 1000)
    return Told(answered=answered, at=at, milliseconds=milliseconds)


def attempt_of(message: Message, one: Waiting, told: Told, outcome: str) -> Attempt:
    """Return a try as it is logged."""
    return Attempt(
        message_id=message.id,
        sequence=one.sequence,
        type=message.type[:60],
        attempt=one.attempts + 1,
        at=told.at,
        milliseconds=told.milliseconds,
        outcome=outcome,
        status=told.answered.status,
        answer=told.answered.said,
    )


def keys_of(secrets: Mapping[str, str], webhook: Webhook, now: datetime) -> tuple[bytes, ...]:
    """Return the keys that sign now: the secret, and for a day after a rotation the one before.

    Raises `ValueError`, without repeating it, for a secret that is none.
    """
    words = [secrets.get("secret", "")]
    if webhook.previous_until is not None and now < webhook.previous_until:
        words.append(secrets.get("previous", ""))
    return signing_keys(" ".join(words))
