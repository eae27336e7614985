"""Windows of a text that is longer than a model can see: which stretches it is shown instead.

Every token stands in some window, and windows overlap, so that what is told across a border is seen
as well. Of a long source a statement is held against the windows that share most of its rarer
words.
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


def windows(text: str, tokens: Sequence[Span], room: int, overlap: int = 0) -> list[Span]:
    """Return spans of `text` of at most `room` tokens each, which together hold all of them.

    `tokens` are the places of its tokens, in order. A window begins and ends with a sentence where
    it can, and shares at least `overlap` tokens, but no more than half of it has to, with the next.
    """
    overlap = min(overlap, room // 2)
    starts = [start for start, _ in tokens]
    borders = sorted({bisect_left(starts, start) for start, _ in sentences(text)} | {len(tokens)})
    found: list[Span] = []
    first = last = 0
    while last < len(tokens):
        full = min(first + room, len(tokens))
        # a sentence that would bring nothing new is cut
        last = max((border for border in borders if last < border <= full), default=full)
        found.append((tokens[first][0], tokens[last - 1][1]))
        back = max(first, last - overlap)
        first = max((border for border in borders if first < border <= back), default=back)
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
