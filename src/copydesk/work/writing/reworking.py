"""Reworking: writing up again what the rules had to write while no model could.

The post stays where it is, held for a person; its text becomes the next revision, and the question
about it is put anew, or taken back where nothing speaks against the new text. What a person has
decided or written is never written over.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from copydesk.core.checks import RiskClass
from copydesk.core.errors import NotFound
from copydesk.core.post import Post, Revision, Tier
from copydesk.core.review import RANK
from copydesk.core.states import PostState, ReviewState, SubmissionState, SuggestionState
from copydesk.store import UnitOfWork
from copydesk.work.models.breakers import close_all

if TYPE_CHECKING:
    from copydesk.work.desk import Desk

#: How many posts one transaction takes, and how many one call reworks unless told otherwise.
BATCH: Final = 100
LIMIT: Final = 1000

#: By which ways people come who decide; what a rule has decided bears its name.
_DOORS: Final = frozenset({"web", "api", "cli"})


class Verdict(StrEnum):
    """What reworking does with a post, or why it does nothing."""

    QUEUED = "queued"
    DECIDED = "decided"
    EDITED = "edited"
    NO_MESSAGE = "no-message"
    AT_WORK = "at-work"

    @property
    def words(self) -> str:
        """Return it for people."""
        return _WORDS[self]


_WORDS: Final = {
    Verdict.QUEUED: "written up again",
    Verdict.DECIDED: "left alone: a person has decided about it",
    Verdict.EDITED: "left alone: a person has changed its text",
    Verdict.NO_MESSAGE: "left alone: it did not come from a message",
    Verdict.AT_WORK: "left alone: it is being written up already",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """One post that was looked at. `because` says why no model wrote it, "" where one did."""

    post_id: str
    title: str
    because: str
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Reworked:
    """What was done, or with `dry_run` what would be. `more` tells that the limit ended it."""

    dry_run: bool
    looked: tuple[Looked, ...]
    more: bool

    @property
    def queued(self) -> int:
        """Return how many are written up again."""
        return sum(one.verdict is Verdict.QUEUED for one in self.looked)


async def rework(
    desk: Desk,
    ids: Sequence[str] = (),
    *,
    dry_run: bool = False,
    limit: int = LIMIT,
    actor: str,
) -> Reworked:
    """Have the posts `ids` written up again, or without ids all that no model could write.

    Whoever asks for it says that models work: they are called again, also those that were resting.
    Nothing that was answered for the posts before is used. Raises `NotFound` for an unknown id.
    """
    if not dry_run:
        async with desk.store.begin(actor) as unit:
            await close_all(unit, desk.workspace_id)
    looked: list[Looked] = []
    async for page in _pages(desk, ids):
        room = limit - len(looked)
        if len(page) > room:
            looked += await _take(desk, page[:room], dry_run, actor)
            return Reworked(dry_run=dry_run, looked=tuple(looked), more=True)
        looked += await _take(desk, page, dry_run, actor)
    return Reworked(dry_run=dry_run, looked=tuple(looked), more=False)


async def may_rework(unit: UnitOfWork, post: Post) -> Verdict:
    """Return `queued` when the text of `post` may be written anew, else what stands against it."""
    if post.submission_id is None:
        return Verdict.NO_MESSAGE
    if post.state is not PostState.HELD:
        return Verdict.DECIDED
    if (await unit.posts.revision(post.revision_id)).tier is Tier.PERSON:
        return Verdict.EDITED
    review = await unit.reviews.newest_of(post.id)
    if review is None or review.state not in {ReviewState.OPENED, ReviewState.RETURNED}:
        return Verdict.DECIDED
    if any(
        suggestion.state not in {SuggestionState.OPENED, SuggestionState.STALE}
        and suggestion.decided_by.partition(":")[0] in _DOORS
        for suggestion in await unit.suggestions.of(review.id)
    ):
        return Verdict.EDITED
    return Verdict.QUEUED


async def answer_question(
    unit: UnitOfWork, post: Post, risk: RiskClass, reasons: Sequence[str]
) -> None:
    """Put the question about a held `post` anew, with these reasons; take it back without any."""
    review = await unit.reviews.newest_of(post.id)
    assert review is not None
    if not reasons:
        why = "written up again, and nothing speaks against the new text"
        await unit.reviews.decide(review, ReviewState.WITHDRAWN, why)
        await unit.posts.move(post, PostState.APPROVED, reason=why, wake_at=unit.now)
        return
    values = {
        "reasons": list(reasons),
        "risk": risk,
        "rank": RANK[risk],
        "due_at": unit.now + unit.review_times.due(review.kind, risk),
        "wake_at": unit.now,
    }
    if review.state is ReviewState.RETURNED:
        words = "written up again"
        await unit.reviews.move(review, ReviewState.OPENED, words, sent_to="", **values)
    else:
        asked = await unit.reviews.change(review, **values)
        await unit.reviews.note(asked, "reworked", "its text was written up again")
    unit.hint("review", review.id)


async def _pages(desk: Desk, ids: Sequence[str]) -> AsyncIterator[Sequence[tuple[Post, Revision]]]:
    if ids:
        for start in range(0, len(ids), BATCH):
            async with desk.store.read() as unit:
                page = [await _named(unit, desk, id) for id in ids[start : start + BATCH]]
            yield page
        return
    after = ""
    while True:
        async with desk.store.read() as unit:
            page = await unit.posts.degraded(desk.workspace_id, after=after, limit=BATCH)
        if not page:
            return
        after = page[-1][0].id
        yield page


async def _named(unit: UnitOfWork, desk: Desk, id: str) -> tuple[Post, Revision]:
    post = await unit.posts.get(id)
    if post.workspace_id != desk.workspace_id:
        raise NotFound.of(f"post {id}")
    return post, await unit.posts.revision(post.revision_id)


async def _take(
    desk: Desk, page: Sequence[tuple[Post, Revision]], dry_run: bool, actor: str
) -> list[Looked]:
    looked = []
    async with desk.store.read() if dry_run else desk.store.begin(actor) as unit:
        for post, revision in page:
            verdict = await may_rework(unit, post)
            if verdict is Verdict.QUEUED and post.submission_id is not None:
                verdict = await _queue(unit, post.submission_id, dry_run=dry_run)
            looked.append(
                Looked(
                    post_id=post.id,
                    title=revision.content.title,
                    because=revision.degraded_because,
                    verdict=verdict,
                )
            )
    return looked


async def _queue(unit: UnitOfWork, submission_id: str, *, dry_run: bool) -> Verdict:
    submission = await unit.submissions.get(submission_id)
    if submission.state is not SubmissionState.COMPOSED:
        return Verdict.AT_WORK
    if not dry_run:
        await unit.model_calls.forget(submission.id)
        await unit.submissions.move(
            submission,
            SubmissionState.PARSED,
            reason="to be written up again",
            wake_at=unit.now,
            attempts=0,
        )
        unit.hint("compose", submission.id)
    return Verdict.QUEUED
