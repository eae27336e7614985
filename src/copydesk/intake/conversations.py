"""A log of several conversations, taken apart: each goes on as a chat of its own.

Only what runs side by side is parted: with two people, or in one thread, there is one conversation.
Every word of a person is in exactly one part; what bots said goes with the conversation it stands
in, and conversations of bots alone stay in the log.
"""

from __future__ import annotations

import hashlib
import json
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from copydesk.core.keys import key_of
from copydesk.core.submission import ParsedMessage, Segment, SegmentKind, Source, Turn
from copydesk.intake.bundles import Bundle, Piece
from copydesk.intake.chat import numbered
from copydesk.intake.disentangling import Link

#: How the keys of pieces begin that are conversations of a log.
PART_KEY: Final = "chat:"

#: Why a link stands that a person has made.
BY_PERSON: Final = "a person says so"


#: How the id of a message begins that its log gave none.
MADE_UP = "said-"

#: What a log is a bundle of.
CONVERSATIONS = "conversations"


@dataclass(slots=True)
class _Words:
    """What stands in a turn: the words of a person, why there are none, and words behind it that
    have no speaker."""

    own: str = ""
    dropped_because: str = ""
    behind: str = ""


def part(message: ParsedMessage, *, filename: str = "", fewest: int = 2) -> Bundle | None:
    """Return the conversations of a chat as pieces, or None where there are fewer than `fewest`."""
    if message.source is not Source.CHAT or message.thread.conversations < fewest:
        return None
    parts: dict[int, list[Turn]] = {}
    for turn in message.thread.turns:
        if turn.conversation is not None:
            parts.setdefault(turn.conversation, []).append(turn)
    words = _words(message)
    of_people = [
        turns
        for turns in parts.values()
        if any(words[turn.start].own.strip() or words[turn.start].behind for turn in turns)
    ]
    if len(of_people) < fewest:
        return None
    notes = [*message.notes]
    left = sum(map(len, parts.values())) - sum(map(len, of_people))
    if left:
        notes.append(f"{left} messages of bots answer nobody and stay in the log.")
    return Bundle(
        what=CONVERSATIONS,
        pieces=_pieces(message, of_people, words, filename or "chat"),
        notes=tuple(notes),
    )


def _words(message: ParsedMessage) -> dict[int, _Words]:
    """Return what stands in each turn, by where it starts. Every kept character is in one of them:
    what comes before the first turn goes with it."""
    turns = message.thread.turns
    found = {turn.start: _Words() for turn in turns}
    starts = [turn.start for turn in turns]
    # what has no speaker goes with a message that is in a conversation
    talking = [turn for turn in turns if turn.conversation is not None]
    talked = [turn.start for turn in talking]
    for segment in message.segments:
        if segment.kind is SegmentKind.HEADER:
            continue
        for start, end in _stretches(segment, starts):
            turn = turns[max(0, bisect_right(starts, start) - 1)]
            text = message.text[start:end]
            if not segment.kept:
                said = found[turn.start]
                said.dropped_because = said.dropped_because or segment.dropped_because
            elif turn.start <= start < turn.end:
                found[turn.start].own += text
            elif text.strip():
                found[talking[max(0, bisect_right(talked, start) - 1)].start].behind += text
    return found


def _stretches(segment: Segment, starts: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield a segment cut where turns begin: one person may have spoken twice in a row."""
    first, last = bisect_right(starts, segment.start), bisect_left(starts, segment.end)
    cuts = [segment.start, *starts[first:last], segment.end]
    yield from pairwise(cuts)


def _pieces(
    message: ParsedMessage,
    parts: Sequence[Sequence[Turn]],
    words: Mapping[int, _Words],
    filename: str,
) -> Iterator[Piece]:
    room = next((message.meta[n] for n in ("channel", "room", "name") if n in message.meta), "")
    stem = filename.rsplit(".", 1)[0] if "." in filename else filename
    for number, turns in enumerate(parts, start=1):
        said = [each for turn in turns for each in _messages(message, turn, words[turn.start])]
        raw = json.dumps({"room": room, "messages": said}, ensure_ascii=False, sort_keys=True)
        data = raw.encode("utf-8", "replace")
        yield Piece(
            raw=data,
            filename=f"{stem[:200]}-{number}.json",
            source=Source.CHAT,
            key=f"{PART_KEY}{hashlib.sha256(data).hexdigest()[:40]}",
        )


def _messages(message: ParsedMessage, turn: Turn, words: _Words) -> Iterator[dict[str, object]]:
    whole = message.text[turn.start : turn.end].strip("\n")
    said: dict[str, object] = {
        "id": turn_id(message, turn),
        "user": turn.speaker,
        "text": words.own.strip("\n") if words.own.strip() else whole,
    }
    if not words.own.strip():
        said["dropped_because"] = words.dropped_because or "there are no words in it"
    if turn.at is not None:
        said["timestamp"] = turn.at.isoformat()
    if turn.answers is not None:
        said["reply_to"] = turn_id(message, message.thread.turns[turn.answers])
        said["guess"] = {"confidence": turn.confidence, "why": turn.why}
    yield said
    if words.behind:
        yield {"user": "", "text": words.behind.strip("\n"), "reply_to": said["id"]}


def turn_id(message: ParsedMessage, turn: Turn) -> str:
    """Return the channel's id of a message, or one made of its words where the log has none.

    A message keeps it when its log is parted. What says the same at the same time has the same.
    """
    if turn.id:
        return key_of(turn.id)
    words = message.text[turn.start : turn.end].strip().encode("utf-8", "replace")
    return f"{MADE_UP}{hashlib.sha256(words).hexdigest()[:24]}"


# -- put right by a person ------------------------------------------------------------------------


def relink(message: ParsedMessage, moves: Mapping[str, str]) -> ParsedMessage:
    """Return a chat in which messages answer what a person says they do.

    `moves` gives, by the id of a message, the id of one above it that it answers, "" where it
    begins a conversation. What the log does not hold is passed over. Whatever answers a moved
    message goes with it.
    """
    places: dict[str, int] = {}
    turns: list[Turn] = []
    for place, turn in enumerate(message.thread.turns):
        id = turn_id(message, turn)
        wanted = moves.get(id)
        above = places.get(wanted) if wanted else None
        if wanted == "" or above is not None:
            turn = replace(turn, answers=above, confidence=1.0, why=BY_PERSON)
        places.setdefault(id, place)
        turns.append(turn)
    links = [Link(turn.answers, turn.confidence, turn.why) for turn in turns]
    numbers = numbered([turn.conversation is None for turn in turns], links)
    told = tuple(replace(t, conversation=n) for t, n in zip(turns, numbers, strict=True))
    return replace(message, thread=replace(message.thread, turns=told))


def ids_in(raw: bytes) -> frozenset[str]:
    """Return the ids of the messages in a piece that `part` made."""
    return frozenset(said["id"] for said in json.loads(raw)["messages"] if "id" in said)
