"""Reviews with everything a person needs for one, and what happens to them without anybody.

`prepare` is safe to call at any time and by anybody: it makes the suggestions of a review that has
none, carries them over when another revision came meanwhile, and says so when a deadline passes.
A job does it; whoever looks first does it too, so nobody waits for a worker.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import structlog

from copydesk.core.checks import CheckResult
from copydesk.core.errors import Conflict
from copydesk.core.post import Post, Revision
from copydesk.core.review import MOVING, ReviewTimes
from copydesk.core.states import ReviewState, SuggestionState
from copydesk.core.submission import Submission
from copydesk.core.suggestion import Base, Suggestion, TextField
from copydesk.editorial.auditing import chance_asked
from copydesk.editorial.rebasing import Rebased, rebase
from copydesk.editorial.text import Piece, pieces_of, texts_of
from copydesk.store import UnitOfWork
from copydesk.store.reviews import Review, Signature
from copydesk.work.desk import Desk
from copydesk.work.reviews.suggesting import propose
from copydesk.work.writing.origins import base_of, origins_of

_log = structlog.get_logger(__name__)

#: What stands on a review whose text was too much for what makes suggestions.
UNMADE: Final = "Its suggestions could not be made; read the whole text."


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A review as a person sees it. `text` is what follows from the decisions by now."""

    review: Review
    post: Post
    revision: Revision
    submission: Submission | None
    base: Base
    suggestions: tuple[Suggestion, ...]
    signatures: tuple[Signature, ...]

    @property
    def own(self) -> str:
        """Return the author's own text, for reading; where it was too much for what makes
        suggestions, as parsing left it."""
        parsed = self.submission.parsed if self.submission else None
        return parsed.reply if self.review.note and parsed else self.base.body

    @property
    def text(self) -> Base:
        """Return title, summary and body as they follow from the decisions."""
        return texts_of(self.base, self.suggestions)

    def of(self, field: TextField) -> list[Suggestion]:
        """Return the suggestions of one field."""
        return [s for s in self.suggestions if s.field is field]

    def pieces(self, field: TextField) -> tuple[Piece, ...]:
        """Return one field in pieces."""
        return pieces_of(self.base.of(field), self.of(field))


async def look_at(desk: Desk, review_id: str) -> Look:
    """Return a review, by its own id or its post's, with its suggestions made and up to date.

    Raises `NotFound`.
    """
    async with desk.store.read() as unit:
        id = (await unit.reviews.get(review_id)).id
    await prepare(desk, id)
    async with desk.store.read() as unit:
        return await _look(unit, id)


async def _look(unit: UnitOfWork, id: str) -> Look:
    review = await unit.reviews.get(id)
    post = await unit.posts.get(review.post_id)
    revision = await unit.posts.revision(review.revision_id)
    return Look(
        review=review,
        post=post,
        revision=revision,
        submission=await unit.submissions.get(post.submission_id) if post.submission_id else None,
        base=await unit.reviews.base(id) or base_of(revision.content),
        suggestions=tuple(await unit.suggestions.of(id)),
        signatures=tuple(await unit.reviews.signatures(id)),
    )


# -- without anybody ------------------------------------------------------------------------------


async def prepare(desk: Desk, review_id: str) -> None:
    """Make or carry over the suggestions of a review if that is to do, and mind its deadline."""
    async with desk.store.read() as unit:
        review = await unit.reviews.get(review_id)
        wanted = await _wanted(unit, review) if review.state is ReviewState.OPENED else None
        is_late = _is_to_escalate(review, unit.now, unit.review_times)
        upcoming = _next_look(review, unit.review_times)
    if review.state is not ReviewState.OPENED:
        if review.wake_at is not None:
            async with desk.store.begin("review") as unit:
                await unit.reviews.sleep(review.id, None)
        return
    # a conflict: somebody does the same at this moment, or has decided
    with suppress(Conflict):
        if wanted is not None:
            await _suggest(desk, wanted)
        elif is_late or review.wake_at != upcoming:
            async with desk.store.begin("review") as unit:
                await _mind_deadline(unit, await unit.reviews.get(review.id))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """A review whose suggestions are to be made. `base` is what the `old` ones are anchored in,
    None where it never had any."""

    review: Review
    current: Revision
    submission: Submission | None
    checks: Sequence[CheckResult]
    chance: float
    base: Base | None
    old: Sequence[Suggestion]


async def _wanted(unit: UnitOfWork, review: Review) -> _Wanted | None:
    post = await unit.posts.get(review.post_id)
    base = await unit.reviews.base(review.id)
    # an opinion is about the text it was asked about, whatever became of that
    has_moved_on = review.kind in MOVING and review.revision_id != post.revision_id
    if base is not None and not has_moved_on:
        return None
    current = await unit.posts.revision(post.revision_id if has_moved_on else review.revision_id)
    return _Wanted(
        review=review,
        current=current,
        submission=await unit.submissions.get(post.submission_id) if post.submission_id else None,
        checks=await unit.posts.checks(current.id),
        chance=await chance_asked(unit, review),
        base=base,
        old=await unit.suggestions.of(review.id) if base is not None else (),
    )


async def _suggest(desk: Desk, wanted: _Wanted) -> None:
    review, current, note = wanted.review, wanted.current, ""

    def make() -> tuple[Base, Rebased]:
        origins = origins_of(wanted.submission, current)
        fresh = propose(origins, current, risk=review.risk, checks=wanted.checks)
        return origins.own, rebase(wanted.old, wanted.base or origins.own, origins.own, fresh)

    try:
        base, rebased = await asyncio.to_thread(make)
    except Exception:
        # whatever a text does to us, a person can still read it whole and decide
        _log.exception("suggestions_failed", review=review.id)
        base, rebased = base_of(current.content), Rebased((), (), tuple(wanted.old))
        note = UNMADE
    async with desk.store.begin("review") as unit:
        # a conflict when somebody was faster; what is left to do is found again
        upcoming = _next_look(review, unit.review_times)
        anchored = await unit.reviews.anchor(review, current.id, base, upcoming, note)
        if note:
            await unit.reviews.note(anchored, "unmade", note)
        for old_ones, end in (
            (rebased.superseded, SuggestionState.SUPERSEDED),
            (rebased.stale, SuggestionState.STALE),
        ):
            for suggestion in old_ones:
                if suggestion.is_live:
                    await unit.suggestions.retire(review.workspace_id, suggestion, end)
        proposals = [replace(proposal, propensity=wanted.chance) for proposal in rebased.proposals]
        made = await unit.suggestions.add(review.id, base, proposals)
        if wanted.base is not None:
            await unit.reviews.note(
                review,
                "rebased",
                f"another revision came: {len(made)} suggestions for it,"
                f" {len(rebased.stale)} of the old have no place in it",
            )
        await _mind_deadline(unit, anchored)


async def _mind_deadline(unit: UnitOfWork, review: Review) -> None:
    if review.state is not ReviewState.OPENED:
        return
    if _is_to_escalate(review, unit.now, unit.review_times):
        review = await unit.reviews.change(
            review, escalated_at=unit.now, assignee="", claimed_until=None
        )
        await unit.reviews.note(
            review,
            "escalated",
            f"nobody decided until {review.due_at:%Y-%m-%d %H:%M} UTC; it stays held",
            due_at=str(review.due_at),
        )
    upcoming = _next_look(review, unit.review_times)
    if review.wake_at != upcoming:
        await unit.reviews.sleep(review.id, upcoming)


def _next_look(review: Review, times: ReviewTimes) -> datetime | None:
    return review.escalated_at + times.reminded_every if review.escalated_at else review.due_at


def _is_to_escalate(review: Review, now: datetime, times: ReviewTimes) -> bool:
    upcoming = _next_look(review, times)
    return upcoming is not None and upcoming <= now
