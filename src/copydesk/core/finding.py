"""Finds protected tokens, the strongest class first where several fit.

No token but a fenced block crosses a line, so a line that stays as it is has the same tokens in
every version of a text. They are remembered for the lines that were seen last; the lines of a text
that are new are searched together.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from operator import attrgetter
from typing import Final, TypeAlias

from copydesk.core.clues import Clues
from copydesk.core.memory import Memory
from copydesk.core.moments import find_dates, find_times
from copydesk.core.protected import ProtectedToken, find_fences, find_ids, find_verbatim
from copydesk.core.quantities import find_quantities

_Tokens: TypeAlias = Sequence[ProtectedToken]

#: The one token that may go on in the next line: "version\n2.4".
_GOES_ON: Final = re.compile(r"(?:v|version|ver\.|release)\Z", re.IGNORECASE)
_LONGEST: Final = len("release")

#: Stands between lines that are searched together: no token crosses two line ends.
_APART: Final = "\n\n"

#: The lines that were seen last.
REMEMBERED: Final = Memory[_Tokens](room=200_000)


def find_tokens(text: str, language: str) -> list[ProtectedToken]:
    """Return the tokens of `text` that do not overlap, in order; quotes and names are none of them.

    `language` is a two-letter code or "".
    """
    tokens: list[ProtectedToken] = []
    lines = list(_lines(text))
    fences = find_fences(text)
    fence = next(fences, None)
    known = _known({line for _, line in lines}, language)
    for start, line in lines:
        if fence is not None and fence.end <= start:
            tokens.append(fence)
            fence = next(fences, None)
        if fence is None or fence.start > start:
            tokens += _moved(known[line], start)
    if fence is not None:
        tokens.append(fence)
    return tokens


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield the lines of `text` with their places; two lines that may share a token stay one."""
    start = 0
    while True:
        end = text.find("\n", start)
        while (
            end >= 0
            and text[end + 1 : end + 2].isdecimal()
            and _GOES_ON.search(text, max(start, end - _LONGEST), end)
        ):
            end = text.find("\n", end + 1)
        if end < 0:
            yield start, text[start:]
            return
        yield start, text[start:end]
        start = end + 1


def _known(lines: set[str], language: str) -> dict[str, _Tokens]:
    """Return the tokens of each of `lines`, with their places in it."""
    known: dict[str, _Tokens] = {}
    new: list[str] = []
    for line in lines:
        found = REMEMBERED.get((line, language)) if line else ()
        if found is None:
            new.append(line)
        else:
            known[line] = found
    if new:
        for line, found in zip(new, _by_line(new, language), strict=True):
            REMEMBERED.keep((line, language), found)
            known[line] = found
    return known


def _by_line(lines: Sequence[str], language: str) -> Iterator[_Tokens]:
    """Yield the tokens of each line, found in one search of all of them."""
    tokens = iter(_find(_APART.join(lines), language))
    token = next(tokens, None)
    start = 0
    for line in lines:
        end = start + len(line)
        found: list[ProtectedToken] = []
        while token is not None and token.end <= end:
            found.append(token)
            token = next(tokens, None)
        yield tuple(_moved(found, -start))
        start = end + len(_APART)


def _moved(tokens: _Tokens, by: int) -> list[ProtectedToken]:
    return [
        ProtectedToken(cls, text, norm, start + by, end + by)
        for cls, text, norm, start, end in tokens
    ]


def _find(text: str, language: str) -> list[ProtectedToken]:
    clues = Clues(text)
    tokens: list[ProtectedToken] = []
    for token in _candidates(clues, language):
        if token.end > token.start and clues.is_free(token.start, token.end):
            clues.take(token.start, token.end)
            tokens.append(token)
    tokens.sort(key=attrgetter("start"))
    return tokens


def _candidates(clues: Clues, language: str) -> Iterator[ProtectedToken]:
    yield from find_verbatim(clues)
    yield from find_dates(clues, language)
    yield from find_times(clues)
    ids = list(find_ids(clues))
    # Phone, card and compound numbers win over their parts; "30s" or "2nd" stay values.
    yield from (token for token in ids if not token.text.isalnum())
    yield from find_quantities(clues, language)
    yield from ids
