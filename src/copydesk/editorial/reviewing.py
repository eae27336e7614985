"""Deciding on what was held for a person. The decision is a row; what follows from it, a job."""

from __future__ import annotations

from copydesk.core.errors import Conflict
from copydesk.core.post import Post
from copydesk.core.states import PostState, ReviewState
from copydesk.store import UnitOfWork


async def accept(unit: UnitOfWork, review_id: str, reason: str = "") -> Post:
    """Accept a held post: it is approved and goes its way. `review_id` may be the post's id.

    Deciding the same way twice is harmless. Raises `NotFound`; `Conflict` when it was decided
    otherwise or the text has changed since the question was put.
    """
    return await _decide(unit, review_id, ReviewState.ACCEPTED, PostState.APPROVED, reason)


async def reject(unit: UnitOfWork, review_id: str, reason: str = "") -> Post:
    """Reject a held post: it is kept and goes nowhere. Otherwise as `accept`."""
    return await _decide(unit, review_id, ReviewState.REJECTED, PostState.REJECTED, reason)


async def _decide(
    unit: UnitOfWork, review_id: str, verdict: ReviewState, to: PostState, reason: str
) -> Post:
    review = await unit.reviews.get(review_id)
    post = await unit.posts.get(review.post_id)
    if review.state is verdict:
        return post
    if review.state is ReviewState.OPENED and review.revision_id != post.revision_id:
        raise Conflict(
            f"The text of {post.id} has changed since {review.id} was opened.",
            remedy="Look at the new text and decide on that.",
        )
    await unit.reviews.decide(review, verdict, reason)
    wake_at = unit.now if to is PostState.APPROVED else None
    return await unit.posts.move(post, to, reason=reason or f"{verdict} in review", wake_at=wake_at)
