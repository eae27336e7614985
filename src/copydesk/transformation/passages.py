"""A text in passages: pieces short enough to be shown, long enough to be understood."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import regex

from copydesk.core.ledger import extract, protected_spans
from copydesk.core.sentences import sentences

#: How many characters a passage has at most, unless one sentence is longer.
LONGEST: Final = 700

_FENCE: Final = regex.compile(r"^ {0,3}(`{3,}|~{3,})")
_HEADING: Final = regex.compile(r"^ {0,3}#{1,6}[ \t]+(.*?)[ \t#]*$")


def passages_of(markdown: str) -> list[tuple[str, str]]:
    """Return the passages of a CommonMark text in order, each with the heading above it.

    Paragraphs below one heading stand together while they fit; a longer one is parted between
    sentences. Nothing is left out but headings, which stand beside their passages, and blank lines.
    """
    found: list[tuple[str, str]] = []
    heading, gathered = "", ""
    for title, block in _blocks(markdown):
        if title is not None:
            if gathered:
                found.append((heading, gathered))
            heading, gathered = title, ""
            continue
        for piece in _pieces(block):
            longer = f"{gathered}\n\n{piece}" if gathered else piece
            if gathered and len(longer) > LONGEST:
                found.append((heading, gathered))
                longer = piece
            gathered = longer
    if gathered:
        found.append((heading, gathered))
    return found


def _blocks(markdown: str) -> Iterator[tuple[str | None, str]]:
    """Yield (heading, "") for headings and (None, text) for what stands between blank lines."""
    lines: list[str] = []
    fence = ""
    for line in markdown.split("\n"):
        opened = _FENCE.match(line)
        if opened and (not fence or opened[1].startswith(fence)):
            fence = "" if fence else opened[1]
        title = None if fence or opened else _HEADING.match(line)
        if title is not None or (not fence and not line.strip()):
            if lines:
                yield None, "\n".join(lines)
            lines = []
            if title is not None:
                yield title[1], ""
            continue
        lines.append(line.rstrip())
    if lines:
        yield None, "\n".join(lines)


def _pieces(block: str) -> Iterator[str]:
    if len(block) <= LONGEST:
        yield block
        return
    start = end = 0
    for begin, stop in sentences(block, protected_spans(extract(block))):
        if end > start and stop - start > LONGEST:
            yield block[start:end].strip()
            start = begin
        end = stop
    yield block[start:].strip()
