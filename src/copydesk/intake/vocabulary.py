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

_LETTER = r"[^\W\d_]"
# An apostrophe belongs to a word, but not the one of a possessive.
_WORD = re.compile(
    rf"{_LETTER}(?:{_LETTER}|['’](?!s(?!{_LETTER}))(?={_LETTER})){{0,39}}(?!{_LETTER})"
)


class Vocabulary:
    """Words with their only correction, or none."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._known: dict[str, str] = {}
        self._capacity = capacity

    def unknown(self, text: str) -> set[str]:
        """Return the words of `text` that were never looked up."""
        return {word for word in _WORD.findall(text) if word not in self._known}

    def learn(self, words: Iterable[str], corrections: Mapping[str, str]) -> None:
        """Remember what looking `words` up gave."""
        for word in words:
            self._known[word] = corrections.get(word, "")
        for word in list(self._known)[: max(0, len(self._known) - self._capacity)]:
            del self._known[word]

    def typos(self, text: str) -> tuple[Typo, ...]:
        """Return the known misspellings of `text`, in order."""
        found = (
            Typo(match.start(), match[0], after)
            for match in _WORD.finditer(text)
            if (after := self._known.get(match[0], ""))
        )
        return tuple(typo for typo in found if stands_alone(text, typo))
