"""Polarity: what the source affirms the text does not deny, and the other way round.

A word that is denied in one of the two and never in the other is a fact turned over, however the
sentences are cut ("do not delete my data": "delete my data"). So is a word traded for its opposite,
unless one of the two is denied ("not cheap": "expensive"). Opposites are lists and prefixes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from copydesk.core.checks import CheckResult, Evidence, Verdict
from copydesk.quality.comparison import Comparison
from copydesk.quality.wording import Word

NAME = "polarity"
VERSION = 1

_Words = Mapping[str, list[Word]]


def check(comparison: Comparison) -> CheckResult:
    """Look for what is denied on one side only, and for opposites.

    Returns:
        `flagged` with one piece of evidence per word, `passed` if there is none.
    """
    evidence: list[Evidence] = []
    if not comparison.is_unchanged:
        ours, theirs = _by_stem(comparison.ours.words), _by_stem(comparison.theirs.words)
        evidence = [
            *_denied(
                comparison, _by_stem(comparison.ours.plain), _by_stem(comparison.theirs.plain)
            ),
            *_opposite(comparison, ours, theirs),
        ]
    verdict = Verdict.FLAGGED if evidence else Verdict.PASSED
    return CheckResult(check=NAME, version=VERSION, verdict=verdict, evidence=tuple(evidence))


def _by_stem(words: Sequence[Word]) -> _Words:
    found: dict[str, list[Word]] = {}
    for word in words:
        found.setdefault(word.stem, []).append(word)
    return found


def _denied(comparison: Comparison, ours: _Words, theirs: _Words) -> Iterator[Evidence]:
    for key, mine in ours.items():
        other = theirs.get(key)
        if other is None:
            continue
        steps = [word.denied for word in mine], [word.denied for word in other]
        if all(steps[0]) and not any(steps[1]):
            message, far = "the source denies this", max(steps[0])
        elif all(steps[1]) and not any(steps[0]):
            message, far = "the source does not deny this", max(steps[1])
        else:
            continue
        signal = "polarity.denied" if far == 1 else "polarity.near"
        yield comparison.at(other[0], message, signal)


def _opposite(comparison: Comparison, ours: _Words, theirs: _Words) -> Iterator[Evidence]:
    """Yield words of the text whose opposite stood in the sentences it was made from."""
    for pairing in comparison.pairings:
        gone = [key for s in pairing.source for key in s.all_stems if key not in theirs]
        if not gone:
            continue
        for key in dict.fromkeys(key for s in pairing.text for key in s.all_stems):
            if key in ours:
                continue
            word = theirs[key][0]
            for old in gone:
                if comparison.lexicon.are_opposite(old, key) and bool(ours[old][0].denied) == bool(
                    word.denied
                ):
                    message = f"turned into its opposite, the source says {ours[old][0].bare!r}"
                    yield comparison.at(word, message, "polarity.opposite")
                    break
