"""From what a platform answered to what becomes of the delivery. Pure; matches exhaustively."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import assert_never

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
from copydesk.distribution.circumstances import Circumstances
from copydesk.distribution.consequences import (
    THREE_CHOICES,
    Judgement,
    blocked,
    held,
    in_doubt,
    landed,
    looked_for_again,
    rest,
    stopped,
    telling,
    tried_again,
)
from copydesk.distribution.retry import Cause, bounded_wait, unrested
from copydesk.distribution.threads import has_begun, part_again
from copydesk.platforms.kit.manifest import Idempotency

#: How much of its age passes before an accepted post is asked for again, and the bounds of that.
_SHARE_OF_AGE = 0.5
_LONGEST_ASKING = timedelta(hours=1)


def judge(outcome: Outcome, delivery: Delivery, at: Circumstances) -> Judgement:
    """Return what `outcome` of a commit (or of preparing it) means for `delivery`."""
    return telling(_judge(outcome, delivery, at), delivery)


def _judge(outcome: Outcome, delivery: Delivery, at: Circumstances) -> Judgement:
    match outcome:
        case Published():
            return landed(outcome.id, outcome.url, delivery, at)
        case Accepted():
            return _accepted(outcome, delivery, at)
        case RateLimited():
            return _rate_limited(outcome, delivery, at)
        case Refused():
            what = ": ".join(filter(None, (outcome.field, outcome.reason)))
            return held(
                "refused",
                what or "the platform refused it",
                outcome.remedy or "Change the post and publish it again.",
            )
        case AuthExpired() | AuthRevoked():
            return blocked(
                "not_authorised",
                outcome.reason,
                "Give the account new credentials (copydesk accounts set), then test it.",
                delivery,
            )
        case Misconfigured():
            return blocked(
                "misconfigured",
                outcome.reason or "the account is set up wrongly",
                outcome.remedy or "Correct the account's settings.",
                delivery,
            )
        case Duplicate():
            return _duplicate(outcome, delivery, at)
        case Unavailable():
            cause = Cause.OUTAGE if at.probing else Cause.UNAVAILABLE
            return tried_again(
                cause, outcome.reason, delivery, at, outcome.retry_after, outcome.retry_at
            )
        case Unknown():
            return in_doubt(outcome.reason, at)
        case _:
            assert_never(outcome)


def _accepted(outcome: Accepted, delivery: Delivery, at: Circumstances) -> Judgement:
    reason = "taken by the platform, not public yet"
    # of a thread the next part begins with what was prepared, not with what was accepted
    prepared = {"prepared": of_spoke(delivery.handles)} if at.parts > 1 else {}
    return Judgement(
        to=DeliveryState.SNOOZED,
        reason=reason,
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
            "reason": reason,
        },
    )


def _rate_limited(outcome: RateLimited, delivery: Delivery, at: Circumstances) -> Judgement:
    until, spent = rest(outcome, delivery, at)
    reason = outcome.reason or "the platform asked us to rest"
    return Judgement(
        to=DeliveryState.SNOOZED,
        reason=f"{reason}; until {until:%H:%M:%S} UTC",
        values={
            "wake_at": until,
            "spent": spent,
            "attempts": max(0, delivery.attempts - 1),
            "reason_code": "rate_limited",
            "reason": f"{reason}; until {until:%Y-%m-%d %H:%M:%S} UTC",
            "remedy": "",
        },
        pause_until=None if outcome.scope == "endpoint" else until,
        pause_scope=_pause_scope(outcome),
    )


def _duplicate(outcome: Duplicate, delivery: Delivery, at: Circumstances) -> Judgement:
    if part := part_again(outcome.of, delivery.handles):
        return held(
            "duplicate",
            f"the platform says that it has this already, as part {part}",
            "Say that it landed, or give it up and publish it with another text.",
        )
    if outcome.of and (delivery.attempts > 1 or at.idempotency is not Idempotency.NONE):
        return landed(outcome.of, outcome.url, delivery, at)
    if delivery.attempts > 1:
        return in_doubt("the platform says it has this already", at)
    return held(
        "duplicate",
        "the platform says it has this already, and not from us",
        "Say that it landed, or change the text.",
    )


def judge_preparation(answer: Outcome, delivery: Delivery, at: Circumstances) -> Judgement:
    """Return what an answer to preparing `delivery` means: nothing was published by it.

    No call that could publish was made, so none is counted. A spoke that says it published,
    accepted or repeated something while preparing breaks its contract; a person has to look, since
    guessing makes duplicates.
    """
    if isinstance(answer, Published | Accepted | Duplicate | Unknown):
        ended = held(
            "spoke_fault",
            f"preparing it was answered with {type(answer).__name__}",
            THREE_CHOICES,
        )
        return telling(ended, delivery)
    if isinstance(answer, Unavailable):
        cause = Cause.OUTAGE if at.probing else Cause.PREPARATION
        again = tried_again(cause, answer.reason, delivery, at, answer.retry_after, answer.retry_at)
        return telling(again, delivery)
    # judging takes back the commit that was counted; here none was
    return judge(answer, replace(delivery, attempts=delivery.attempts + 1), at)


def judge_accepted(
    answer: Ready | Pending | Outcome, delivery: Delivery, at: Circumstances
) -> Judgement:
    """Return what a look at an accepted delivery means: public now, refused after all, or, as
    `snoozed`, look again. It is never sent again, whatever becomes of the account meanwhile."""
    match answer:
        case Published():
            return telling(landed(answer.id, answer.url, delivery, at), delivery)
        case Duplicate() if answer.of:
            return telling(landed(answer.of, answer.url, delivery, at), delivery)
        case Refused():
            return judge(answer, delivery, at)
        case AuthExpired() | AuthRevoked() | Misconfigured():
            blocking = judge(answer, delivery, at)
            return replace(_ask_later(answer, delivery, at), block_account=blocking.block_account)
        case RateLimited():
            until, spent = rest(answer, delivery, at)
            return Judgement(
                to=DeliveryState.SNOOZED,
                values={"wake_at": until, "spent": spent},
                pause_until=None if answer.scope == "endpoint" else until,
                pause_scope=_pause_scope(answer),
            )
        case Pending() | Unavailable() | Ready() | Accepted() | Duplicate() | Unknown():
            return telling(_ask_later(answer, delivery, at), delivery)
        case _:
            assert_never(answer)


def judge_existence(found: Existence, delivery: Delivery, at: Circumstances) -> Judgement:
    """Return what a look at an unknown outcome means; `to` is `unknown` to look again later.

    Absence counts once the platform would show what it had taken: a listing read too early proves
    nothing, however complete.
    """
    return telling(_judge_existence(found, delivery, at), delivery)


def _judge_existence(found: Existence, delivery: Delivery, at: Circumstances) -> Judgement:
    match found:
        case Landed():
            if at.action is not Action.DELETE and (part := part_again(found.id, delivery.handles)):
                mistaken = Inconclusive(f"what was found is part {part}, which was out before")
                return _judge_inconclusive(mistaken, delivery, at)
            return landed(found.id, found.url, delivery, at)
        case Absent():
            too_early_until = at.shows_from(delivery.looks)
            if too_early_until is not None:
                return looked_for_again("it is not listed yet", too_early_until, delivery.looks)
            reason = f"it did not arrive ({found.evidence or 'complete listing'})"
            return tried_again(Cause.ABSENT, reason, delivery, at)
        case Inconclusive():
            return _judge_inconclusive(found, delivery, at)
        case _:
            assert_never(found)


def judge_removed(delivery: Delivery) -> Judgement:
    """Return what becomes of a delivery whose account was removed: what may have landed is held,
    since nobody can ask any more, and so is what has landed in part; the rest is cancelled."""
    if delivery.state is DeliveryState.UNKNOWN or delivery.is_accepted:
        ended = held(
            "removed_in_flight",
            "the account was removed before it was known whether this had arrived",
            "Look at the platform: say that it landed, or give it up.",
        )
        return telling(ended, delivery)
    reason = "the account was removed"
    if has_begun(delivery):
        remedy = "Look at the platform, then give it up."
        ended = held("account_removed", reason, remedy)
        return telling(ended, delivery)
    remedy = "Publish it to another account if it shall still go out."
    if delivery.action is not Action.CREATE:
        remedy = "Do it on the platform by hand if it shall still be done."
    return stopped(DeliveryState.CANCELLED, "account_removed", reason, remedy)


def _judge_inconclusive(found: Inconclusive, delivery: Delivery, at: Circumstances) -> Judgement:
    cause = Cause.OUTAGE if at.probing else Cause.REPEATED
    if at.may_repeat and at.policy.has_left(cause, delivery.spent):
        reason = f"sending again with the same key: {found.reason}"
        return tried_again(cause, reason, delivery, at)
    looks = delivery.looks + 1
    # a platform that is away tells nothing by that, but asking it for ever would tell nothing too
    bound = at.reconcile.looks if not at.unreached else at.policy.limits[Cause.OUTAGE]
    if at.reconcile.find and looks < bound:
        wait = at.policy.look(looks, at.reconcile.delay, at.random)
        again = at.now + wait
        if found.retry_at is not None and found.retry_at > at.now:
            # never later than a day: the platform's clock need not be right
            again = min(found.retry_at, at.now + timedelta(days=1))
        return looked_for_again(found.reason, again, looks)
    return held(
        "unknown",
        f"nobody can tell whether it arrived: {found.reason}",
        THREE_CHOICES,
    )


def _ask_later(
    answer: Ready | Pending | Outcome, delivery: Delivery, at: Circumstances
) -> Judgement:
    """Ask again after a share of the time that has passed, or hold it: it has had its time."""
    since = _accepted_at(delivery) or at.sent_at or at.first_sent_at or at.now
    age = max(timedelta(), at.now - since)
    if age > timedelta(seconds=at.reconcile.public_within):
        hours = age.total_seconds() / 3600
        return held(
            "not_public",
            f"the platform took it {hours:.0f} hours ago and has not made it public; "
            f"its last answer: {_in_words(answer)}",
            THREE_CHOICES,
        )
    least = timedelta(seconds=max(at.policy.first, at.reconcile.delay))
    wait = min(_LONGEST_ASKING, max(least, age * _SHARE_OF_AGE))
    asked_for = getattr(answer, "retry_after", None)
    if asked_for is not None:
        wait = max(min(wait, _LONGEST_ASKING), bounded_wait(asked_for, 86_400.0))
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
