"""What a calibration is worth on labelled texts: shares with bounds, beside trivial baselines.

Shares found on few texts are said with one-sided exact bounds, and precision at the share of bad
texts the user has, never at that of the set. A detector that does not beat the length of the text,
or its words without the source, has learned nothing about faithfulness.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Final

from copydesk.core.checks import Verdict
from copydesk.core.proportions import highest_share, lowest_share
from copydesk.quality.calibration import Calibration
from copydesk.quality.fitting import Labelled, fit

_WORD: Final = re.compile(r"\w+")
_ALLOWED: Final = (0.05, 0.02)


def badness_of(text: Labelled, calibration: Calibration) -> float:
    """Return the probability that a text is bad, no less than what its floor stands for."""
    badness = calibration.badness(text.signals)
    if text.floor is Verdict.FAILED:
        return max(badness, calibration.fail)
    if text.floor is Verdict.FLAGGED:
        return max(badness, calibration.uncertain)
    return badness


def measure(
    texts: Sequence[Labelled], calibration: Calibration, *, bad_rate: float = 0.05
) -> dict[str, Any]:
    """Return what `calibration` reaches on `texts`, as a JSON-ready report.

    `bad_rate` is the share of bad texts where it will be used. Raises `ValueError` unless both good
    and bad texts are there.
    """
    scores = [badness_of(text, calibration) for text in texts]
    bad = [score for score, text in zip(scores, texts, strict=True) if text.bad]
    good = [score for score, text in zip(scores, texts, strict=True) if not text.bad]
    if not (bad and good):
        raise ValueError("there must be good and bad texts to measure")
    caught = sum(score >= calibration.uncertain for score in bad)
    alarms = sum(score >= calibration.uncertain for score in good)
    missed = len(bad) - caught
    recall, false_alarms = caught / len(bad), alarms / len(good)
    return {
        "texts": {"good": len(good), "bad": len(bad)},
        "recall": _share(caught, len(bad)),
        "false_alarms": _share(alarms, len(good)),
        "failed": {
            "recall": _share(sum(score >= calibration.fail for score in bad), len(bad)),
            "false_alarms": _share(sum(score >= calibration.fail for score in good), len(good)),
        },
        "balanced_accuracy": round((recall + 1 - false_alarms) / 2, 4),
        **_ranking(bad, good),
        "at_bad_rate": {
            "bad_rate": bad_rate,
            "precision": _at_rate(recall, false_alarms, bad_rate),
            "bad_among_passed": _at_rate(1 - recall, 1 - false_alarms, bad_rate),
            "bad_among_passed_at_most": _at_rate(
                highest_share(missed, len(bad)),
                lowest_share(len(good) - alarms, len(good)),
                bad_rate,
            ),
        },
    }


def baselines(
    texts: Sequence[Labelled], development: Sequence[Labelled] = ()
) -> dict[str, dict[str, float]]:
    """Return what is reached on `texts` without looking at any source.

    Always flagging, the length of the text, and its words, by how often they stood in good and bad
    texts of `development`.
    """
    found: dict[str, dict[str, float]] = {
        "always_flag": {"recall": 1.0, "false_alarms": 1.0, "balanced_accuracy": 0.5, "auc": 0.5}
    }
    found["length"] = _ranked(texts, lambda text: -float(len(text.text)))
    if {text.bad for text in development} == {True, False}:
        found["words"] = _ranked(texts, _by_words(development))
    return found


def without_each(
    texts: Sequence[Labelled], *, false_alarms: float, failures: float, bad_rate: float = 0.05
) -> dict[str, Any]:
    """Return for each domain what a calibration reaches there that was fitted on all others.

    Domains without both good and bad texts are left out, as is everything if there is only one.
    """
    domains = sorted({text.domain for text in texts})
    found: dict[str, Any] = {}
    for domain in domains if len(domains) > 1 else ():
        inside = [text for text in texts if text.domain == domain]
        outside = [text for text in texts if text.domain != domain]
        if any({text.bad for text in some} != {True, False} for some in (inside, outside)):
            continue
        calibration = fit(
            outside, version=f"without {domain}", false_alarms=false_alarms, failures=failures
        )
        found[domain] = measure(inside, calibration, bad_rate=bad_rate)
    return found


def _share(count: int, of: int) -> dict[str, float]:
    return {
        "share": round(count / of, 4),
        "at_least": round(lowest_share(count, of), 4),
        "at_most": round(highest_share(count, of), 4),
    }


def _at_rate(of_bad: float, of_good: float, bad_rate: float) -> float:
    """Return the share of bad texts among those picked, where `bad_rate` of all are bad."""
    picked = of_bad * bad_rate + of_good * (1 - bad_rate)
    return round(of_bad * bad_rate / picked, 4) if picked else 0.0


def _ranking(bad: Sequence[float], good: Sequence[float]) -> dict[str, float]:
    """Return how well the scores rank: the area under the curve, recall where few good alarm."""
    ordered = sorted(good)
    wins = sum(bisect_left(ordered, s) + bisect_right(ordered, s) for s in bad) / 2
    found = {"auc": round(wins / len(bad) / len(good), 4)}
    for allowed in _ALLOWED:
        most = math.floor(allowed * len(good))
        # as many good texts may alarm, so everything above the next one does
        limit = ordered[len(good) - most - 1]
        reached = sum(score > limit for score in bad) / len(bad)
        found[f"recall_at_{allowed:.0%}"] = round(reached, 4)
    return found


def _ranked(texts: Sequence[Labelled], score: Callable[[Labelled], float]) -> dict[str, float]:
    bad = [score(text) for text in texts if text.bad]
    good = [score(text) for text in texts if not text.bad]
    return _ranking(bad, good)


def _by_words(development: Sequence[Labelled]) -> Callable[[Labelled], float]:
    """Return the log-odds of a text being bad by its words (naive Bayes, add-one smoothing)."""
    counts = {True: Counter[str](), False: Counter[str]()}
    sizes = Counter(text.bad for text in development)
    for text in development:
        counts[text.bad].update(set(_WORD.findall(text.text.casefold())))

    def score(text: Labelled) -> float:
        return sum(
            math.log((counts[True][word] + 1) / (sizes[True] + 2))
            - math.log((counts[False][word] + 1) / (sizes[False] + 2))
            for word in set(_WORD.findall(text.text.casefold()))
        )

    return score
