"""The queue of reviews."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from copydesk.core.review import ReviewKind
from copydesk.core.states import ReviewState
from copydesk.server.views.badges import Badge, badge, risk_badge
from copydesk.server.views.frame import Choice, Frame, address
from copydesk.store.reviews import Review

#: What the queue can be narrowed to.
REVIEW_STATES = [state.value for state in ReviewState]
_OVERDUE = Badge("overdue", "clock", "bad")
#: What a person is asked.
ASKED = {
    ReviewKind.QUESTION: "may this go out?",
    ReviewKind.AUDIT: "audit: was this good?",
    ReviewKind.SECOND: "second opinion: is this good?",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewLine:
    """One question to a person. `about` holds what is asked, by when, and who has it."""

    url: str
    heading: str
    badge: Badge
    risk: Badge | None
    overdue: Badge | None
    about: tuple[str, ...]
    reasons: tuple[str, ...]
    due_at: datetime | None
    opened_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewsView:
    """The queue; `count` is how many wait, `older_url` leads to what comes after these."""

    frame: Frame
    choices: tuple[Choice, ...]
    kinds: tuple[Choice, ...]
    lines: tuple[ReviewLine, ...]
    waiting: bool
    count: int
    older_url: str
    next_url: str


_KINDS = {
    ReviewKind.QUESTION: "questions",
    ReviewKind.AUDIT: "audits",
    ReviewKind.SECOND: "second opinions",
}


def kind_choices(state: ReviewState, current: ReviewKind | None) -> tuple[Choice, ...]:
    """Return the filters of the queue by what is asked."""
    every = Choice(label="any", url=address("/reviews", state=state), current=current is None)
    named = (
        Choice(
            label=label,
            url=address("/reviews", state=state, kind=kind),
            current=kind is current,
        )
        for kind, label in _KINDS.items()
    )
    return (every, *named)


def review_line(review: Review, now: datetime) -> ReviewLine:
    """Return one review as a line at `now`."""
    blind = review.is_blind
    about = [ASKED[review.kind], f"{review.holder(now)} has it" if review.holder(now) else ""]
    if review.sent_to:
        about.append(f"sent back to the {review.sent_to}")
    return ReviewLine(
        url=f"/reviews/{review.id}",
        heading=review.title or "(no title)",
        badge=badge(review.state),
        risk=None if blind else risk_badge(review.risk),
        overdue=overdue(review, now),
        about=tuple(part for part in about if part),
        reasons=() if blind else review.reasons,
        due_at=review.due_at if review.state is ReviewState.OPENED else None,
        opened_at=review.opened_at,
    )


def overdue(review: Review, now: datetime) -> Badge | None:
    """Return the badge of a review that is past its deadline at `now` (aware UTC), else None."""
    late = review.state is ReviewState.OPENED and review.due_at and review.due_at <= now
    return _OVERDUE if late else None
