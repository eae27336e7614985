"""A chat that was sent again, longer: what of it we have, what is new, what was edited meanwhile.

Pure. Nothing is taken out of the text: messages we have are marked with where they are, and stay
what the new ones answer. Where it is doubtful whether two logs are the same chat, they are not.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from itertools import pairwise
from typing import Final

from copydesk.core.submission import Doubt, ParsedMessage, Segment, Source, Turn
from copydesk.intake.conversations import MADE_UP, turn_id

#: So many messages without an id or a time have to be equal: a desk greets everybody alike.
_ENOUGH_UNSTAMPED: Final = 4
_ENOUGH_STAMPED: Final = 2
_STAMP = re.compile(r"\d{1,2}[:.]\d{2}")
#: From so many messages on, those without ids are compared from the beginning alone.
_MANY: Final = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class Grown:
    """A chat with what we have of it marked; how many messages those are, and how many are new."""

    message: ParsedMessage
    known: int
    new: int


def opening_of(message: ParsedMessage) -> str:
    """Return what the first message of a chat is known by, "" for what is no chat."""
    if message.source is not Source.CHAT:
        return ""
    first = next((turn for turn in message.thread.turns if turn.conversation is not None), None)
    return turn_id(message, first) if first else ""


def grown_from(message: ParsedMessage, earlier: ParsedMessage, earlier_id: str) -> Grown | None:
    """Return `message` with what `earlier` (submission `earlier_id`) has of it marked; None where
    they are not the same chat. An edited message is new, with a note."""
    mine, theirs = message.thread.turns, earlier.thread.turns
    pairs = _pairs(message, earlier)
    same = [(m, t) for m, t in pairs if _words(message, mine[m]) == _words(earlier, theirs[t])]
    if not _is_same_chat(message, [m for m, _ in same], len(theirs)):
        return None
    edited = len(pairs) - len(same)
    gone = len(theirs) - len(pairs)
    known = {m for m, _ in same}
    reason = f"taken in before, as {earlier_id}"
    new = sum(
        turn.conversation is not None for place, turn in enumerate(mine) if place not in known
    )
    notes = [f"{len(known)} messages of this chat were {reason}; {new} are new or edited."]
    if edited:
        notes.append(
            Doubt(
                f"{edited} messages were edited since they were taken in as {earlier_id}: what "
                "they say now is in this text, too."
            )
        )
    if gone:
        notes.append(
            Doubt(f"{gone} messages that were taken in as {earlier_id} are no longer in this chat.")
        )
    return Grown(
        message=replace(
            message,
            segments=tuple(_marked(message, known, reason)),
            notes=tuple(dict.fromkeys((*message.notes, *notes))),
        ),
        known=len(known),
        new=new,
    )


def _pairs(message: ParsedMessage, earlier: ParsedMessage) -> list[tuple[int, int]]:
    """Return which messages of two logs are the same one, in order."""
    mine = [turn_id(message, turn) for turn in message.thread.turns]
    theirs = [turn_id(earlier, turn) for turn in earlier.thread.turns]
    if len(set(mine)) == len(mine) and len(set(theirs)) == len(theirs):
        places = {id: place for place, id in enumerate(theirs)}
        return [(place, places[id]) for place, id in enumerate(mine) if id in places]
    if max(len(mine), len(theirs)) > _MANY:
        count = next(
            (n for n, (a, b) in enumerate(zip(mine, theirs, strict=False)) if a != b),
            min(len(mine), len(theirs)),
        )
        return [(n, n) for n in range(count)]
    blocks = SequenceMatcher(None, mine, theirs, autojunk=False).get_matching_blocks()
    return [(block.a + n, block.b + n) for block in blocks for n in range(block.size)]


def _is_same_chat(message: ParsedMessage, same: list[int], earlier: int) -> bool:
    if not same or 2 * len(same) < earlier:
        return False
    turns = [message.thread.turns[place] for place in same]
    if any(turn.id and not turn.id.startswith(MADE_UP) for turn in turns):
        # ids of some services count from 1 in every chat, so the words have to be equal as well
        return any(turn.at is not None for turn in turns) or len(same) >= _ENOUGH_STAMPED
    stamped = sum(
        turn.at is not None or _STAMP.search(message.text[turn.start : turn.end][:40]) is not None
        for turn in turns
    )
    return stamped >= _ENOUGH_STAMPED or len(same) >= _ENOUGH_UNSTAMPED


def _words(message: ParsedMessage, turn: Turn) -> str:
    """Return what a message says: without its label, whichever form its log has."""
    if not turn.id or turn.id.startswith(MADE_UP):
        return ""  # such an id is made of the words
    text = message.text[turn.start : turn.end]
    return " ".join(text.removeprefix(f"{turn.speaker}: ").split())


def _marked(message: ParsedMessage, known: set[int], reason: str) -> Iterator[Segment]:
    """Yield the segments of a chat, cut where messages begin, with what is known left out."""
    turns = message.thread.turns
    starts = [turn.start for turn in turns]
    for segment in message.segments:
        cuts = [
            segment.start,
            *starts[bisect_right(starts, segment.start) : bisect_right(starts, segment.end - 1)],
            segment.end,
        ]
        for start, end in pairwise(cuts):
            place = bisect_right(starts, start) - 1
            dropped = segment.dropped_because
            if not dropped and place in known and end <= turns[place].end:
                dropped = reason
            yield replace(segment, start=start, end=end, dropped_because=dropped)
