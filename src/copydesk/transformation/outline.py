"""The outline of a document: its lead, its sections, and what each says, sentence by sentence.

What short forms are taken from. Sentences come from prose alone (paragraphs, quotes, lists); code,
tables and images are counted, so that a short form can say what it leaves behind.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import lru_cache
from typing import Any, Final

import regex

from copydesk.core.sentences import sentences
from copydesk.transformation.counting import graphemes
from copydesk.transformation.nodes import (
    Block,
    Code,
    CodeBlock,
    Document,
    FootnoteReference,
    Heading,
    Image,
    List,
    Paragraph,
    Quote,
    Table,
    plain,
)
from copydesk.transformation.richtext import find_spans
from copydesk.transformation.text import words_of

#: What stands in a paragraph and is not said by it.
_UNSAID: Final = (Image, FootnoteReference)
_SPACE: Final = regex.compile(r"\s+")
_CODE: Final = regex.compile(r"`[^`]*`")
#: A first sentence shorter than this ("So what?") says too little to stand alone.
_TELLING: Final = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A heading ("" for what stands before the first) and the sentences below it, each with the
    number of its paragraph."""

    heading: str
    sentences: tuple[str, ...]
    paragraphs: tuple[int, ...]

    @property
    def quotable(self) -> tuple[tuple[str, int], ...]:
        """Return the sentences that say something alone, with their paragraphs: not those that lead
        up to code, a table or a list."""
        pairs = zip(self.sentences, self.paragraphs, strict=True)
        return tuple(pair for pair in pairs if not pair[0].endswith((":", "：")))

    @property
    def openings(self) -> tuple[str, ...]:
        """Return the first sentence of each paragraph."""
        first: dict[int, str] = {}
        for sentence, paragraph in self.quotable:
            first.setdefault(paragraph, sentence)
        return tuple(first.values())

    @property
    def telling(self) -> tuple[str, ...]:
        """Return the sentences that say most of it: the first, and the next where that is short or
        asks what the next one answers."""
        said = tuple(sentence for sentence, _ in self.quotable[:2])
        if len(said) < 2:
            return said
        is_asking = said[0].endswith(("?", "？", "؟"))
        return said if is_asking or graphemes(said[0]) < _TELLING else said[:1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """A document's lead, its main sections in order, and how much of what else it has."""

    lead: Section
    sections: tuple[Section, ...]
    code: int
    tables: int

    @property
    def all_sentences(self) -> int:
        """Return the number of sentences in it."""
        return sum(len(part.sentences) for part in (self.lead, *self.sections))


def outline(document: Document) -> Outline:
    """Return the outline of `document`. Its main sections are those of its highest headings; deeper
    headings are read over."""
    blocks = document.blocks
    top = min((block.level for block in blocks if isinstance(block, Heading)), default=0)
    groups: list[tuple[str, list[Block]]] = [("", [])]
    for block in blocks:
        if isinstance(block, Heading) and block.level == top:
            groups.append((_even(plain(block.children)), []))
        else:
            groups[-1][1].append(block)
    lead, *sections = (_section(heading, inner) for heading, inner in groups)
    kinds = Counter(_kinds(blocks))
    return Outline(lead=lead, sections=tuple(sections), code=kinds[CodeBlock], tables=kinds[Table])


@lru_cache(maxsize=512)
def sentences_of(text: str) -> tuple[str, ...]:
    """Return the sentences of plain `text`; none ends in an address, a name or code."""
    masked = [(span.start, span.end) for span in find_spans(text)]
    masked += [match.span() for match in _CODE.finditer(text)]
    return tuple(text[start:end] for start, end in sentences(text, _apart(masked)))


def _section(heading: str, blocks: Sequence[Block]) -> Section:
    found: list[str] = []
    paragraphs: list[int] = []
    for number, text in enumerate(_prose(blocks)):
        said = sentences_of(text)
        found += said
        paragraphs += [number] * len(said)
    return Section(heading=heading, sentences=tuple(found), paragraphs=tuple(paragraphs))


def _prose(blocks: Sequence[Block]) -> list[str]:
    texts: list[str] = []
    for block in blocks:
        match block:
            case Paragraph():
                text = _words(block)
                if text:
                    texts.append(text)
            case Quote(children):
                texts += _prose(children)
            case List():
                for item in block.items:
                    texts += _prose(item.children)
            case _:
                pass
    return texts


# Links are tagged for each platform, so documents differ; most of their paragraphs do not.
@lru_cache(maxsize=512)
def _words(paragraph: Paragraph) -> str:
    """Return what a paragraph says on one line: without images and marks of footnotes."""
    is_marked = any(isinstance(node, _UNSAID) for node in Document((paragraph,)).nodes)
    return _even(words_of(_without_marks(paragraph) if is_marked else paragraph))


def _without_marks(node: Any) -> Any:
    if isinstance(node, tuple):
        return tuple(_without_marks(child) for child in node if not isinstance(child, _UNSAID))
    if not is_dataclass(node) or isinstance(node, type | Code):
        return node
    inner = {
        field.name: _without_marks(value)
        for field in fields(node)
        if isinstance(value := getattr(node, field.name), tuple)
    }
    return replace(node, **inner)


def _kinds(blocks: Sequence[Block]) -> list[type]:
    kinds: list[type] = []
    for block in blocks:
        kinds.append(type(block))
        match block:
            case Quote(children):
                kinds += _kinds(children)
            case List():
                for item in block.items:
                    kinds += _kinds(item.children)
            case _:
                pass
    return kinds


def _apart(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for start, end in sorted(ranges):
        if found and start < found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def _even(text: str) -> str:
    return _SPACE.sub(" ", text).strip()
