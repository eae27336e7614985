"""Chats: plain transcripts and the exports of chat services.

A chat is a conversation, so the words of every person in it are kept, each with its speaker. What
no person said (joins, topic changes, bots) is dropped with a reason; the label in front of a
message ("[12:01] <ann>") is dropped too, because the segment's `speaker` says it. The author is
the first person to speak, or the customer where the log names roles. What answers what is told by
the channel, else worked out (`disentangling`).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from copydesk.core.errors import InputRefused
from copydesk.core.submission import ParsedMessage, Segment, SegmentKind, Source, ThreadRef, Turn
from copydesk.intake import charsets
from copydesk.intake.answers import load_json
from copydesk.intake.chat_exports import Export, Message, read_chat_table, read_export
from copydesk.intake.disentangling import Link, Said, group, link
from copydesk.intake.lines import Line, tile
from copydesk.intake.speakers import SYSTEM, author_of, why_dropped
from copydesk.intake.transcripts import LABEL, read_transcript

#: Fields that forms have and messages of a chat do not.
_OF_FORMS = frozenset({"email", "e-mail", "subject", "phone", "order", "order_id"})


def parse_chat(raw: bytes, *, filename: str = "") -> ParsedMessage:
    """Return the conversation in `raw`.

    Raises `InputRefused`: `bad_json`, `bad_csv`, `undecodable`, `no_text`.
    """
    if filename.lower().endswith(".csv"):
        return _from_export(read_chat_table(raw), ())
    decoded = charsets.decode(raw, what="The chat")
    stripped = decoded.text.lstrip()
    if filename.lower().endswith(".json") or stripped[:2] in ("[{", "[\n", "[ ", "{\n", '{"', "[["):
        export = read_export(load_json(stripped))
        return _from_export(export, decoded.notes)
    return _from_transcript(decoded.text, decoded.notes)


def is_chat_export(value: object) -> bool:
    """Whether a JSON value looks like an export of messages by several people."""
    if isinstance(value, list) and any(
        isinstance(item, dict) and not _OF_FORMS.isdisjoint(str(name).lower() for name in item)
        for item in islice(value, 20)
    ):
        return False
    try:
        return len(read_export(value).messages) > 0
    except InputRefused:
        return False


def _from_transcript(text: str, notes: tuple[str, ...]) -> ParsedMessage:
    read = read_transcript(text)
    people = _people(read.pieces)
    segments = tile(read.pieces)
    if not any(s.kept and text[s.start : s.end].strip() for s in segments):
        raise _no_text()
    said = [
        Said(
            each.speaker,
            "".join(piece.text for piece in each.pieces if not piece.dropped_because),
            each.seconds,
            notice=why_dropped(each.speaker) == SYSTEM,
        )
        for each in read.messages
    ]
    links = link(said)
    numbers = numbered([each.notice for each in said], links)
    turns = tuple(
        Turn(
            start=each.start, end=each.end, line=each.first, speaker=each.speaker,
            answers=found.answers, confidence=found.confidence, why=found.why,
            conversation=number,
        )
        for each, found, number in zip(read.messages, links, numbers, strict=True)
    )  # fmt: skip
    return ParsedMessage(
        source=Source.CHAT,
        text=text,
        segments=segments,
        author=author_of(people),
        thread=ThreadRef(participants=people, turns=turns),
        meta={"speakers": ", ".join(people)} if people else {},
        notes=(*notes, *_doubtful(turns)),
    )


def _people(pieces: Sequence[Line]) -> tuple[str, ...]:
    return tuple(
        dict.fromkeys(
            piece.speaker for piece in pieces if piece.speaker and not why_dropped(piece.speaker)
        )
    )


def _doubtful(turns: Sequence[Turn]) -> tuple[str, ...]:
    count = sum(turn.doubtful for turn in turns)
    if not count:
        return ()
    return (f"What {count} of {len(turns)} messages answer is doubtful: see the links.",)


def _no_text() -> InputRefused:
    return InputRefused(
        "no_text",
        "No person says anything in this chat.",
        remedy="Send the part of the conversation that has messages in it.",
    )


def _from_export(export: Export, notes: tuple[str, ...]) -> ParsedMessage:
    parts: list[str] = []
    segments: list[Segment] = []
    spans: list[tuple[int, int, int]] = []
    position = line = 0
    for message in export.messages:
        label = f"{message.speaker}: " if message.speaker else ""
        text = message.text.rstrip("\n") + "\n"
        spans.append((position, position + len(label) + len(text), line))
        line += text.count("\n")
        if label:
            segments.append(Segment(
                kind=SegmentKind.HEADER, start=position, end=position + len(label),
                rule="speaker-label", dropped_because=LABEL, speaker=message.speaker,
            ))  # fmt: skip
        start = position + len(label)
        position = start + len(text)
        segments.append(Segment(
            kind=SegmentKind.BOILERPLATE if message.dropped_because else SegmentKind.AUTHORED,
            start=start, end=position, rule="chat-message",
            dropped_because=message.dropped_because, speaker=message.speaker,
        ))  # fmt: skip
        parts += (label, text)
    kept = [message for message in export.messages if not message.dropped_because]
    if not any(message.text.strip() for message in kept):
        raise _no_text()
    people = tuple(dict.fromkeys(message.speaker for message in kept if message.speaker))
    links = _links(export.messages)
    numbers = numbered([m.dropped_because == SYSTEM for m in export.messages], links)
    turns = tuple(
        Turn(
            start=start, end=end, line=row, speaker=message.speaker, id=message.id, at=message.at,
            answers=found.answers, confidence=found.confidence, why=found.why, conversation=number,
        )
        for message, found, number, (start, end, row) in zip(
            export.messages, links, numbers, spans, strict=True
        )
    )  # fmt: skip
    first = kept[0]
    root = (export.thread,) if export.thread and export.thread != first.id else ()
    return ParsedMessage(
        source=Source.CHAT,
        text="".join(parts),
        segments=tuple(segments),
        author=author_of(people),
        sent_at=next((m.at for m in kept if m.at), None),
        thread=ThreadRef(message_id=first.id, references=root, participants=people, turns=turns),
        meta={**export.meta, "speakers": ", ".join(people)},
        notes=(*notes, *export.notes, *_doubtful(turns)),
    )


def _links(messages: Sequence[Message]) -> list[Link]:
    """Return what answers what: as the channel tells, in a thread the message above, else found."""
    places: dict[str, int] = {}
    threads: dict[str, int] = {}
    said: list[Said] = []
    for place, message in enumerate(messages):
        told = places.get(message.answers) if message.answers else None
        if told is None and message.thread and message.thread != message.id:
            told = threads.get(message.thread, places.get(message.thread))
        notice = message.dropped_because == SYSTEM
        if not notice:
            threads[message.thread or message.id] = place
            places.setdefault(message.id, place)
        seconds = message.at.timestamp() if message.at else None
        aside = bool(message.thread) and message.thread != message.id
        said.append(Said(message.speaker, message.text, seconds, told, notice, aside))
    found = link(said)
    for place, message in enumerate(messages):
        # a conversation that was taken out of a log brings along how sure its links were
        if message.guess and said[place].answers is not None:
            found[place] = Link(said[place].answers, *message.guess)
    return found


def numbered(notices: Sequence[bool], links: Sequence[Link]) -> list[int | None]:
    """Return the number of the conversation of each message, None for what the system wrote."""
    numbers = group(links)
    order = dict.fromkeys(n for n, notice in zip(numbers, notices, strict=True) if not notice)
    place = {number: index for index, number in enumerate(order)}
    return [None if notice else place[n] for n, notice in zip(numbers, notices, strict=True)]
