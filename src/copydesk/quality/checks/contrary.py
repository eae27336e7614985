"""Contrary: a text that leaves out on purpose still does not say the contrary of its source.

For texts held against a document or a thread, where no author's text is given (`copydesk check`
without `seed`). What is missing tells nothing there, so only four signs are read: a word the source
only ever denies and the text only affirms; the other way round, where both sentences tell the same
otherwise; "only" that the source never says; and things of one kind that traded places.
"""

from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import replace
from typing import Final

from copydesk.core.checks import CheckResult, Evidence, Verdict
from copydesk.quality.checks import limits, order
from copydesk.quality.checks.polarity import only_denied
from copydesk.quality.comparison import Comparison
from copydesk.quality.wording import Word, Wording

NAME = "contrary"
VERSION = 1

#: The share of its other words that a sentence which denies has in common with one that does not,
#: for a long document affirms most words somewhere: at 0.2 three of 128 good abstracts are flagged.
_ALIKE: Final = 0.3
#: Words that begin with the same letters are of one family ("generalize", "generalization").
_FAMILY: Final = 6
_SIGNS: Final = {
    "limits.new_restriction": "contrary.restriction",
    "order.of_a_kind": "contrary.order",
}


def check(comparison: Comparison) -> CheckResult:
    """Look for what the text turns into its contrary.

    Returns:
        `flagged` with one piece of evidence per find, `passed` if there is none.
    """
    evidence: tuple[Evidence, ...] = ()
    if not comparison.is_unchanged:
        evidence = (*_turned(comparison), *_signs(comparison))
    verdict = Verdict.FLAGGED if evidence else Verdict.PASSED
    return CheckResult(check=NAME, version=VERSION, verdict=verdict, evidence=evidence)


def _turned(comparison: Comparison) -> Iterator[Evidence]:
    """Yield words that one side denies wherever it says them, and the other never."""
    ours, theirs = comparison.ours, comparison.theirs
    for _, affirmed in _one_sided(ours, theirs):
        yield comparison.at(affirmed[0], "the source denies this", "contrary.affirmed")
    for denial, affirmed in _one_sided(theirs, ours):
        told = {word.stem for word in theirs.content_of(denial.sentence)} - {denial.stem}
        if any(_alike(told, ours, word.sentence) for word in affirmed):
            yield comparison.at(denial, "the source does not deny this", "contrary.denied")


def _one_sided(denying: Wording, affirming: Wording) -> Iterator[tuple[Word, list[Word]]]:
    """Yield a word that one side only ever denies, with all of the other, which never does.

    In "I do not want to cancel" it is what they do not want that counts, not that they want.
    """
    reach = only_denied(denying.plain) if denying.denied else {}
    affirmed = (
        {word.stem[:_FAMILY] for word in denying.plain if not word.denied} if reach else set()
    )
    sure = {
        stem for stem in reach if stem[:_FAMILY] not in affirmed and stem not in affirming.denied
    }
    said: dict[str, list[Word]] = {}
    for word in affirming.plain if sure else ():
        if word.stem in sure:
            said.setdefault(word.stem, []).append(word)
    for word in denying.plain if said else ():
        if word.stem not in said or reach[word.stem] > 1:
            continue
        content = [
            w for w in denying.content_of(word.sentence) if w.denied and w.start >= word.start
        ]
        if content and min(content, key=lambda w: w.denied).stem in said:
            yield word, said.pop(word.stem)


def _alike(told: Set[str], ours: Wording, number: int) -> bool:
    """Whether a sentence of the source has enough of these words."""
    shared = {word.stem for word in ours.content_of(number)} & told
    return len(shared) >= _ALIKE * len(told) > 0


def _signs(comparison: Comparison) -> Iterator[Evidence]:
    for check_of in (limits.check, order.check):
        for evidence in check_of(comparison).evidence:
            if evidence.signal in _SIGNS:
                yield replace(evidence, signal=_SIGNS[evidence.signal])
