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
from copydesk.intake.blocks import mark_fences
from copydesk.intake.chat_exports import Export, read_export
from copydesk.intake.answers import load_json
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
#: A stamp in brackets or with a day is a log's; "10:30 Berlin: change trains" may be a person's.
_FIRM = (
    rf"(?:[#\w\-]{{1,40}}[ \t]+{_DAY}[ \t]+\[{_TIME}\]|\[(?:{_DAY}[,T ]?\s?)?{_TIME}\]"
    rf"|\[{_DAY}\]|{_DAY}[,T ]\s?{_TIME}(?:\s?[-–—|])?)"
)
_NICK = re.compile(
    rf"[ \t]*({_FIRM}[ \t]*|{_TIME}[ \t]+)?<[ \t@+%&~]?([^<>\s/!?][^<>\n=]{{0,40}})>[ \t]*"
)
_STAMPED = re.compile(
    rf"[ \t]*{_FIRM}[ \t]*([^\s:<>\[\]*][^:<>\[\]\n]{{0,40}}?)[ \t]*:(?:[ \t]+|$)"
)
_LOOSE = re.compile(rf"[ \t]*{_TIME}[ \t]+([^\s:<>\[\]*][^:<>\[\]\n]{{0,40}}?)[ \t]*:[ \t]+(?=\S)")
_NAMED = re.compile(r"[ \t]*\*{0,2}([^\W\d_][\w.'’@()# \-]{0,30}?)\*{0,2}:\*{0,2}[ \t]+(?=\S)")
_HEADED = re.compile(
    rf"([^\W\d_][\w.'’@# \-]{{0,40}}?)[ \t]+(?:—[ \t]*)?\[?(?:(?:today|yesterday) at )?{_TIME}\]?$",
    re.IGNORECASE,
)
_NOTICE = re.compile(rf"[ \t]*{_FIRM}[ \t]*-(\S{{1,40}})-[ \t]+")
_ACTION = re.compile(rf"[ \t]*(?:{_FIRM}|{_TIME})[ \t]*\*[ \t]*(\S{{1,40}})[ \t]+(?=\S)")
#: Joins and the like, told by a mark or a stamp in front, or by naming the room.
_SYSTEM = re.compile(
    rf"[ \t]*(?:(?:(?:[#\w\-]{{1,40}}[ \t]+{_DAY}[ \t]+)?(?:{_FIRM}[ \t]*)?"
    rf"(?:===|-!-|\*\*\*|-->|<--|←|→|⇐|⇒|[*•])[ \t]*|{_FIRM}[ \t]*)\S{{1,40}}"
    r"(?:[ \t]+[\[(]\S{0,200}[\])])?"
    r"[ \t]+(?:(?:has )?(?:joined|left|quit)(?:[ \t]+(?:the |#|\().{0,200}|\s*)$|"
    r"(?:is now known as|sets? mode|set the topic|changed the topic|was (?:added|removed|kicked)|"
    r"pinned a message|started a call|renamed the channel)\b)"
    r"|[ \t]*\S{1,40} (?:has )?(?:joined|left|quit) (?:#\S+|the (?:channel|chat|group|room|server|"
    r"conversation))\.?\s*$|[ \t]*.{0,40}messages and calls are end-to-end encrypted)",
    re.IGNORECASE,
)
_TAG_NAME = re.compile(
    r"/?(?:a|b|i|u|p|s|br|hr|em|li|ol|ul|td|th|tr|dl|dt|dd|h[1-6]|div|img|pre|sub|sup|del|kbd|svg|"
    r"span|code|body|head|html|font|meta|link|form|main|nav|table|tbody|thead|title|style|script|"
    r"strong|center|button|header|footer|section|article|blockquote|details|summary)\b.*",
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
    labelled = sum(_label(line, speakers) is not None for line in lines)
    system = sum(_SYSTEM.match(line.text) is not None for line in lines)
    return labelled > 0 and (labelled + system) * 2 >= len(lines)


def is_chat_export(value: object) -> bool:
    """Whether a JSON value looks like an export of messages by several people."""
    try:
        return len(read_export(value).messages) > 0
    except InputRefused:
        return False


# -- transcripts


def _from_transcript(text: str, notes: tuple[str, ...]) -> ParsedMessage:
    lines = split_lines(text)
    speakers = _recurring(lines)
    pieces: list[Line] = []
    speaker = ""
    _mark_code(lines, speakers)
    for line in lines:
        label = None if line.kind or line.blank else _label(line, speakers)
        if label is None:
            if line.kind is None and not line.blank and _SYSTEM.match(line.text):
                line.label(SegmentKind.BOILERPLATE, "chat-system", dropped_because=SYSTEM)
                speaker = ""
            else:
                # after a bot's line this may be anybody's: keep it, without a name
                speaker = "" if why_dropped(speaker) else speaker
                line.label(line.kind or SegmentKind.AUTHORED, "continuation", confidence=0.7)
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


def _mark_code(lines: Sequence[Line], speakers: frozenset[str]) -> None:
    """Label fenced code, unless somebody speaks between the fences."""
    mark_fences(lines)
    block: list[Line] = []
    for line in lines:
        if line.kind is SegmentKind.CODE:
            block.append(line)
            continue
        if any(_label(each, speakers) for each in block[1:-1]):
            for each in block:
                each.clear()
        block = []


def _label(line: Line, speakers: frozenset[str]) -> tuple[str, int, bool] | None:
    """Return speaker, length of the label, and whether it is certain; None for no label."""
    nick = _NICK.match(line.text)
    if nick and (nick.group(1) or nick.group(2).strip() in speakers):
        return nick.group(2).strip(), nick.end(), True
    if _SYSTEM.match(line.text):
        return None
    for pattern in (_STAMPED, _NOTICE):
        match = pattern.match(line.text)
        if match:
            return match.group(1).strip(), match.end(), True
    action = _ACTION.match(line.text)
    if action:
        # "* ann waves": the name is part of the sentence
        return action.group(1), action.start(1), True
    for pattern in (_LOOSE, _NAMED):
        match = pattern.match(line.text)
        if match and match.group(1).strip() in speakers:
            return match.group(1).strip(), match.end(), False
    headed = _HEADED.match(line.text)
    if headed and headed.group(1).strip() in speakers:
        return headed.group(1).strip(), line.end - line.start, True
    return None


def _recurring(lines: Sequence[Line]) -> frozenset[str]:
    """Return the names that head more than one line, or are a role. "Note:" is never a name."""
    seen: Counter[str] = Counter()
    nicks: set[str] = set()
    headed = texts = 0
    for line in lines:
        texts += not line.blank
        nick = _NICK.match(line.text)
        if nick and not _TAG_NAME.fullmatch(nick.group(2)):
            headed += 1
            nicks.add(nick.group(2).strip())
            continue
        match = _LOOSE.match(line.text) or _NAMED.match(line.text) or _HEADED.match(line.text)
        if match:
            seen[match.group(1).strip()] += 1
    roles = CUSTOMERS | AGENTS
    # one "System: Windows 11" is a person's line; a system that speaks does so more than once
    no_names = _NO_NAMES | (SYSTEM_NAMES - {"system"})
    found = {
        name
        for name, count in seen.items()
        if name.lower() not in no_names and (count > 1 or name.lower() in roles)
    }
    if len(found) < 2:
        found = set()
    if headed > 1 and headed * 5 >= texts * 3:
        found |= nicks
    return frozenset(found)


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
