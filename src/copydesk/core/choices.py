"""One expression for any of many words: tried letter by letter, not one word after the other."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TypeAlias

_Letters: TypeAlias = dict[str, "_Letters"]

#: Stands behind the last letter of a word.
_END = ""


def either(words: Iterable[str]) -> str:
    """Return a regular expression for any of `words`, of those that begin alike the longest first.

    It is a group of its own, and matches what its words joined by `|`, the longest first, would.
    """
    root: _Letters = {}
    for word in words:
        at = root
        for letter in word:
            at = at.setdefault(letter, {})
        at[_END] = {}
    return _expression(root)


def _expression(letters: _Letters) -> str:
    choices = [f"{re.escape(x)}{_expression(rest)}" for x, rest in letters.items() if x != _END]
    if not choices:
        return ""
    if _END in letters:
        return f"(?:{'|'.join(choices)})?"
    return choices[0] if len(choices) == 1 else f"(?:{'|'.join(choices)})"
