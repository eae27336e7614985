"""What a change is for, told from its words alone. What it does to facts, the checks say.

Rules, no model, and on the careful side: fluency is only what leaves every word recognisably the
same, because fluency is what may be accepted without anybody looking.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Final

from copydesk.core.suggestion import Intent
from copydesk.editorial.differences import Difference

_WORD: Final = re.compile(r"\w+(?:['’]\w+)*")

#: Words of English that carry no content of their own: changing only them is a matter of style.
_SMALL_WORDS: Final = (
    "a an the and or so as at by for from in into of on onto to up with than then that this these"
    " those it its is are was were be been being am do does did has have had i you he she we they"
    " me him her us them my your his our their there here very really quite just also too please"
    " pls kindly some any which who whom whose"
)
#: What people say around what they say.
_PLEASANT_WORDS: Final = (
    "hi hello hey dear thanks thank you cheers best kind regards sincerely greetings all everyone"
    " team folks lol haha thx ty please sorry hope well hallo danke gruß grüße liebe viele hola"
    " gracias saludos bonjour merci cordialement"
)
_SMALL: Final = frozenset(_SMALL_WORDS.split())
_PLEASANTRIES: Final = frozenset(_PLEASANT_WORDS.split())
#: A longer word may differ in one letter more and still be the same word misspelt.
_LONG: Final = 8
_SHORTEST_TYPO: Final = 4
#: This share of the content words has to be kept for a rephrasing, else the meaning is in doubt.
_REPHRASED: Final = 0.5


def intent_of(change: Difference, before: str) -> Intent:
    """Return what a change is for.

    Args:
        change: one difference of two texts.
        before: what stands there in the first text.
    """
    old, new = _words(before), _words(change.after)
    if "".join(old) == "".join(new):
        asks = before.count("?") != change.after.count("?")
        return Intent.CLARITY if asks else Intent.FLUENCY
    if len(old) == len(new) and all(map(_is_same_word, old, new)):
        return Intent.FLUENCY
    if change.regrouped:
        return Intent.COHERENCE if _keeps(change) else Intent.MEANING_CHANGED
    changed = Counter(old)
    changed.subtract(Counter(new))
    touched = {word for word, count in changed.items() if count}
    if touched <= _SMALL | _PLEASANTRIES:
        return Intent.STYLE
    if not new:
        return Intent.MEANING_CHANGED
    if not old:
        known = set(_words(change.old))
        return Intent.COHERENCE if touched <= _SMALL | known else Intent.MEANING_CHANGED
    return Intent.CLARITY if _keeps(change) else Intent.MEANING_CHANGED


def _words(text: str) -> list[str]:
    return [w.casefold().replace("’", "").replace("'", "") for w in _WORD.findall(text)]


def _keeps(change: Difference) -> bool:
    """Whether the sentence around a change still says most of what it said."""
    old = {_stem(w) for w in _words(change.old)} - _SMALL
    new = {_stem(w) for w in _words(change.new)} - _SMALL
    return not old or len(old & new) / len(old) >= _REPHRASED


def _stem(word: str) -> str:
    return word[:5] if len(word) > 5 else word


def _is_same_word(old: str, new: str) -> bool:
    """Whether one is the other misspelt: a letter or two apart, and beginning alike."""
    if old == new:
        return True
    if min(len(old), len(new)) < _SHORTEST_TYPO or old[0] != new[0]:
        return False
    if any(c.isdigit() for c in old + new):
        return False
    return _distance(old, new) <= (2 if min(len(old), len(new)) >= _LONG else 1)


def _distance(one: str, other: str) -> int:
    """Return how many letters were left out, added, changed, or swapped with their neighbour."""
    rows = [list(range(len(other) + 1))]
    for i, a in enumerate(one, start=1):
        row = [i]
        for j, b in enumerate(other, start=1):
            cost = min(rows[-1][j] + 1, row[j - 1] + 1, rows[-1][j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, rows[-2][j - 2] + 1)
            row.append(cost)
        rows.append(row)
    return rows[-1][-1]
