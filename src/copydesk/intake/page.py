"""One state of a text under clean-up: which spans no rule may touch, and where its prose is."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from copydesk.core.ledger import VERBATIM, Ledger, TokenClass, protected_spans

Span = tuple[int, int]

_UNTOUCHED = re.compile(r"[ ]{4}|\t|[ ]{0,3}>|[^|\n]*\||[ ]{0,3}(?:[-=*_][ ]?){3,}\s*\Z|--\s*\Z")
_LINK_TARGET = re.compile(r"\]\([^)\n]{0,2000}\)|^[ ]{0,3}\[[^\]\n]{1,200}\]:.*$", re.MULTILINE)
_HEADING = re.compile(r"[ ]{0,3}#{1,6}(?:\s|\Z)")
_ITEM = re.compile(r"[ ]{0,3}(?:[-*+•]|\d{1,9}[.)])\s")
_BLANK_LINES = re.compile(r"[^\S\n]*(?:\n[^\S\n]*){0,4}")
_FENCE = re.compile(r"[ ]{0,3}(?:```|~~~)")


_AS_WRITTEN = VERBATIM | {TokenClass.QUOTE}


class Mask:
    """Spans that a rule may not touch."""

    def __init__(self, spans: Iterable[Span]) -> None:
        merged: list[Span] = []
        for start, end in sorted(spans):
            if merged and start <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
            else:
                merged.append((start, end))
        self._starts = [start for start, _ in merged]
        self._ends = [end for _, end in merged]

    def touches(self, start: int, end: int) -> bool:
        """Whether `[start, end)` shares a character with a masked span, or lies within one."""
        return bisect_left(self._starts, max(end, start + 1)) > bisect_right(self._ends, start)


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A run of plain lines. `closes` is False if a list, table, quote or code block follows it."""

    start: int
    end: int
    closes: bool


class Page:
    """A text with its masks, paragraphs and sentences."""

    def __init__(self, text: str, ledger: Ledger) -> None:
        self.text = text
        self._ledger = ledger
        self._untouched = list(_untouched(text))
        self._verbatim_ends = {t.end for t in ledger.tokens if t.cls in VERBATIM}
        self.verbatim = self._mask(_AS_WRITTEN)
        self.paragraphs = list(_paragraphs(text, self.verbatim))
        self._sentences = [start for start, _ in ledger.sentences]

    @cached_property
    def tokens(self) -> Mask:
        """Every protected token."""
        return self._mask(frozenset(TokenClass))

    @cached_property
    def all_but_dates(self) -> Mask:
        """Every protected token but dates, which shorthand may write ("2moro")."""
        return self._mask(frozenset(TokenClass) - {TokenClass.DATE})

    def _mask(self, classes: frozenset[TokenClass]) -> Mask:
        return Mask([*protected_spans(self._ledger, classes), *self._untouched])

    def is_address(self, end: int) -> bool:
        """Whether a link, id or the like ends at `end`; a stop could be taken for its part."""
        return end in self._verbatim_ends

    def starts_in(self, paragraph: Paragraph) -> list[int]:
        """Return where the sentences of a paragraph begin."""
        low = bisect_left(self._sentences, paragraph.start)
        return self._sentences[low : bisect_left(self._sentences, paragraph.end)]

    def sentence_starts(self) -> Iterator[int]:
        """Yield where sentences of prose begin; headings and list items are none."""
        for paragraph in self.paragraphs:
            yield from self.starts_in(paragraph)


def _is_untouched(line: str) -> bool:
    if line[:1].isalpha():  # as most are; then it is only a table that is left alone
        return "|" in line
    return _UNTOUCHED.match(line) is not None


def _untouched(text: str) -> Iterator[Span]:
    position = 0
    for line in text.split("\n"):
        end = position + len(line)
        if _is_untouched(line):
            yield position, end
        position = end + 1
    if "](" in text or "]:" in text:
        for match in _LINK_TARGET.finditer(text):
            yield match.span()


def _is_structure(line: str) -> bool:
    if line[:1].isalpha():
        return "|" in line
    return bool(_HEADING.match(line) or _ITEM.match(line) or _FENCE.match(line)) or (
        _is_untouched(line)
    )


def _paragraphs(text: str, masked: Mask) -> Iterator[Paragraph]:
    position, start, end, in_list = 0, -1, -1, False
    for line in [*text.split("\n"), ""]:
        filled = line.strip()
        structure = bool(filled) and (
            _is_structure(line)
            or (start < 0 and line[:1].isspace() and masked.touches(position, position + 1))
        )
        if start >= 0 and (structure or not filled):
            follows = structure or _structure_follows(text, position)
            yield Paragraph(start, end, closes=not follows)
            start = -1
        if not filled:
            in_list = False
        elif structure:
            in_list = bool(_ITEM.match(line))
        elif not in_list:
            start = position + len(line) - len(line.lstrip()) if start < 0 else start
            end = position + len(line.rstrip())
        position += len(line) + 1


def _structure_follows(text: str, position: int) -> bool:
    match = _BLANK_LINES.match(text, position)
    at = match.end() if match else position
    begin = text.rfind("\n", 0, at) + 1
    line = text[begin : begin + 120].partition("\n")[0]
    return bool(_ITEM.match(line) or _FENCE.match(line)) or _is_untouched(line)
