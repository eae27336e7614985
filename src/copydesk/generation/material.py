"""What a capability is given to work on: cleaned text of the author, and what surrounds it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from copydesk.core.submission import SegmentKind


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthoredSegment:
    """One kept segment of the message: its index among all segments, and its cleaned text.

    `speaker` is who said it where several people speak, else "".
    """

    index: int
    text: str
    kind: SegmentKind = SegmentKind.AUTHORED
    speaker: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextMessage:
    """An earlier message of the conversation, oldest first. It is read, never rewritten.

    `not_shown` counts the characters of its beginning that did not fit.
    """

    author: str
    text: str
    not_shown: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A passage of our own texts that may help: of the style guide, or of a published post.

    `id` says where it comes from, such as `style.v3#2` or `post_01…#0`.
    """

    id: str
    kind: str
    text: str
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Where a part of a long message stands: it is `number` (from 1) of `of`.

    `before` is the end of what stands in front of it, `ledger` the protected tokens that the parts
    before it hold.
    """

    number: int
    of: int
    before: tuple[ContextMessage, ...] = ()
    ledger: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """A message ready to be written up.

    `segments` are the author's own, in order, after clean-up; put together without anything in
    between they are the whole message. `protected` lists the tokens (numbers, names, URLs, …) that
    must survive. `language` is a BCP 47 tag, "" when unknown. `references` are passages of our own
    texts, the most useful first, and `style` is the version of the style guide that some of them
    come from, "" where there is none. `part` is None unless this is a part of a longer message.
    `left_out` says in words what of the surroundings is not there because it did not fit.
    """

    segments: tuple[AuthoredSegment, ...]
    subject: str = ""
    language: str = ""
    participants: tuple[str, ...] = ()
    context: tuple[ContextMessage, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)
    protected: tuple[str, ...] = ()
    references: tuple[Reference, ...] = ()
    style: str = ""
    part: Part | None = None
    left_out: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """Return the whole message, outer blank space stripped."""
        return self.text_of(frozenset(s.index for s in self.segments))

    def text_of(self, indexes: frozenset[int]) -> str:
        """Return the text of the segments with these indexes, in order."""
        return "".join(s.text for s in self.segments if s.index in indexes).strip()
