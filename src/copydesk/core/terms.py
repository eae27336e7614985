"""What a text is found by: the beginnings of its words, in any language.

Rules instead of a database's own word lists, so that both databases find the same: words without
case and accents, cut to a length that survives most endings; in scripts that put no space between
words, pairs of neighbouring characters.
"""

from __future__ import annotations

import unicodedata
from typing import Final

import regex

_STEM: Final = 6
_LONGEST: Final = 40
_WORD: Final = regex.compile(r"[\p{L}\p{M}\p{N}]+")
_UNSPACED: Final = regex.compile(
    r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]+"
)
# of Latin, Greek and Cyrillic letters; elsewhere a mark can be a vowel
_ACCENT: Final = regex.compile("[\u0300-\u036f]")


def terms(text: str) -> list[str]:
    """Return the terms of `text` in order, as often as they stand there: letters and digits."""
    found: list[str] = []
    plain = _ACCENT.sub("", unicodedata.normalize("NFKD", text.casefold()))
    for word in _WORD.findall(unicodedata.normalize("NFC", plain)):
        position = 0
        for run in _UNSPACED.finditer(word):
            found += _spaced(word[position : run.start()])
            found += _pairs(run.group())
            position = run.end()
        found += _spaced(word[position:])
    return found


def _spaced(word: str) -> list[str]:
    if len(word) < 2:
        return []
    # a number or an id is itself to its end
    return [word[:_LONGEST] if any(c.isdigit() for c in word) else word[:_STEM]]


def _pairs(run: str) -> list[str]:
    return [run] if len(run) == 1 else [run[i : i + 2] for i in range(len(run) - 1)]
