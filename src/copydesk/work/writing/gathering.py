"""What is known around a message before it is written up: what was said before in its thread."""

from __future__ import annotations

from typing import Final

from copydesk.core.submission import ParsedMessage, Submission
from copydesk.generation.material import ContextMessage
from copydesk.work.desk import Desk

#: How many earlier messages are looked at; how many of them a model is shown depends on its room.
MOST: Final = 50


async def gather(desk: Desk, submission: Submission) -> tuple[ContextMessage, ...]:
    """Return what was said last in the thread of `submission`, oldest first.

    Where there is more than is looked at, the first message says how much.
    """
    if not submission.thread_id:
        return ()
    async with desk.store.read() as unit:
        earlier, older = await unit.threads.before(submission, MOST)
    said = [
        ContextMessage(author=other.parsed.author, text=_spoken(other.parsed))
        for other in earlier
        if other.parsed is not None
    ]
    if older:
        words = f"[{older} messages before these are not shown]"
        said.insert(0, ContextMessage(author="", text=words))
    return tuple(said)


def _spoken(message: ParsedMessage) -> str:
    """Return the text of a message; where several people speak, with who says what."""
    parts: list[str] = []
    speaker = ""
    for segment in message.segments:
        if not segment.kept:
            continue
        if segment.speaker and segment.speaker != speaker:
            speaker = segment.speaker
            parts.append(f"{speaker}: ")
        parts.append(message.text[segment.start : segment.end])
    return "".join(parts).strip("\n")
