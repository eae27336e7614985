"""Splitting a text into the parts of a thread: at paragraphs, else lines, sentences, words.

Never inside a link, a mention, a hashtag or a character, and inside code only where nothing else
helps.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Collection, Iterator
from enum import IntEnum
from functools import cache
from typing import Final, NamedTuple

import regex

from copydesk.core.sentences import sentences
from copydesk.transformation.richtext import find_spans
from copydesk.transformation.room import Room


class CannotSplit(ValueError):
    """Something that may not be broken (a link, a word) has no room in a part of its own."""


def split(
    text: str, room: Room, *, numbered: bool = False, headings: Collection[str] = ()
) -> tuple[str, ...]:
    """Return `text` as parts that each fit into `room`, nothing left out, nothing changed but the
    white space at the seams. With `numbered` each of several ends in " (2/7)", which counts. A line
    of `headings` stays with what it stands over where that is possible.

    Raises `CannotSplit` naming what does not fit.
    """
    text = text.strip()
    if room.holds(text):
        return (text,)
    breaks = _breaks(text, headings)
    if not numbered:
        return tuple(_parts(text, breaks, room))
    digits = len(str(len(text) // room.guess))
    while True:
        # as wide as a number of so many digits can be
        parts = _parts(text, breaks, room, f"/{'9' * digits})")
        total = len(parts)
        if len(str(total)) <= digits:
            return tuple(f"{part} ({number}/{total})" for number, part in enumerate(parts, start=1))
        digits += 1


class _Weight(IntEnum):
    """How good a place is to end a part at."""

    CODE = 0
    HEADING = 1
    CHARACTER = 2
    WORD = 3
    SENTENCE = 4
    LINE = 5
    PARAGRAPH = 6


class _Break(NamedTuple):
    """A place between two parts: where the one ends and the next starts."""

    end: int
    start: int
    weight: _Weight


#: How full a part has to be for ending it there; else the next lighter kind of place is looked at.
_FULL_ENOUGH: Final = {
    _Weight.PARAGRAPH: 0.5,
    _Weight.LINE: 0.5,
    _Weight.SENTENCE: 0.35,
    _Weight.WORD: 0.1,
    _Weight.CHARACTER: 0.05,
    _Weight.HEADING: 0.0,
}

_GAP: Final = regex.compile(r"[^\S\u00a0\u2007\u202f]+")
_CODE: Final = regex.compile(r"(?<!`)(`+)(?!`)[^`\n](?:[^\n]*?[^`\n])??\1(?!`)")
#: Scripts without spaces between words: there a part may end behind any character, but not before
#: marks that close, nor behind those that open.
_UNSPACED: Final = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
_BETWEEN: Final = regex.compile(
    rf"(?V1)(?<=[{_UNSPACED}\p{{Pe}}\p{{Pf}}、。，！？；：])(?=[{_UNSPACED}\p{{Ps}}\p{{Pi}}])"
    r"(?![ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮー々〻\p{M}])"
)
_HAS_UNSPACED: Final = regex.compile(rf"[{_UNSPACED}]")


def _parts(text: str, breaks: list[_Break], room: Room, total: str = "") -> list[str]:
    parts: list[str] = []
    start = first = 0
    while start < len(text):
        ending = f" ({len(parts) + 1}{total}" if total else ""

        @cache
        def holds(index: int, start: int = start, ending: str = ending) -> bool:
            return room.holds(text[start : breaks[index].end] + ending)

        farthest = _farthest(breaks, first, holds, start + room.guess)
        if farthest is None:
            # a part of its own is what comes up to the next place
            raise CannotSplit(_too_long(text[start : breaks[first].end], room, ending))
        chosen = _best(breaks, first, farthest, start)
        while not holds(chosen):
            # fewer characters that count for more: rare, but no part may be too long
            chosen -= 1
            if chosen < first:
                raise CannotSplit(_too_long(text[start : breaks[first].end], room, ending))
        parts.append(text[start : breaks[chosen].end])
        start, first = breaks[chosen].start, chosen + 1
    return parts


def _farthest(
    breaks: list[_Break], first: int, holds: Callable[[int], bool], guess: int
) -> int | None:
    """Return the last place up to which the text fits, None when it does not even to the first.

    Looks around the position `guess` first: measuring long stretches is what costs.
    """
    if not holds(first):
        return None
    low, step = first, 1
    high = min(max(first + 1, bisect_left(breaks, guess, key=lambda place: place.end)), len(breaks))
    if high < len(breaks) and holds(high):
        while high < len(breaks) and holds(high):
            low, high, step = high, high + step, step * 2
        high = min(high, len(breaks))
    while high - low > 1:
        middle = (low + high) // 2
        if holds(middle):
            low = middle
        else:
            high = middle
    return low


def _best(breaks: list[_Break], first: int, farthest: int, start: int) -> int:
    """Return the best place up to `farthest` to end a part at that begins at `start`."""
    if farthest == len(breaks) - 1:
        return farthest
    full = breaks[farthest].end - start
    for weight in (
        _Weight.PARAGRAPH,
        _Weight.LINE,
        _Weight.SENTENCE,
        _Weight.WORD,
        _Weight.CHARACTER,
        _Weight.HEADING,
    ):
        for index in range(farthest, first - 1, -1):
            place = breaks[index]
            if place.end - start < full * _FULL_ENOUGH[weight]:
                break
            if place.weight >= weight:
                return index
    return farthest


def _breaks(text: str, headings: Collection[str]) -> list[_Break]:
    """Return the places where a part may end, in order, the end of the text as the last."""
    closed = [(span.start, span.end) for span in find_spans(text)]
    code = [match.span() for match in _CODE.finditer(text)] if "`" in text else []
    ends = {end for _, end in sentences(text, sorted(closed))}
    found = [
        _Break(gap.start(), gap.end(), _weight_of(text, gap.span(), ends, headings))
        for gap in _GAP.finditer(text)
    ]
    # ideographic full stops end sentences without a space
    bare = ends.difference(place.end for place in found)
    found += [_Break(end, end, _Weight.SENTENCE) for end in bare if end < len(text)]
    if _HAS_UNSPACED.search(text):
        places = {match.start() for match in _BETWEEN.finditer(text)}
        places &= {match.end() for match in regex.finditer(r"\X", text)}
        found += [_Break(place, place, _Weight.CHARACTER) for place in places - bare]
    found.sort()
    allowed = _outside(found, closed)
    coded = dict(_inside(allowed, code))
    result = [place._replace(weight=_Weight.CODE) if place in coded else place for place in allowed]
    return [*result, _Break(len(text), len(text), _Weight.PARAGRAPH)]


def _weight_of(
    text: str, gap: tuple[int, int], ends: set[int], headings: Collection[str]
) -> _Weight:
    start, end = gap
    lines = text.count("\n", start, end)
    if lines and text[text.rfind("\n", 0, start) + 1 : start] in headings:
        return _Weight.HEADING
    if lines:
        return _Weight.LINE if lines == 1 else _Weight.PARAGRAPH
    return _Weight.SENTENCE if start in ends else _Weight.WORD


def _outside(places: list[_Break], ranges: list[tuple[int, int]]) -> list[_Break]:
    inside = {place for place, _ in _inside(places, ranges)}
    return [place for place in places if place not in inside]


def _inside(
    places: list[_Break], ranges: list[tuple[int, int]]
) -> Iterator[tuple[_Break, tuple[int, int]]]:
    """Yield the places that lie within one of `ranges` (sorted, apart), with it."""
    index = 0
    for place in places:
        while index < len(ranges) and ranges[index][1] <= place.end:
            index += 1
        if index < len(ranges) and ranges[index][0] < place.end:
            yield place, ranges[index]


def _too_long(token: str, room: Room, suffix: str) -> str:
    shown = token if len(token) <= 60 else f"{token[:40]}…{token[-15:]}"
    return f"{shown!r} has no room of its own: {', '.join(room.excess(token + suffix))}"
