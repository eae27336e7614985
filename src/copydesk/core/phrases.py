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

    Only those words of a text are looked at that begin like one of the list.
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
        if self._keys is None:
            yield from self._pattern.finditer(text)
            return
        beginnings = _beginnings(text)
        end = 0
        keys = self._keys & beginnings.keys()
        written = [beginning for key in keys for beginning in beginnings[key]]
        for place in sorted(at for beginning in written for at in _places(text, beginning)):
            match = self._pattern.match(text, place) if place >= end else None
            if match is not None:
                end = match.end()
                yield match


def _key(phrase: str) -> str | None:
    """Return how the first word of a phrase begins; None if that cannot be said."""
    match = _WORD.match(phrase.casefold())
    if match is None or (phrase.endswith("*") and len(match[0]) < _LETTERS):
        return None
    return match[0][:_LETTERS]


@lru_cache(maxsize=16)
def _beginnings(text: str) -> dict[str, list[str]]:
    """Return how words of a text begin, by the same without case. Many lists ask about one text."""
    found: dict[str, list[str]] = {}
    for written in {word[:_LETTERS] for word in _WORD.findall(text)}:
        # a capital İ would become two characters, of which only one is a letter
        key = written.replace("İ", "i").casefold()[:_LETTERS]
        found.setdefault(key, []).append(written)
    return found


def _places(text: str, beginning: str) -> Iterator[int]:
    """Yield where a word may begin like this; in the middle of a word none does."""
    at = text.find(beginning)
    while at >= 0:
        if not at or not text[at - 1].isalnum():
            yield at
        at = text.find(beginning, at + 1)
