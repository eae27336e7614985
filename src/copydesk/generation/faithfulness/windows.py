"""Windows of a text that is longer than a model can see: which stretches it is shown instead.

Every token stands in some window, and windows overlap by a sentence, so that what is told across a
border is seen as well. Of a long source a statement is held against the windows that share most of
its rarer words.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from typing import Final

from copydesk.core.sentences import sentences

#: A stretch of a text, in code points.
Span = tuple[int, int]

#: How many windows of a long source a statement is held against.
BEST: Final = 3
_WORD: Final = re.compile(r"\w+")


def windows(text: str, tokens: Sequence[Span], room: int) -> list[Span]:
    """Return spans of `text` of at most `room` tokens each, which together hold all of them.

    `tokens` are the places of its tokens, in order. A window ends with a sentence where it can, and
    begins with the last sentence of the window before.
    """
    starts = [start for start, _ in tokens]
    borders = sorted({bisect_left(starts, start) for start, _ in sentences(text)} | {len(tokens)})
    found: list[Span] = []
    first = 0
    while first < len(tokens):
        full = first + room
        inside = [border for border in borders if first < border <= full]
        last = inside[-1] if inside else min(full, len(tokens))
        found.append((tokens[first][0], tokens[last - 1][1]))
        if last >= len(tokens):
            break
        # goes back by a sentence, unless that is all the window held or leaves no room to go on
        ahead = next((border for border in borders if border > last), len(tokens))
        back = inside[-2] if len(inside) > 1 else last
        first = back if ahead - back <= room else last
    return found


def best_windows(statement: str, shown: Sequence[str]) -> list[int]:
    """Return the numbers of the `BEST` of the texts `shown` that share most of a statement's words,
    rare ones before common ones; all of them if they are no more."""
    if len(shown) <= BEST:
        return list(range(len(shown)))
    words = [frozenset(_WORD.findall(text.casefold())) for text in shown]
    holding = Counter(word for one in words for word in one)
    wanted = frozenset(_WORD.findall(statement.casefold()))
    shared = [sum(1 / holding[word] for word in wanted & one) for one in words]
    return sorted(range(len(shown)), key=lambda number: -shared[number])[:BEST]
