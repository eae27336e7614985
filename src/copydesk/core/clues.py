"""What a text shows at a glance, so that a dear pattern runs only where it can match at all.

Most words of a message are no digits, no address and no name of a day. One pass over the text tells
where such things are; every finder of protected tokens asks here before it searches.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

_DIGITS = re.compile(r"\d+")
# Runs of letters; those of scripts without spaces between words are left out, so that a word
# beside them is seen.
_WORD = re.compile(r"[^\W\d_\u0e00-\u0eff\u3005-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]+")
_ASCII_WORD = re.compile(r"[a-z]+")


class Clues:
    """A piece of text: which words it has, where its digits are, and what of it is taken already.

    `words` are its runs of letters, casefolded; `digits` are the spans of its runs of digits, in
    order.
    """

    __slots__ = ("_folded", "_runs", "_taken", "digits", "text", "words")

    def __init__(self, text: str) -> None:
        self.text = text
        self.digits = [match.span() for match in _DIGITS.finditer(text)]
        self._folded = text.casefold()
        word = _ASCII_WORD if text.isascii() else _WORD
        self.words = frozenset(word.findall(self._folded))
        self._runs: list[tuple[str, int]] = []
        self._taken = bytearray(len(text))

    def is_free(self, start: int, end: int) -> bool:
        """Whether no character of `text[start:end]` is taken."""
        return self._taken.find(1, start, end) < 0

    def take(self, start: int, end: int) -> None:
        """Take `text[start:end]`: nothing else is to be found there."""
        self._taken[start:end] = b"\x01" * (end - start)

    def matches(self, pattern: re.Pattern[str], places: Iterable[int]) -> Iterator[re.Match[str]]:
        """Yield what `pattern.finditer` would, if each match begins at one of `places` (sorted)."""
        text, match_at, end = self.text, pattern.match, 0
        for place in places:
            if place >= end and (match := match_at(text, place)) is not None:
                end = match.end()
                yield match

    def places(self, words: frozenset[str]) -> list[int]:
        """Return where digits and these words (casefolded) begin, in order."""
        found = [start for start, _ in self.digits]
        if begins := self.places_of(words):
            found += begins
            found.sort()
        return found

    def places_of(self, words: frozenset[str]) -> list[int]:
        """Return where these words (casefolded) begin, in order."""
        there = self.words & words
        if not there:
            return []
        if len(self._folded) != len(self.text):  # some letter became two, and places moved
            self._runs = self._runs or [
                (match[0].casefold(), match.start()) for match in _WORD.finditer(self.text)
            ]
            return [start for word, start in self._runs if word in there]
        return sorted(start for word in there for start in self._beginnings(word))

    def _beginnings(self, word: str) -> Iterator[int]:
        at = self._folded.find(word)
        while at >= 0:
            run = _WORD.match(self.text, at)
            if run and run.end() == at + len(word) and not (at and _WORD.match(self.text, at - 1)):
                yield at
            at = self._folded.find(word, at + 1)

    def beside(self, spans: Iterable[tuple[int, int]], begin: re.Pattern[str]) -> Iterator[int]:
        """Yield where `begin` matches in what stands around `spans` in its line, in order.

        What stands around a span ends at a space at the latest.
        """
        text, done, line_end = self.text, 0, -1
        for start, end in spans:
            if start < done:
                continue
            begins = max(text.rfind(" ", done, start), text.rfind("\n", done, start)) + 1 or done
            if line_end < end:
                line_end = text.find("\n", end)
                line_end = len(text) if line_end < 0 else line_end
            done = text.find(" ", end, line_end)
            done = line_end if done < 0 else done
            for match in begin.finditer(text, begins, done):
                yield match.start()


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
