"""What can become of a delivery after an answer, and the judgements that say so. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from copydesk.core.delivery import Action, Delivery
from copydesk.core.outcomes import RateLimited
from copydesk.core.record import record
from copydesk.core.states import DeliveryState
from copydesk.distribution.circumstances import Circumstances
from copydesk.distribution.retry import Cause, spend
from copydesk.distribution.threads import done, part_again, told

#: What a person is told who alone can tell whether something arrived.
THREE_CHOICES: Final = "Look at the platform: say that it landed, let it be sent, or give it up."


@record(frozen=True, slots=True, kw_only=True)
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


def looked_for_again(reason: str, wake_at: datetime, looks: int) -> Judgement:
    """Return that whether it arrived is looked at again at `wake_at` (aware UTC): after `looks`."""
    return Judgement(
        to=DeliveryState.UNKNOWN,
        reason=reason,
        values={"wake_at": wake_at, "looks": looks, "reason": reason},
    )


def landed(remote_id: str, url: str, delivery: Delivery, at: Circumstances) -> Judgement:
    """Return that what was sent is there: the delivery is delivered, or goes on with its next
    part."""
    is_create = at.action is not Action.DELETE
    if is_create and (part := part_again(remote_id, delivery.handles)):
        return held(
            "spoke_fault",
            f"the platform answered with part {part} of it, which was out before",
            THREE_CHOICES,
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


def telling(judgement: Judgement, delivery: Delivery) -> Judgement:
    """Return `judgement` with what stands of a thread that stops here."""
    if judgement.to not in {DeliveryState.HELD, DeliveryState.FAILED}:
        return judgement
    reason = told(judgement.reason, delivery, str(judgement.values.get("reason_code", "")))
    return replace(judgement, reason=reason, values={**judgement.values, "reason": reason})


def stopped(
    to: DeliveryState,
    code: str,
    reason: str,
    remedy: str,
    values: Mapping[str, Any] | None = None,
) -> Judgement:
    """Return that nothing more is done until a person acts: `to` is held, failed or cancelled."""
    return Judgement(
        to=to,
        reason=reason,
        values={"reason_code": code, "reason": reason, "remedy": remedy, **(values or {})},
    )


def held(code: str, reason: str, remedy: str) -> Judgement:
    """Return that this delivery alone waits for a person."""
    return stopped(DeliveryState.HELD, code, reason, remedy)


def blocked(code: str, reason: str, remedy: str, delivery: Delivery) -> Judgement:
    """Return that the delivery waits, and its account is stopped, until a person acts; it burns no
    attempt."""
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


def in_doubt(reason: str, at: Circumstances) -> Judgement:
    """Return that it may have arrived, which is looked for after the platform's read delay."""
    reason = f"it may have arrived: {reason}"
    return Judgement(
        to=DeliveryState.UNKNOWN,
        reason=reason,
        values={
            "wake_at": at.now + timedelta(seconds=at.reconcile.delay),
            "reason_code": "unknown",
            "reason": reason,
            "remedy": "Nothing to do: copydesk is looking whether it arrived.",
        },
    )


def tried_again(
    cause: Cause,
    reason: str,
    delivery: Delivery,
    at: Circumstances,
    retry_after: float | None = None,
    retry_at: datetime | None = None,
) -> Judgement:
    """Return that it is sent again for `cause`, or has failed: the tries for that are used up.

    `retry_after` (seconds) and `retry_at` (aware UTC) are when the platform wants it, None: it does
    not say.
    """
    spent = spend(cause, delivery.spent)
    if not at.policy.has_left(cause, delivery.spent):
        return stopped(
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


def rest(
    limit: RateLimited, delivery: Delivery, at: Circumstances
) -> tuple[datetime, Mapping[str, int]]:
    """Return until when (aware UTC) to rest, and what the delivery has spent then."""
    # one that was foreseen says by itself when it is over
    spent = delivery.spent if limit.reason else spend(Cause.RESTED, delivery.spent)
    times = 1 if limit.reason else spent[Cause.RESTED]
    return at.policy.rest_until(at.now, limit.retry_after, limit.until, times), spent
