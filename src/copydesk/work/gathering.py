"""What is known around a message before it is written up: what was said before in its thread."""

from __future__ import annotations

from copydesk.core.submission import Submission
from copydesk.generation import ContextMessage
from copydesk.work.desk import Desk


async def gather(desk: Desk, submission: Submission) -> tuple[ContextMessage, ...]:
    """Return what was said before in the thread of `submission`, oldest first."""
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
