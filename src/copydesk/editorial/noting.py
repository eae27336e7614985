"""Noting what people decided about a text: it tells how the version that wrote it does."""

from __future__ import annotations

from dataclasses import replace
from difflib import SequenceMatcher
from typing import Final

from copydesk.core.drift import Occasion
from copydesk.core.post import Post, Tier
from copydesk.core.release import Outcome
from copydesk.core.states import ReviewState
from copydesk.store import UnitOfWork
from copydesk.store.reviews import Review

#: Who keeps less than this share of a text's words has changed much of it.
HEAVY_BELOW: Final = 0.8


async def note_decision(unit: UnitOfWork, review: Review, post: Post) -> None:
    """Observe whether people rejected or rewrote what was composed; once for each message."""
    if post.submission_id is None:
        return
    composed = await unit.observations.latest_of(post.submission_id, Occasion.COMPOSED)
    decided = await unit.observations.latest_of(post.submission_id, Occasion.DECIDED)
    revisions = await unit.posts.revisions(post.id)
    machine = [revision for revision in revisions if revision.tier is not Tier.PERSON]
    if composed is None or decided is not None or not machine:
        return
    before, after = machine[-1].content.body, revisions[-1].content.body
    edited = review.state is ReviewState.REJECTED or is_heavy(before, after)
    await unit.observations.add(
        replace(
            composed,
            kind=Occasion.DECIDED,
            score=None,
            outcome=Outcome(edited=edited),
            observed_at=unit.now,
        )
    )


def is_heavy(before: str, after: str) -> bool:
    """Tell whether a person changed much of a text."""
    words, kept = before.split(), after.split()
    if words == kept:
        return False
    return SequenceMatcher(None, words, kept, autojunk=False).ratio() < HEAVY_BELOW
