"""Lists of regular expressions, looked for in texts that mostly match none of them.

What a match must have (one of these words, one of those) is read off the expression itself. It
knows the plain parts of the language, words, groups and choices; an expression whose words it
cannot read has no needs and is always tried, so that nothing is missed either way.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple, TypeAlias

from copydesk.core.words import BEGINNING, fold

#: One part of an expression and how often it stands there.
_PART: Final = re.compile(
    r"(?P<part>\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\((?:\?(?:[:=!]|<[=!]|-i:))?|[^\\\[(])"
)
_OFTEN: Final = re.compile(r"(?:[?*+]|\{\d*,?\d*\})[?+]?")
#: So many words may stand at one place; with more of them it tells too little.
_MOST: Final = 200

#: What looks at the text without taking any of it.
_ASIDES: Final = ("(?=", "(?!", "(?<=", "(?<!")

_Part: TypeAlias = tuple[str, str]


class Possible(NamedTuple):
    """An expression that may match in a text, and of what it needs what stands in that text."""

    pattern: re.Pattern[str]
    stands: tuple[tuple[str, ...], ...]

    def search(self, piece: str, folded: str) -> re.Match[str] | None:
        """Return the first match in a piece of that text; `folded` is the piece folded."""
        for words in self.stands:
            for word in words:
                if word in folded:
                    break
            else:
                return None
        return self.pattern.search(piece)


class _Row(NamedTuple):
    pattern: re.Pattern[str]
    needs: tuple[frozenset[str], ...]


class Patterns:
    """Regular expressions, matched without case; `before` stands before each of them.

    `^` is the beginning of a line. With `before` each begins where a word does.
    """

    def __init__(self, rows: Iterable[str], *, before: str = "") -> None:
        self._rows = [
            _Row(
                re.compile(f"{before}(?:{row})", re.IGNORECASE | re.MULTILINE),
                needs(row, begins=bool(before)),
            )
            for row in rows
        ]
        self._always = [number for number, row in enumerate(self._rows) if not row.needs]
        self._by_need: dict[str, list[int]] = {}
        for number, row in enumerate(self._rows):
            for need in row.needs[0] if row.needs else ():
                self._by_need.setdefault(need, []).append(number)

    def possible(self, told: frozenset[str]) -> list[Possible]:
        """Return those that may match in a text of which this is told, or in a part of it."""
        numbers = {number for word in self._by_need.keys() & told for number in self._by_need[word]}
        found: list[Possible] = []
        for number in sorted(numbers.union(self._always)):
            pattern, groups = self._rows[number]
            stands = [group & told for group in groups]
            if all(stands):
                words = (tuple(word.removesuffix("*") for word in group) for group in stands)
                found.append(Possible(pattern, tuple(words)))
        return found


def first_words(row: str) -> frozenset[str]:
    """Return what the word may be that an expression begins with, as `told` has it.

    Raises `ValueError` if that cannot be read off.
    """
    heads = [_heads(choice, "") for choice in _choices(row)]
    known = [found for found in heads if found is not None]
    if len(known) < len(heads):
        raise ValueError(f"the words that this begins with cannot be read: {row!r}")
    return frozenset[str]().union(*known)


def needs(row: str, *, begins: bool = False) -> tuple[frozenset[str], ...]:
    """Return what a text must tell to match an expression: one of each set, the rarest first.

    Rare is what has no short word.

    `begins` says whether the expression begins where a word does.
    """
    choices = _choices(row)
    if len(choices) > 1:
        return ()
    parts, is_start = choices[0], begins
    found: list[frozenset[str]] = []
    for at, (part, often) in enumerate(parts):
        here = (_heads(parts[at:], "") if is_start else None, _signs(part, often))
        found += [need for need in here if need is not None and len(need) <= _MOST]
        is_start = not often and (part in (r"\b", "^") or bool(_marks(part)))
    return tuple(sorted(found, key=lambda words: (-min(map(len, words)), len(words))))


def _parts(row: str) -> Iterator[_Part]:
    at = 0
    while at < len(row):
        match = _PART.match(row, at)
        assert match is not None, row
        end = match.end()
        if match[0].startswith("("):
            if row.startswith("?", end):
                raise ValueError(f"this kind of group cannot be read: {row!r}")
            end = _closing(row, end)
        often = _OFTEN.match(row, end)
        yield row[at:end], often[0] if often else ""
        at = often.end() if often else end


def _closing(row: str, at: int) -> int:
    """Return the place behind the bracket that closes a group whose inside begins at `at`."""
    depth = 1
    while depth:
        match = _PART.match(row, at)
        assert match is not None, row
        depth += match[0].startswith("(") - (match[0] == ")")
        at = match.end()
    return at


def _choices(row: str) -> list[list[_Part]]:
    """Return the parts of each alternative."""
    choices: list[list[_Part]] = [[]]
    for part, often in _parts(row):
        if part == "|":
            choices.append([])
        else:
            choices[-1].append((part, often))
    return choices


def _heads(parts: Sequence[_Part], word: str) -> frozenset[str] | None:
    """Return what the word may be that begins here, `word` being read already; None if unknown."""
    if not parts:
        return _beginning(word)
    (part, often), rest = parts[0], parts[1:]
    ahead = part.startswith("(?=") and not rest
    if part.startswith(_ASIDES) and not ahead:
        return _heads(rest, word)  # it may forbid a match, and allows none
    if part in (r"\b", "^", "$"):
        return frozenset({word}) if word else _heads(rest, "")
    if part.startswith(("(?:", "(?=")):
        # where a group comes again, what follows it is not known
        following = rest if often in ("", "?") else [(".", "*"), *rest]
        found = [_heads([*choice, *following], word) for choice in _choices(part[3:-1])]
    elif _is_letter(part) and often in ("", "?"):
        found = [_heads(rest, word + fold(part))]
    elif _marks(part) or part == r"\s":
        found = [frozenset({word}) if word else None]
    else:
        return _beginning(word)
    if often[:1] in ("?", "*") or often.startswith(("{0", "{,")):
        found.append(_heads(rest, word))
    known = [heads for heads in found if heads is not None]
    return frozenset[str]().union(*known) if len(known) == len(found) else None


def _beginning(word: str) -> frozenset[str] | None:
    """Return a word of which only the beginning is known."""
    return frozenset({word[:BEGINNING] + "*"}) if len(word) >= BEGINNING else None


def _signs(part: str, often: str) -> frozenset[str] | None:
    """Return the signs one of which must stand there: marks, and letters beyond English ones."""
    if often:
        return None
    if not part.startswith("(?:"):
        marks = frozenset(_marks(part))
        return marks if marks and " " not in marks else None
    firsts = [choice[0] for choice in _choices(part[3:-1]) if choice]
    if not firsts or any(often or len(first) > 1 or first.isascii() for first, often in firsts):
        return None
    return frozenset(fold(first)[0] for first, _ in firsts)


def _is_letter(part: str) -> bool:
    return len(part) == 1 and (part.isalnum() or part == "_")


def _marks(part: str) -> str:
    """Return the signs that a part stands for if none of them is part of a word, else ""."""
    match part[0], len(part):
        case "\\", 2:
            marks = part[1]
        case "[", _:
            marks = part[1:-1]
            if set(marks) & set("\\^-"):
                return ""
        case _, 1:
            marks = "" if part in ".^$|" else part
        case _:
            return ""
    return "" if any(map(_is_letter, marks)) else marks
