"""Rich text: plain characters with links, mentions and hashtags marked by where they stand."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from copydesk.core.findings import Loss
from copydesk.transformation.nodes import Document


class SpanKind(StrEnum):
    """What a stretch of text is."""

    LINK = "link"
    MENTION = "mention"
    TAG = "tag"


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A stretch of text, `start` to `end` in code points. `target` is the address of a link, the
    name of a mention or hashtag without its sign."""

    start: int
    end: int
    kind: SpanKind
    target: str


@dataclass(frozen=True, slots=True)
class RichText:
    """Characters and the spans on them, in order, none over another."""

    text: str
    spans: tuple[Span, ...] = ()


def to_rich_text(document: Document) -> tuple[RichText, tuple[Loss, ...]]:
    """Return `document` as rich text: links keep their words and carry their address in a span."""
    raise NotImplementedError


def find_spans(text: str) -> tuple[Span, ...]:
    """Return the addresses, mentions (`@name`, `@name.example.org`, `@name@host`) and hashtags that
    stand in plain `text`."""
    raise NotImplementedError


def utf8_offset(text: str, position: int) -> int:
    """Return the offset in UTF-8 bytes of the code point `position` of `text`."""
    return len(text[:position].encode("utf-8"))


def utf16_offset(text: str, position: int) -> int:
    """Return the offset in UTF-16 code units of the code point `position` of `text`."""
    return len(text[:position].encode("utf-16-le")) // 2
