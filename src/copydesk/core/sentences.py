"""Sentence boundaries that never fall inside a protected span.

Rules, no model: a boundary is closing punctuation followed by space and something that can begin a
sentence, or a line break that ends a block (blank line, list item, heading, quote mark).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence

from copydesk.core.choices import either

_STOPS = ".!?…।॥؟۔።។။։"
_WIDE_STOPS = "。！？"
# It begins with the set of all that it can begin with: a search is fast for that.
_BOUNDARY = re.compile(
    rf"[{_STOPS}{_WIDE_STOPS}\n](?:"
    rf"(?<=[{_STOPS}])[{_STOPS}]{{0,19}}[\"'”’»)\]*_]{{0,4}}(?=\s)"
    rf"|(?<=[{_WIDE_STOPS}])[{_WIDE_STOPS}]{{0,19}}[」』】）》〉”’]{{0,4}}"
    r"|(?<=\n)(?:[ \t]*\n|(?=[ \t]*(?:[-*+•#>|]|\d{1,3}[.)])\s?)))"
)
_ABBREVIATIONS = (
    "mr mrs ms dr prof st vs e.g i.e cf ca nr inc ltd co corp jr sr approx z.b d.h u.a bzw ggf "
    "evtl inkl usw hr fr str tel sra ud uds mme mlle p.ex dept jan feb mar apr jun jul aug sep "
    "sept oct nov dec"
)
_ABBREVIATION = re.compile(rf"{either(_ABBREVIATIONS.split())}\.|(?:[a-z]\.)+", re.IGNORECASE)
# These may well end a sentence; a small letter after them says that they do not.
_SOFT_ABBREVIATIONS = "etc no fig max min incl esp ext est al usw ca abs"
_SOFT_ABBREVIATION = re.compile(rf"{either(_SOFT_ABBREVIATIONS.split())}\.", re.IGNORECASE)
_LIST_NUMBER = re.compile(r"(?:^|\n)[ \t>]*\d{1,3}\.\Z")
#: An abbreviation has at most so many characters with its stop.
_LONGEST_ABBREVIATION = 12


def sentences(text: str, masked: Sequence[tuple[int, int]] = ()) -> list[tuple[int, int]]:
    """Return the spans of the sentences of `text`, without the white space around them.

    Args:
        text: prose or Markdown, any language.
        masked: sorted, disjoint spans (code points) in which no sentence ends.
    """
    starts = [start for start, _ in masked]
    found: list[tuple[int, int]] = []
    begin = 0
    for match in _BOUNDARY.finditer(text):
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
    if match[0][0] == "…" or match[0].startswith("..") or match[0][-1] in "\"'”’»)]":
        return _begins_small(text, end)
    if match[0] != ".":
        return False
    if text[end - 2 : end - 1].isdecimal():
        return _LIST_NUMBER.search(text[max(0, end - 8) : end]) is not None
    word = text[max(begin, end - _LONGEST_ABBREVIATION) : end].split()[-1].rpartition("(")[2]
    if _ABBREVIATION.fullmatch(word, max(word.rfind('"'), word.rfind("'")) + 1):
        return True
    return _SOFT_ABBREVIATION.fullmatch(word) is not None and _begins_small(text, end)


def _begins_small(text: str, at: int) -> bool:
    return text[at : at + 8].lstrip()[:1].islower()


def _add(found: list[tuple[int, int]], text: str, start: int, end: int) -> None:
    piece = text[start:end]
    kept = piece.strip()
    if kept:
        start += len(piece) - len(piece.lstrip())
        found.append((start, start + len(kept)))
