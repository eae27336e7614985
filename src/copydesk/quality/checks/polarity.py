"""Polarity: what the source affirms the text does not deny, and the other way round.

A word that is denied in one of the two and never in the other is a fact turned over, however the
sentences are cut ("do not delete my data": "delete my data"). So is a word traded for its opposite,
unless one of the two is denied ("not cheap": "expensive"). Opposites are lists and prefixes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from copydesk.core.checks import CheckResult, Evidence, Verdict
from copydesk.quality.comparison import Comparison
from copydesk.quality.wording import Word

NAME = "polarity"
VERSION = 4

_DENIED: Final = "polarity.denied"


def check(comparison: Comparison) -> CheckResult:
    """Look for what is denied on one side only, and for opposites.

    Returns:
        `flagged` with one piece of evidence per word, `passed` if there is none.
    """
    evidence: list[Evidence] = []
    if not comparison.is_unchanged:
        evidence = [*_denied(comparison), *_opposite(comparison)]
    verdict = Verdict.FLAGGED if evidence else Verdict.PASSED
    return CheckResult(check=NAME, version=VERSION, verdict=verdict, evidence=tuple(evidence))


def _denied(comparison: Comparison) -> Iterator[Evidence]:
    """Yield words that only one of the two denies, then those of single sentences.

    A text that denies a word in many places still denies it when one of them is turned over. There
    only the sentences tell, and only where one side denies more than the other.
    """
    if not (comparison.ours.denied or comparison.theirs.denied):
        return
    ours, theirs = comparison.ours, comparison.theirs
    seen = set()
    if ours.denied != theirs.denied:
        for evidence in _turned(comparison, ours.plain, theirs.plain):
            seen.add(evidence.start)
            yield evidence
    for pairing in comparison.pairings:
        both = ((ours, pairing.source), (theirs, pairing.text))
        denies = any(side.denies(s.number) for side, sentences in both for s in sentences)
        if not denies or comparison.is_alike(pairing):
            continue
        sides = [
            [word for sentence in sentences for word in side.plain_of(sentence.number)]
            for side, sentences in both
        ]
        if len({sum(word.denied == 1 for word in side) for side in sides}) == 1:
            continue
        for evidence in _turned(comparison, *sides):
            if evidence.signal == _DENIED and evidence.start not in seen:
                yield evidence


def _turned(
    comparison: Comparison, ours: Sequence[Word], theirs: Sequence[Word]
) -> Iterator[Evidence]:
    """Yield words that one side never says without a denial, and the other never with one."""
    for words, others, message in (
        (ours, theirs, "the source denies this"),
        (theirs, ours, "the source does not deny this"),
    ):
        reach = only_denied(words)
        affirmed: dict[str, Word] = {}
        for word in others if reach else ():
            if word.stem in reach:
                affirmed.setdefault(word.stem, word)
                if word.denied:
                    del reach[word.stem]
        for key, steps in reach.items():
            if key in affirmed:
                word = affirmed[key] if words is ours else _first(theirs, key)
                yield comparison.at(word, message, _DENIED if steps == 1 else "polarity.near")


def only_denied(words: Sequence[Word]) -> dict[str, int]:
    """Return the stems that never stand without a denial, and how far it reached at most."""
    reach: dict[str, int] = {}
    for word in words:
        if word.denied:
            reach[word.stem] = max(word.denied, reach.get(word.stem, 0))
    for word in words if reach else ():
        if not word.denied:
            reach.pop(word.stem, None)
    return reach


def _first(words: Sequence[Word], key: str) -> Word:
    return next(word for word in words if word.stem == key)


def _opposite(comparison: Comparison) -> Iterator[Evidence]:
    """Yield words of the text whose opposite stood in the sentences it was made from."""
    come = comparison.theirs.stems - comparison.ours.stems
    gone = comparison.ours.stems - comparison.theirs.stems
    if not (come and gone):
        return
    for pairing in comparison.pairings:
        old = [w for s in pairing.source for w in comparison.ours.having(s.number, gone)]
        if not old:
            continue
        new = [w for s in pairing.text for w in comparison.theirs.having(s.number, come)]
        for word in {word.stem: word for word in reversed(new)}.values():
            for other in old:
                if comparison.lexicon.are_opposite(other.stem, word.stem) and bool(
                    other.denied
                ) == bool(word.denied):
                    message = f"turned into its opposite, the source says {other.bare!r}"
                    yield comparison.at(word, message, "polarity.opposite")
                    break
