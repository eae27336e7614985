"""From what a platform answered to what becomes of the delivery. Pure; matches exhaustively."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, assert_never

from copydesk.core.delivery import Action, Delivery, of_spoke
from copydesk.core.outcomes import (
    Absent,
    Accepted,
    AuthExpired,
    AuthRevoked,
    Duplicate,
    Existence,
    Inconclusive,
    Landed,
    Misconfigured,
    Outcome,
    Pending,
    Published,
    RateLimited,
    Ready,
    Refused,
    Unavailable,
    Unknown,
)
from copydesk.core.states import DeliveryState
from copydesk.distribution.retry import Cause, RetryPolicy, spend, unrested
from copydesk.distribution.threads import done, has_begun, part_again, told
from copydesk.platforms.kit.manifest import Idempotency, Reconcile


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What an answer means: the delivery's next state and columns, and the account's fate.

    `block_account` is a reason to stop the account until a person acts; `pause_until` a time before
    which no call may be made for what `pause_scope` names: account or app (what closes an endpoint
    alone does so where the call is made). `landed`: what was sent is there, whatever is still to be
    sent after it; `evidence` goes into the history with the answer.
    """

    to: DeliveryState
    reason: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    block_account: str = ""
    pause_until: datetime | None = None
    pause_scope: str = "account"
    landed: bool = False
    evidence: Mapping[str, Any] = field(default_factory=dict)


#: What a person is told who alone can tell whether something arrived.
_THREE_CHOICES = "Look at the platform: say that it landed, let it be sent, or give it up."

#: How much of its age passes before an accepted post is asked for again, and the bounds of that.
_SHARE_OF_AGE = 0.5
_LONGEST_ASKING = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What a judgement depends on besides the answer itself.

    `first_sent_at` and `sent_at` (aware UTC) are when the first and the last call began. `probing`
    tells that the delivery was let through an open breaker; `unreached` that a look got no answer.
    `inspect_after` is in how many seconds it is looked how a delivered post stands, None: never.
    `parts` is how many calls the payload takes.
    """

    now: datetime
    policy: RetryPolicy
    random: random.Random
    idempotency: Idempotency
    window: int | None
    reconcile: Reconcile
    first_sent_at: datetime | None = None
    sent_at: datetime | None = None
    action: Action = Action.CREATE
    probing: bool = False
    unreached: bool = False
    inspect_after: float | None = None
    parts: int = 1

    @property
    def may_repeat(self) -> bool:
        """Whether a call that may have landed is harmless to repeat with the same key, now.

        What is deleted twice is deleted. The same change made twice is made, unless the platform
        only passes on what it is told (e-mail, an event) and so says that nothing is idempotent.
        """
        if self.action is Action.DELETE:
            return True
        if self.idempotency is Idempotency.NONE:
            return False
        if self.action is Action.UPDATE:
            return True
        if self.window is None or self.first_sent_at is None:
            return self.idempotency is not Idempotency.KEY_HEADER or self.window is None
        # a margin of a tenth: the platform's clock and ours need not agree
        return self.now < self.first_sent_at + timedelta(seconds=self.window * 0.9)

    def shows_from(self, looks: int) -> datetime | None:
        """Return until when a listing proves nothing, or None when it proves that nothing is there.

        A platform shows what it has taken after its read delay. A call that began in the future
        was timed by another clock; then the delay that lies between two looks has to do.
        """
        delay = timedelta(seconds=self.reconcile.delay)
        if self.sent_at is None or (self.sent_at > self.now and looks):
            return None
        shown_at = min(self.sent_at, self.now) + delay
        return shown_at if shown_at > self.now else None


def judge(outcome: Outcome, delivery: Delivery, at: Circumstances) -> Judgement:
    """Return what `outcome` of a commit (or of preparing it) means for `delivery`."""
    return _telling(_judge(outcome, delivery, at), delivery)


def _judge(outcome: Outcome, delivery: Delivery, at: Circumstances) -> Judgement:
    match outcome:
        case Published():
            return _landed(outcome.id, outcome.url, delivery, at)
        case Accepted():
            # of a thread the next part begins with what was prepared, not with what was accepted
            prepared = {"prepared": of_spoke(delivery.handles)} if at.parts > 1 else {}
            return Judgement(
                to=DeliveryState.SNOOZED,
                reason="taken by the platform, not public yet",
                values={
                    "handles": {
                        **delivery.handles,
                        **of_spoke(outcome.handle),
                        **prepared,
                        "accepted": at.now.isoformat(),
                    },
                    "spent": unrested(delivery.spent),
                    "wake_at": at.now + timedelta(seconds=max(1.0, at.reconcile.delay)),
                    "reason_code": "accepted",
                    "reason": "taken by the platform, not public yet",
                },
            )
        case RateLimited():
            until, spent = _rest(outcome, delivery, at)
            reason = outcome.reason or "the platform asked us to rest"
            return Judgement(
                to=DeliveryState.SNOOZED,
                reason=f"{reason}; until {until:%H:%M:%S} UTC",
                values={
                    "wake_at": until,
                    "spent": spent,
                    "attempts": max(0, delivery.attempts - 1),
                    "reason_code": "rate_limited",
                    "reason": f"{reason}; until {until.isoformat()}",
                    "remedy": "",
                },
                pause_until=None if outcome.scope == "endpoint" else until,
                pause_scope=_pause_scope(outcome),
            )
        case Refused():
            return _stopped(
                DeliveryState.HELD,
                "refused",
                f"{outcome.field}: {outcome.reason}",
                outcome.remedy or "Change the post and publish it again.",
            )
        case AuthExpired() | AuthRevoked():
            return _blocked(
                "not_authorised",
                outcome.reason,
                "Give the account new credentials (copydesk accounts set), then test it.",
                delivery,
            )
        case Misconfigured():
            return _blocked(
                "misconfigured",
                outcome.reason or "the account is set up wrongly",
                outcome.remedy or "Correct the account's settings.",
                delivery,
            )
        case Duplicate():
            if part := part_again(outcome.of, delivery.handles):
                return _stopped(
                    DeliveryState.HELD,
                    "duplicate",
                    f"the platform says that it has this already, as part {part}",
                    "Say that it landed, or give it up and publish it with another text.",
                )
            if outcome.of and (delivery.attempts > 1 or at.idempotency is not Idempotency.NONE):
                return _landed(outcome.of, outcome.url, delivery, at)
            if delivery.attempts > 1:
                return _unknown("the platform says it has this already", at)
            return _stopped(
                DeliveryState.HELD,
                "duplicate",
                "the platform says it has this already, and not from us",
                "Say that it landed, or change the text.",
            )
        case Unavailable():
            cause = Cause.OUTAGE if at.probing else Cause.UNAVAILABLE
            return _try_again(
                cause, outcome.reason, delivery, at, outcome.retry_after, outcome.retry_at
            )
        case Unknown():
            return _unknown(outcome.reason, at)
        case _:
            assert_never(outcome)


def judge_preparation(answer: Outcome, delivery: Delivery, at: Circumstances) -> Judgement:
    """Return what an answer to preparing `delivery` means: nothing was published by it.

    No call that could publish was made, so none is counted. A spoke that says it published,
    accepted or repeated something while preparing breaks its contract; a person has to look, since
    guessing makes duplicates.
    """
    if isinstance(answer, Published | Accepted | Duplicate | Unknown):
        stopped = _stopped(
            DeliveryState.HELD,
            "spoke_fault",
            f"preparing it was answered with {type(answer).__name__}",
            _THREE_CHOICES,
        )
        return _telling(stopped, delivery)
    if isinstance(answer, Unavailable):
        cause = Cause.OUTAGE if at.probing else Cause.PREPARATION
        again = _try_again(cause, answer.reason, delivery, at, answer.retry_after, answer.retry_at)
        return _telling(again, delivery)
    # judging takes back the commit that was counted; here none was
    return judge(answer, replace(delivery, attempts=delivery.attempts + 1), at)


def judge_accepted(
    answer: Ready | Pending | Outcome, delivery: Delivery, at: Circumstances
) -> Judgement:
    """Return what a look at an accepted delivery means: public now, refused after all, or, as
    `snoozed`, look again. It is never sent again, whatever becomes of the account meanwhile."""
    match answer:
        case Published():
            return _telling(_landed(answer.id, answer.url, delivery, at), delivery)
        case Duplicate() if answer.of:
            return _telling(_landed(answer.of, answer.url, delivery, at), delivery)
        case Refused():
            return judge(answer, delivery, at)
        case AuthExpired() | AuthRevoked() | Misconfigured():
            stopped = judge(answer, delivery, at)
            return replace(_ask_later(answer, delivery, at), block_account=stopped.block_account)
        case RateLimited():
            until, spent = _rest(answer, delivery, at)
            return Judgement(
                to=DeliveryState.SNOOZED,
                values={"wake_at": until, "spent": spent},
                pause_until=None if answer.scope == "endpoint" else until,
                pause_scope=_pause_scope(answer),
            )
        case Pending() | Unavailable() | Ready() | Accepted() | Duplicate() | Unknown():
            return _telling(_ask_later(answer, delivery, at), delivery)
        case _:
            assert_never(answer)


def judge_existence(found: Existence, delivery: Delivery, at: Circumstances) -> Judgement:
    """Return what a look at an unknown outcome means; `to` is `unknown` to look again later.

    Absence counts once the platform would show what it had taken: a listing read too early proves
    nothing, however complete.
    """
    return _telling(_judge_existence(found, delivery, at), delivery)


def _judge_existence(found: Existence, delivery: Delivery, at: Circumstances) -> Judgement:
    match found:
        case Landed():
            if at.action is not Action.DELETE and (part := part_again(found.id, delivery.handles)):
                mistaken = Inconclusive(f"what was found is part {part}, which was out before")
                return _judge_inconclusive(mistaken, delivery, at)
            return _landed(found.id, found.url, delivery, at)
        case Absent():
            too_early_until = at.shows_from(delivery.looks)
            if too_early_until is not None:
                return _look_again("it is not listed yet", too_early_until, delivery.looks)
            reason = f"it did not arrive ({found.evidence or 'complete listing'})"
            return _try_again(Cause.ABSENT, reason, delivery, at)
        case Inconclusive():
            return _judge_inconclusive(found, delivery, at)
        case _:
            assert_never(found)


def judge_removed(delivery: Delivery) -> Judgement:
    """Return what becomes of a delivery whose account was removed: what may have landed is held,
    since nobody can ask any more, and so is what has landed in part; the rest is cancelled."""
    if delivery.state is DeliveryState.UNKNOWN or delivery.is_accepted:
        stopped = _stopped(
            DeliveryState.HELD,
            "removed_in_flight",
            "the account was removed before it was known whether this had arrived",
            "Look at the platform: say that it landed, or give it up.",
        )
        return _telling(stopped, delivery)
    reason = "the account was removed"
    if has_begun(delivery):
        remedy = "Look at the platform, then give it up."
        stopped = _stopped(DeliveryState.HELD, "account_removed", reason, remedy)
        return _telling(stopped, delivery)
    return _stopped(DeliveryState.CANCELLED, "account_removed", reason, "")


def _judge_inconclusive(found: Inconclusive, delivery: Delivery, at: Circumstances) -> Judgement:
    cause = Cause.OUTAGE if at.probing else Cause.REPEATED
    if at.may_repeat and at.policy.has_left(cause, delivery.spent):
        reason = f"sending again with the same key: {found.reason}"
        return _try_again(cause, reason, delivery, at)
    looks = delivery.looks + 1
    # a platform that is away tells nothing by that, but asking it for ever would tell nothing too
    bound = at.reconcile.looks if not at.unreached else at.policy.limits[Cause.OUTAGE]
    if at.reconcile.find and looks < bound:
        wait = at.policy.look(looks, at.reconcile.delay, at.random)
        again = at.now + wait
        if found.retry_at is not None and found.retry_at > at.now:
            # never later than a day: the platform's clock need not be right
            again = min(found.retry_at, at.now + timedelta(days=1))
        return _look_again(found.reason, again, looks)
    return _stopped(
        DeliveryState.HELD,
        "unknown",
        f"nobody can tell whether it arrived: {found.reason}",
        _THREE_CHOICES,
    )


def _look_again(reason: str, wake_at: datetime, looks: int) -> Judgement:
    return Judgement(
        to=DeliveryState.UNKNOWN,
        reason=reason,
        values={"wake_at": wake_at, "looks": looks, "reason": reason},
    )


def _ask_later(
    answer: Ready | Pending | Outcome, delivery: Delivery, at: Circumstances
) -> Judgement:
    """Ask again after a share of the time that has passed, or hold it: it has had its time."""
    since = _accepted_at(delivery) or at.sent_at or at.first_sent_at or at.now
    age = max(timedelta(), at.now - since)
    if age > timedelta(seconds=at.reconcile.public_within):
        hours = age.total_seconds() / 3600
        return _stopped(
            DeliveryState.HELD,
            "not_public",
            f"the platform took it {hours:.0f} hours ago and has not made it public; "
            f"its last answer: {_in_words(answer)}",
            _THREE_CHOICES,
        )
    least = timedelta(seconds=max(at.policy.first, at.reconcile.delay))
    wait = min(_LONGEST_ASKING, max(least, age * _SHARE_OF_AGE))
    asked_for = getattr(answer, "retry_after", None)
    if asked_for is not None:
        wait = max(min(wait, _LONGEST_ASKING), timedelta(seconds=min(asked_for, 86_400.0)))
    values = {"wake_at": at.now + wait, "spent": unrested(delivery.spent)}
    return Judgement(to=DeliveryState.SNOOZED, values=values)


def _accepted_at(delivery: Delivery) -> datetime | None:
    try:
        return datetime.fromisoformat(str(delivery.handles.get("accepted")))
    except ValueError:
        return None  # written before the time was kept


def _in_words(answer: Ready | Pending | Outcome) -> str:
    reason = getattr(answer, "reason", "")
    return f"{type(answer).__name__.lower()}{f', {reason}' if reason else ''}"


def _pause_scope(outcome: RateLimited) -> str:
    # where no call was made, a closing of the app is known already, and written
    return "account" if outcome.reason else outcome.scope


def _landed(remote_id: str, url: str, delivery: Delivery, at: Circumstances) -> Judgement:
    """Return that what was sent is there: the delivery is delivered, or goes on with its next
    part."""
    is_create = at.action is not Action.DELETE
    if is_create and (part := part_again(remote_id, delivery.handles)):
        return _stopped(
            DeliveryState.HELD,
            "spoke_fault",
            f"the platform answered with part {part} of it, which was out before",
            _THREE_CHOICES,
        )
    found = done(delivery, at.parts, remote_id, url, at.now)
    looks = at.inspect_after is not None and is_create and found.to is DeliveryState.DELIVERED
    again = {"inspect_at": at.now + timedelta(seconds=at.inspect_after or 0)} if looks else {}
    return Judgement(
        to=found.to,
        reason=found.reason,
        values={**found.values, **again},
        landed=True,
        evidence=found.evidence,
    )


def _telling(judgement: Judgement, delivery: Delivery) -> Judgement:
    """Return `judgement` with what stands of a thread that stops here."""
    if judgement.to not in {DeliveryState.HELD, DeliveryState.FAILED}:
        return judgement
    reason = told(judgement.reason, delivery, str(judgement.values.get("reason_code", "")))
    return replace(judgement, reason=reason, values={**judgement.values, "reason": reason})


def _stopped(
    to: DeliveryState,
    code: str,
    reason: str,
    remedy: str,
    values: Mapping[str, Any] | None = None,
) -> Judgement:
    return Judgement(
        to=to,
        reason=reason,
        values={"reason_code": code, "reason": reason, "remedy": remedy, **(values or {})},
    )


def _blocked(code: str, reason: str, remedy: str, delivery: Delivery) -> Judgement:
    return Judgement(
        to=DeliveryState.BLOCKED,
        reason=reason,
        values={
            "reason_code": code,
            "reason": reason,
            "remedy": remedy,
            "attempts": max(0, delivery.attempts - 1),
        },
        block_account=f"{reason.removesuffix('.')}. {remedy}",
    )


def _unknown(reason: str, at: Circumstances) -> Judgement:
    return Judgement(
        to=DeliveryState.UNKNOWN,
        reason=reason,
        values={
            "wake_at": at.now + timedelta(seconds=at.reconcile.delay),
            "reason_code": "unknown",
            "reason": f"the answer was lost: {reason}",
            "remedy": "Nothing to do: copydesk is looking whether it arrived.",
        },
    )


def _try_again(
    cause: Cause,
    reason: str,
    delivery: Delivery,
    at: Circumstances,
    retry_after: float | None = None,
    retry_at: datetime | None = None,
) -> Judgement:
    spent = spend(cause, delivery.spent)
    if not at.policy.has_left(cause, delivery.spent):
        return _stopped(
            DeliveryState.FAILED,
            "attempts_used_up",
            f"{spent[cause]} tries did not get through ({cause}); the last: {reason}",
            "Send it again once the cause is gone.",
            {"spent": spent},
        )
    wake_at = at.now + at.policy.wait(spent[cause], at.random)
    if retry_after is not None or retry_at is not None:
        wake_at = max(wake_at, at.policy.rest_until(at.now, retry_after, retry_at))
    return Judgement(
        to=DeliveryState.SCHEDULED,
        reason=reason,
        values={
            "wake_at": wake_at,
            "spent": spent,
            "reason_code": "retrying",
            "reason": reason,
            "remedy": "",
        },
    )


def _rest(
    limit: RateLimited, delivery: Delivery, at: Circumstances
) -> tuple[datetime, Mapping[str, int]]:
    """Return until when to rest, and what the delivery has spent then."""
    # one that was foreseen says by itself when it is over
    spent = delivery.spent if limit.reason else spend(Cause.RESTED, delivery.spent)
    times = 1 if limit.reason else spent[Cause.RESTED]
    return at.policy.rest_until(at.now, limit.retry_after, limit.until, times), spent
