"""Reviews as a whole: who has one, sending it back, and the decision. A decision is a row.

What follows from it (deliveries, the next look) is another job, queued in the same transaction.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace

from copydesk.core.errors import Conflict
from copydesk.core.post import Post
from copydesk.core.review import MOVING, ReviewKind, SentTo, person_of, signatures_needed
from copydesk.core.states import PostState, ReviewState
from copydesk.core.suggestion import Base, RejectionReason
from copydesk.editorial.auditing import learn, may_judge
from copydesk.editorial.deciding import check_open
from copydesk.editorial.holding_back import call_off
from copydesk.store import UnitOfWork
from copydesk.store.reviews import Review, Signature, WantedReviews

# -- who has it -----------------------------------------------------------------------------------


async def claim_next(
    unit: UnitOfWork, workspace_id: str, *, kind: ReviewKind | None = None
) -> Review | None:
    """Give the unit's actor the review to take next: one they have already, or the first that
    nobody has; with `kind` only of that. None when there is none."""
    person = person_of(unit.actor)
    wanted = WantedReviews(state=ReviewState.OPENED, kind=kind)
    mine = await unit.reviews.queue(workspace_id, replace(wanted, assignee=person), limit=20)
    held = next((review for review in mine if review.holder(unit.now) == person), None)
    if held is not None:
        return held
    for review in await unit.reviews.queue(workspace_id, replace(wanted, free=True), limit=20):
        signed = {s.person for s in await unit.reviews.signatures(review.id)}
        if person not in signed and await may_judge(unit, review, person):
            return await _give(unit, review, person, f"{person} took it")
    return None


async def claim(unit: UnitOfWork, review: Review) -> Review:
    """Give the unit's actor a review for a while; raises `Conflict` when somebody has it."""
    check_open(unit, review)
    person = person_of(unit.actor)
    if review.holder(unit.now) == person:
        return review
    return await _give(unit, review, person, f"{person} took it")


async def assign(unit: UnitOfWork, review: Review, person: str) -> Review:
    """Hand a review on to `person`, whoever has it. Raises `Conflict` when it is not open."""
    if review.state is not ReviewState.OPENED:
        raise Conflict(f"Review {review.id} is {review.state}; only open ones are handed on.")
    return await _give(unit, review, person, f"handed on to {person}")


async def release(unit: UnitOfWork, review: Review) -> Review:
    """Let anybody take a review again. What was decided in it stays."""
    if not review.holder(unit.now):
        return review
    freed = await unit.reviews.change(review, assignee="", claimed_until=None)
    await unit.reviews.note(freed, "released", f"{review.assignee} let go of it")
    return freed


async def _give(unit: UnitOfWork, review: Review, person: str, words: str) -> Review:
    until = unit.now + unit.review_times.claimed_for
    given = await unit.reviews.change(review, assignee=person, claimed_until=until)
    await unit.reviews.note(given, "assigned", words, assignee=person)
    return given


# -- sending it back ------------------------------------------------------------------------------


async def send_back(unit: UnitOfWork, review: Review, to: SentTo, reason: str) -> Review:
    """Send a text back to its author or the composer; it waits there and is held.

    Raises `Conflict` when the review is not open, somebody else's, or asks for an opinion only.
    """
    check_open(unit, review)
    if review.kind not in MOVING:
        raise Conflict(
            f"Review {review.id} asks for an opinion; there is nothing to send back.",
            remedy="Accept or reject it, with the reason.",
        )
    return await unit.reviews.move(
        review,
        ReviewState.RETURNED,
        f"to the {to}: {reason}" if reason else f"to the {to}",
        sent_to=to,
        assignee="",
        claimed_until=None,
        wake_at=None,
    )


# -- deciding -------------------------------------------------------------------------------------


async def accept(unit: UnitOfWork, review: Review, reason: str = "") -> Post:
    """Accept a review for good; a post that waited for it is approved and goes its way.

    Raises `Conflict` when the review is not open to the unit's actor.
    """
    check_open(unit, review)
    post = await unit.posts.get(review.post_id)
    decided = await unit.reviews.decide(review, ReviewState.ACCEPTED, reason)
    if review.kind in MOVING:
        post = await unit.posts.move(
            post, PostState.APPROVED, reason=reason or "accepted in review", wake_at=unit.now
        )
    await learn(unit, decided)
    return await unit.posts.get(post.id)


async def reject(
    unit: UnitOfWork, review: Review, reason: str = "", code: RejectionReason | None = None
) -> Post:
    """Reject a review: its text is kept and goes nowhere. Twice is harmless.

    Raises `Conflict` when it was decided otherwise or is somebody else's.
    """
    post = await unit.posts.get(review.post_id)
    if review.state is ReviewState.REJECTED:
        return post
    if review.state is not ReviewState.RETURNED:
        check_open(unit, review)
    words = ": ".join(part for part in (code or "", reason) if part)
    decided = await unit.reviews.decide(review, ReviewState.REJECTED, words)
    if review.kind in MOVING:
        post = await unit.posts.move(
            post, PostState.REJECTED, reason=words or "rejected in review", wake_at=None
        )
        await call_off(unit, post)
    await learn(unit, decided, code or "")
    return await unit.posts.get(post.id)


async def is_signed_off(unit: UnitOfWork, review: Review, text: Base, reason: str = "") -> bool:
    """Tell whether enough people have accepted this very text, the unit's actor being one.

    Where the risk takes two and there is no other yet, the actor signs and the review is free for
    somebody else. Raises `Conflict` when the same person comes twice.
    """
    if signatures_needed(review.kind, review.risk) < 2:
        return True
    person, digest = person_of(unit.actor), digest_of(text)
    signed = [s for s in await unit.reviews.signatures(review.id) if s.text_sha256 == digest]
    if any(signature.person != person for signature in signed):
        return True
    if signed:
        raise Conflict(
            f"{person} has accepted {review.id} already; {review.risk} risk takes two people.",
            remedy="It waits for somebody else.",
        )
    await unit.reviews.sign(
        review.id,
        Signature(person=person, text_sha256=digest, signed_at=unit.now, reason=reason),
    )
    freed = await unit.reviews.change(review, assignee="", claimed_until=None)
    await unit.reviews.note(
        freed, "signed", f"{person} accepts it; {review.risk} risk takes a second person"
    )
    return False


def digest_of(text: Base) -> str:
    """Return what tells one text from another."""
    return hashlib.sha256("\0".join((text.title, text.summary, text.body)).encode()).hexdigest()
