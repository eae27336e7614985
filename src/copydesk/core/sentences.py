"""Sentence boundaries that never fall inside a protected span.

Rules, no model: a boundary is closing punctuation followed by space and something that can begin a
sentence, or a line break that ends a block (blank line, list item, heading, quote mark).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence

from copydesk.core.clues import at_marks

_BOUNDARY = re.compile(
    r"[.!?…।॥؟۔።។။։]{1,20}[\"'”’»)\]*_]{0,4}(?=\s)|[。！？]{1,20}[」』】）》〉”’]{0,4}"
    r"|\n[ \t]*\n|\n(?=[ \t]*(?:[-*+•#>|]|\d{1,3}[.)])\s?)"
)
#: What every boundary begins with; the pattern is tried nowhere else.
_MARK = re.compile(r"[.!?…।॥؟۔።։。！？\n]")
_ABBREVIATION = re.compile(
    r"(?:^|[\s(\"'])(?:mr|mrs|ms|dr|prof|st|vs|e\.g|i\.e|cf|ca|nr|inc|ltd|co|corp|jr|sr|approx"
    r"|z\.b|d\.h|u\.a|bzw|ggf|evtl|inkl|usw|hr|fr|str|tel|sra?|uds?|mme|mlle|p\.ex|dept"
    r"|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec|[a-z]|(?:[a-z]\.)+[a-z])\.\Z",
    re.IGNORECASE,
)
# These may well end a sentence; a small letter after them says that they do not.
_SOFT_ABBREVIATION = re.compile(
    r"(?:^|[\s(])(?:etc|no|fig|max|min|incl|esp|ext|est|al|usw|ca|abs)\.\Z", re.IGNORECASE
)
_LIST_NUMBER = re.compile(r"(?:^|\n)[ \t>]*\d{1,3}\.\Z")


def sentences(text: str, masked: Sequence[tuple[int, int]] = ()) -> list[tuple[int, int]]:
    """Return the spans of the sentences of `text`, without the white space around them.

    Args:
        text: prose or Markdown, any language.
        masked: sorted, disjoint spans (code points) in which no sentence ends.
    """
    starts = [start for start, _ in masked]
    found: list[tuple[int, int]] = []
    begin = 0
    for match in at_marks(text, _MARK, _BOUNDARY):
        end = match.end()
        inside = bisect_right(starts, match.start()) - 1
        if inside >= 0 and masked[inside][1] > end:
            continue
        if _goes_on(text, begin, match):
            continue
        _add(found, text, begin, end)
        begin = end
    _add(found, text, begin, len(text))
    return found


def _goes_on(text: str, begin: int, match: re.Match[str]) -> bool:
    """Whether `match` ends an abbreviation, a pause or an aside, not a sentence."""
    end = match.end()
    if not match[0].strip():
        return False
    begins_small = text[end : end + 8].lstrip()[:1].islower()
    if match[0][0] == "…" or match[0].startswith("..") or match[0][-1] in "\"'”’»)]":
        return begins_small
    if match[0][0] != ".":
        return False
    window = text[max(begin, end - 12) : end]
    if _ABBREVIATION.search(window) or _LIST_NUMBER.search(text[max(0, end - 8) : end]):
        return True
    return begins_small and _SOFT_ABBREVIATION.search(window) is not None


def _add(found: list[tuple[int, int]], text: str, start: int, end: int) -> None:
    piece = text[start:end]
    kept = piece.strip()
    if kept:
        start += len(piece) - len(piece.lstrip())
        found.append((start, start + len(kept)))
