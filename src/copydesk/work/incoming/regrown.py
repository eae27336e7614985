"""A chat that comes again, longer: what is new of it is taken in, in the thread of what we have."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from copydesk.core.errors import InputRefused
from copydesk.core.submission import ParsedMessage, Submission
from copydesk.intake.grown import Grown, grown_from, opening_of
from copydesk.store import UnitOfWork
from copydesk.work.desk import Desk


@dataclass(frozen=True, slots=True, kw_only=True)
class Continued:
    """A chat with what we have of it marked, and the thread that it goes on."""

    message: ParsedMessage
    thread_id: str | None


async def continue_chat(desk: Desk, submission: Submission, message: ParsedMessage) -> Continued:
    """Return a message as it is to be stored: a chat that goes on one we have says so.

    Raises `InputRefused` (`nothing_new`) for one that we have whole.
    """
    opening = opening_of(message)
    if not opening:
        return Continued(message=message, thread_id=None)
    async with desk.store.read() as unit:
        candidates = await unit.chats.beginning_with(submission, opening)
    best: tuple[Grown, Submission] | None = None
    for earlier in candidates:
        if earlier.parsed is None:
            continue
        grown = await asyncio.to_thread(grown_from, message, earlier.parsed, earlier.id)
        if grown is not None and (best is None or grown.known > best[0].known):
            best = grown, earlier
    if best is None:
        return Continued(message=message, thread_id=None)
    grown, earlier = best
    if not grown.message.reply.strip():
        raise InputRefused(
            "nothing_new",
            f"All {grown.known} messages of this chat were taken in before, as {earlier.id}.",
            remedy="Send it again when somebody has written more.",
        )
    return Continued(message=grown.message, thread_id=earlier.thread_id)


async def remember_opening(
    unit: UnitOfWork, submission: Submission, message: ParsedMessage
) -> None:
    """Remember how a chat begins, so that it is known again; nothing for what is no chat."""
    if opening := opening_of(message):
        await unit.chats.remember(submission, opening)
