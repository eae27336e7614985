"""What changed between two texts, word by word, for people."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import groupby

#: Beyond this many words in one stretch of changed lines, the lines are shown as replaced whole:
#: the comparison takes time with the product of both sides.
_MOST_WORDS = 1500


@dataclass(frozen=True, slots=True)
class Change:
    """A stretch of text that is `same`, `added` or `removed`."""

    kind: str
    text: str


def changes(before: str, after: str) -> tuple[Change, ...]:
    """Return what turns `before` into `after`; the pieces of either side join to that text."""
    return tuple(_joined(_by_line(before, after)))


def _by_line(before: str, after: str) -> Iterator[Change]:
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    for tag, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        removed, added = "".join(old[i:j]), "".join(new[k:m])
        if tag == "replace":
            yield from _by_word(removed, added)
        elif tag == "equal":
            yield Change("same", removed)
        else:
            yield from _replaced(removed, added)


def _by_word(before: str, after: str) -> Iterator[Change]:
    old, new = re.findall(r"\s+|\w+|[^\w\s]", before), re.findall(r"\s+|\w+|[^\w\s]", after)
    if len(old) + len(new) > _MOST_WORDS:
        yield from _replaced(before, after)
        return
    for tag, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            yield Change("same", "".join(old[i:j]))
        else:
            yield from _replaced("".join(old[i:j]), "".join(new[k:m]))


def _replaced(before: str, after: str) -> Iterator[Change]:
    if before:
        yield Change("removed", before)
    if after:
        yield Change("added", after)


def _joined(found: Iterator[Change] | Sequence[Change]) -> Iterator[Change]:
    for kind, group in groupby(found, key=lambda change: change.kind):
        yield Change(kind, "".join(change.text for change in group))
