"""Finds protected tokens line by line, the strongest class first where several fit.

No token but a fenced block crosses a line, so a line that stays as it is has the same tokens in
every version of a text. They are remembered for the lines that were seen last: clean-up, composing
and every check look at versions of one text that differ in few places.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from copydesk.core.clues import Clues
from copydesk.core.moments import find_dates, find_times
from copydesk.core.protected import ProtectedToken, find_fences, find_ids, find_verbatim
from copydesk.core.quantities import find_quantities

#: The one token that may go on in the next line: "version\n2.4".
_GOES_ON = re.compile(r"(?:v|version|ver\.|release)\Z", re.IGNORECASE)

#: Lines up to so many code points are remembered, so that memory stays bounded.
_SHORT = 4_000


def find_tokens(text: str, language: str) -> list[ProtectedToken]:
    """Return the tokens of `text` that do not overlap, in order; quotes and names are none of them.

    `language` is a two-letter code or "".
    """
    tokens: list[ProtectedToken] = []
    fences = find_fences(text)
    fence = next(fences, None)
    for start, line in _lines(text):
        if fence is not None and fence.end <= start:
            tokens.append(fence)
            fence = next(fences, None)
        if not line or (fence is not None and fence.start <= start):
            continue
        found = _remembered(line, language) if len(line) <= _SHORT else _find(line, language)
        tokens += [
            ProtectedToken(t.cls, t.text, t.norm, t.start + start, t.end + start) for t in found
        ]
    if fence is not None:
        tokens.append(fence)
    return tokens


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield the lines of `text` with their places; two lines that may share a token stay one."""
    lines = text.split("\n")
    start = number = 0
    while number < len(lines):
        line = lines[number]
        number += 1
        while number < len(lines) and lines[number][:1].isdecimal() and _GOES_ON.search(line):
            line = f"{line}\n{lines[number]}"
            number += 1
        yield start, line
        start += len(line) + 1


def _find(line: str, language: str) -> tuple[ProtectedToken, ...]:
    taken = bytearray(len(line))
    tokens: list[ProtectedToken] = []
    for token in _candidates(Clues(line), language):
        if token.end > token.start and taken.find(1, token.start, token.end) < 0:
            taken[token.start : token.end] = b"\x01" * (token.end - token.start)
            tokens.append(token)
    tokens.sort(key=lambda t: t.start)
    return tuple(tokens)


_remembered = lru_cache(maxsize=512)(_find)


def _candidates(clues: Clues, language: str) -> Iterator[ProtectedToken]:
    yield from find_verbatim(clues)
    yield from find_dates(clues, language)
    yield from find_times(clues)
    ids = list(find_ids(clues))
    # Phone, card and compound numbers win over their parts; "30s" or "2nd" stay values.
    yield from (token for token in ids if not token.text.isalnum())
    yield from find_quantities(clues, language)
    yield from ids
