"""Lists of words and phrases, looked for in texts that mostly hold none of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

_WORD = re.compile(r"\w+")
#: A word is told from others by so many of its first letters before it is looked at.
_LETTERS = 3


class Phrases:
    """Words and phrases of a list, found whole and without case; `*` stands for any ending.

    A text none of whose words begins like one of the list is not searched.
    """

    def __init__(self, phrases: Iterable[str]) -> None:
        listed = sorted(phrases, key=len, reverse=True)
        either = "|".join(
            re.escape(phrase.removesuffix("*")) + (r"\w{0,20}" if phrase.endswith("*") else "")
            for phrase in listed
        )
        self._pattern = re.compile(rf"(?<!\w)(?:{either or '(?!)'})(?!\w)", re.IGNORECASE)
        keys = [_key(phrase) for phrase in listed]
        self._keys = None if None in keys else frozenset(key for key in keys if key is not None)

    def finditer(self, text: str) -> Iterator[re.Match[str]]:
        """Yield every place of `text` where one of them stands, in order, the longest first."""
        if self._keys is None or not self._keys.isdisjoint(_beginnings(text)):
            yield from self._pattern.finditer(text)


def _key(phrase: str) -> str | None:
    """Return how the first word of a phrase begins; None if that cannot be said."""
    match = _WORD.match(phrase.casefold())
    if match is None or (phrase.endswith("*") and len(match[0]) < _LETTERS):
        return None
    return match[0][:_LETTERS]


@lru_cache(maxsize=16)
def _beginnings(text: str) -> frozenset[str]:
    # a capital İ is two characters in small letters, of which only one is a letter
    folded = text.replace("İ", "i").casefold()
    return frozenset(word[:_LETTERS] for word in _WORD.findall(folded))
