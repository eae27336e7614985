"""What the checks know about words: what denies, binds, excludes or may stand for each other.

Word lists are data (`facts.toml`, `synonyms.toml`); this module reads them once for a language and
brings every word to the form in which texts are compared (`stem`). A language without lists of its
own is read with those of English, which then rarely match: the checks find less, never more.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from typing import Any, Final

from copydesk.core.clues import first_words

LANGUAGES: Final = ("en", "de", "fr", "es", "it", "pt", "nl")

#: Endings and what stands instead, the longest first, by their last letter.
_ENDINGS: Final = {
    "g": (("ing", ""),),
    "d": (("ied", "i"), ("ed", "")),
    "s": (("ies", "i"), ("es", ""), ("s", "")),
    "y": (("edly", ""), ("ly", ""), ("y", "i")),
}
_PREFIXES: Final = ("un", "in", "im", "ir", "il", "dis", "non", "mis")
_SHORTEST_ROOT: Final = 4

_ELIDED: Final = {
    "fr": re.compile(r"(?:[ldjnmtsc]|qu|jusqu|lorsqu|puisqu)['’](?=\w)", re.IGNORECASE),
    "it": re.compile(r"(?:[ldcmts]|un|(?:a|da|de|ne|su)ll|quest|quell)['’](?=\w)", re.IGNORECASE),
}

Phrases = Mapping[str, tuple[tuple[str, ...], ...]]
"""Phrases as bare words, longest first, by the first of them."""


@lru_cache(maxsize=16_384)
def stem(word: str) -> str:
    """Return a word without a common English ending; crude, alike on both sides."""
    for ending, instead in _ENDINGS.get(word[-1:], ()):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word[: -len(ending)] + instead
            break
    if len(word) > 3 and word[-1] == word[-2]:
        word = word[:-1]
    return word[:-1] if len(word) > 3 and word.endswith("e") else word


def bare(word: str) -> str:
    """Return a word casefolded, without possessive ending and apostrophes ("can't" is "cant")."""
    plain = word.casefold()
    if "'" not in plain and "’" not in plain:
        return plain
    return plain.replace("’", "'").removesuffix("'s").replace("'", "")


def bare_in(word: str, language: str) -> str:
    """Return a word as `bare` does, without what French and Italian shorten and put before it."""
    elided = _ELIDED.get(language)
    if elided is not None and ("'" in word or "’" in word):
        word = elided.sub("", word)
    return bare(word)


@dataclass(frozen=True, slots=True)
class Family:
    """Words that say one thing together; `excuse` matches what may say the same.

    `first` are the first words of `words`: a text without any of them holds none.
    """

    name: str
    words: re.Pattern[str]
    excuse: re.Pattern[str]
    first: frozenset[str]


@dataclass(frozen=True, slots=True)
class Lexicon:
    """The word lists of one language; words are stems unless said otherwise.

    `families` are patterns over casefolded text. `sides` gives the rows of opposites a word stands
    in, as (row, side); `members` the kinds it belongs to, as (kind, member); `ideas` the rows of
    synonyms it stands in; `idle` are words that come and go in a rewrite and say nothing,
    `function` those (bare, not stems) that hold a sentence together, `breaks` those of them that
    begin a clause of their own, beyond which no negation reaches; `particles` are what verbs are
    parted from in a main clause.
    """

    negations: Phrases
    harmless: Phrases
    families: tuple[Family, ...]
    sides: Mapping[str, frozenset[tuple[int, int]]]
    kinds: tuple[str, ...]
    members: Mapping[str, frozenset[tuple[int, int]]]
    ideas: Mapping[str, frozenset[int]]
    idle: frozenset[str]
    function: frozenset[str]
    breaks: frozenset[str]
    particles: frozenset[str]

    def are_opposite(self, one: str, other: str) -> bool:
        """Whether two stems are opposites, by a row of the lists or by a prefix that denies."""
        there = self.sides.get(other)
        if there and any((row, 1 - side) in there for row, side in self.sides.get(one, ())):
            return True
        return _denies(one, other) or _denies(other, one)


def _denies(word: str, root: str) -> bool:
    return len(root) >= _SHORTEST_ROOT and any(
        len(word) - len(prefix) == len(root) and word == prefix + root for prefix in _PREFIXES
    )


@cache
def lexicon(language: str) -> Lexicon:
    """Return the word lists of a two-letter code, those of English if it has none."""
    key = language if language in LANGUAGES else "en"
    facts, synonyms = _read("facts.toml"), _read("synonyms.toml")[key]
    kinds = [row for row in facts["kind"] if key in row]
    return Lexicon(
        negations=_phrases(facts["negation"][key], key),
        harmless=_phrases(facts["harmless"][key], key),
        families=tuple(
            Family(
                row["name"],
                _pattern(row[key]),
                _pattern(row.get("excuse", ())),
                first_words(row[key]),
            )
            for row in facts["family"]
            if key in row
        ),
        sides=_places(
            (row, side, word)
            for row, line in enumerate(facts["opposites"][key].strip().splitlines())
            for side, words in enumerate(line.split(" | "))
            for word in words.split()
        ),
        kinds=tuple(row["name"] for row in kinds),
        members=_places(
            (kind, member, word)
            for kind, row in enumerate(kinds)
            for member, words in enumerate(row[key])
            for word in words.split("|")
        ),
        ideas=_ideas(synonyms["same"]),
        idle=frozenset(stem(bare_in(word, key)) for word in synonyms["idle"].split()),
        function=frozenset(bare_in(word, key) for word in synonyms["function"].split()),
        breaks=frozenset(facts["break"][key].split()),
        particles=frozenset(facts["particle"].get(key, "").split()),
    )


@cache
def _read(name: str) -> Any:
    path = resources.files("copydesk.quality").joinpath(name)
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _phrases(phrases: Iterable[str], language: str) -> Phrases:
    found: dict[str, list[tuple[str, ...]]] = {}
    for phrase in phrases:
        words = tuple(bare_in(word, language) for word in re.split(r"[\s/-]+", phrase))
        found.setdefault(words[0], []).append(words)
    return {first: tuple(sorted(rows, key=len, reverse=True)) for first, rows in found.items()}


def _pattern(words: Iterable[str]) -> re.Pattern[str]:
    either = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
    return re.compile(rf"(?<!\w)(?:{either or '(?!)'})(?!\w)")


def _places(rows: Iterable[tuple[int, int, str]]) -> dict[str, frozenset[tuple[int, int]]]:
    found: dict[str, set[tuple[int, int]]] = {}
    for row, place, word in rows:
        found.setdefault(stem(bare(word)), set()).add((row, place))
    return {word: frozenset(places) for word, places in found.items()}


def _ideas(text: str) -> dict[str, frozenset[int]]:
    found: dict[str, set[int]] = {}
    for row, line in enumerate(text.strip().splitlines()):
        for word in line.split():
            found.setdefault(stem(bare(word)), set()).add(row)
    return {word: frozenset(rows) for word, rows in found.items()}
