"""Lists of words and phrases, looked for in texts that mostly hold none of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from copydesk.core.words import BEGINNING, fold, places, told_by, words


class _Phrase(NamedTuple):
    """The number of its list, what `told` must have of it, and its first word as told."""

    number: int
    needs: frozenset[str]
    first: str


class Phrases:
    """Lists of words and phrases, found whole and without case; `*` stands for any ending.

    Of a word, a `*` in front stands for any beginning: of compounds it finds all that end so. A
    list is looked for only in a text that has all words of one of its phrases.
    """

    def __init__(self, lists: Sequence[Iterable[str]]) -> None:
        self._patterns: list[re.Pattern[str]] = []
        self._by_word: dict[str, list[_Phrase]] = {}
        self._ends: list[tuple[int, tuple[str, ...], re.Pattern[str]]] = []
        for number, phrases in enumerate(lists):
            listed = sorted(phrases, key=len, reverse=True)
            if ends := [phrase[1:] for phrase in listed if phrase.startswith("*")]:
                self._ends.append((number, tuple(fold(e.rstrip("*")) for e in ends), _ending(ends)))
            listed = [phrase for phrase in listed if not phrase.startswith("*")]
            either = "|".join(
                re.escape(phrase.removesuffix("*")) + (r"\w{0,20}" if phrase.endswith("*") else "")
                for phrase in listed
            )
            self._patterns.append(
                re.compile(rf"(?<!\w)(?:{either or '(?!)'})(?!\w)", re.IGNORECASE)
            )
            for phrase in listed:
                needs = _needs(phrase)
                # its longest word is its rarest
                of_word = self._by_word.setdefault(max(needs, key=len), [])
                of_word.append(_Phrase(number, frozenset(needs), needs[0]))

    def find(self, text: str) -> Iterator[tuple[int, re.Match[str]]]:
        """Yield every place of `text` where one stands, with the number of its list.

        List by list, each in order; of phrases that begin at one place the longest. Then likewise
        those with any beginning.
        """
        told = told_by(text)
        firsts: dict[int, set[str]] = {}
        for word in self._by_word.keys() & told:
            for phrase in self._by_word[word]:
                if phrase.needs <= told:
                    firsts.setdefault(phrase.number, set()).add(phrase.first)
        for number in sorted(firsts):
            pattern, end = self._patterns[number], 0
            for place in places(text, firsts[number]):
                match = pattern.match(text, place) if place >= end else None
                if match is not None:
                    end = match.end()
                    yield number, match
        if self._ends:
            folded = fold(text)
            for number, stems, pattern in self._ends:
                if any(stem in folded for stem in stems):
                    for match in pattern.finditer(text):
                        yield number, match


class Stems:
    """Lists of pieces that also stand within words, found without case.

    For languages that set no spaces between words, or that put other words in front of them.
    """

    def __init__(self, lists: Sequence[Iterable[str]]) -> None:
        self._patterns: list[re.Pattern[str]] = []
        self._needs: list[frozenset[frozenset[str]]] = []
        for stems in lists:
            listed = sorted(stems, key=len, reverse=True)
            either = "|".join(map(re.escape, listed))
            self._patterns.append(re.compile(either or "(?!)", re.IGNORECASE))
            self._needs.append(frozenset(frozenset(fold(stem)) for stem in listed))

    def find(self, text: str) -> Iterator[tuple[int, re.Match[str]]]:
        """Yield every place of `text` where one stands, as `Phrases.find` does."""
        told = told_by(text)
        for number, needs in enumerate(self._needs):
            if any(signs <= told for signs in needs):
                for match in self._patterns[number].finditer(text):
                    yield number, match


def _ending(ends: Sequence[str]) -> re.Pattern[str]:
    """Return what finds whole words that end so, where a `*` at the end stands for any ending."""
    either = "|".join(
        re.escape(end.removesuffix("*")) + (r"\w{0,20}" if end.endswith("*") else "")
        for end in ends
    )
    return re.compile(rf"(?<!\w)\w{{0,30}}(?:{either})(?!\w)", re.IGNORECASE)


def _needs(phrase: str) -> list[str]:
    """Return the words of a phrase as `told` has them; raises `ValueError` if it is not listable.

    It must begin with a word, and what stands for any ending must not be too short.
    """
    needs = words(phrase)
    if not needs or not phrase[0].isalnum():
        raise ValueError(f"the phrase {phrase!r} does not begin with a word")
    if phrase.endswith("*"):
        if len(needs[-1]) < BEGINNING:
            raise ValueError(f"{phrase!r} needs {BEGINNING} letters before the '*'")
        needs[-1] = needs[-1][:BEGINNING] + "*"
    return needs
