"""What a text tells at a glance, so that lists and patterns which cannot match are never tried.

Letters are compared as `re.IGNORECASE` does, so that no match is missed: it takes the Turkish
dotless i and the capital one with a dot for an i, which casefolding alone does not.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache
from typing import Final

_WORD: Final = re.compile(r"\w+")
#: Of a word whose end is not known so many letters are told, with a `*` behind them.
BEGINNING: Final = 4


def fold(text: str) -> str:
    """Return `text` without case: what `re.IGNORECASE` takes for the same becomes the same."""
    if text.isascii():
        return text.lower()
    return text.replace("İ", "i").replace("ı", "i").casefold()


def words(text: str) -> list[str]:
    """Return the words of `text` (runs of `\\w`) folded, in order."""
    if text.isascii():
        return _WORD.findall(text.lower())
    return list(map(fold, _WORD.findall(text)))


def told(text: str) -> frozenset[str]:
    """Return the words of `text`, the beginnings of its words as `igno*`, and its characters.

    All are folded. A pattern that needs one of these matches nowhere in a text that lacks it.
    """
    found = set(words(text))
    found |= {word[:BEGINNING] + "*" for word in found if len(word) >= BEGINNING}
    return frozenset(found.union(fold(text)))


#: The same for whole texts, about which many lists ask.
told_by = lru_cache(maxsize=16)(told)


def places(text: str, wanted: Collection[str]) -> list[int]:
    """Return where those words of `text` begin that are wanted, as `told` has them, in order."""
    if not text.isascii():
        return [
            match.start()
            for match in _WORD.finditer(text)
            if (word := fold(match[0])) in wanted or word[:BEGINNING] + "*" in wanted
        ]
    # every letter keeps its place here, and looking for a few words is fast
    lowered, found = text.lower(), []
    for word in {word.removesuffix("*") for word in wanted}:
        at = lowered.find(word)
        while at >= 0:
            if not at or not (lowered[at - 1].isalnum() or lowered[at - 1] == "_"):
                found.append(at)
            at = lowered.find(word, at + 1)
    return sorted(set(found))
