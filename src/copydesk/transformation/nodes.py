"""The nodes of a document: what CommonMark and the GFM extensions can say, typed and frozen.

Renderers match over them exhaustively, so a new node type breaks them loudly instead of being left
out. Specifications: CommonMark 0.31.2, GFM 0.29 (tables, strikethrough, autolinks, task lists),
footnotes as GitHub reads them, and two directives of our own (`directives`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

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


@dataclass(frozen=True, slots=True)
class FootnoteReference:
    """The mark that leads to the footnote called `label`; there always is one."""

    label: str


Inline = (
    Text
    | Emphasis
    | Strong
    | Strikethrough
    | Code
    | Link
    | Image
    | LineBreak
    | HtmlInline
    | FootnoteReference
)

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
    lines: tuple[int, int] = field(default=(0, 0), compare=False)


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
    """Something of another site shown in place (`::embed[title]{url=…}`); `title` may be "". `url`
    is percent-encoded; `line` is where it stands in the source (0-based)."""

    url: str
    title: str = ""
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class CallToAction:
    """A link meant as a button (`::cta[label]{url=…}`); fields as in `Embed`."""

    url: str
    label: str
    line: int = field(default=0, compare=False)


Block = (
    Paragraph | Heading | CodeBlock | Quote | List | Table | Rule | HtmlBlock | Embed | CallToAction
)


@dataclass(frozen=True, slots=True)
class Footnote:
    """A footnote; `label` is the author's name for it, unique in its document."""

    label: str
    children: tuple[Block, ...]


#: The inline nodes that hold others.
HOLDERS: Final = (Emphasis, Strong, Strikethrough, Link)


@dataclass(frozen=True)
class Document:
    """A parsed body, its footnotes in the order of the marks that lead to them.

    Those without a mark come last. What is made of it for one platform is often made for the next
    one too and remembered by document, so its hash is worked out once, and so are its nodes.
    """

    blocks: tuple[Block, ...]
    footnotes: tuple[Footnote, ...] = ()

    def footnote_numbers(self) -> dict[str, int]:
        """Return the number of each footnote by its label, from 1."""
        return {note.label: number for number, note in enumerate(self.footnotes, start=1)}

    @cached_property
    def nodes(self) -> tuple[Block | Inline, ...]:
        """Return every block and inline node in reading order, footnotes last."""
        found: list[Block | Inline] = []
        _collect_blocks(self.blocks, found)
        for note in self.footnotes:
            _collect_blocks(note.children, found)
        return tuple(found)

    @cached_property
    def _hash(self) -> int:
        return hash((self.blocks, self.footnotes))

    def __hash__(self) -> int:
        return self._hash


def _collect_blocks(blocks: tuple[Block, ...], found: list[Block | Inline]) -> None:
    for block in blocks:
        found.append(block)
        match block:
            case Paragraph(children) | Heading(_, children):
                _collect(children, found)
            case Quote(within):
                _collect_blocks(within, found)
            case List():
                for item in block.items:
                    _collect_blocks(item.children, found)
            case Table():
                for cells in (block.header, *block.rows):
                    for cell in cells:
                        _collect(cell, found)
            case CodeBlock() | Rule() | HtmlBlock() | Embed() | CallToAction():
                pass


def _collect(children: tuple[Inline, ...], found: list[Block | Inline]) -> None:
    for node in children:
        found.append(node)
        if isinstance(node, HOLDERS):
            _collect(node.children, found)


def joined(children: Iterable[Inline]) -> tuple[Inline, ...]:
    """Return inline content with texts that stand side by side as one."""
    found: list[Inline] = []
    for node in children:
        if isinstance(node, Text) and found and isinstance(found[-1], Text):
            found[-1] = Text(found[-1].text + node.text)
        else:
            found.append(node)
    return tuple(found)


def plain(children: tuple[Inline, ...]) -> str:
    """Return the characters of inline content without any markup.

    Images give their alt text; marks of footnotes give nothing.
    """
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
            case HtmlInline() | FootnoteReference():
                pass
    return "".join(parts)
