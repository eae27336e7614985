"""Transcripts: chats as plain text, each message behind a label that says who and often when.

IRC, Slack, Discord, WhatsApp, Telegram and Teams as people copy or export them, and the plain
"Ann: hello" of support desks. A name counts where it recurs, is stamped or stands in brackets:
"Note: …" is no person.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from copydesk.core.submission import SegmentKind
from copydesk.intake.blocks import mark_fences
from copydesk.intake.lines import Line, split_lines
from copydesk.intake.speakers import AGENTS, CUSTOMERS, SYSTEM, SYSTEM_NAMES, why_dropped

LABEL = "the label of a message, kept as its speaker"
#: WhatsApp puts marks of writing direction in front of lines.
_LEAD = r"[ \t\u200e\u200f\u202a]*"
#: Halves of the day as telephones write them (WhatsApp, November 2026), behind the time and before.
_BEHIND = r"(?:[AaPp]\.?\s?[Mm]\.?|[صم]|[πμ]\.?μ\.?|[ÖöOo][ÖöSs]|пр\.?|сл\.?|de\.|du\.|SA|CH)"
_BEFORE = r"(?:上午|下午|午前|午後|오전|오후|凌晨|早上|中午|晚上)"
_TIME = rf"(?:{_BEFORE}\s?)?\d{{1,2}}:\d{{2}}(?::\d{{2}})?(?:\.\d+)?(?:\s?{_BEHIND}(?!\w))?"
_DAY = r"(?:\d{1,4}[-./]\d{1,2}[-./]\d{1,4}|\d{4}\. \d{1,2}\. \d{1,2}\.)"
#: A stamp in brackets or with a day is a log's; "10:30 Berlin: change trains" may be a person's.
_FIRM = (
    rf"(?:[#\w\-]{{1,40}}[ \t]+{_DAY}[ \t]+\[{_TIME}\]|\[(?:{_DAY}[,T ]?\s?)?{_TIME}\]"
    rf"|\[{_DAY}\]|{_DAY}[,T ]\s?{_TIME}(?:\s?[-–—|])?)"
)
_NICK = re.compile(
    rf"{_LEAD}({_FIRM}[ \t]*|{_TIME}[ \t]+)?<[ \t@+%&~]?([^<>\s/!?][^<>\n=]{{0,40}})>[ \t]*"
)
_STAMPED = re.compile(
    rf"{_LEAD}{_FIRM}[ \t]*([^\s:<>\[\]*][^:<>\[\]\n]{{0,40}}?)[ \t]*:(?:[ \t]+|$)"
)
_LOOSE = re.compile(rf"[ \t]*{_TIME}[ \t]+([^\s:<>\[\]*][^:<>\[\]\n]{{0,40}}?)[ \t]*:[ \t]+(?=\S)")
_NAMED = re.compile(r"[ \t]*\*{0,2}([^\W\d_][\w.'’@()# \-]{0,30}?)\*{0,2}:\*{0,2}[ \t]+(?=\S)")
_HEADED = re.compile(
    rf"([^\W\d_][\w.'’@# \-]{{0,40}}?)[ \t]+(?:—[ \t]*)?\[?(?:(?:today|yesterday) at )?{_TIME}\]?$",
    re.IGNORECASE,
)
_NOTICE = re.compile(rf"[ \t]*{_FIRM}[ \t]*-(\S{{1,40}})-[ \t]+")
_ACTION = re.compile(rf"[ \t]*(?:{_FIRM}|{_TIME})[ \t]*\*[ \t]*(\S{{1,40}})[ \t]+(?=\S)")
#: Telegram copies "Ann, [04.11.26 10:02]", DiscordChatExporter "[11/04/2026 10:02 AM] ann".
_HEADED_DAY = re.compile(
    rf"(?:([^\W\d_][\w.'’@# \-]{{0,40}}?),[ \t]+\[{_DAY}[,T ]?\s?{_TIME}\]:?"
    rf"|\[(?:{_DAY}[,T ]?\s?)?{_TIME}\][ \t]+([^\W\d_][\w.'’@# \-]{{0,40}}?)"
    r"(?:[ \t]+\(pinned\))?)[ \t]*$"
)
#: WhatsApp: a stamped line without a name is the system's. Months of other scripts are rare there.
_MOBILE_NOTICE = re.compile(
    rf"{_LEAD}(?:{_DAY},?[T ]\s?{_TIME}[ \t]-|\[{_DAY},[ ]{_TIME}\])[ \t]\S[^:\n]{{0,300}}$"
)
NOTHING = "a placeholder for what is not in the log"
_PLACEHOLDER = re.compile(
    r"\u200e?(?:<(?:media|medien|multimedia|médias?|imagen?|video|audio|sticker)[^<>]{0,40}>|"
    r"(?:image|video|audio|sticker|gif|document|contact card) omitted|"
    r"(?:this message was deleted|you deleted this message|diese nachricht wurde gelöscht|"
    r"se eliminó este mensaje|ce message a été supprimé)\.?)",
    re.IGNORECASE,
)
_CLOCK = re.compile(r"(?<![\d/.\-])(\d{1,2}):(\d{2})(?::(\d{2}))?(?:\.\d+)?(?:\s?([AaPp])\.?[Mm])?")
_DATE = re.compile(r"(?<!\d)(\d{1,4})[-./](\d{1,2})[-./](\d{1,4})(?!\d)")
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


@dataclass(slots=True)
class Spoken:
    """One message of a transcript: its lines, the first with the label, and when it was written.

    `seconds` count from anywhere; they tell messages apart, not moments, since logs name no zone.
    """

    speaker: str
    first: int
    label: str
    pieces: list[Line]
    seconds: float | None = None

    @property
    def start(self) -> int:
        """Return where the message begins, label and all."""
        return self.pieces[0].start

    @property
    def end(self) -> int:
        """Return where it ends."""
        return self.pieces[-1].end


@dataclass(slots=True)
class Transcript:
    """The labelled pieces of a transcript that tile its text, and the messages they make up."""

    pieces: list[Line]
    messages: list[Spoken]


def is_transcript(text: str) -> bool:
    """Whether most of the first lines of `text` are messages with a speaker."""
    lines = [line for line in split_lines(text[:20_000]) if not line.blank][:50]
    if len(lines) < 2:
        return False
    speakers = _recurring(lines)
    labelled = sum(_label(line, speakers) is not None for line in lines)
    system = sum(_SYSTEM.match(line.text) is not None for line in lines)
    return labelled > 0 and (labelled + system) * 2 >= len(lines)


def read_transcript(text: str) -> Transcript:
    """Return who said what in `text`; what no person said is dropped with a reason."""
    lines = split_lines(text)
    speakers = _recurring(lines)
    pieces: list[Line] = []
    messages: list[Spoken] = []
    clock = _Clock()
    speaker = ""
    open_message: Spoken | None = None
    _mark_code(lines, speakers)
    for number, line in enumerate(lines):
        label = None if line.kind or line.blank else _label(line, speakers)
        if label is None:
            if line.kind is None and not line.blank and _is_notice(line):
                line.label(SegmentKind.BOILERPLATE, "chat-system", dropped_because=SYSTEM)
                speaker, open_message = "", None
            else:
                # after a bot's line this may be anybody's: keep it, without a name
                if why_dropped(speaker):
                    speaker, open_message = "", None
                line.label(line.kind or SegmentKind.AUTHORED, "continuation", confidence=0.7)
                line.speaker = speaker
                if open_message is not None:
                    open_message.pieces.append(line)
            pieces.append(line)
            continue
        speaker, length, known = label
        dropped = why_dropped(speaker)
        # the line end goes with a label that stands alone
        told = line.text[:length]
        open_message = Spoken(speaker, number, told, [], clock.read(told))
        messages.append(open_message)
        if length:
            head = Line(line.start, line.start + length, told, told)
            head.label(SegmentKind.HEADER, "speaker-label", dropped_because=LABEL)
            head.speaker = speaker
            open_message.pieces.append(head)
        if line.start + length < line.end:
            body = Line(
                line.start + length, line.end, line.text[length:], line.text[length:] or " "
            )
            placeholder = _PLACEHOLDER.fullmatch(body.text.strip())
            dropped = dropped or (NOTHING if placeholder else "")
            body.label(
                SegmentKind.BOILERPLATE if dropped else SegmentKind.AUTHORED,
                "chat-message",
                confidence=1.0 if known else 0.6,
                dropped_because=dropped,
            )
            body.speaker = speaker
            open_message.pieces.append(body)
        pieces += open_message.pieces
    return Transcript(pieces, messages)


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
    name = _headed(line)
    return (name, line.end - line.start, True) if name in speakers else None


def _headed(line: Line) -> str:
    """Return the name on a line that holds nothing but a name and a time, or ""."""
    match = _HEADED.match(line.text) or _HEADED_DAY.match(line.text)
    return next((name.strip() for name in match.groups() if name), "") if match else ""


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
        match = _LOOSE.match(line.text) or _NAMED.match(line.text)
        name = match.group(1).strip() if match else _headed(line)
        if name:
            seen[name] += 1
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


def _is_notice(line: Line) -> bool:
    return _SYSTEM.match(line.text) is not None or _MOBILE_NOTICE.match(line.text) is not None


class _Clock:
    """Reads the stamps of labels as seconds that only grow; a clock without a day passes midnight
    when it jumps back."""

    def __init__(self) -> None:
        self._day = 0
        self._last = 0.0

    def read(self, label: str) -> float | None:
        """Return the seconds a label tells, or None when it tells no time."""
        time = _CLOCK.search(label)
        if time is None:
            return None
        hour, minute, second = (int(part or 0) for part in time.group(1, 2, 3))
        if time.group(4):
            hour = hour % 12 + (12 if time.group(4).lower() == "p" else 0)
        if hour > 24 or minute > 59:
            return None
        clock = hour * 3600.0 + minute * 60 + second
        day = _day_of(label)
        if day is not None:
            self._day = day
        elif clock < self._last % 86400 - 6 * 3600:
            self._day += 1
        self._last = self._day * 86400 + clock
        return self._last


def _day_of(label: str) -> int | None:
    found = _DATE.search(label)
    if found is None:
        return None
    one, two, three = (int(part) for part in found.groups())
    if one > 31:
        year, month, day = one, two, three
    elif two > 12:
        month, day, year = one, two, three
    else:
        # day first, unless the slashes of American logs say otherwise
        day, month, year = (two, one, three) if "/" in found.group() and one <= 12 else (
            one, two, three
        )  # fmt: skip
    try:
        return date(year + 2000 if year < 100 else year, month, day).toordinal()
    except ValueError:
        return None
