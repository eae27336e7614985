"""Submissions: raw inputs and what parsing makes of them.

The decoded text of a submission is tiled by segments: every character belongs to exactly one, and
what is left out of the author's text is a flag with a reason on a segment, never a deletion.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from copydesk.core.states import SubmissionState


class Source(StrEnum):
    """The channel a raw input came through."""

    EMAIL = "email"
    FORM = "form"
    CHAT = "chat"
    COMMUNITY = "community"
    FEED = "feed"


class SegmentKind(StrEnum):
    """What a stretch of the decoded text is. `unknown` is treated as authored."""

    AUTHORED = "authored"
    GREETING = "greeting"
    CODE = "code"
    LIST = "list"
    TABLE = "table"
    QUOTE = "quote"
    SIGNATURE = "signature"
    BOILERPLATE = "boilerplate"
    FORWARDED = "forwarded"
    HEADER = "header"
    ATTACHMENT = "attachment"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One tile of the decoded text: `[start, end)` in code points.

    `dropped_because` is empty for text that is part of the author's own message. `speaker` names
    who wrote it where the channel tells (chat). `confidence` is 0..1.
    """

    kind: SegmentKind
    start: int
    end: int
    rule: str
    rule_version: int = 1
    confidence: float = 1.0
    dropped_because: str = ""
    speaker: str = ""

    @property
    def kept(self) -> bool:
        """Whether this tile belongs to the author's own message."""
        return not self.dropped_because


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file that came with a message. `content_id` is how an HTML body refers to it."""

    filename: str
    content_type: str
    data: bytes = field(repr=False)
    content_id: str = ""


#: A link that is less sure than this is shown as doubtful: a person should look at it.
SURE_LINK = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One message of a chat: `[start, end)` of the decoded text, label and all.

    `answers` is the position of the turn it answers; None when it starts a conversation.
    `confidence` (0..1) and `why` tell how sure that link is and what it rests on. `line` is where
    the message begins in the text, counted from 0. `conversation` numbers the conversations by
    their first message, from 0; None for what no person said. `at` is aware UTC, or None where
    the log names no zone. `id` is the channel's own.
    """

    start: int
    end: int
    line: int
    speaker: str
    id: str = ""
    at: datetime | None = None
    answers: int | None = None
    confidence: float = 1.0
    why: str = ""
    conversation: int | None = None

    @property
    def doubtful(self) -> bool:
        """Whether what this message answers is little more than a guess."""
        return self.confidence < SURE_LINK


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadRef:
    """Where a message stands in its conversation, as far as the channel proves it.

    `message_id` and `references` are the channel's own ids (RFC 5322 Message-IDs without angle
    brackets for e-mail); `references` runs from the root to the direct parent. `turns` are the
    messages of a chat, with what answers what.
    """

    message_id: str = ""
    references: tuple[str, ...] = ()
    participants: tuple[str, ...] = ()
    turns: tuple[Turn, ...] = ()

    @property
    def root(self) -> str:
        """Return the id of the conversation's first message, or "" when unknown."""
        return self.references[0] if self.references else self.message_id

    @property
    def conversations(self) -> int:
        """Return how many conversations the turns of a chat make up."""
        numbered = [t.conversation for t in self.turns if t.conversation is not None]
        return 1 + max(numbered, default=-1)


class Doubt(str):
    """A parser's note that something may be missing or misread: a person has to look at it."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedMessage:
    """What parsing made of one raw input.

    `text` is the whole decoded text that `segments` tile. `notes` lists what the parser was unsure
    of, in words for an editor; those that are a `Doubt` hold the item for a person. `meta` holds
    channel metadata as strings (form fields, room, …).
    """

    source: Source
    text: str
    segments: tuple[Segment, ...]
    subject: str = ""
    author: str = ""
    author_address: str = ""
    sent_at: datetime | None = None
    language: str = ""
    thread: ThreadRef = ThreadRef()
    attachments: tuple[Attachment, ...] = ()
    meta: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def doubts(self) -> tuple[str, ...]:
        """Return the notes that say something may be missing or misread."""
        return tuple(str(note) for note in self.notes if isinstance(note, Doubt))

    @property
    def reply(self) -> str:
        """Return the author's own text: the kept segments joined, outer blank lines stripped."""
        return "".join(self.text[s.start : s.end] for s in self.segments if s.kept).strip("\n")

    def check_tiling(self) -> None:
        """Raise `ValueError` unless the segments tile `text` exactly, in order."""
        position = 0
        for segment in self.segments:
            if segment.start != position or segment.end <= segment.start:
                raise ValueError(f"segments leave a gap or overlap at character {position}")
            position = segment.end
        if position != len(self.text):
            raise ValueError(f"segments end at {position}, the text at {len(self.text)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A raw input as a row: kept byte for byte, deduplicated by `source_key`.

    `parent_id` is the file it was unpacked from (a CSV export, a feed, a log of several chats).
    `wake_at` (aware UTC) is when a worker should look at it; None once nothing is left to do.
    """

    id: str
    workspace_id: str
    source: Source | None
    source_key: str
    filename: str
    raw_sha256: str
    size: int
    state: SubmissionState
    received_at: datetime
    wake_at: datetime | None = None
    thread_id: str | None = None
    post_id: str | None = None
    parent_id: str | None = None
    problem: str = ""
    reason: str = ""
    attempts: int = 0
    parsed: ParsedMessage | None = None
