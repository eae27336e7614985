"""Invention: nothing is told that neither the source nor what supports it tells.

The counterpart of omission: a sentence or a stretch whose words come from nowhere, and sentences
that gained more content than they lost. How much a text was paraphrased says nothing, so what was
gained is weighed against what was given up for it; synonyms and courtesies are not gains.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from copydesk.core.checks import CheckResult, Evidence, Verdict
from copydesk.quality.comparison import Comparison
from copydesk.quality.wording import Word, longest_run

NAME = "invention"
VERSION = 2

_FEW: Final = 2
_MANY: Final = 3
_FOREIGN: Final = 0.6
_RUN: Final = 3
_SURPLUS: Final = 2


def check(comparison: Comparison) -> CheckResult:
    """Look for sentences and stretches that come from nowhere.

    Returns:
        `flagged` with one piece of evidence per find, `passed` if there is none.
    """
    evidence: tuple[Evidence, ...] = ()
    if not comparison.is_unchanged and comparison.come:
        evidence = tuple(_new(comparison))
    verdict = Verdict.FLAGGED if evidence else Verdict.PASSED
    return CheckResult(check=NAME, version=VERSION, verdict=verdict, evidence=evidence)


def _new(comparison: Comparison) -> Iterator[Evidence]:
    come = {word.start for word in comparison.come}
    new_in, old_in = _by_sentence(comparison.come), _by_sentence(comparison.gone)
    for number in sorted(new_in):
        sentence = comparison.theirs.sentences[number]
        words = comparison.theirs.content_of(number)
        foreign = [word for word in words if word.start in come]
        if len(foreign) >= _FEW and len(foreign) >= _FOREIGN * len(words):
            many = "" if len(foreign) >= _MANY else "short_"
            message = f"comes from nowhere ({len(foreign)} of {len(words)} words are new)"
            yield comparison.spanning([sentence], "text", message, f"invention.{many}sentence")
        elif (run := longest_run(words, come)) and len(run) >= _RUN:
            message = f"comes from nowhere: {' '.join(word.bare for word in run)}"
            yield comparison.spanning(run, "text", message, "invention.stretch")
    for pairing in comparison.pairings:
        if not (pairing.source and pairing.text):
            continue
        new = [word for s in pairing.text for word in new_in.get(s.number, ())]
        old = [word for s in pairing.source for word in old_in.get(s.number, ())]
        surplus = len({w.stem for w in new}) - len({w.stem for w in old})
        if surplus >= _SURPLUS:
            much = "surplus" if surplus == _SURPLUS else "large_surplus"
            message = f"says more than its source: {', '.join(word.bare for word in new[:6])}"
            yield comparison.spanning(pairing.text, "text", message, f"invention.{much}")


def _by_sentence(words: Sequence[Word]) -> dict[int, list[Word]]:
    found: dict[int, list[Word]] = {}
    for word in words:
        found.setdefault(word.sentence, []).append(word)
    return found
