"""Joining messages to their conversation, on proof only.

A message joins a thread when it refers to a message we hold *and* its sender takes part in it. A
stranger who quotes an id starts a thread of his own that only points at the other one.
"""

from __future__ import annotations

from copydesk.core.submission import ParsedMessage, Submission
from copydesk.store import UnitOfWork


async def join_thread(unit: UnitOfWork, submission: Submission, parsed: ParsedMessage) -> str:
    """Put a parsed submission in its thread, making one where none is proved; return its id."""
    mine = (parsed.author_address or parsed.author).casefold()
    everyone = tuple(p.casefold() for p in parsed.thread.participants)
    people = tuple(dict.fromkeys(p for p in (mine, *everyone) if p))
    referred = tuple(dict.fromkeys(reversed(parsed.thread.references)))
    found = await unit.submissions.thread_of_messages(submission.workspace_id, referred)
    maybe: str | None = None
    if found is not None:
        thread_id, participants = found
        if mine and mine in participants:
            await unit.submissions.join_thread(submission.id, thread_id, people)
            return thread_id
        maybe = thread_id
    # a thread is filed under its root, so that siblings find each other before the root arrives;
    # a stranger's thread must not take that name
    root = parsed.thread.root if maybe is None else parsed.thread.message_id
    key = root or f"submission:{submission.id}"
    existing = await unit.submissions.thread_of_messages(submission.workspace_id, (key,))
    if existing is not None:
        key = f"submission:{submission.id}"
        if maybe is None and mine not in existing[1]:
            maybe = existing[0]
    thread_id = await unit.submissions.add_thread(
        submission.workspace_id, key, parsed.subject, people
    )
    await unit.submissions.join_thread(submission.id, thread_id, people, maybe=maybe)
    return thread_id
