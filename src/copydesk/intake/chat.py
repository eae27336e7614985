"""Chats: plain transcripts and the JSON exports of chat services.

A chat is a conversation, so the words of every person in it are kept, each with its speaker. What
no person said (joins, topic changes, bots) is dropped with a reason; the label in front of a
message ("[12:01] <ann>") is dropped too, because the segment's `speaker` says it. The author is
the first person to speak, or the customer where the log names roles.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

from copydesk.core.errors import InputRefused
from copydesk.core.submission import (
    ParsedMessage,
    Segment,
    SegmentKind,
    Source,
    ThreadRef,
)
from copydesk.intake import charsets
from copydesk.intake.chat_exports import Export, read_export
from copydesk.intake.form import load_json
from copydesk.intake.lines import Line, split_lines, tile
from copydesk.intake.speakers import (
    AGENTS,
    CUSTOMERS,
    SYSTEM,
    SYSTEM_NAMES,
    author_of,
    why_dropped,
)

LABEL = "the label of a message, kept as its speaker"
_TIME = r"\d{1,2}:\d{2}(?::\d{2})?(?:\.\d+)?(?:\s?[AaPp]\.?[Mm]\.?)?"
_DAY = r"\d{1,4}[-./]\d{1,2}[-./]\d{1,4}"
_STAMP = (
    rf"(?:[#\w\-]{{1,40}}[ \t]+{_DAY}[ \t]+\[{_TIME}\]"
    rf"|\[(?:{_DAY}[,T ]?\s?)?{_TIME}\]"
    rf"|\[{_DAY}\]|(?:{_DAY}[,T ]\s?)?{_TIME}(?:\s?[-–—|])?)"
)
_NICK = re.compile(rf"[ \t]*(?:{_STAMP}[ \t]*)?<[ \t@+%&~!]?([^<>\s][^<>\n]{{0,40}})>[ \t]*")
_STAMPED = re.compile(
    rf"[ \t]*{_STAMP}[ \t]*([^\s:<>\[\]*][^:<>\[\]\n]{{0,40}}?)[ \t]*:(?:[ \t]+|$)"
)
_NAMED = re.compile(r"[ \t]*\*{0,2}([^\W\d_][\w.'’@()# \-]{0,30}?)\*{0,2}:\*{0,2}[ \t]+(?=\S)")
_HEADED = re.compile(
    rf"([^\W\d_][\w.'’@# \-]{{0,40}}?)[ \t]+(?:—[ \t]*)?\[?(?:(?:today|yesterday) at )?{_TIME}\]?$",
    re.IGNORECASE,
)
_STAMP_ONLY = re.compile(rf"[ \t]*{_STAMP}[ \t]+(?=\S)")
_ACTION = re.compile(rf"[ \t]*(?:{_STAMP}[ \t]*)?\*[ \t]+(\S{{1,40}})[ \t]+(?=\S)")
_SYSTEM = re.compile(
    rf"[ \t]*(?:[#\w\-]{{1,40}}[ \t]+{_DAY}[ \t]+)?(?:{_STAMP}[ \t]*)?"
    r"(?:===? |-!- |\*\*\* |-->|<--|--> |←|→|⇐|⇒|[*•-]{0,3}\s?\S{1,40} (?:\([^)]{1,100}\) )?"
    r"(?:(?:has )?(?:joined|left|quit)(?: (?:the |#).{0,80}|\s*$| \(.{0,120}\)\s*$)|"
    r"(?:is now known as|sets mode|set the topic|changed the topic|was (?:added|removed|kicked)|"
    r"pinned a message|started a call|renamed the channel)\b)|messages and calls are end-to-end)",
    re.IGNORECASE,
)
#: Words before a colon that start a sentence far more often than they name a person.
_NO_NAMES: Final = frozenset({
    "note", "ps", "edit", "update", "error", "warning", "todo", "http", "https", "order", "date",
    "re", "subject", "from", "to", "cc", "fwd", "step", "example", "hint", "tip", "fix", "bug",
    "question", "answer", "q", "a", "summary", "version", "result", "expected", "actual", "url",
    "link", "email", "e-mail", "phone", "tel", "address", "name", "time", "total", "price",
    "amount", "id", "info", "fyi", "eg", "ie", "steps", "reason", "problem", "issue", "solution",
    "thanks", "tldr", "tl;dr", "also", "but", "and", "or", "so", "well", "then", "now", "first",
    "second", "third", "finally", "usage", "output", "input", "log", "code", "file", "path",
    "status", "type", "value", "key",
})  # fmt: skip


def parse_chat(raw: bytes, *, filename: str = "") -> ParsedMessage:
    """Return the conversation in `raw`.

    Raises `InputRefused`: `bad_json`, `undecodable`, `no_text`.
    """
    decoded = charsets.decode(raw, what="The chat")
    stripped = decoded.text.lstrip()
    if filename.lower().endswith(".json") or stripped[:2] in ("[{", "[\n", "[ ", "{\n", '{"', "[["):
        export = read_export(load_json(stripped))
        return _from_export(export, decoded.notes)
    return _from_transcript(decoded.text, decoded.notes)


def is_transcript(text: str) -> bool:
    """Whether most of the first lines of `text` are messages with a speaker."""
    lines = [line for line in split_lines(text[:20_000]) if not line.blank][:50]
    if len(lines) < 2:
        return False
    speakers = _recurring(lines)
    marked = sum(
        _NICK.match(x.text) is not None or _STAMPED.match(x.text) is not None for x in lines
    )
    named = sum(_named(x, speakers) is not None for x in lines)
    return marked * 2 >= len(lines) or (len(speakers) > 1 and named * 5 >= len(lines) * 3)


def is_chat_export(value: object) -> bool:
    """Whether a JSON value looks like an export of messages by several people."""
    try:
        return len(read_export(value).messages) > 0
    except InputRefused:
        return False


def transcript(message: ParsedMessage) -> str:
    """Return a parsed chat as `**speaker:** text` lines, without what was dropped."""
    out: list[str] = []
    speaker = None
    for segment in message.segments:
        words = message.text[segment.start : segment.end].strip("\n")
        if not segment.kept or not words.strip():
            continue
        if segment.speaker and segment.speaker != speaker:
            out.append(f"\n**{segment.speaker}:** {words.lstrip()}")
        else:
            out.append(words)
        speaker = segment.speaker
    return "\n".join(out).strip("\n")


# -- transcripts


def _from_transcript(text: str, notes: tuple[str, ...]) -> ParsedMessage:
    lines = split_lines(text)
    speakers = _recurring(lines)
    pieces: list[Line] = []
    speaker, dropped, fenced = "", "", False
    for line in lines:
        if line.bare.startswith("```") and not fenced:
            fenced = True
            kind: SegmentKind | None = SegmentKind.CODE
        elif fenced:
            fenced = not line.bare.startswith("```")
            kind = SegmentKind.CODE
        else:
            kind = None
        label = None if kind is SegmentKind.CODE or line.blank else _label(line, speakers)
        if label is None:
            if kind is None and not line.blank and _SYSTEM.match(line.text):
                line.label(SegmentKind.BOILERPLATE, "chat-system", dropped_because=SYSTEM)
                speaker = dropped = ""
            else:
                line.label(kind or SegmentKind.AUTHORED, "continuation", dropped_because=dropped)
                line.speaker = speaker
            pieces.append(line)
            continue
        speaker, length, known = label
        dropped = why_dropped(speaker)
        if length:
            head = Line(line.start, line.start + length, line.text[:length], line.text[:length])
            head.label(SegmentKind.HEADER, "speaker-label", dropped_because=LABEL)
            head.speaker = speaker
            pieces.append(head)
        if line.start + length < line.end:
            body = Line(
                line.start + length, line.end, line.text[length:], line.text[length:] or " "
            )
            body.label(
                SegmentKind.BOILERPLATE if dropped else SegmentKind.AUTHORED,
                "chat-message",
                confidence=1.0 if known else 0.6,
                dropped_because=dropped,
            )
            body.speaker = speaker
            pieces.append(body)
    people = _people(pieces)
    segments = tile(pieces)
    if not any(s.kept and text[s.start : s.end].strip() for s in segments):
        raise _no_text()
    return ParsedMessage(
        source=Source.CHAT,
        text=text,
        segments=segments,
        author=author_of(people),
        thread=ThreadRef(participants=people),
        meta={"speakers": ", ".join(people)} if people else {},
        notes=notes,
    )


def _label(line: Line, speakers: frozenset[str]) -> tuple[str, int, bool] | None:
    """Return speaker, length of the label, and whether it is certain; None for no label."""
    for pattern in (_NICK, _STAMPED):
        match = pattern.match(line.text)
        if match:
            return match.group(1).strip(), match.end(), True
    if _SYSTEM.match(line.text):
        return None
    action = _ACTION.match(line.text)
    if action and (_STAMP_ONLY.match(line.text) or action.group(1) in speakers):
        # "* ann waves": the name is part of the sentence
        return action.group(1), action.start(1), True
    headed = _HEADED.match(line.text)
    if headed and headed.group(1).strip() in speakers:
        return (
            headed.group(1).strip(),
            len(line.text) + (line.end > line.start + len(line.text)),
            True,
        )
    return _named(line, speakers)


def _named(line: Line, speakers: frozenset[str]) -> tuple[str, int, bool] | None:
    match = _NAMED.match(line.text)
    if match and match.group(1).strip() in speakers:
        return match.group(1).strip(), match.end(), False
    return None


def _recurring(lines: Sequence[Line]) -> frozenset[str]:
    """Return the names that head more than one line, or are a role. "Note:" is never a name."""
    seen: Counter[str] = Counter()
    for line in lines:
        match = _NAMED.match(line.text) or _HEADED.match(line.text) or _NICK.match(line.text)
        if match:
            seen[match.group(1).strip()] += 1
    roles = CUSTOMERS | AGENTS | SYSTEM_NAMES
    found = {
        name
        for name, count in seen.items()
        if name.lower() not in _NO_NAMES and (count > 1 or name.lower() in roles)
    }
    return frozenset(found) if len(found) > 1 else frozenset()


def _people(pieces: Sequence[Line]) -> tuple[str, ...]:
    return tuple(
        dict.fromkeys(
            piece.speaker for piece in pieces if piece.speaker and not why_dropped(piece.speaker)
        )
    )


def _no_text() -> InputRefused:
    return InputRefused(
        "no_text",
        "No person says anything in this chat.",
        remedy="Send the part of the conversation that has messages in it.",
    )


def _from_export(export: Export, notes: tuple[str, ...]) -> ParsedMessage:
    parts: list[str] = []
    segments: list[Segment] = []
    position = 0
    for message in export.messages:
        label = f"{message.speaker}: " if message.speaker else ""
        text = message.text.rstrip("\n") + "\n"
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
    first = export.messages[0]
    root = (export.thread,) if export.thread and export.thread != first.id else ()
    return ParsedMessage(
        source=Source.CHAT,
        text="".join(parts),
        segments=tuple(segments),
        author=author_of(people),
        sent_at=next((m.at for m in kept if m.at), None),
        thread=ThreadRef(message_id=first.id, references=root, participants=people),
        meta={**export.meta, "speakers": ", ".join(people)},
        notes=notes,
    )
