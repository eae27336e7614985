"""The regression corpus: from messages that went wrong to cases, and from cases to files and back.

What is kept is which message went wrong; the case is made from it when it is wanted, with
placeholders for personal data, so that no second copy of a private message lies anywhere.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from copydesk.core.checks import Verdict
from copydesk.core.errors import ConfigError, InputRefused, NotFound
from copydesk.core.ledger import TokenClass, added, extract
from copydesk.core.post import Tier
from copydesk.core.submission import ParsedMessage, SegmentKind, Source, Submission
from copydesk.editorial.faults import is_about_facts
from copydesk.intake.language import detect_language
from copydesk.quality.cases import Case, CaseSegment, facts_in, questions_in
from copydesk.store import UnitOfWork
from copydesk.store.cases import KeptCase
from copydesk.work.desk import Desk
from copydesk.work.feedback.exporting import mask_of

SCHEMA: Final = "copydesk.case.v1"
PAGE: Final = 50
_MODEL: Final = ConfigDict(extra="forbid")


class _Segment(BaseModel):
    model_config = _MODEL

    text: str
    kind: SegmentKind = SegmentKind.AUTHORED
    speaker: str = ""


class _File(BaseModel):
    """A case as a file. `text` may stand instead of `segments`."""

    model_config = _MODEL

    schema_: Literal["copydesk.case.v1"] = Field(alias="schema")
    id: str = Field("", description="the file's name where it is left away")
    because: str = Field("", description="what went wrong")
    channel: Source = Source.EMAIL
    subject: str = ""
    language: str = Field("", description="BCP 47; found out where it is left away")
    text: str = Field("", description="the author's own words")
    segments: list[_Segment] = Field([], description="the same in parts, instead of `text`")
    must_say: list[str] | None = Field(
        None, description="what a text about it has to say; null: every fact of the message"
    )
    must_not_say: list[str] = Field([], description="what it must not say")
    questions: int | None = Field(
        None, ge=0, description="how many it asks; null: as many as the message does"
    )
    verdict: Verdict | None = Field(None, description="what the gate has to say of the text")
    faulty: str = Field("", description="a text in which some check has to find a fault")


#: What a case file holds, for the documentation.
CASE_SCHEMA: Final[dict[str, Any]] = _File.model_json_schema(by_alias=True)


class Wishes(BaseModel):
    """What a person asks of a case beyond what its message demands."""

    model_config = _MODEL

    must_say: list[str] = []
    must_not_say: list[str] = []
    verdict: Verdict | None = None


# -- stored ---------------------------------------------------------------------------------------


async def keep_case(
    unit: UnitOfWork, workspace_id: str, subject: str, *, because: str = "", wishes: Wishes
) -> KeptCase:
    """Keep the message of a submission, post or review as a case.

    Raises `NotFound` when there is no such thing, `InputRefused` for a message that could not be
    read: there is no text to replay.
    """
    review_id = None
    if subject.startswith("sub_"):
        submission_id = subject
    else:
        if subject.startswith("rvw_"):
            review = await unit.reviews.get(subject)
            review_id, post_id = review.id, review.post_id
            because = because or review.decision_reason
        else:
            post_id = subject
        found = (await unit.posts.get(post_id)).submission_id
        if found is None:
            raise NotFound(
                f"{subject} was not made from a message.",
                remedy="Name a submission, or the review or post that was made from one.",
            )
        submission_id = found
    submission = await unit.submissions.get(submission_id)
    if submission.workspace_id != workspace_id:
        raise NotFound.of(f"submission {submission_id}")
    if submission.parsed is None:
        raise InputRefused(
            "no_text", f"{submission_id} was not read, so there is nothing to replay."
        )
    return await unit.cases.keep(
        workspace_id,
        submission_id,
        because=because or "kept by hand",
        review_id=review_id,
        wishes=wishes.model_dump(mode="json", exclude_defaults=True),
    )


async def stored_cases(desk: Desk) -> AsyncIterator[Case]:
    """Yield the cases of the workspace, oldest first."""
    after = ""
    while True:
        async with desk.store.read() as unit:
            page = await unit.cases.page(desk.workspace_id, after=after, limit=PAGE)
            cases = [await case_of(unit, kept) for kept in page]
        for case in cases:
            yield case
        if len(page) < PAGE:
            return
        after = page[-1].id


async def case_of(unit: UnitOfWork, kept: KeptCase) -> Case:
    """Return a kept message as a case: masked, with the facts that any text about it has to say."""
    submission = await unit.submissions.get(kept.submission_id)
    parsed = submission.parsed
    assert parsed is not None, "only messages that were read are kept"
    faulty = await _faulty(unit, kept, submission)
    return await asyncio.to_thread(_masked, kept, submission, parsed, faulty)


async def _faulty(unit: UnitOfWork, kept: KeptCase, submission: Submission) -> str:
    """Return the model's text that had a fact wrong; what rules wrote is the author's own."""
    if submission.post_id is None or not is_about_facts(kept.because):
        return ""
    by_model = [
        revision
        for revision in await unit.posts.revisions(submission.post_id)
        if revision.tier in (Tier.LIGHT, Tier.CAPABLE)
    ]
    return by_model[-1].content.body if by_model else ""


def _masked(kept: KeptCase, submission: Submission, parsed: ParsedMessage, faulty: str) -> Case:
    mask, language = mask_of(submission), parsed.language

    def hide(text: str) -> str:
        return mask.hide(text, language=language)

    segments = tuple(
        CaseSegment(text=hide(parsed.text[s.start : s.end]), kind=s.kind, speaker=hide(s.speaker))
        for s in parsed.segments
        if s.kept
    )
    text = "".join(segment.text for segment in segments)
    wrong = hide(faulty)
    made_up = added(extract(text, language=language), extract(wrong, language=language))
    invented = (token.text for token in made_up if token.cls is not TokenClass.NAME)
    wishes = Wishes.model_validate(kept.wishes)
    return Case(
        id=kept.id,
        because=hide(kept.because),
        segments=segments,
        channel=parsed.source,
        subject=hide(parsed.subject),
        language=language,
        must_say=tuple(dict.fromkeys((*facts_in(segments, language), *wishes.must_say))),
        must_not_say=tuple(dict.fromkeys((*invented, *wishes.must_not_say))),
        questions=questions_in(text),
        verdict=wishes.verdict,
        faulty=wrong,
    )


# -- files ----------------------------------------------------------------------------------------


def read_folder(folder: Path) -> list[Case]:
    """Return the cases in the JSON files of a folder, by file name.

    Raises `NotFound` without such a folder or file in it, `ConfigError` with every file that cannot
    be read as a case.
    """
    paths = sorted(folder.glob("*.json")) if folder.is_dir() else []
    if not paths:
        raise NotFound(
            f"There are no cases in {folder}.",
            remedy="`copydesk eval export FOLDER` writes those that are kept.",
        )
    problems: list[str] = []
    cases = [case for path in paths if (case := _read(path, problems)) is not None]
    if problems:
        raise ConfigError(problems, remedy="See docs/reference/feedback.md for what a case holds.")
    return cases


def _read(path: Path, problems: list[str]) -> Case | None:
    try:
        found = _File.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        words = (
            "; ".join(f"{'.'.join(map(str, f['loc']))}: {f['msg']}" for f in error.errors())
            if isinstance(error, ValidationError)
            else str(error)
        )
        problems.append(f"{path.name}: {words}")
        return None
    segments = tuple(
        CaseSegment(text=s.text, kind=s.kind, speaker=s.speaker) for s in found.segments
    ) or ((CaseSegment(text=found.text),) if found.text else ())
    if not segments:
        problems.append(f"{path.name}: it has no text")
        return None
    text = "".join(segment.text for segment in segments)
    language = found.language or detect_language(text)
    must_say = facts_in(segments, language) if found.must_say is None else found.must_say
    return Case(
        id=found.id or path.stem,
        because=found.because,
        segments=segments,
        channel=found.channel,
        subject=found.subject,
        language=language,
        must_say=tuple(must_say),
        must_not_say=tuple(found.must_not_say),
        questions=questions_in(text) if found.questions is None else found.questions,
        verdict=found.verdict,
        faulty=found.faulty,
    )


def write_case(case: Case, folder: Path) -> Path:
    """Write a case as a JSON file into `folder`, which is made, and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{case.id}.json"
    content: dict[str, Any] = {
        "schema": SCHEMA,
        "id": case.id,
        "because": case.because,
        "channel": case.channel.value,
        "subject": case.subject,
        "language": case.language,
        "segments": [
            {"text": s.text, "kind": s.kind.value, "speaker": s.speaker} for s in case.segments
        ],
        "must_say": list(case.must_say),
        "must_not_say": list(case.must_not_say),
        "questions": case.questions,
        "verdict": case.verdict.value if case.verdict else None,
        "faulty": case.faulty,
    }
    path.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return path
