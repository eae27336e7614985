"""The words of one text as the checks read them: which carry meaning, and which are denied.

What a negation reaches (`denials`) is a guess made by rules; checks compare it and never trust it
alone.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Final, NamedTuple

from copydesk.core.ledger import Ledger, TokenClass
from copydesk.quality.lexicon import Lexicon, bare, lexicon, stem
from copydesk.quality.sayings import Saying, saying
from copydesk.quality.separable import Verb, apart, together

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


class Sentence(NamedTuple):
    """One sentence: `[start, end)` in code points of its text, and its words, casefolded.

    `stems` are those of the words that carry content, or of all if none does.
    """

    text: str
    start: int
    end: int
    words: tuple[str, ...]
    stems: frozenset[str]
    number: int


class Wording:
    """The words of the text of `ledger`, worked out once; everything is found lazily.

    Most sentences of a rewrite stand in its source as well, so what is asked is asked sentence by
    sentence, and of those that `apart_from` leaves.
    """

    def __init__(self, ledger: Ledger, language: str) -> None:
        self._ledger = ledger
        self._language = language
        self._lexicon: Lexicon = lexicon(language)
        self._within: dict[int, tuple[Word, ...]] = {}
        self._plain: dict[int, tuple[Word, ...]] = {}

    @cached_property
    def written(self) -> list[str]:
        """Return the sentences, in small letters where that changes nothing but capitals.

        Words are compared without case, and putting capitals right is what a rewrite does most.
        """
        text = self._ledger.text
        pieces = [text[start:end] for start, end in self._ledger.sentences]
        return [piece.lower() if piece.isascii() else piece for piece in pieces]

    def apart_from(self, other: Wording) -> list[int]:
        """Return the numbers of the sentences that the other text does not have, word for word.

        One that it has less often counts for the times it lacks.
        """
        there = Counter(other.written)
        apart = []
        for number, sentence in enumerate(self.written):
            if there[sentence]:
                there[sentence] -= 1
            else:
                apart.append(number)
        return apart

    @cached_property
    def sentences(self) -> tuple[Sentence, ...]:
        """Return the sentences with their words."""
        text = self._ledger.text
        return tuple(
            Sentence(text[start:end], start, end, said.words, said.content, number)
            for number, ((start, end), said) in enumerate(
                zip(self._ledger.sentences, self._sayings, strict=True)
            )
        )

    @cached_property
    def words(self) -> tuple[Word, ...]:
        """Return every word in order."""
        return tuple(word for number in range(len(self.written)) for word in self.within(number))

    @cached_property
    def _sayings(self) -> list[Saying]:
        return [saying(piece, self._language) for piece in self.written]

    @cached_property
    def stems(self) -> frozenset[str]:
        """Return the stems of all words."""
        return frozenset[str]().union(*(said.stems for said in self._sayings))

    @cached_property
    def bare(self) -> frozenset[str]:
        """Return the bare forms of all words."""
        return frozenset[str]().union(*(said.words for said in self._sayings))

    @cached_property
    def values(self) -> frozenset[str]:
        """Return the numbers the text says, without their units."""
        tokens = self._ledger.of(*_VALUES)
        return frozenset(token.norm.partition(" ")[0] for token in tokens)

    def denies(self, number: int) -> bool:
        """Whether the sentence of this number denies anything."""
        return bool(self._sayings[number].denied)

    @cached_property
    def denied(self) -> frozenset[str]:
        """Return the stems of what a negation reaches somewhere."""
        return frozenset(
            said.stems_in_order[place]
            for number, said in enumerate(self._sayings)
            if said.denied
            for place in self._own(number, said.denied.keys() & set(said.meaning))
        )

    @cached_property
    def members(self) -> frozenset[tuple[int, int]]:
        """Return what the text names of kinds whose members exclude each other."""
        members = self._lexicon.members
        return frozenset[tuple[int, int]]().union(
            *(members[s] for s in members.keys() & self.stems)
        )

    def members_of(self, word: str) -> frozenset[tuple[int, int]]:
        """Return the kinds a word belongs to, as (kind, member)."""
        return self._lexicon.members.get(stem(bare(word)), frozenset())

    @cached_property
    def ideas(self) -> frozenset[int]:
        """Return the rows of synonyms that any word stands in."""
        ideas = self._lexicon.ideas
        return frozenset[int]().union(*(ideas[s] for s in ideas.keys() & self.stems))

    def says(self, word: str) -> bool:
        """Whether the text has the word of this stem, or one that may stand for it."""
        return word in self.stems or not self.ideas.isdisjoint(self._lexicon.ideas.get(word, ()))

    def says_parted(self, word: Word, other: Wording) -> bool:
        """Whether this text has the verb that `word` of the other text is a form or a half of.

        Written together in one of the two, and apart or together in the other.
        """
        particles = self._lexicon.particles
        if not particles:
            return False
        whole = together(word.bare, particles, self._language)
        if not (self._joined | self._parted).isdisjoint(whole):
            return True
        return bool(self._joined) and not self._joined.isdisjoint(
            apart(word.bare, other.sentences[word.sentence].words, particles)
        )

    @cached_property
    def _joined(self) -> frozenset[Verb]:
        """What may be a verb written together with its particle."""
        particles = self._lexicon.particles
        return frozenset(v for w in self.bare for v in together(w, particles, self._language))

    @cached_property
    def _parted(self) -> frozenset[Verb]:
        """What may be a verb and its particle, apart in one sentence."""
        particles = self._lexicon.particles
        return frozenset(
            verb
            for sentence in self.sentences
            for particle in particles.intersection(sentence.words)
            for verb in apart(particle, sentence.words, particles)
        )

    @cached_property
    def plain(self) -> tuple[Word, ...]:
        """Return the words that carry meaning and are no value or address, filler among them."""
        return tuple(w for number in range(len(self.written)) for w in self.plain_of(number))

    def plain_of(self, number: int) -> tuple[Word, ...]:
        """Return those of the sentence of this number."""
        found = self._plain.get(number)
        if found is None:
            said = self._sayings[number]
            found = self._plain[number] = self._placed(number, self._own(number, said.meaning))
        return found

    def _own(self, number: int, words: Iterable[int]) -> list[int]:
        """Return those of some words of a sentence, by number, that are part of no token."""
        start, places = self._ledger.sentences[number][0], self._sayings[number].places
        starts, ends = self._own_tokens
        return [n for n in words if not _inside(start + places[n][0], starts, ends)]

    def _placed(self, number: int, words: Iterable[int]) -> tuple[Word, ...]:
        """Return some words of a sentence, by number, with where they stand in the text."""
        start, said = self._ledger.sentences[number][0], self._sayings[number]
        bare, stems, places, denied = said.words, said.stems_in_order, said.places, said.denied
        return tuple(
            Word(
                bare[n],
                stems[n],
                start + places[n][0],
                start + places[n][1],
                number,
                denied.get(n, 0),
            )
            for n in words
        )

    @cached_property
    def _own_tokens(self) -> tuple[list[int], list[int]]:
        """Where tokens start and end that are not made of words."""
        own = [token for token in self._ledger.tokens if token.cls not in _OF_WORDS]
        return [token.start for token in own], [token.end for token in own]

    def within(self, number: int) -> tuple[Word, ...]:
        """Return the words of the sentence of this number."""
        found = self._within.get(number)
        if found is None:
            every = range(len(self._sayings[number].words))
            found = self._within[number] = self._placed(number, every)
        return found

    def having(self, number: int, stems: frozenset[str]) -> list[Word]:
        """Return the words of a sentence that have one of these stems."""
        if self._sayings[number].stems.isdisjoint(stems):
            return []
        return [word for word in self.within(number) if word.stem in stems]

    def content_of(self, number: int) -> list[Word]:
        """Return the words of a sentence that carry content of their own: no filler, no value."""
        idle = self._lexicon.idle
        return [word for word in self.plain_of(number) if word.stem not in idle]

    def idea(self, word: str) -> str:
        """Return what stands for a stem and for those that may stand for it."""
        ideas = self._lexicon.ideas.get(word)
        return f"idea {min(ideas)}" if ideas else word

    def members_of_stem(self, word: str) -> frozenset[tuple[int, int]]:
        """Return the kinds a stem belongs to, as (kind, member)."""
        return self._lexicon.members.get(word, frozenset())


def _inside(place: int, starts: Sequence[int], ends: Sequence[int]) -> bool:
    at = bisect_right(starts, place) - 1
    return at >= 0 and place < ends[at]


def longest_run(words: Sequence[Word], among: set[int]) -> list[Word]:
    """Return the most words in a row that begin at one of the places `among`, in code points."""
    best: list[Word] = []
    run: list[Word] = []
    for word in words:
        run = [*run, word] if word.start in among else []
        if len(run) > len(best):
            best = run
    return best
