"""Words whose spelling was looked up before, so that only new ones need the program.

A misspelling is a matter of the word alone: the program knows a list. People use the same few
thousand words, so most messages need no look-up. What the memory holds is bounded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from copydesk.intake.typos import Typo, stands_alone

#: Words that are remembered; the ones that were learnt first are forgotten first.
CAPACITY: Final = 50_000

#: Letters a word may have at most.
_LONGEST: Final = 40

_LETTER = r"[^\W\d_]"
# An apostrophe belongs to a word, but not the one of a possessive.
_INNER_APOSTROPHE = rf"['’](?!s(?!{_LETTER}))(?={_LETTER})"
_WORD = re.compile(rf"{_LETTER}(?:{_LETTER}|{_INNER_APOSTROPHE}){{0,{_LONGEST - 1}}}(?!{_LETTER})")
#: The same in texts without longer words, letters taken run by run.
_RUNS = re.compile(rf"{_LETTER}++(?:{_INNER_APOSTROPHE}{_LETTER}++)*+")
_ASCII_RUNS = re.compile(_RUNS.pattern.replace(_LETTER, "[A-Za-z]"))


class Vocabulary:
    """Words with their only correction, or none."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._known: dict[str, str] = {}
        self._capacity = capacity

    def unknown(self, text: str) -> set[str]:
        """Return the words of `text` that were never looked up."""
        return set(_words(text)) - self._known.keys()

    def learn(self, words: Iterable[str], corrections: Mapping[str, str]) -> None:
        """Remember what looking `words` up gave."""
        for word in words:
            self._known[word] = corrections.get(word, "")
        for word in list(self._known)[: max(0, len(self._known) - self._capacity)]:
            del self._known[word]

    def typos(self, text: str) -> tuple[Typo, ...]:
        """Return the known misspellings of `text`, in order."""
        if not any(map(self._known.get, _words(text))):
            return ()  # as most texts have none, where they stand is not looked for before
        found = (
            Typo(match.start(), match[0], after)
            for match in _WORD.finditer(text)
            if (after := self._known.get(match[0], ""))
        )
        return tuple(typo for typo in found if stands_alone(text, typo))


def _words(text: str) -> list[str]:
    words: list[str] = (_ASCII_RUNS if text.isascii() else _RUNS).findall(text)
    return words if len(max(words, key=len, default="")) <= _LONGEST else _WORD.findall(text)
