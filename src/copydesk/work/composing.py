"""From a received submission to a post: parse, clean, write up, ask the gate, approve or hold.

Each step commits, so a kill in between costs at most the step. What cannot be parsed is refused
with its problem; what keeps failing is set aside as failed. Neither stops anything else.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import timedelta

import structlog

from copydesk.core.errors import Conflict, ContentInvalid, InputRefused, StoreUnavailable
from copydesk.core.ledger import extract
from copydesk.core.post import Tier
from copydesk.core.states import SubmissionState
from copydesk.core.submission import ParsedMessage, Submission
from copydesk.generation import AuthoredSegment, ContextMessage, Material, Rewrite, route
from copydesk.generation import rewrite_and_polish as write_up
from copydesk.intake.cleanup import Cleaned
from copydesk.intake.joining import join_thread
from copydesk.intake.parsing import parse
from copydesk.quality.checks import risk
from copydesk.quality.comparison import Comparison
from copydesk.quality.gate import GateResult, run_gate
from copydesk.store import UnitOfWork
from copydesk.work.adapting import adapt
from copydesk.work.cleaning import clean_message
from copydesk.work.desk import Desk
from copydesk.work.drafting import Draft, content_of, store_draft
from copydesk.work.spelling import Speller

_log = structlog.get_logger(__name__)

#: A submission being worked on is left alone for so long; its worker renews the claim while it
#: lives, so a dead one's work is taken over within this time.
CLAIM = timedelta(seconds=10)
RENEWAL = 3.0

#: Tries before a submission is set aside, and the rest after the first (doubled each time). A try
#: counts when it begins: one that takes its process with it could not be counted afterwards. From
#: the second on it is made alone (`Company`): the fault may have been a neighbour's.
TRIES = 5
FIRST_REST = timedelta(seconds=2)


async def compose(desk: Desk, submission_id: str, speller: Speller | None = None) -> None:
    """Take a submission as far as it goes without a person. Safe to run twice."""
    async with desk.store.read() as unit:
        has_failed = (await unit.submissions.get(submission_id)).attempts > 0
    async with desk.company.alone() if has_failed else desk.company.together():
        await _compose(desk, submission_id, speller or Speller())


async def _compose(desk: Desk, submission_id: str, speller: Speller) -> None:
    async with desk.store.begin("intake") as unit:
        submission = await unit.submissions.get(submission_id)
        if submission.wake_at is None or submission.wake_at > unit.now:
            return  # done, claimed by another worker, or resting after a failure
        if submission.attempts >= TRIES:
            await _give_up(unit, submission, "the process that worked on it stopped every time")
            return
        if not await unit.submissions.begin_try(submission, unit.now + CLAIM):
            return
    try:
        async with _claimed(desk, submission):
            if submission.state is SubmissionState.RECEIVED:
                submission = await _parse(desk, submission)
            if submission.state is SubmissionState.PARSED:
                await _write(desk, submission, speller)
    except InputRefused as refused:
        await _refuse(desk, submission, refused)
    except ContentInvalid as invalid:
        problem = InputRefused("no_text", invalid.message, remedy="Send a message with text in it.")
        await _refuse(desk, submission, problem)
    except (Conflict, StoreUnavailable):
        # overtaken, or no fault of this message; a database that is still away keeps the count
        with suppress(StoreUnavailable):
            async with desk.store.begin("intake") as unit:
                await unit.submissions.end_try(submission_id, unit.now, counts=False)
        raise
    except Exception as error:
        # whatever a message makes our code do, it is counted and ends: nothing waits behind it
        await _set_back(desk, submission, error)


@asynccontextmanager
async def _claimed(desk: Desk, submission: Submission) -> AsyncIterator[None]:
    async def renew() -> None:
        while True:
            await asyncio.sleep(RENEWAL)
            async with desk.store.begin("intake") as unit:
                await unit.submissions.claim(submission.id, unit.now + CLAIM)

    renewing = asyncio.create_task(renew())
    try:
        yield
    finally:
        renewing.cancel()


# -- parsing --------------------------------------------------------------------------------------


async def _parse(desk: Desk, submission: Submission) -> Submission:
    async with desk.store.read() as unit:
        raw = await unit.submissions.raw(submission)
    # parsing is pure computation: in a thread, so that a large message does not stop the loop
    parsed = await asyncio.to_thread(
        parse, raw, filename=submission.filename, source=submission.source
    )
    parsed.check_tiling()
    async with desk.store.begin("intake") as unit:
        kept = [await unit.workspaces.keep(a.data) for a in parsed.attachments]
        await unit.submissions.move(
            submission,
            SubmissionState.PARSED,
            reason=f"{parsed.source}: {len(parsed.segments)} segments",
            wake_at=unit.now + CLAIM,
        )
        await unit.submissions.store_parsed(submission, parsed, kept)
        if submission.thread_id is None:  # one that is tried again has its place already
            await join_thread(unit, submission, parsed)
    async with desk.store.read() as unit:
        return await unit.submissions.get(submission.id)


async def _refuse(desk: Desk, submission: Submission, refused: InputRefused) -> None:
    async with desk.store.begin("intake") as unit:
        current = await unit.submissions.get(submission.id)
        to = SubmissionState.REFUSED
        if current.state is SubmissionState.PARSED:
            to = SubmissionState.FAILED
        if current.state is not to:
            await unit.submissions.move(
                current,
                to,
                problem=refused.problem,
                reason=f"{refused.message} {refused.remedy}".strip(),
            )
    _log.info("input_refused", submission=submission.id, problem=refused.problem)


async def _set_back(desk: Desk, submission: Submission, error: Exception) -> None:
    async with desk.store.begin("intake") as unit:
        current = await unit.submissions.get(submission.id)
        _log.error(
            "compose_failed", submission=submission.id, attempt=current.attempts, exc_info=error
        )
        if current.attempts >= TRIES:
            await _give_up(unit, current, repr(error))
        else:
            rest = FIRST_REST * 2 ** (current.attempts - 1)
            await unit.submissions.end_try(current.id, unit.now + rest, counts=True)


async def _give_up(unit: UnitOfWork, submission: Submission, why: str) -> None:
    await unit.submissions.move(
        submission,
        SubmissionState.FAILED,
        problem="internal",
        reason=f"copydesk failed on it {submission.attempts} times: {why}"[:500],
    )


# -- writing up -----------------------------------------------------------------------------------


async def _write(desk: Desk, submission: Submission, speller: Speller) -> None:
    parsed = submission.parsed
    assert parsed is not None
    kept = [segment for segment in parsed.segments if segment.kept]
    source = "".join(parsed.text[s.start : s.end] for s in kept)
    typos = await speller.find(source) if parsed.language.startswith("en") else ()
    cleaned = await asyncio.to_thread(clean_message, parsed, kept, typos)
    context = await _context(desk, submission)
    material = material_of(parsed, cleaned, context)
    way = route(material, edits=len(cleaned.edits), has_model=desk.model is not None)
    rewrite = await write_up(
        material,
        model=desk.model if way.tier is not Tier.RULES else None,
        delimiter=f"{desk.random.getrandbits(128):032x}",
    )
    gate = await asyncio.to_thread(
        ask_gate, parsed, material, rewrite, source=source, monotonic=desk.clock.monotonic
    )
    draft = Draft(parsed=parsed, cleaned=cleaned, material=material, rewrite=rewrite, gate=gate)
    if desk.model is not None:
        async with desk.store.read() as unit:
            accounts = [a for a in await unit.accounts.all(desk.workspace_id) if a.inbox]
        adapted = await adapt(desk, content_of(submission, draft), accounts)
        draft = replace(draft, adapted=adapted)
    async with desk.store.begin("intake") as unit:
        await store_draft(unit, submission, draft)


async def _context(desk: Desk, submission: Submission) -> tuple[ContextMessage, ...]:
    if not submission.thread_id:
        return ()
    async with desk.store.read() as unit:
        earlier = [
            await unit.submissions.get(other.id)
            for other in await unit.submissions.in_thread(submission.thread_id, limit=10)
            if other.id < submission.id and other.parsed is not None
        ]
    return tuple(
        ContextMessage(author=other.parsed.author, text=other.parsed.reply)
        for other in earlier
        if other.parsed is not None
    )


def material_of(
    parsed: ParsedMessage, cleaned: Cleaned, context: tuple[ContextMessage, ...] = ()
) -> Material:
    """Return what is written up: the kept segments as clean-up left them, and what is around them.

    `context` is what was said before in the same thread, oldest first.
    """
    kept = [(number, segment) for number, segment in enumerate(parsed.segments) if segment.kept]
    texts = split_by_segment([segment.end - segment.start for _, segment in kept], cleaned)
    return Material(
        segments=tuple(
            AuthoredSegment(index=number, text=text, kind=segment.kind)
            for (number, segment), text in zip(kept, texts, strict=True)
        ),
        subject=parsed.subject,
        language=parsed.language,
        context=context,
        metadata=parsed.meta,
        protected=tuple(
            dict.fromkeys(
                token.text for token in extract(cleaned.text, language=parsed.language).tokens
            )
        ),
    )


def split_by_segment(lengths: list[int], cleaned: Cleaned) -> list[str]:
    """Return the cleaned text cut where the segments of these lengths met before clean-up.

    Joined, the parts are the cleaned text. An edit across a border belongs to the earlier part.
    """
    parts: list[str] = []
    position, shift, taken = 0, 0, 0
    edits = list(cleaned.edits)
    for length in lengths:
        position += length
        while edits and edits[0].start < position:
            edit = edits.pop(0)
            shift += len(edit.after) - len(edit.before)
        end = min(max(taken, position + shift), len(cleaned.text))
        parts.append(cleaned.text[taken:end])
        taken = end
    if parts:
        parts[-1] += cleaned.text[taken:]
    return parts


def ask_gate(
    parsed: ParsedMessage,
    material: Material,
    rewrite: Rewrite,
    *,
    source: str,
    monotonic: Callable[[], float],
) -> GateResult:
    """Ask the gate about a rewrite of `source`, the author's own text before clean-up.

    `monotonic` returns seconds and only measures what the checks cost.
    """
    # the gate counts the author's own segments from 0, the message counts all of them
    place = {segment.index: n for n, segment in enumerate(material.segments)}
    fates = [
        replace(
            fate,
            segment=place[fate.segment],
            into=None if fate.into is None else place.get(fate.into),
        )
        for fate in rewrite.fates
    ]
    subject = Comparison(parsed.subject, rewrite.title, language=parsed.language)
    return run_gate(
        source,
        rewrite.body,
        monotonic=monotonic,
        language=parsed.language,
        segments=[segment.text for segment in material.segments],
        fates=fates,
        omitted=rewrite.omitted,
        risk_input=risk.check(subject)[1].risk,
    )
