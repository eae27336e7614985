"""Deciding on suggestions: accept, edit, reject, take back; each alone, or the rest at once.

A decision is a row. Taken twice under one key it is one; taken by two people it is a conflict that
says who was first. Nothing is ever overwritten unseen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from copydesk.core.checks import Evidence
from copydesk.core.errors import Conflict, ContentInvalid, NotAllowed
from copydesk.core.findings import Finding
from copydesk.core.review import person_of
from copydesk.core.states import ReviewState, SuggestionState
from copydesk.core.suggestion import Intent, RejectionReason, Suggestion
from copydesk.store import UnitOfWork
from copydesk.store.reviews import Review

#: What may be accepted all at once by what it is for: nobody reads a hundred commas one by one.
ACCEPTED_TOGETHER = frozenset({Intent.FLUENCY})


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a person says about one suggestion.

    `text` stands instead of what was proposed (edited). `reason` is why it was rejected. `findings`
    are what the checks said about `text`.
    """

    state: SuggestionState
    text: str | None = None
    reason: RejectionReason | None = None
    note: str = ""
    findings: Sequence[Evidence] = ()


async def decide(
    unit: UnitOfWork,
    review: Review,
    which: str,
    verdict: Verdict,
    *,
    key: str = "",
    version: int | None = None,
) -> Suggestion:
    """Decide on one suggestion of an open review, by its number or id.

    Args:
        unit: its actor is who decides.
        review: as read in this unit.
        which: the number or id of the suggestion.
        verdict: accepted, edited or rejected.
        key: repeats under the same key are the same decision.
        version: that of the suggestion the person has seen; without it a decision of somebody
            else is not changed.

    Returns:
        The suggestion as it stands now.

    Raises:
        NotFound: there is no such suggestion.
        ContentInvalid: a rejection without a reason.
        Conflict: the review is closed or somebody else's, the suggestion has been decided by
            somebody else or has no place in the text any more, or the key was used otherwise.
    """
    if verdict.state is SuggestionState.REJECTED and verdict.reason is None:
        raise _no_reason()
    check_open(unit, review)
    suggestion = await unit.suggestions.get(review.id, which)
    if await _was_taken(unit, review, suggestion, verdict, key):
        return suggestion
    if _says_the_same(suggestion, verdict):
        return suggestion
    _check_seen(unit, suggestion, version)
    decided = await unit.suggestions.decide(
        review.workspace_id,
        suggestion,
        verdict.state,
        text=verdict.text,
        key=key,
        reason_code=verdict.reason or "",
        note=verdict.note,
        findings=verdict.findings,
    )
    await keep(unit, review)
    return decided


async def undo(
    unit: UnitOfWork, review: Review, which: str, *, version: int | None = None
) -> Suggestion:
    """Take the newest decision on a suggestion back; otherwise as `decide`."""
    check_open(unit, review)
    suggestion = await unit.suggestions.get(review.id, which)
    if not suggestion.is_live:
        raise _no_place(suggestion)
    _check_seen(unit, suggestion, version)
    undone = await unit.suggestions.undo(review.workspace_id, suggestion)
    await keep(unit, review)
    return undone


async def accept_rest(
    unit: UnitOfWork, review: Review, *, intent: Intent | None = None, key: str = ""
) -> list[Suggestion]:
    """Accept what is still open in a review, or of it what is for one `intent`.

    Returns what was accepted by this. Raises `NotAllowed` for an intent that asks for a look at
    each, `Conflict` as `decide`.
    """
    if intent is not None and intent not in ACCEPTED_TOGETHER:
        raise NotAllowed(
            f"What is for {intent} is not accepted all at once.",
            remedy="Look at each of them, or accept everything that is left.",
        )
    check_open(unit, review)
    accepted = [
        await unit.suggestions.decide(
            review.workspace_id, suggestion, SuggestionState.ACCEPTED, key=key
        )
        for suggestion in await unit.suggestions.of(review.id)
        if suggestion.state is SuggestionState.OPENED and intent in (None, suggestion.intent)
    ]
    if accepted:
        await keep(unit, review)
    return accepted


def check_open(unit: UnitOfWork, review: Review) -> None:
    """Raise `Conflict` unless the unit's actor may decide in `review` at this moment."""
    if review.state is ReviewState.RETURNED:
        raise Conflict(
            f"Review {review.id} was sent back to the {review.sent_to}.",
            remedy="It is open again once a new text has come.",
        )
    if review.state is not ReviewState.OPENED:
        raise Conflict(
            f"Review {review.id} was {review.state} by {review.decided_by} already.",
            remedy="Nothing in it can be changed any more.",
        )
    holder = review.holder(unit.now)
    if holder and holder != person_of(unit.actor):
        raise Conflict(
            f"{holder} works on review {review.id} until {review.claimed_until:%H:%M} UTC.",
            remedy="Take another one, or have this one handed on to you.",
        )


async def keep(unit: UnitOfWork, review: Review) -> None:
    """Note that the unit's actor decided in `review`: they have it for a while from now on."""
    until = unit.now + unit.review_times.claimed_for
    await unit.reviews.touch(review.id, person_of(unit.actor), until)


async def _was_taken(
    unit: UnitOfWork, review: Review, suggestion: Suggestion, verdict: Verdict, key: str
) -> bool:
    """Whether this very decision was taken under its key before."""
    taken = await unit.suggestions.decided_under(review.id, key)
    if not taken:
        return False
    mine = [d for d in taken if d.suggestion_id == suggestion.id]
    text = suggestion.after if verdict.text is None else verdict.text
    if not any((d.state, d.text) == (verdict.state, text) for d in mine):
        raise Conflict(
            f"The key {key!r} was used for another decision.",
            remedy="Use a new key for a new decision.",
        )
    return True


def _says_the_same(suggestion: Suggestion, verdict: Verdict) -> bool:
    text = suggestion.after if verdict.text is None else verdict.text
    same = (suggestion.state, suggestion.text) == (verdict.state, text)
    return same and suggestion.reason_code == (verdict.reason or "")


def _check_seen(unit: UnitOfWork, suggestion: Suggestion, version: int | None) -> None:
    if not suggestion.is_live:
        raise _no_place(suggestion)
    is_own = person_of(suggestion.decided_by) == person_of(unit.actor)
    if version is None and (is_own or not suggestion.by_person):
        return
    if version == suggestion.version:
        return
    who = suggestion.decided_by or "Somebody"
    raise Conflict(
        f"{who} left suggestion {suggestion.number} {suggestion.state} in the meantime"
        f"{f', with the text {suggestion.text[:80]!r}' if suggestion.text else ''}.",
        remedy=f"Look at it again; to decide over it, say that you saw version"
        f" {suggestion.version}.",
    )


def _no_place(suggestion: Suggestion) -> Conflict:
    why = (
        "the text it was made for is gone"
        if suggestion.state is SuggestionState.STALE
        else "another has taken its place"
    )
    return Conflict(
        f"Suggestion {suggestion.number} has no place in the text any more: {why}.",
        remedy="Look at the text as it is now.",
    )


def _no_reason() -> ContentInvalid:
    return ContentInvalid(
        [
            Finding(
                code="reason_missing",
                field="reason",
                message="a rejection says why",
                remedy=f"One of: {', '.join(RejectionReason)}.",
            )
        ]
    )
