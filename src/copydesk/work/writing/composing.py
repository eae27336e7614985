"""From a received submission to a post: parse, clean, write up, ask the gate, approve or hold.

Each step commits, so a kill in between costs at most the step. What cannot be parsed is refused
with its problem; what keeps failing is set aside as failed. Neither stops anything else.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from copydesk.core.errors import Conflict, ContentInvalid, InputRefused, StoreUnavailable
from copydesk.core.states import SubmissionState
from copydesk.core.submission import Submission
from copydesk.intake.bundles import Bundle
from copydesk.intake.joining import join_thread
from copydesk.intake.reading import read
from copydesk.store import UnitOfWork
from copydesk.work.desk import Desk
from copydesk.work.incoming.inheriting import parted_as_said
from copydesk.work.incoming.regrown import Continued, continue_chat, remember_opening
from copydesk.work.incoming.unpacking import take_apart
from copydesk.work.writing.drafting import store_draft
from copydesk.work.writing.patience import wait_for_model
from copydesk.work.writing.spelling import Speller
from copydesk.work.writing.writing_up import write_up

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
    speller = speller or Speller()
    try:
        async with desk.company.together():
            await _compose(desk, submission_id, speller, is_alone=False)
    except _Suspect:
        async with desk.company.alone():
            await _compose(desk, submission_id, speller, is_alone=True)


class _Suspect(Exception):
    """A message on which a try has failed is not worked on beside others."""


async def _compose(desk: Desk, submission_id: str, speller: Speller, *, is_alone: bool) -> None:
    async with desk.store.begin("intake") as unit:
        submission = await unit.submissions.get(submission_id)
        if submission.wake_at is None or submission.wake_at > unit.now:
            return  # done, claimed by another worker, or resting after a failure
        if submission.attempts and not is_alone:
            raise _Suspect
        if submission.attempts >= TRIES:
            await _give_up(unit, submission, "the process that worked on it stopped every time")
            return
        if not await unit.submissions.begin_try(submission, unit.now + CLAIM):
            return
    waits: tuple[datetime, str] | None = None
    try:
        async with _claimed(desk, submission):
            if submission.state is SubmissionState.RECEIVED:
                submission = await _read(desk, submission)
            if submission.state is SubmissionState.PARSED:
                draft = await write_up(desk, submission, speller)
                if until := wait_for_model(desk, submission, draft.rewrite):
                    waits = until, draft.rewrite.degraded_because
                else:
                    async with desk.store.begin("intake") as unit:
                        await store_draft(unit, submission, draft)
        if waits is not None:
            async with desk.store.begin("intake") as unit:
                await unit.submissions.wait(submission, *waits)
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


async def _read(desk: Desk, submission: Submission) -> Submission:
    async with desk.store.read() as unit:
        raw = await unit.submissions.raw(submission)
    # reading is pure computation: in a thread, so that a large message does not stop the loop
    found = await asyncio.to_thread(
        read, raw, filename=submission.filename, source=submission.source
    )
    found = await parted_as_said(desk, submission, raw, found)
    if isinstance(found, Bundle):
        await take_apart(desk, submission, found)
        async with desk.store.read() as unit:
            return await unit.submissions.get(submission.id)
    return await _store(desk, submission, await continue_chat(desk, submission, found))


async def _store(desk: Desk, submission: Submission, continued: Continued) -> Submission:
    parsed = continued.message
    count = len(parsed.segments)
    async with desk.store.begin("intake") as unit:
        stored = await unit.submissions.store_parsed(
            submission,
            parsed,
            [await unit.workspaces.keep(a.data) for a in parsed.attachments],
            reason=f"{parsed.source}: {count} segment{'' if count == 1 else 's'}",
            wake_at=unit.now + CLAIM,
        )
        await remember_opening(unit, submission, parsed)
        if stored.thread_id is None:  # one that is tried again has its place already
            thread_id = continued.thread_id
            if thread_id is None:
                thread_id = await join_thread(unit, submission, parsed)
            else:
                people = parsed.thread.participants
                await unit.threads.join(submission.id, thread_id, people)
            stored = replace(stored, thread_id=thread_id)
    return stored


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
