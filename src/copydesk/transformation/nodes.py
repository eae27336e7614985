"""The nodes of a document: what CommonMark and the GFM extensions can say, typed and frozen.

Renderers match over them exhaustively, so a new node type breaks them loudly instead of being left
out. Specifications: CommonMark 0.31.2, GFM 0.29 (tables, strikethrough, autolinks, task lists).
"""

from __future__ import annotations

from dataclasses import dataclass

# -- inline nodes ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Text:
    """Characters, entities already decoded."""

    text: str


@dataclass(frozen=True, slots=True)
class Emphasis:
    """`*emphasised*` content."""

    children: tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Strong:
    """`**strong**` content."""

    children: tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Strikethrough:
    """`~~struck~~` content."""

    children: tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Code:
    """Inline code."""

    text: str


@dataclass(frozen=True, slots=True)
class Link:
    """A link; `url` is percent-encoded. `javascript:` and `data:` never become links."""

    url: str
    children: tuple[Inline, ...]
    title: str = ""


@dataclass(frozen=True, slots=True)
class Image:
    """An image; `url` is percent-encoded, `alt` and `title` are plain text."""

    url: str
    alt: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class LineBreak:
    """The end of a source line; `hard` when the author asked for a visible break."""

    hard: bool


@dataclass(frozen=True, slots=True)
class HtmlInline:
    """One raw HTML tag or comment inside a paragraph, exactly as written."""

    html: str


Inline = Text | Emphasis | Strong | Strikethrough | Code | Link | Image | LineBreak | HtmlInline

# -- block nodes ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph."""

    children: tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of `level` 1..6; `lines` is its `[start, end)` in the source (0-based)."""

    level: int
    children: tuple[Inline, ...]
    lines: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class CodeBlock:
    """Indented or fenced code; `language` is the first word of the fence's info string."""

    text: str
    language: str = ""


@dataclass(frozen=True, slots=True)
class Quote:
    """A block quote."""

    children: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class ListItem:
    """An item of a list; `checked` is None unless it is a task."""

    children: tuple[Block, ...]
    checked: bool | None = None


@dataclass(frozen=True, slots=True)
class List:
    """A list. `start` is the first number of an ordered one, None for bullets; `tight` items are
    not separated by blank lines."""

    items: tuple[ListItem, ...]
    start: int | None = None
    tight: bool = True


@dataclass(frozen=True, slots=True)
class Table:
    """A table: cells are inline content; `alignments` are "", "left", "center" or "right"."""

    alignments: tuple[str, ...]
    header: tuple[tuple[Inline, ...], ...]
    rows: tuple[tuple[tuple[Inline, ...], ...], ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """A thematic break."""


@dataclass(frozen=True, slots=True)
class HtmlBlock:
    """Raw HTML lines, exactly as written."""

    html: str


@dataclass(frozen=True, slots=True)
class Embed:
    """Something of another site shown in place (`::embed[title]{url=…}`); `title` may be ""."""

    url: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class CallToAction:
    """A link meant as a button (`::cta[label]{url=…}`)."""

    url: str
    label: str


Block = Paragraph | Heading | CodeBlock | Quote | List | Table | Rule | HtmlBlock


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed body."""

    blocks: tuple[Block, ...]


def plain(children: tuple[Inline, ...]) -> str:
    """Return the characters of inline content without any markup; images give their alt text."""
    parts: list[str] = []
    for node in children:
        match node:
            case Text(text) | Code(text):
                parts.append(text)
            case Emphasis(inner) | Strong(inner) | Strikethrough(inner):
                parts.append(plain(inner))
            case Link():
                parts.append(plain(node.children))
            case Image():
                parts.append(node.alt)
            case LineBreak():
                parts.append(" ")
            case HtmlInline():
                pass
    return "".join(parts)
