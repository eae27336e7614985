"""Joining messages to their conversation, on proof only.

A message joins a thread when it refers to a message we hold *and* its sender takes part in it. A
stranger who quotes an id starts a thread of his own that only points at the other one.
"""

from __future__ import annotations

from typing import Final

from copydesk.core.submission import ParsedMessage, Submission
from copydesk.store import UnitOfWork

#: How many of the messages a message refers to are looked for.
_REFERRED: Final = 500


async def join_thread(unit: UnitOfWork, submission: Submission, parsed: ParsedMessage) -> str:
    """Put a parsed submission in its thread, making one where none is proved; return its id."""
    mine = (parsed.author_address or parsed.author).casefold()
    everyone = tuple(p.casefold() for p in parsed.thread.participants)
    people = tuple(dict.fromkeys(p for p in (mine, *everyone) if p))
    # those nearest to it; a header may hold more than the database takes as values of a question
    referred = tuple(dict.fromkeys(reversed(parsed.thread.references)))[:_REFERRED]
    found = await unit.threads.of_messages(submission.workspace_id, referred)
    for thread_id, participants in found:
        if mine and mine in participants:
            await unit.threads.join(submission.id, thread_id, people)
            return thread_id
    maybe = found[0][0] if found else None
    # a thread is filed under its root, so that siblings find each other before the root arrives;
    # a stranger's thread must not take that name
    root = parsed.thread.root if maybe is None else parsed.thread.message_id
    key = root or f"submission:{submission.id}"
    for thread_id, _ in await unit.threads.of_messages(submission.workspace_id, (key,)):
        if mine and await _wrote_in(unit, thread_id, mine):
            await unit.threads.join(submission.id, thread_id, people)
            return thread_id
        key = f"submission:{submission.id}"
        maybe = maybe or thread_id
    thread_id = await unit.threads.add(submission.workspace_id, key, parsed.subject, people)
    await unit.threads.join(submission.id, thread_id, (), maybe=maybe)
    return thread_id


async def _wrote_in(unit: UnitOfWork, thread_id: str, address: str) -> bool:
    """Whether somebody wrote in a thread. That others addressed him there is no proof here: who
    refers to a message we do not hold yet may put anybody among the recipients."""
    return any(
        other.parsed is not None
        and (other.parsed.author_address or other.parsed.author).casefold() == address
        for other in await unit.threads.submissions(thread_id)
    )
