"""Conversations of a chat put right by a person: a message goes to another one, or begins its own.

Which messages of a log belong together is often a guess. What a person says about it is kept with
the log, whose bytes stay as they came; the log is parted anew, and what has other messages than
before is another submission, which is written up from the beginning. What has been decided about or
went out is not taken back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from copydesk.core.errors import Conflict, NotFound
from copydesk.core.states import PostState, ReviewState, SubmissionState
from copydesk.core.submission import ParsedMessage, Submission, Turn
from copydesk.editorial.auditing import replace_text
from copydesk.editorial.holding_back import call_off
from copydesk.intake.bundles import Piece
from copydesk.intake.conversations import PART_KEY, ids_in, part, relink, turn_id
from copydesk.intake.parsing import parse
from copydesk.store import UnitOfWork
from copydesk.store.conversations import Neighbour
from copydesk.work.desk import Desk
from copydesk.work.incoming.submitting import keep
from copydesk.work.writing.reworking import Verdict, may_rework

#: How many conversations before and after one are offered to move a message to.
NEAR: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A message of a conversation, by its `id`, with what is known about what it answers.

    `answers` is the id of the message it answers, "" where it begins.
    """

    id: str
    turn: Turn
    text: str
    answers: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """A conversation of a chat: its messages, and others of the same log that began near it."""

    submission: Submission
    log_id: str
    said: tuple[Said, ...]
    near: tuple[Neighbour, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """What became of a log when a message of it was moved, as ids of submissions.

    `to` holds the message now. `added` are new, `replaced` went for them.
    """

    log_id: str
    to: str
    added: tuple[str, ...]
    replaced: tuple[str, ...]


async def conversation_of(desk: Desk, submission_id: str) -> Conversation:
    """Return the messages of a chat that was read. Raises `NotFound`, also where it is none."""
    async with desk.store.read() as unit:
        submission = await unit.submissions.get(submission_id)
        log_id = _log_of(submission)
        near = await unit.conversations.neighbours(log_id, submission.id, NEAR)
    if submission.workspace_id != desk.workspace_id:
        raise NotFound.of(f"submission {submission_id}")
    said = said_in(submission.parsed) if submission.parsed else ()
    if not said:
        raise NotFound(
            f"Submission {submission_id} has no messages of a chat.",
            remedy="`copydesk conversation list` names the conversations a log was parted into.",
        )
    return Conversation(submission=submission, log_id=log_id, said=said, near=tuple(near))


def said_in(message: ParsedMessage) -> tuple[Said, ...]:
    """Return the messages of a parsed chat; none of anything else."""
    turns = message.thread.turns
    ids = [turn_id(message, turn) for turn in turns]
    return tuple(
        Said(
            id=id,
            turn=turn,
            text=message.text[turn.start : turn.end].strip("\n"),
            answers="" if turn.answers is None else ids[turn.answers],
        )
        for id, turn in zip(ids, turns, strict=True)
    )


async def move(desk: Desk, submission_id: str, turn: str, to: str, *, actor: str) -> Moved:
    """Let a message of a chat, with what answers it, go to another conversation of its log.

    Args:
        desk: where it is.
        submission_id: the conversation that holds the message now.
        turn: the id of the message, as `conversation_of` gives it.
        to: the submission of the other conversation; "" for one of its own.
        actor: who says so.

    Returns:
        What became of the log.

    Raises:
        NotFound: there is no such conversation, or the message is not in it.
        Conflict: it is there already, one of the conversations has been decided about or is out, or
            somebody else has parted the log meanwhile.
    """
    async with desk.store.read() as unit:
        submission = await _own(unit, desk, submission_id)
        log = await unit.submissions.get(_log_of(submission))
        known = await unit.conversations.moves(log.id)
        log_raw = await unit.submissions.raw(log)
        here = await _ids(unit, submission)
        there = await _ids(unit, await _neighbour(unit, desk, log, to)) if to else frozenset()
    if here and turn not in here:
        raise NotFound(f"There is no message {turn} in {submission_id}.")
    if to == submission_id:
        raise Conflict(f"Message {turn} is in {to} already.", remedy="Name another conversation.")

    def regroup() -> tuple[dict[str, str], Sequence[Piece]]:
        message = parse(log_raw, filename=log.filename, source=log.source)
        wanted = _wanted(relink(message, known), turn, there)
        parted = part(relink(message, {**known, **wanted}), filename=log.filename, fewest=1)
        return wanted, list(parted.pieces) if parted else []

    wanted, pieces = await asyncio.to_thread(regroup)
    async with desk.store.begin(actor) as unit:
        if await unit.conversations.moves(log.id) != known:
            raise Conflict(
                f"Somebody has split {log.id} differently in the meantime.",
                remedy="Look at its conversations again.",
            )
        await unit.conversations.move(log.id, wanted)
        return await _part_anew(unit, log.id, pieces, turn)


def _wanted(message: ParsedMessage, turn: str, there: frozenset[str]) -> dict[str, str]:
    """Return the links to make: to the last message above of those `there`; or, where all of them
    come later, from the first of them."""
    said = said_in(message)
    place = next((n for n, one in enumerate(said) if one.id == turn), None)
    if place is None:
        raise NotFound(f"There is no message {turn} in the log.")
    if not there:
        if not said[place].answers:
            raise Conflict(
                f"Message {turn} begins its conversation already.",
                remedy="Move the others, or this one to another conversation.",
            )
        return {turn: ""}
    above = [one.id for one in said[:place] if one.id in there]
    if above:
        return {turn: above[-1]}
    first = next(one.id for one in said[place:] if one.id in there)
    return {turn: "", first: turn}


async def _part_anew(unit: UnitOfWork, log_id: str, pieces: Sequence[Piece], turn: str) -> Moved:
    log = await unit.submissions.get(log_id)
    wanted = {ids_in(piece.raw): piece for piece in pieces}
    # told apart by their messages alone: how sure a link is may be seen otherwise by now
    now = {await _ids(unit, one): one.id for one in await _parts(unit, log)}
    replaced = [id for ids, id in now.items() if ids not in wanted]
    reason = f"{unit.actor} moved message {turn}: its log was parted otherwise"
    for id in replaced:
        part_ = await unit.submissions.get(id)
        await _set_aside(unit, part_, SubmissionState.REPLACED, reason)
    if log.state is not SubmissionState.UNPACKED:
        await _set_aside(unit, log, SubmissionState.UNPACKED, reason)
    added = {
        ids: (await _add(unit, log, piece)).id for ids, piece in wanted.items() if ids not in now
    }
    await unit.events.append(
        log.workspace_id,
        "submission",
        log.id,
        SubmissionState.UNPACKED,
        SubmissionState.UNPACKED,
        reason=f"message {turn} moved: {len(added)} conversations anew, {len(replaced)} replaced",
        data={"turn": turn, "added": list(added.values()), "replaced": replaced},
    )
    return Moved(
        log_id=log.id,
        to=next(id for ids, id in {**now, **added}.items() if turn in ids and ids in wanted),
        added=tuple(added.values()),
        replaced=tuple(replaced),
    )


async def _parts(unit: UnitOfWork, log: Submission) -> list[Submission]:
    return [await unit.submissions.get(id) for id in await unit.conversations.parts(log.id)]


async def _add(unit: UnitOfWork, log: Submission, piece: Piece) -> Submission:
    """Add a conversation, also one that was there before: it begins anew."""
    key, number = piece.key, 1
    while await unit.submissions.find_by_key(log.workspace_id, key) is not None:
        number += 1
        key = f"{piece.key}:{number}"
    kept = await keep(
        unit,
        log.workspace_id,
        piece.raw,
        filename=piece.filename,
        source=piece.source,
        source_key=key,
        parent_id=log.id,
    )
    return kept.submission


async def _set_aside(
    unit: UnitOfWork, submission: Submission, to: SubmissionState, reason: str
) -> None:
    if submission.post_id:
        await _withdraw(unit, submission.post_id, reason)
    await unit.submissions.move(submission, to, reason=reason)


async def _withdraw(unit: UnitOfWork, post_id: str, reason: str) -> None:
    post = await unit.posts.get(post_id)
    if post.state is PostState.REJECTED:
        return
    if post.state is not PostState.HELD:
        raise Conflict(
            f"Post {post.id} was made of this conversation, and is {post.state} already.",
            remedy="Take it down and publish a better text; nothing of the chat was changed.",
        )
    verdict = await may_rework(unit, post)
    if verdict is not Verdict.QUEUED:
        raise Conflict(
            f"Somebody has decided about post {post.id}, which was made of this conversation.",
            remedy="Reject that post first, if the message does not belong there.",
        )
    review = await unit.reviews.newest_of(post.id)
    assert review is not None
    await unit.reviews.decide(review, ReviewState.WITHDRAWN, reason)
    await replace_text(unit, post.id, reason)
    await unit.posts.move(post, PostState.REJECTED, reason=reason)
    await call_off(unit, post)


# -- which log ------------------------------------------------------------------------------------


def _log_of(submission: Submission) -> str:
    is_part = submission.parent_id and submission.source_key.startswith(PART_KEY)
    return submission.parent_id if is_part and submission.parent_id else submission.id


async def _own(unit: UnitOfWork, desk: Desk, id: str) -> Submission:
    submission = await unit.submissions.get(id)
    if submission.workspace_id != desk.workspace_id:
        raise NotFound.of(f"submission {id}")
    if submission.state is SubmissionState.REPLACED:
        raise Conflict(
            f"Submission {id} was replaced: its log was split differently.",
            remedy=f"Look at the conversations of {submission.parent_id}.",
        )
    return submission


async def _neighbour(unit: UnitOfWork, desk: Desk, log: Submission, id: str) -> Submission:
    other = await _own(unit, desk, id)
    if other.parent_id != log.id:
        raise NotFound(
            f"{id} is not a conversation of {log.id}.",
            remedy="A message can only go to another conversation of its own log.",
        )
    return other


async def _ids(unit: UnitOfWork, submission: Submission) -> frozenset[str]:
    """Return the ids of the messages of a part; none of a log, whose ids are made when it is
    read."""
    if not submission.source_key.startswith(PART_KEY) or not submission.parent_id:
        return frozenset()
    return ids_in(await unit.submissions.raw(submission))
