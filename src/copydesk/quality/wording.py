"""The words of one text as the checks read them: which carry meaning, and which are denied.

What a negation reaches (`denials`) is a guess made by rules; checks compare it and never trust it
alone.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final, NamedTuple

from copydesk.core.ledger import Ledger, TokenClass
from copydesk.quality.denials import denied
from copydesk.quality.lexicon import Lexicon, bare, bare_in, lexicon, stem

_TOKEN: Final = re.compile(r"\w+(?:['’]\w+)?|[,;:.!?()\n–—\"“”]|(?<=\s)-(?=\s)")
_SHORTEST: Final = 3
_OF_WORDS: Final = frozenset({TokenClass.NAME, TokenClass.QUOTE})
_VALUES: Final = (TokenClass.NUMBER, TokenClass.UNIT)


class Word(NamedTuple):
    """One word: `[start, end)` in code points, its bare form and stem, and where it stands.

    `denied` counts the words of content from the negation that reaches it to this one, 0 for none.
    """

    bare: str
    stem: str
    start: int
    end: int
    sentence: int
    denied: int


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence: `[start, end)` in code points of its text, and its words, casefolded.

    `stems` are those of the words that carry content, or of all if none does.
    """

    text: str
    start: int
    end: int
    words: tuple[str, ...]
    stems: frozenset[str]
    number: int


class _Read(NamedTuple):
    """What one sentence says, wherever it stands: of each word its bare form, stem, place in the
    sentence and denial; all bare forms, and the stems as `Sentence` has them."""

    words: tuple[tuple[str, str, int, int, int], ...]
    bare: tuple[str, ...]
    stems: frozenset[str]


class Wording:
    """The words of the text of `ledger`, worked out once; everything is found lazily."""

    def __init__(self, ledger: Ledger, language: str) -> None:
        self._ledger = ledger
        self._language = language
        self._lexicon: Lexicon = lexicon(language)

    @cached_property
    def spans(self) -> list[tuple[int, int]]:
        """Return the places of the sentences."""
        return list(self._ledger.sentences)

    @cached_property
    def sentences(self) -> tuple[Sentence, ...]:
        """Return the sentences with their words."""
        text = self._ledger.text
        return tuple(
            Sentence(text[start:end], start, end, read.bare, read.stems, number)
            for number, ((start, end), read) in enumerate(zip(self.spans, self._reads, strict=True))
        )

    @cached_property
    def words(self) -> tuple[Word, ...]:
        """Return every word in order."""
        return tuple(
            Word(word, root, start + at, start + to, number, denied)
            for number, ((start, _), read) in enumerate(zip(self.spans, self._reads, strict=True))
            for word, root, at, to, denied in read.words
        )

    @cached_property
    def _reads(self) -> list[_Read]:
        # words are compared without case, and putting capitals right is what a rewrite does most
        text = self._ledger.text.lower() if self._ledger.text.isascii() else self._ledger.text
        return [_read(text[start:end], self._language) for start, end in self.spans]

    @cached_property
    def stems(self) -> frozenset[str]:
        """Return the stems of all words."""
        return frozenset(root for read in self._reads for _, root, *_ in read.words)

    @cached_property
    def bare(self) -> frozenset[str]:
        """Return the bare forms of all words."""
        return frozenset(word for read in self._reads for word in read.bare)

    @cached_property
    def values(self) -> frozenset[str]:
        """Return the numbers the text says, without their units."""
        tokens = self._ledger.of(*_VALUES)
        return frozenset(token.norm.partition(" ")[0] for token in tokens)

    @cached_property
    def members(self) -> frozenset[tuple[int, int]]:
        """Return what the text names of kinds whose members exclude each other."""
        members = self._lexicon.members
        return frozenset[tuple[int, int]]().union(*(members.get(s, ()) for s in self.stems))

    def members_of(self, word: str) -> frozenset[tuple[int, int]]:
        """Return the kinds a word belongs to, as (kind, member)."""
        return self._lexicon.members.get(stem(bare(word)), frozenset())

    @cached_property
    def ideas(self) -> frozenset[int]:
        """Return the rows of synonyms that any word stands in."""
        ideas = self._lexicon.ideas
        return frozenset[int]().union(*(ideas.get(s, ()) for s in self.stems))

    def says(self, word: str) -> bool:
        """Whether the text has the word of this stem, or one that may stand for it."""
        return word in self.stems or not self.ideas.isdisjoint(self._lexicon.ideas.get(word, ()))

    @cached_property
    def plain(self) -> tuple[Word, ...]:
        """Return the words that carry meaning and are no value or address, filler among them."""
        light = self._lexicon.function
        own = [token for token in self._ledger.tokens if token.cls not in _OF_WORDS]
        starts = [token.start for token in own]
        ends = [token.end for token in own]
        return tuple(
            word
            for word in self.words
            if len(word.bare) >= _SHORTEST
            and word.bare not in light
            and word.bare.isalpha()
            and not _inside(word.start, starts, ends)
        )

    @cached_property
    def content(self) -> tuple[Word, ...]:
        """Return the words that carry content of their own: no filler, no value, no address."""
        return tuple(word for word in self.plain if word.stem not in self._lexicon.idle)

    @cached_property
    def _borders(self) -> list[tuple[int, int]]:
        """Where the words of each sentence begin and end in `words`."""
        numbers = [word.sentence for word in self.words]
        return [
            (bisect_left(numbers, number), bisect_right(numbers, number))
            for number in range(len(self.spans))
        ]

    def within(self, sentence: Sentence) -> tuple[Word, ...]:
        """Return the words of one of its sentences."""
        start, end = self._borders[sentence.number]
        return self.words[start:end]

    def content_of(self, number: int) -> list[Word]:
        """Return the words of the sentence of this number that carry content."""
        return self._content_by_sentence[number]

    @cached_property
    def _content_by_sentence(self) -> list[list[Word]]:
        found: list[list[Word]] = [[] for _ in self.spans]
        for word in self.content:
            found[word.sentence].append(word)
        return found

    def idea(self, word: str) -> str:
        """Return what stands for a stem and for those that may stand for it."""
        ideas = self._lexicon.ideas.get(word)
        return f"idea {min(ideas)}" if ideas else word

    def members_of_stem(self, word: str) -> frozenset[tuple[int, int]]:
        """Return the kinds a stem belongs to, as (kind, member)."""
        return self._lexicon.members.get(word, frozenset())


# Source and text share most of their sentences, and so do both with the parts of a long message.
@lru_cache(maxsize=1024)
def _read(sentence: str, language: str) -> _Read:
    """Return the words of one sentence, wherever it stands."""
    places = [match.span() for match in _TOKEN.finditer(sentence)]
    written = [sentence[start:end] for start, end in places]
    plain = [bare_in(word, language) for word in written]
    reached = denied(written, plain, language)
    words = tuple(
        (word, stem(word), start, end, reached.get(number, 0))
        for number, (word, (start, end)) in enumerate(zip(plain, places, strict=True))
        if word[:1].isalnum() or word[:1] == "_"
    )
    light = lexicon(language).function
    content = frozenset(
        root
        for word, root, *_ in words
        if (len(word) > _SHORTEST or word.isdigit()) and word not in light
    )
    return _Read(
        words,
        tuple(word for word, *_ in words),
        content or frozenset(root for _, root, *_ in words),
    )


def _inside(place: int, starts: Sequence[int], ends: Sequence[int]) -> bool:
    at = bisect_right(starts, place) - 1
    return at >= 0 and place < ends[at]
