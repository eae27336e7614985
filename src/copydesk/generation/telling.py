"""Which sentence of a message says what it is about: the first that does more than be polite.

A sentence tells something by words that neither hold sentences together nor greet, thank or agree;
where words are not set apart by spaces, by the signs left when courtesies are taken out.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from importlib import resources
from itertools import islice
from typing import Final

import regex

from copydesk.core.words import fold
from copydesk.generation.keywords import stop_words

#: Words that make a sentence tell something: one alone may be a name ("Thanks, Alex").
_WORDS: Final = 2
#: The same where words are not set apart by spaces: signs.
_SIGNS: Final = 4
#: Letters of a word that may tell something; a Korean syllable is two or three letters.
_LETTERS: Final = 3
_SYLLABLES: Final = 2
#: No courtesy is longer.
_LONGEST: Final = 40
#: Sentences that are looked through before the first is taken as it is.
_LOOKED_THROUGH: Final = 12
#: Words and characters a greeting may have in front of what is said.
_GREETING_WORDS: Final = 5
_GREETING_LENGTH: Final = 40

_WORD: Final = regex.compile(r"[\p{L}\p{N}][\p{L}\p{M}\p{N}]*(?:['’-][\p{L}\p{M}\p{N}]+)*")
_HANGUL: Final = regex.compile(r"\p{Hangul}")
_UNSPACED: Final = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}]")
#: "Sato of the Yamada company", as Japanese letters begin.
_INTRODUCES: Final = regex.compile(
    r"と申します|(?:会社|法人|部|課|店|大学)[^、。]{0,10}の[^、。のがはをにで]{1,5}です"
)
_CLAUSE: Final = regex.compile(r"[,，、!！;:：–—]+\s*|\s+[-–—]\s+")


def from_what_is_said(sentences: Iterable[str]) -> Iterator[str]:
    """Yield `sentences` from the first on that tells something, without the greeting before it.

    Where none of the first few does, from the one that tells most.
    """
    polite: list[str] = []
    rest = iter(sentences)
    for sentence in rest:
        said = _without_greeting(sentence)
        if _told(said) >= _WORDS:
            yield said
            yield from rest
            return
        polite.append(sentence)
        if len(polite) == _LOOKED_THROUGH:
            break
    if polite:
        most = max(range(len(polite)), key=lambda at: (_told(polite[at]), not _greets(polite[at])))
        yield from polite[most:]
    yield from rest


def is_no_subject(subject: str) -> bool:
    """Whether a subject says that there is none, or nothing but a courtesy."""
    bare = fold(subject).strip(" ()[]<>.!?:-–—（）【】")
    if bare in _no_subjects():
        return True
    words = _WORD.findall(_without_phrases(bare))
    return all(word in _courtesies() for word in words)


def _told(sentence: str) -> int:
    """Return how many words of a sentence tell something, at most as many as it takes."""
    if not sentence.isascii() and _UNSPACED.search(sentence):
        if _INTRODUCES.search(sentence):
            return 0
        sentence = _without_phrases(sentence)
        if len(_UNSPACED.findall(sentence)) >= _SIGNS:
            return _WORDS
    telling = (word for word in _WORD.findall(sentence) if _tells(word[:_LONGEST]))
    return sum(1 for _ in islice(telling, _WORDS))


@lru_cache(maxsize=8192)
def _tells(word: str) -> bool:
    if word.isdecimal():
        return False
    folded = fold(word).replace("’", "'")
    short = _SYLLABLES if _HANGUL.match(word) else _LETTERS
    return len(word) >= short and folded not in _courtesies() and folded not in stop_words()


def _without_phrases(sentence: str) -> str:
    if not sentence.isascii() and _UNSPACED.search(sentence):
        for phrase in _phrases():
            sentence = sentence.replace(phrase, " ")
    return sentence


def _without_greeting(sentence: str) -> str:
    """Return a sentence without a greeting that stands in front of what it says."""
    clause = _CLAUSE.search(sentence, 0, _GREETING_LENGTH)
    if clause is None or not _greets(sentence[: clause.start()]):
        return sentence
    said = sentence[clause.end() :]
    first = said.partition(" ")[0]
    return said[:1].upper() + said[1:] if first.islower() else said


def _greets(clause: str) -> bool:
    """Whether a clause is a courtesy, perhaps with a name."""
    words = _WORD.findall(clause)
    if not clause.isascii() and _UNSPACED.search(clause):
        left = _without_phrases(clause)
        return left != clause and len(_UNSPACED.findall(left)) < _SIGNS
    if not words or len(words) > _GREETING_WORDS or fold(words[0]) not in _greetings():
        return False
    return all(word[0] == word[0].upper() for word in words if _tells(word[:_LONGEST]))


@cache
def _greetings() -> frozenset[str]:
    return frozenset(fold(" ".join(_read()["words"].values())).split())


@cache
def _courtesies() -> frozenset[str]:
    return _greetings().union(fold(" ".join(_read()["small"].values())).split())


@cache
def _phrases() -> tuple[str, ...]:
    return tuple(sorted(" ".join(_read()["unspaced"].values()).split(), key=len, reverse=True))


@cache
def _no_subjects() -> frozenset[str]:
    lines = _read()["no_subject"]["any"].replace("\n", "|").split("|")
    return frozenset(fold(line.strip()) for line in lines if line.strip())


@cache
def _read() -> dict[str, dict[str, str]]:
    file = resources.files("copydesk.generation").joinpath("courtesies.toml")
    return tomllib.loads(file.read_text(encoding="utf-8"))
