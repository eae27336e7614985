"""From what a platform answered to what becomes of the delivery. Pure; matches exhaustively."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, assert_never

from copydesk.core.delivery import Delivery
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
from copydesk.distribution.retry import RetryPolicy
from copydesk.platforms.kit.manifest import Idempotency, Reconcile


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What an answer means: the delivery's next state and columns, and the account's fate.

    `block_account` is a reason to stop the account until a person acts; `pause_until` a time before
    which no call may be made for it.
    """

    to: DeliveryState
    reason: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    block_account: str = ""
    pause_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What a judgement depends on besides the answer itself."""

    now: datetime
    policy: RetryPolicy
    random: random.Random
    idempotency: Idempotency
    window: int | None
    reconcile: Reconcile
    first_sent_at: datetime | None = None

    @property
    def may_repeat(self) -> bool:
        """Whether a create that may have landed is harmless to repeat with the same key, now."""
        if self.idempotency is Idempotency.NONE:
            return False
        if self.window is None or self.first_sent_at is None:
            return self.idempotency is not Idempotency.KEY_HEADER or self.window is None
        # a margin of a tenth: the platform's clock and ours need not agree
        return self.now < self.first_sent_at + timedelta(seconds=self.window * 0.9)


def judge(outcome: Outcome, delivery: Delivery, at: Circumstances) -> Judgement:
    """Return what `outcome` of a commit (or of preparing it) means for `delivery`."""
    match outcome:
        case Published():
            return _delivered(outcome.id, outcome.url)
        case Accepted():
            return Judgement(
                to=DeliveryState.SNOOZED,
                reason="taken by the platform, not public yet",
                values={
                    "handles": {**delivery.handles, **outcome.handle, "accepted": True},
                    "wake_at": at.now + timedelta(seconds=max(1.0, at.reconcile.delay)),
                    "reason_code": "accepted",
                    "reason": "taken by the platform, not public yet",
                },
            )
        case RateLimited():
            until = _until(outcome.retry_after, outcome.until, at)
            return Judgement(
                to=DeliveryState.SNOOZED,
                reason=f"the platform asked us to rest until {until:%H:%M:%S} UTC",
                values={
                    "wake_at": until,
                    "attempts": max(0, delivery.attempts - 1),
                    "reason_code": "rate_limited",
                    "reason": f"the platform asked us to rest until {until.isoformat()}",
                    "remedy": "",
                },
                pause_until=until,
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
            if outcome.of and (delivery.attempts > 1 or at.idempotency is not Idempotency.NONE):
                return _delivered(outcome.of, outcome.url)
            if delivery.attempts > 1:
                return _unknown("the platform says it has this already", at)
            return _stopped(
                DeliveryState.HELD,
                "duplicate",
                "the platform says it has this already, and not from us",
                "Say that it landed, or change the text.",
            )
        case Unavailable():
            return _try_again(outcome.reason, delivery, at, outcome.retry_after, outcome.retry_at)
        case Unknown():
            return _unknown(outcome.reason, at)
        case _:
            assert_never(outcome)


def judge_preparation(answer: Outcome, delivery: Delivery, at: Circumstances) -> Judgement:
    """Return what an answer to preparing `delivery` means: nothing was published by it.

    The try is counted as one. A spoke that says it published, accepted or repeated something while
    preparing breaks its contract; a person has to look, since guessing makes duplicates.
    """
    if isinstance(answer, Published | Accepted | Duplicate | Unknown):
        return _stopped(
            DeliveryState.HELD,
            "spoke_fault",
            f"preparing it was answered with {type(answer).__name__}",
            "Look at the platform: say that it landed, let it be sent, or give it up.",
        )
    return judge(answer, replace(delivery, attempts=delivery.attempts + 1), at)


def judge_accepted(
    answer: Ready | Pending | Outcome, delivery: Delivery, at: Circumstances
) -> Judgement:
    """Return what a look at an accepted delivery means: public now, refused after all, or, as
    `snoozed`, look again. It is never sent again, whatever becomes of the account meanwhile."""
    match answer:
        case Published():
            return _delivered(answer.id, answer.url)
        case Duplicate() if answer.of:
            return _delivered(answer.of, answer.url)
        case Refused():
            return judge(answer, delivery, at)
        case AuthExpired() | AuthRevoked() | Misconfigured():
            stopped = judge(answer, delivery, at)
            return replace(_look_later(at, None), block_account=stopped.block_account)
        case RateLimited():
            until = _until(answer.retry_after, answer.until, at)
            return Judgement(to=DeliveryState.SNOOZED, values={"wake_at": until}, pause_until=until)
        case Pending() | Unavailable():
            return _look_later(at, answer.retry_after)
        case Ready() | Accepted() | Duplicate() | Unknown():
            return _look_later(at, None)
        case _:
            assert_never(answer)


def judge_existence(found: Existence, delivery: Delivery, at: Circumstances) -> Judgement | None:
    """Return what a look at an unknown outcome means, or None: look again later."""
    match found:
        case Landed():
            return _delivered(found.id, found.url)
        case Absent():
            return _try_again(
                f"it did not arrive ({found.evidence or 'complete listing'})", delivery, at
            )
        case Inconclusive():
            if at.may_repeat and delivery.attempts < at.policy.attempts:
                return _try_again(f"sending again with the same key: {found.reason}", delivery, at)
            if at.reconcile.find and delivery.looks + 1 < at.reconcile.looks:
                return None
            return _stopped(
                DeliveryState.HELD,
                "unknown",
                f"nobody can tell whether it arrived: {found.reason}",
                "Look at the platform: say that it landed, let it be sent, or give it up.",
            )
        case _:
            assert_never(found)


def _look_later(at: Circumstances, seconds: float | None) -> Judgement:
    wake_at = at.now + at.policy.rate_limit(seconds)
    return Judgement(to=DeliveryState.SNOOZED, values={"wake_at": wake_at})


def _delivered(remote_id: str, url: str) -> Judgement:
    return Judgement(
        to=DeliveryState.DELIVERED,
        values={
            "remote_id": remote_id,
            "url": url,
            "reason_code": "",
            "reason": "",
            "remedy": "",
        },
    )


def _stopped(to: DeliveryState, code: str, reason: str, remedy: str) -> Judgement:
    return Judgement(
        to=to,
        reason=reason,
        values={"reason_code": code, "reason": reason, "remedy": remedy},
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
        block_account=f"{reason} {remedy}".strip(),
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
    reason: str,
    delivery: Delivery,
    at: Circumstances,
    retry_after: float | None = None,
    retry_at: datetime | None = None,
) -> Judgement:
    if delivery.attempts >= at.policy.attempts:
        return _stopped(
            DeliveryState.FAILED,
            "attempts_used_up",
            f"{delivery.attempts} tries did not get through; the last: {reason}",
            "Send it again once the cause is gone.",
        )
    if retry_after is not None or retry_at is not None:
        wake_at = _until(retry_after, retry_at, at)
    else:
        wake_at = at.now + at.policy.wait(delivery.attempts, at.random)
    return Judgement(
        to=DeliveryState.SCHEDULED,
        reason=reason,
        values={"wake_at": wake_at, "reason_code": "retrying", "reason": reason, "remedy": ""},
    )


def _until(retry_after: float | None, moment: datetime | None, at: Circumstances) -> datetime:
    if retry_after is None and moment is not None:
        return max(moment, at.now + at.policy.rate_limit(0))
    return at.now + at.policy.rate_limit(retry_after)
