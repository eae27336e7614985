"""Handing out what people taught: one decision feeds examples, preferences, corrections, labels.

Only what somebody allowed leaves (`editorial.consent`), with placeholders for personal data
(`quality.masking`). Every line says its form's version and has a key of its own, so that lines of
many files can be put together without counting one twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from copydesk.core.checks import CheckResult
from copydesk.core.post import Revision, Tier
from copydesk.core.review import ReviewKind
from copydesk.core.states import ReviewState, SuggestionState
from copydesk.core.submission import ParsedMessage, Submission
from copydesk.core.suggestion import Suggestion, TextField
from copydesk.editorial.consent import consent_to
from copydesk.editorial.faults import fault_in
from copydesk.quality.calibration import signals_of
from copydesk.quality.masking import Mask
from copydesk.store import UnitOfWork
from copydesk.store.feedback import Judgement
from copydesk.work.desk import Desk
from copydesk.work.feedback.lines import LINES, Form

#: How many reviews are read at a time: an export takes as much memory for ten as for a million.
PAGE: Final = 50

_BRIEF: Final = (
    "You are the copy editor of a news and support desk. Rewrite the message as clean copy that "
    "can be published under its author's name. Keep every fact, the language, the meaning and the "
    "degree of certainty; add nothing."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Handout:
    """What one decided review gave: `lines`, empty where it teaches nothing in this form.

    `withheld` says that nobody allowed it to leave.
    """

    review_id: str
    lines: tuple[dict[str, Any], ...] = ()
    withheld: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lesson:
    """A judgement with the texts it is about."""

    judgement: Judgement
    parsed: ParsedMessage
    written: Revision
    approved: Revision
    checks: tuple[CheckResult, ...]
    suggestions: tuple[Suggestion, ...]
    licence: str
    mask: Mask

    def hide(self, text: str) -> str:
        return self.mask.hide(text, language=self.parsed.language)


async def hand_out(
    desk: Desk,
    form: Form,
    *,
    since: datetime | None = None,
    after: str = "",
    again: bool = False,
) -> AsyncIterator[Handout]:
    """Yield what people decided, oldest first, a review at a time.

    Args:
        desk: whose workspace is read; nothing is changed.
        form: what the lines are for.
        since: leave out what was decided before this moment (aware).
        after: go on after this review.
        again: include what was handed out in this form before (`mark_handed_out`).
    """
    while True:
        async with desk.store.read() as unit:
            page = await unit.feedback.judgements(
                desk.workspace_id, form, since=since, after=after, again=again, limit=PAGE
            )
            lessons = [await _lesson(unit, judgement) for judgement in page]
        for judgement, lesson in zip(page, lessons, strict=True):
            if lesson is None:
                yield Handout(review_id=judgement.review_id, withheld=True)
                continue
            lines = await asyncio.to_thread(_all_lines, form, lesson)
            yield Handout(review_id=judgement.review_id, lines=lines)
        if len(page) < PAGE:
            return
        after = page[-1].review_id


async def mark_handed_out(unit: UnitOfWork, desk: Desk, form: Form, review_ids: list[str]) -> None:
    """Remember that these reviews have left in this form, so that they do not leave again unasked.

    Done once the lines are where they belong: a crash in between repeats lines, and loses none.
    """
    await unit.feedback.mark(desk.workspace_id, form, review_ids)


async def _lesson(unit: UnitOfWork, judgement: Judgement) -> _Lesson | None:
    submission = await unit.submissions.get(judgement.submission_id)
    consent = await consent_to(unit, submission)
    if consent is None or submission.parsed is None:
        return None
    machine = [
        revision
        for revision in await unit.posts.revisions(judgement.post_id)
        if revision.tier is not Tier.PERSON and revision.created_at <= judgement.decided_at
    ]
    if not machine:
        return None
    return _Lesson(
        judgement=judgement,
        parsed=submission.parsed,
        written=machine[-1],
        approved=await unit.posts.revision(judgement.approved_revision_id),
        checks=tuple(await unit.posts.checks(machine[-1].id)),
        suggestions=tuple(await unit.suggestions.of(judgement.review_id)),
        licence=consent.licence,
        mask=mask_of(submission),
    )


def mask_of(submission: Submission) -> Mask:
    """Return the placeholders for a message and everything made of it."""
    parsed = submission.parsed
    if parsed is None:
        return Mask()
    speakers = (segment.speaker for segment in parsed.segments)
    return Mask(
        person
        for person in (
            parsed.author,
            parsed.author_address,
            *parsed.thread.participants,
            *speakers,
        )
        if person
    )


# -- lines ----------------------------------------------------------------------------------------


def _all_lines(form: Form, lesson: _Lesson) -> tuple[dict[str, Any], ...]:
    return tuple(
        LINES[form]
        .model_validate(
            {
                "schema": form.schema,
                "key": f"{form}:{lesson.judgement.review_id}:{number}",
                "licence": lesson.licence,
                **line,
            }
        )
        .model_dump(mode="json", by_alias=True)
        for number, line in enumerate(_MAKERS[form](lesson))
    )


def _chat(lesson: _Lesson) -> Iterator[dict[str, Any]]:
    """A text that a person let go, as the answer that should have been given."""
    if lesson.judgement.state is not ReviewState.ACCEPTED:
        return
    if lesson.judgement.kind is ReviewKind.SECOND:
        return  # the first decision has taught this text
    yield {
        "messages": [
            {"role": "system", "content": _BRIEF},
            {"role": "user", "content": lesson.hide(lesson.parsed.reply)},
            {"role": "assistant", "content": lesson.hide(lesson.approved.content.body)},
        ]
    }


def _preferences(lesson: _Lesson) -> Iterator[dict[str, Any]]:
    """Two ways to say a thing and which a person wanted: for each suggestion, and for the whole."""
    context = lesson.hide(lesson.parsed.reply)
    by_audit = lesson.judgement.audit_propensity
    for suggestion in lesson.suggestions:
        pair = _wanted(suggestion)
        if pair is None:
            continue
        chosen, rejected = (
            lesson.hide(f"{suggestion.quote_before}{text}{suggestion.quote_after}") for text in pair
        )
        if chosen != rejected:
            yield {
                "context": context,
                "field": suggestion.field.value,
                "chosen": chosen,
                "rejected": rejected,
                "intent": suggestion.intent.value,
                "propensity": suggestion.propensity or by_audit or 1.0,
            }
    chosen, rejected = (
        lesson.hide(revision.content.body) for revision in (lesson.approved, lesson.written)
    )
    if _is_corrected(lesson) and chosen != rejected:
        yield {
            "context": context,
            "field": TextField.BODY.value,
            "chosen": chosen,
            "rejected": rejected,
            "intent": "whole_text",
            "propensity": by_audit or 1.0,
        }


def _wanted(suggestion: Suggestion) -> tuple[str, str] | None:
    """Return (wanted, not wanted), None where no person has decided."""
    if not suggestion.version:
        return None
    match suggestion.state:
        case SuggestionState.ACCEPTED:
            return suggestion.after, suggestion.before
        case SuggestionState.EDITED:
            return suggestion.text, suggestion.after
        case SuggestionState.REJECTED:
            return suggestion.before, suggestion.after
        case _:
            return None


def _correction(lesson: _Lesson) -> Iterator[dict[str, Any]]:
    """What a model or the rules wrote, and what a person made of it."""
    if not _is_corrected(lesson):
        return
    yield {
        "source": lesson.hide(lesson.parsed.reply),
        "model_text": lesson.hide(lesson.written.content.body),
        "human_text": lesson.hide(lesson.approved.content.body),
        "segment_map": [
            {"segment": fate.segment, "fate": fate.fate, "into": fate.into}
            for fate in lesson.written.fates
        ],
        "reason_codes": _reason_codes(lesson),
        "tier": lesson.written.tier.value,
        "prompt_version": lesson.written.prompt_version,
        "model": lesson.written.model,
    }


def _is_corrected(lesson: _Lesson) -> bool:
    return (
        lesson.judgement.state is ReviewState.ACCEPTED
        and lesson.judgement.kind is ReviewKind.QUESTION
        and lesson.approved.tier is Tier.PERSON
        and lesson.approved.content.body != lesson.written.content.body
    )


def _reason_codes(lesson: _Lesson) -> list[str]:
    return sorted({s.reason_code for s in lesson.suggestions if s.reason_code})


def _label(lesson: _Lesson) -> Iterator[dict[str, Any]]:
    """What the checks said of a text, and whether a person found it good."""
    judged = lesson.judgement
    fault = fault_in(lesson.written, lesson.approved, judged.state)
    if judged.kind is ReviewKind.SECOND:
        sampled_by, propensity = "overlap", judged.opinion_propensity
    elif judged.audit_propensity is not None:
        sampled_by, propensity = "audit", judged.audit_propensity
    else:
        sampled_by, propensity = "flag", 1.0
    yield {
        "checks": [
            {
                "check": check.check,
                "version": check.version,
                "verdict": check.verdict.value,
                "finds": len(check.evidence),
                "signals": signals_of([check]),
                "cost_ms": round(check.cost_ms, 3),
            }
            for check in lesson.checks
        ],
        "label": "bad" if fault else "ok",
        "reason_codes": _reason_codes(lesson),
        "sampled_by": sampled_by,
        "propensity": 1.0 if propensity is None else propensity,
        "channel": lesson.parsed.source.value,
        "language": lesson.parsed.language,
        "risk": judged.risk,
        "tier": lesson.written.tier.value,
        "prompt_version": lesson.written.prompt_version,
        "model": lesson.written.model,
        "judged_at": judged.decided_at.isoformat(),
    }


_MAKERS: Final[Mapping[Form, Callable[[_Lesson], Iterator[dict[str, Any]]]]] = {
    Form.CHAT: _chat,
    Form.PREFERENCE: _preferences,
    Form.CORRECTION: _correction,
    Form.LABELS: _label,
}
