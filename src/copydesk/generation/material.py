"""What a capability is given to work on: cleaned text of the author, and what surrounds it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from copydesk.core.submission import SegmentKind


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthoredSegment:
    """One kept segment of the message: its index among all segments, and its cleaned text."""

    index: int
    text: str
    kind: SegmentKind = SegmentKind.AUTHORED


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextMessage:
    """An earlier message of the conversation, oldest first. It is read, never rewritten."""

    author: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """A message ready to be written up.

    `segments` are the author's own, in order, after clean-up; put together without anything in
    between they are the whole message. `protected` lists the tokens (numbers, names, URLs, …) that
    must survive. `language` is a BCP 47 tag, "" when unknown.
    """

    segments: tuple[AuthoredSegment, ...]
    subject: str = ""
    language: str = ""
    context: tuple[ContextMessage, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)
    protected: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """Return the whole message, outer blank space stripped."""
        return self.text_of(frozenset(s.index for s in self.segments))

    def text_of(self, indexes: frozenset[int]) -> str:
        """Return the text of the segments with these indexes, in order."""
        return "".join(s.text for s in self.segments if s.index in indexes).strip()
