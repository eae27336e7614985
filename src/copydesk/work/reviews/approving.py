"""Letting a reviewed text go. What people changed in it is checked again, never trusted blindly."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from copydesk.core.checks import CheckResult, Evidence, RiskClass
from copydesk.core.errors import Conflict, ContentInvalid
from copydesk.core.findings import Finding
from copydesk.core.post import Post, Tier
from copydesk.core.review import MOVING, RANK
from copydesk.core.states import ReviewState, SuggestionState
from copydesk.core.suggestion import WEIGHTY, Base, Suggestion, TextField
from copydesk.editorial import reviewing
from copydesk.editorial.deciding import accept_rest, check_open
from copydesk.editorial.text import counted
from copydesk.quality.checks import invention, omission
from copydesk.quality.comparison import Comparison
from copydesk.quality.gate import GateResult, run_gate
from copydesk.store import UnitOfWork
from copydesk.store.reviews import Review
from copydesk.work.desk import Desk
from copydesk.work.reviews.reviewing import Look, look_at
from copydesk.work.reviews.suggesting import ASKED
from copydesk.work.writing.origins import base_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How the text of a review stands by now: whether it is another than the machine's, what the
    checks say about that which they did not say before, and what still wants a decision."""

    text: Base
    is_changed: bool
    checks: tuple[CheckResult, ...]
    risk: RiskClass
    objections: tuple[tuple[str, Evidence], ...]
    undecided: tuple[Suggestion, ...]


async def standing_of(desk: Desk, look: Look) -> Standing:
    """Return how the text of a review stands; the gate is asked about what people changed."""
    text = look.text
    undecided = tuple(
        suggestion
        for field in TextField
        for suggestion in counted(look.pieces(field))
        if suggestion.state is SuggestionState.OPENED and suggestion.intent in WEIGHTY
    )
    is_changed = text != base_of(look.revision.content)
    gate: GateResult | None = None
    objections: tuple[tuple[str, Evidence], ...] = ()
    if is_changed and look.submission and look.submission.parsed:
        gate, objections = await asyncio.to_thread(_ask_again, desk, look, text)
    return Standing(
        text=text,
        is_changed=is_changed,
        checks=gate.checks if gate else (),
        risk=gate.risk if gate else look.review.risk,
        objections=objections,
        undecided=undecided,
    )


def _ask_again(
    desk: Desk, look: Look, text: Base
) -> tuple[GateResult, tuple[tuple[str, Evidence], ...]]:
    """Return what the gate says, and what speaks against the text only since people changed it.

    The gate stops at the first damage, so what a person invents could hide behind what a model
    lost: here every check of the text is asked, about the text before and after.
    """
    known = set(_objections(look, look.revision.content.body))
    new = [(check, e) for check, e in _objections(look, text.body) if (check, e) not in known]
    return _ask_gate(desk, look, text), tuple(dict.fromkeys(new))


def _objections(look: Look, body: str) -> Iterator[tuple[str, Evidence]]:
    parsed = look.submission.parsed if look.submission else None
    assert parsed is not None
    kept = [parsed.text[s.start : s.end] for s in parsed.segments if s.kept]
    comparison = Comparison(
        "".join(kept),
        body,
        language=parsed.language,
        omitted=look.revision.omitted,
        support=parsed.subject,
    )
    for check in (*ASKED, omission, invention):
        for evidence in check.check(comparison).evidence:
            # the same thing said at another place is not another objection
            yield check.NAME, replace(evidence, start=-1, end=-1)


def _ask_gate(desk: Desk, look: Look, text: Base) -> GateResult:
    parsed = look.submission.parsed if look.submission else None
    assert parsed is not None
    kept = [(number, segment) for number, segment in enumerate(parsed.segments) if segment.kept]
    place = {number: at for at, (number, _) in enumerate(kept)}
    return run_gate(
        "".join(parsed.text[s.start : s.end] for _, s in kept),
        text.body,
        monotonic=desk.clock.monotonic,
        policy=desk.policy,
        language=parsed.language,
        segments=[parsed.text[s.start : s.end] for _, s in kept],
        fates=[
            replace(
                fate,
                segment=place[fate.segment],
                into=None if fate.into is None else place.get(fate.into),
            )
            for fate in look.revision.fates
            if fate.segment in place
        ]
        or None,
        omitted=look.revision.omitted,
        risk_input=look.review.risk,
        support=parsed.subject,
    )


async def approve(
    desk: Desk,
    review_id: str,
    *,
    actor: str,
    reason: str = "",
    rest: bool = False,
    despite: str = "",
    version: int | None = None,
) -> Post:
    """Accept a review: its text goes its way. Twice is harmless.

    Args:
        desk: where the review is.
        review_id: the review's or its post's.
        actor: who it is.
        reason: why, for the history.
        rest: accept what is undecided, also what changes meaning, facts or protected tokens.
        despite: why it goes although the checks object to what people changed.
        version: that of the review the person has seen; without it, as it is now.

    Returns:
        The post: approved, or still held where the risk takes a second person.

    Raises:
        NotFound: there is no such review.
        ContentInvalid: the checks object to what people changed.
        Conflict: something weighty is undecided, the review is closed, somebody else's or was
            decided otherwise, or it has changed meanwhile.
    """
    look = await look_at(desk, review_id)
    if look.review.state is ReviewState.ACCEPTED:
        return look.post
    standing = await standing_of(desk, look)
    seen = look.review.version if version is None else version
    async with desk.store.begin(actor) as unit:
        review = await unit.reviews.get(look.review.id)
        check_open(unit, review)
        if (review.version, look.review.version) != (seen, seen):
            raise Conflict(
                f"Somebody decided in {review.id} in the meantime.",
                remedy="Read the text as it is now, and decide on that.",
            )
        if review.kind not in MOVING:
            return await reviewing.accept(unit, review, reason)
        if standing.undecided and not rest:
            raise _undecided(standing.undecided)
        if standing.objections and not despite:
            raise _objected(standing.objections)
        review = await _raised(unit, review, standing.risk)
        await accept_rest(unit, review)
        review = await unit.reviews.get(review.id)
        words = "; ".join(part for part in (reason, despite and f"despite: {despite}") if part)
        if not await reviewing.is_signed_off(unit, review, standing.text, words):
            return await unit.posts.get(review.post_id)
        if standing.is_changed:
            await _revise(unit, look, standing)
        return await reviewing.accept(unit, review, words)


async def _raised(unit: UnitOfWork, review: Review, risk: RiskClass) -> Review:
    """A risk is raised by anybody, and lowered by nobody here."""
    if RANK[risk] >= RANK[review.risk]:
        return review
    return await unit.reviews.change(review, risk=risk, rank=RANK[risk])


async def _revise(unit: UnitOfWork, look: Look, standing: Standing) -> None:
    text, post = standing.text, await unit.posts.get(look.post.id)
    content = replace(
        look.revision.content,
        title=text.title,
        summary=text.summary,
        body=text.body,
        # what was written for single platforms was written from the old text
        adaptations={},
    )
    revision = await unit.posts.revise(
        post,
        content,
        Tier.PERSON,
        prompt_version=look.revision.prompt_version,
        model=look.revision.model,
        edits=look.revision.edits,
        fates=look.revision.fates,
        omitted=look.revision.omitted,
        open_questions=look.revision.open_questions,
    )
    await unit.posts.store_checks(post.id, revision.id, standing.checks, standing.risk)


def _undecided(undecided: Sequence[Suggestion]) -> Conflict:
    named = ", ".join(f"{s.number} ({s.intent})" for s in undecided[:5])
    more = f" and {len(undecided) - 5} more" if len(undecided) > 5 else ""
    return Conflict(
        f"Undecided yet: suggestion {named}{more}.",
        remedy="Decide on each, or accept the rest with them.",
    )


def _objected(objections: Sequence[tuple[str, Evidence]]) -> ContentInvalid:
    return ContentInvalid(
        [
            Finding(
                code=check,
                field="body",
                message=f"{evidence.message}{f': {evidence.span}' if evidence.span else ''}",
                remedy="Put it right, or accept it all the same and say why (despite).",
            )
            for check, evidence in objections
        ],
        message="The checks object to what was changed in review; nothing was published.",
    )
