"""What a line shows at a glance, so that a dear pattern runs only where it can match at all.

Most lines of a message hold no digit, no address and no name of a day. One pass over the line tells
that; every finder of protected tokens asks here before it searches.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

_DIGITS = re.compile(r"\d+")
# Runs of letters; those of scripts without spaces between words are left out, so that a word
# beside them is seen.
_WORD = re.compile(r"[^\W\d_\u0e00-\u0eff\u3005-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]+")


class Clues:
    """A piece of text, usually a line: which signs and words it has, and where its digits are.

    `signs` are its characters; `words` are its runs of letters, casefolded; `digits` are the spans
    of its runs of digits, in order.
    """

    __slots__ = ("digits", "signs", "text", "words")

    def __init__(self, text: str) -> None:
        self.text = text
        self.signs = frozenset(text)
        self.digits = [match.span() for match in _DIGITS.finditer(text)]
        self.words = frozenset(_WORD.findall(text.casefold()))

    def matches(self, pattern: re.Pattern[str], places: Iterable[int]) -> Iterator[re.Match[str]]:
        """Yield what `pattern.finditer` would, if each match begins at one of `places` (sorted)."""
        end = 0
        for place in places:
            match = pattern.match(self.text, place) if place >= end else None
            if match is not None:
                end = match.end()
                yield match

    def places(self, words: frozenset[str]) -> list[int]:
        """Return where digits and these words (casefolded) begin, in order."""
        found = [start for start, _ in self.digits]
        there = self.words & words
        if there:
            found += self._beginnings(there)
            found.sort()
        return found

    def _beginnings(self, words: frozenset[str]) -> list[int]:
        """Return where these words, which are there, begin."""
        text = self.text
        if not text.isascii():
            return [m.start() for m in _WORD.finditer(text) if m[0].casefold() in words]
        lowered, found = text.lower(), []
        for word in words:
            at, size = lowered.find(word), len(word)
            while at >= 0:
                after = lowered[at + size : at + size + 1]
                if not lowered[at - 1 : at].isalpha() and not after.isalpha():
                    found.append(at)
                at = lowered.find(word, at + 1)
        return found

    def beside(self, spans: Iterable[tuple[int, int]], begin: re.Pattern[str]) -> Iterator[int]:
        """Yield where `begin` matches in what stands around `spans` without a space, in order."""
        text, done = self.text, 0
        for start, end in spans:
            if start < done:
                continue
            while start > done and not text[start - 1].isspace():
                start -= 1
            while end < len(text) and not text[end].isspace():
                end += 1
            done = end
            yield from (match.start() for match in begin.finditer(text, start, end))


def at_marks(text: str, mark: re.Pattern[str], pattern: re.Pattern[str]) -> Iterator[re.Match[str]]:
    """Yield what `pattern.finditer` would, if each match begins where `mark`, found fast, does.

    A search is fast that begins with a sign or a set of signs; one that begins by looking back is
    tried in full at every character.
    """
    end = 0
    for found in mark.finditer(text):
        match = pattern.match(text, found.start()) if found.start() >= end else None
        if match is not None:
            end = match.end()
            yield match


def first_words(phrases: Iterable[str]) -> frozenset[str]:
    """Return the first word of each phrase, as `Clues.words` has them."""
    return frozenset(_WORD.findall(phrase.casefold())[0] for phrase in phrases)
