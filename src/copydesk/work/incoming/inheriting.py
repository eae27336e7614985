"""What people said about messages of a chat holds when the chat comes again, longer."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from copydesk.core.errors import InputRefused
from copydesk.core.submission import ParsedMessage, Source, Submission
from copydesk.intake.bundles import Bundle
from copydesk.intake.conversations import CONVERSATIONS, PART_KEY, part, relink, turn_id
from copydesk.intake.grown import grown_from
from copydesk.intake.parsing import parse
from copydesk.work.desk import Desk


async def parted_as_said(
    desk: Desk, submission: Submission, raw: bytes, found: Bundle | ParsedMessage
) -> Bundle | ParsedMessage:
    """Return what was read of a submission; a chat whose messages people have moved in an earlier
    log of it is parted as they said, and what they said is kept with this log as well."""
    is_chat = (
        found.what == CONVERSATIONS if isinstance(found, Bundle) else found.source is Source.CHAT
    )
    if not is_chat or submission.source_key.startswith(PART_KEY):
        return found  # a conversation is what it was made
    async with desk.store.read() as unit:
        if not await unit.conversations.has_moves(submission.workspace_id):
            return found
    message = await asyncio.to_thread(_chat, raw, submission)
    if message is None:
        return found
    moves = await _moves(desk, submission, message)
    if not moves:
        return found
    async with desk.store.begin("intake") as unit:
        await unit.conversations.move(submission.id, moves)

    def regroup() -> Bundle | ParsedMessage:
        said = relink(message, moves)
        return part(said, filename=submission.filename) or said

    return await asyncio.to_thread(regroup)


def _chat(raw: bytes, submission: Submission) -> ParsedMessage | None:
    try:
        message = parse(raw, filename=submission.filename, source=submission.source)
    except InputRefused:
        return None  # a bundle of something else
    return message if message.source is Source.CHAT and message.thread.turns else None


async def _moves(desk: Desk, submission: Submission, message: ParsedMessage) -> Mapping[str, str]:
    """Return what people said about messages of this chat, by id; the latest log's word counts."""
    ids = {turn_id(message, turn) for turn in message.thread.turns}
    moves: dict[str, str] = {}
    async with desk.store.read() as unit:
        logs = await unit.conversations.logs_with_moves(submission, sorted(ids))
    for log_id in logs:
        async with desk.store.read() as unit:
            log = await unit.submissions.get(log_id)
            raw = await unit.submissions.raw(log)
            said = await unit.conversations.moves(log_id)
        earlier = await asyncio.to_thread(_chat, raw, log)
        if earlier is None:
            continue
        if await asyncio.to_thread(grown_from, message, earlier, log_id) is not None:
            moves |= {
                turn: answers
                for turn, answers in said.items()
                if turn in ids and (not answers or answers in ids)
            }
    return moves
