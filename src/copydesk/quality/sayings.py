"""What single sentences say, wherever they stand: their words, stems and denials.

Source and rewrite share most of their sentences, so each is read once for both, and no further than
a check asks: its words are told by all, where each stands and what is denied by few.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property, lru_cache
from typing import Final

from copydesk.quality.denials import denied
from copydesk.quality.lexicon import bare_in, lexicon, stem

_TOKEN: Final = re.compile(r"\w+(?:['’]\w+)?|[,;:.!?()\n–—\"“”]|(?<=\s)-(?=\s)")
_MARKS: Final = frozenset(',;:.!?()\n–—"“”-')
_SHORTEST: Final = 3


class Saying:
    """One sentence, read: everything is found lazily.

    `words` are its words in their bare form, `all_words` the same with the marks between them.
    """

    def __init__(self, sentence: str, language: str) -> None:
        self._sentence = sentence
        self._language = language
        self._written: list[str] = _TOKEN.findall(sentence)
        self._plain = self._written
        if not sentence.isascii() or "'" in sentence or not sentence.islower():
            self._plain = [bare_in(word, language) for word in self._written]
        self.words = tuple(word for word in self._plain if word not in _MARKS)

    @cached_property
    def stems_in_order(self) -> tuple[str, ...]:
        """Return the stem of each word."""
        return tuple(map(stem, self.words))

    @cached_property
    def stems(self) -> frozenset[str]:
        """Return the stems of all words."""
        return frozenset(self.stems_in_order)

    @cached_property
    def content(self) -> frozenset[str]:
        """Return the stems of the words that carry content, or of all if none does."""
        light = lexicon(self._language).function
        found = frozenset(
            root
            for word, root in zip(self.words, self.stems_in_order, strict=True)
            if (len(word) > _SHORTEST or word.isdigit()) and word not in light
        )
        return found or self.stems

    @cached_property
    def meaning(self) -> tuple[int, ...]:
        """Return the numbers of the words that carry meaning, as far as words alone can tell."""
        light = lexicon(self._language).function
        return tuple(
            number
            for number, word in enumerate(self.words)
            if len(word) >= _SHORTEST and word not in light and word.isalpha()
        )

    @cached_property
    def denied(self) -> Mapping[int, int]:
        """Return the words a negation reaches, by number, and how far it had to reach."""
        reached = denied(self._written, self._plain, self._language)
        if not reached:
            return reached
        numbers = [n for n, word in enumerate(self._plain) if word not in _MARKS]
        return {number: reached[n] for number, n in enumerate(numbers) if n in reached}

    @cached_property
    def places(self) -> list[tuple[int, int]]:
        """Return where each word starts and ends in the sentence, in code points."""
        spans = [match.span() for match in _TOKEN.finditer(self._sentence)]
        return [s for s, word in zip(spans, self._plain, strict=True) if word not in _MARKS]


# Source and text share most of their sentences, and so do both with the parts of a long message.
@lru_cache(maxsize=1024)
def saying(sentence: str, language: str) -> Saying:
    """Return what a sentence says; `language` is a two-letter code."""
    return Saying(sentence, language)
