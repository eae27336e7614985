"""Verbs that German and Dutch write together or apart: "zurückhalten", "halten Sie es zurück".

A rewrite turns one into the other whenever it makes a main clause of a request, and the verb
changes its ending or its vowel on the way ("zurückgehalten", "hält … zurück"). Verbs are compared
by their particle and by the consonants of what is left. That is coarse, so one of the two sides has
to be written together: two words that merely stand in one sentence are no verb.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Final, NamedTuple

#: What is left of a verb without its particle, "ge" and "zu" has at least so many letters.
_SHORTEST: Final = 3
_BETWEEN: Final = {"de": ("zu", "ge"), "nl": ("te", "ge")}
#: Endings of verbs; a "t" before them may be the verb's own ("halten") or not ("holten").
_ENDINGS: Final = re.compile(r"(?:e?s?t|e?te?n?|e?de?n?|en?|n)\Z")
_VOWEL_ENDINGS: Final = re.compile(r"(?:est|et|en?|n)\Z")
_SILENT: Final = str.maketrans("", "", "aeiouyäöüh")
_PLAIN: Final = str.maketrans("äöü", "aou")


class Verb(NamedTuple):
    """A particle and the skeleton of the verb that it belongs to."""

    particle: str
    skeleton: str


def together(word: str, particles: Collection[str], language: str) -> Iterator[Verb]:
    """Yield how a word may be read as a particle and a verb in one.

    Args:
        word: a bare word.
        particles: those of the language.
        language: a two-letter code.
    """
    for length in range(2, len(word) - _SHORTEST + 1):
        if word[:length] in particles:
            rest = word[length:]
            between = [b for b in _BETWEEN.get(language, ()) if rest.startswith(b)]
            for verb in (rest, *(rest[len(b) :] for b in between)):
                yield from (Verb(word[:length], skeleton) for skeleton in _skeletons(verb))


def apart(word: str, sentence: Collection[str], particles: Collection[str]) -> Iterator[Verb]:
    """Yield how a word may be one half of a verb, with the other half in its sentence.

    `word` and the words of `sentence` are bare.
    """
    if word in particles:
        yield from (Verb(word, skeleton) for other in sentence for skeleton in _skeletons(other))
    else:
        there = [other for other in sentence if other in particles]
        yield from (Verb(other, skeleton) for other in there for skeleton in _skeletons(word))


def _skeletons(word: str) -> set[str]:
    """Return what a verb may have before its vowels and endings change; nothing of a short one."""
    if len(word) < _SHORTEST or not word.isalpha():
        return set()
    stems = {word, _ENDINGS.sub("", word), _VOWEL_ENDINGS.sub("", word)}
    return {skeleton for stem in stems if len(skeleton := _consonants(stem)) > 1}


def _consonants(stem: str) -> str:
    """Return the first letter of a stem and its other consonants, doubled ones once."""
    letters = list(stem[:1].translate(_PLAIN))
    for letter in stem[1:].translate(_SILENT):
        if letter != letters[-1]:
            letters.append(letter)
    return "".join(letters)
