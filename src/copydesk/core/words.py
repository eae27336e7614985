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
#: Among these are all letters that, folded, would end a word or make one: with a mark apart.
_BREAKING: Final = re.compile("[\u01f0\u0345\u0390\u03b0\u1e96-\u1e99\u1f50-\u1f56\u1fb6-\u1ff7]")
#: Of a word whose end is not known so many letters are told, with a `*` behind them.
BEGINNING: Final = 4


def fold(text: str) -> str:
    """Return `text` without case: what `re.IGNORECASE` takes for the same becomes the same."""
    if text.isascii():
        return text.lower()
    return text.replace("İ", "i").replace("ı", "i").casefold()


def words(text: str) -> list[str]:
    """Return the words of `text` (runs of `\\w`) folded, in order."""
    if _BREAKING.search(text) is None:
        return _WORD.findall(fold(text))
    return list(map(fold, _WORD.findall(text)))


def told(text: str) -> frozenset[str]:
    """Return the words of `text`, the beginnings of its words as `igno*`, and its characters.

    All are folded. A pattern that needs one of these matches nowhere in a text that lacks it.
    """
    found = set(words(text))
    found.update([word[:BEGINNING] + "*" for word in found if len(word) >= BEGINNING])
    found.update(fold(text))
    return frozenset(found)


#: The same for whole texts, about which many lists ask.
told_by = lru_cache(maxsize=16)(told)


def places(text: str, wanted: Collection[str]) -> list[int]:
    """Return where those words of `text` begin that are wanted, as `told` has them, in order."""
    folded = fold(text)
    if len(folded) != len(text) or _BREAKING.search(text):
        return [
            match.start()
            for match in _WORD.finditer(text)
            if (word := fold(match[0])) in wanted or word[:BEGINNING] + "*" in wanted
        ]
    # every letter keeps its place here, and looking for a few words is fast
    found: list[int] = []
    for word in {word.removesuffix("*") for word in wanted}:
        at = folded.find(word)
        while at >= 0:
            if not at or not (folded[at - 1].isalnum() or folded[at - 1] == "_"):
                found.append(at)
            at = folded.find(word, at + 1)
    return sorted(set(found))
