"""Limits: words that bind, allow, restrict or give a cause are not gained or lost.

"You must" that became "you can", "only", "until", "because": one small word of such a family says
something else. A family counts once a whole pairing of sentences has gained or lost it and the
texts as wholes have as well, for a rewrite may move a word to the next sentence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from copydesk.core.checks import CheckResult, Evidence, Verdict
from copydesk.quality.comparison import Comparison
from copydesk.quality.wording import Sentence

NAME = "limits"
VERSION = 3

#: "Could you …?" asks politely and says nothing about what is possible.
_POLITE: Final = re.compile(
    r"\b(?:could|can|may|might|would)\s+(?:you|i|we|someone|somebody|anyone|anybody|it)\b"
    r"|\b(?:you|i|we|someone|somebody|anyone) (?:could|can)\b|\bcould (?:not|n't)\b|\bcouldn't\b"
    r"|\b(?:\d{1,2}(?:st|nd|rd|th)?|in|of|since|until|by) may\b|\bmay \d"  # the month
    r"|\bdo (?:i|we) (?:have|need) to\b|\bshould (?:i|we)\b|\bmust (?:i|we)\b"
)
#: The words one of which each of these holds.
_MODAL: Final = ("could", "can", "may", "might", "would", "do ", "should", "must")
#: French "ne … que" says "only", "ne … pas que" does not; what stands between is kept.
_ONLY: Final = re.compile(
    r"\b(?:ne\s+|n')((?:(?!(?:pas|jamais|rien|personne|aucune?|guère|point|plus\b(?!\s+qu))\b)"
    r"[\w'-]{1,40}\s+){1,4})(?:que\b|qu')"
)
_WORD: Final = re.compile(r"\w+")


def check(comparison: Comparison) -> CheckResult:
    """Compare the families of limiting words.

    Returns:
        `flagged` with one piece of evidence per family and pairing, `passed` if there is none.
    """
    evidence = () if comparison.is_unchanged else tuple(_changed(comparison))
    verdict = Verdict.FLAGGED if evidence else Verdict.PASSED
    return CheckResult(check=NAME, version=VERSION, verdict=verdict, evidence=evidence)


def _changed(comparison: Comparison) -> Iterator[Evidence]:
    # what both have in the same words binds both alike
    gone = [_plain(comparison.ours.written[number]) for number in comparison.apart[0]]
    come = [_plain(comparison.theirs.written[number]) for number in comparison.apart[1]]
    said = {word for sentence in (*gone, *come) for word in _WORD.findall(sentence)}
    for family in comparison.lexicon.families:
        if said.isdisjoint(family.first):
            continue
        before = sum(len(family.words.findall(sentence)) for sentence in gone)
        after = sum(len(family.words.findall(sentence)) for sentence in come)
        if before == after:
            continue
        for pairing in comparison.pairings:
            if not (pairing.source and pairing.text):
                continue
            mine, other = _joined(pairing.source), _joined(pairing.text)
            had, has = family.words.search(mine), family.words.search(other)
            if has and not had and after > before and not family.excuse.search(mine):
                message = f"{family.name}: {has[0]!r} is new"
                signal = f"limits.new_{family.name}"
                yield comparison.spanning(pairing.text, "text", message, signal)
            elif had and not has and before > after and not family.excuse.search(other):
                message = f"{family.name}: {had[0]!r} is gone"
                signal = f"limits.lost_{family.name}"
                yield comparison.spanning(pairing.source, "source", message, signal)


def _joined(sentences: Sequence[Sentence]) -> str:
    return " ".join(_plain(sentence.text) for sentence in sentences)


def _plain(sentence: str) -> str:
    plain = sentence.casefold().replace("’", "'")
    if " qu" in plain and ("ne " in plain or "n'" in plain):
        plain = _ONLY.sub(r"ne…que \1", plain)
    return _POLITE.sub(" ", plain) if any(word in plain for word in _MODAL) else plain
