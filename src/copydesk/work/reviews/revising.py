"""A person's own words in a review: instead of a suggestion, anywhere in the text, or a new text.

What a person writes is checked like anything else; what the checks say stands beside it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace

from copydesk.core.errors import Conflict, ContentInvalid
from copydesk.core.findings import Finding
from copydesk.core.post import Revision, Tier
from copydesk.core.states import ReviewState, SuggestionState
from copydesk.core.suggestion import Intent, Origin, Proposal, Suggestion, TextField
from copydesk.editorial.auditing import chance_asked
from copydesk.editorial.deciding import Verdict, check_open, decide, keep
from copydesk.editorial.differences import Difference
from copydesk.editorial.intents import intent_of
from copydesk.editorial.rewording import Rewording, rewordings
from copydesk.editorial.text import pieces_of, text_of
from copydesk.store import UnitOfWork
from copydesk.store.reviews import Review
from copydesk.work.desk import Desk
from copydesk.work.reviews.reviewing import Look, look_at, prepare
from copydesk.work.reviews.suggesting import objections_to


async def edit(
    desk: Desk,
    review_id: str,
    which: str,
    text: str,
    *,
    actor: str,
    note: str = "",
    key: str = "",
    version: int | None = None,
) -> Suggestion:
    """Put `text` in the place of a suggestion; what the checks say about it stays beside it.

    Arguments and errors are those of `deciding.decide`.
    """
    look = await look_at(desk, review_id)
    async with desk.store.read() as unit:
        suggestion = await unit.suggestions.get(look.review.id, which)
    verdict = await asyncio.to_thread(_verdict_on, look, suggestion, text, note)
    async with desk.store.begin(actor) as unit:
        review = await unit.reviews.get(look.review.id)
        return await decide(unit, review, which, verdict, key=key, version=version)


def _verdict_on(look: Look, suggestion: Suggestion, text: str, note: str) -> Verdict:
    if text == suggestion.after:
        return Verdict(state=SuggestionState.ACCEPTED, note=note)
    rejected, edited = (
        text_of(
            pieces_of(
                look.base.of(suggestion.field),
                [s if s.id != suggestion.id else one for s in look.of(suggestion.field)],
            )
        )
        for one in (
            replace(suggestion, state=SuggestionState.REJECTED),
            replace(suggestion, state=SuggestionState.EDITED, text=text),
        )
    )
    findings = objections_to(rejected, edited, language=look.revision.content.language)
    return Verdict(state=SuggestionState.EDITED, text=text, note=note, findings=findings)


async def reword(
    desk: Desk,
    review_id: str,
    wanted: Mapping[TextField, str],
    *,
    actor: str,
    note: str = "",
    version: int | None = None,
) -> list[Suggestion]:
    """Make the text of a review what a person has typed: whole fields, as they want them.

    Args:
        desk: where the review is.
        review_id: the review's or its post's.
        wanted: the fields that change, each in full.
        actor: who it is.
        note: why, for the history.
        version: that of the review the person has seen; without it, as it is now.

    Returns:
        What they edited, and what is their own.

    Raises:
        NotFound: there is no such review.
        Conflict: it is closed, somebody else's, or has changed meanwhile.
    """
    look = await look_at(desk, review_id)
    seen = look.review.version if version is None else version
    changes = await asyncio.to_thread(_changes, look, wanted)
    async with desk.store.begin(actor) as unit:
        review = await unit.reviews.get(look.review.id)
        check_open(unit, review)
        if review.version != seen or look.review.version != seen:
            raise Conflict(
                f"Somebody decided in {review.id} in the meantime; your text was not kept.",
                remedy="Read the text as it is now, and put yours in again.",
            )
        taken = [await _take(unit, look, rewording, field, note) for field, rewording in changes]
        if taken:
            await keep(unit, review)
        return taken


def _changes(look: Look, wanted: Mapping[TextField, str]) -> list[tuple[TextField, Rewording]]:
    language = look.revision.content.language
    return [
        (field, one)
        for field, text in wanted.items()
        for one in rewordings(look.base.of(field), look.of(field), text, language=language)
    ]


async def _take(
    unit: UnitOfWork, look: Look, rewording: Rewording, field: TextField, note: str
) -> Suggestion:
    change, inside = rewording.change, rewording.suggestion
    workspace_id, review = look.review.workspace_id, look.review
    if inside is not None:
        verdict = _verdict_on(look, inside, change.after, note)
        return await unit.suggestions.decide(
            workspace_id,
            inside,
            verdict.state,
            text=verdict.text,
            note=note,
            findings=verdict.findings,
        )
    text = look.text.of(field)
    objections = objections_to(
        text,
        f"{text[: change.low]}{change.after}{text[change.top :]}",
        language=look.revision.content.language,
    )
    whole = Difference(0, len(change.before), change.after, 0, change.before, change.after, 0)
    proposal = Proposal(
        field=field,
        start=change.start,
        end=change.end,
        before=change.before,
        after=change.after,
        origin=Origin.PERSON,
        origin_version=unit.actor,
        intent=Intent.MEANING_CHANGED if objections else intent_of(whole, change.before),
        risk=review.risk,
        evidence=objections,
        state=SuggestionState.ACCEPTED,
        decided_by=unit.actor,
        note=note,
        propensity=await chance_asked(unit, review),
    )
    (made,) = await unit.suggestions.add(review.id, look.base, [proposal])
    return made


async def answer(
    desk: Desk, review_id: str, *, body: str, title: str = "", reason: str = "", actor: str
) -> Review:
    """Give a new text to a review that was sent back, or is open: the next revision of its post.

    The review is open again with a new deadline, and the decisions taken so far are carried over
    where the new text leaves them a place. Raises `ContentInvalid` for an empty text, `Conflict`
    when the review is closed.
    """
    if not body.strip():
        raise ContentInvalid([Finding(code="empty", field="body", message="the new text is empty")])
    async with desk.store.begin(actor) as unit:
        review = await unit.reviews.get(review_id)
        if review.state not in (ReviewState.OPENED, ReviewState.RETURNED):
            raise Conflict(f"Review {review.id} was {review.state} already.")
        post = await unit.posts.get(review.post_id)
        revision = await _revised(unit, post.revision_id, body, title)
        due_at = unit.now + unit.review_times.due(review.kind, review.risk)
        if review.state is ReviewState.RETURNED:
            review = await unit.reviews.move(
                review,
                ReviewState.OPENED,
                reason or f"a new text came: revision {revision.number}",
                sent_to="",
                due_at=due_at,
                escalated_at=None,
                wake_at=unit.now,
            )
        unit.hint("review", review.id)
    await prepare(desk, review.id)
    async with desk.store.read() as unit:
        return await unit.reviews.get(review.id)


async def _revised(unit: UnitOfWork, revision_id: str, body: str, title: str) -> Revision:
    before = await unit.posts.revision(revision_id)
    content = replace(
        before.content,
        body=body,
        title=title or before.content.title,
        # what was written for single platforms was written from the old text
        adaptations={},
    )
    return await unit.posts.revise(await unit.posts.get(before.post_id), content, Tier.PERSON)
