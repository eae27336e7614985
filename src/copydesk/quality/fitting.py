"""Fitting a calibration: weights by penalised logistic regression, bands by shares of false alarms.

Pure and the same on every machine: no randomness, no library. Each domain weighs the same and in it
good and bad do, so that no set wins by its size and the fitted probability holds for one bad text
in two. Weights are drawn towards one common value and are never negative: a signal that was hardly
seen weighs as an average one, and no signal speaks for a text.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from copydesk.core.checks import Verdict
from copydesk.quality.calibration import MOST, Calibration

#: What weights are drawn towards, and how strongly: as much as so many texts of average weight.
_PRIOR: Final = 2.0
_STRENGTH: Final = 0.004
_STEPS: Final = 4_000
_RATE: Final = 2.0
_STILL: Final = 1e-7
#: A threshold lies so far below the score it stands for, that rounding does not lift it above.
_MARGIN: Final = 5e-5


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """One text whose truth is known: what the checks saw, and whether it is bad.

    `floor` is the verdict of the checks that are not weighed: the text gets no better one.
    """

    signals: Mapping[str, int]
    bad: bool
    domain: str = ""
    floor: Verdict = Verdict.PASSED
    text: str = ""


def fit(
    texts: Sequence[Labelled],
    *,
    version: str,
    false_alarms: float = 0.05,
    failures: float = 0.01,
) -> Calibration:
    """Return the calibration that fits labelled texts.

    Args:
        texts: the development set; raises `ValueError` unless both good and bad are among them.
        version: the name of the calibration.
        false_alarms: share of good texts that may be flagged or failed, at most.
        failures: share of good texts that may be failed, at most.
    """
    weights_of_texts = _balanced(texts)
    names = sorted({name for text in texts for name in text.signals})
    place = {name: number for number, name in enumerate(names)}
    rows = [
        [(place[name], float(min(count, MOST))) for name, count in text.signals.items()]
        for text in texts
    ]
    intercept, weights = _descend(rows, [text.bad for text in texts], weights_of_texts, len(names))
    raw = Calibration(
        version=version,
        intercept=round(intercept, 4),
        weights={name: round(weights[place[name]], 4) for name in names},
        unseen=_PRIOR,
        uncertain=1.0,
        fail=1.0,
    )
    scored = [(raw.badness(text.signals), text) for text in texts]
    uncertain = _threshold(scored, false_alarms, Verdict.FLAGGED)
    return replace(
        raw, uncertain=uncertain, fail=max(uncertain, _threshold(scored, failures, Verdict.FAILED))
    )


def _balanced(texts: Sequence[Labelled]) -> list[float]:
    sizes = Counter((text.domain, text.bad) for text in texts)
    if {bad for _, bad in sizes} != {True, False}:
        raise ValueError("there must be good and bad texts to fit")
    shares = Counter(bad for _, bad in sizes)
    return [0.5 / shares[text.bad] / sizes[text.domain, text.bad] for text in texts]


def _descend(
    rows: Sequence[Sequence[tuple[int, float]]],
    labels: Sequence[bool],
    shares: Sequence[float],
    width: int,
) -> tuple[float, list[float]]:
    """Return intercept and weights of least loss, by projected gradient with momentum."""
    intercept, weights = 0.0, [_PRIOR] * width
    ahead_intercept, ahead = intercept, list(weights)
    for step in range(_STEPS):
        slope = 0.0
        slopes = [_STRENGTH * (weight - _PRIOR) for weight in ahead]
        for row, bad, share in zip(rows, labels, shares, strict=True):
            odds = ahead_intercept + sum(ahead[at] * amount for at, amount in row)
            off = share * (1 / (1 + math.exp(-max(-50.0, min(50.0, odds)))) - bad)
            slope += off
            for at, amount in row:
                slopes[at] += off * amount
        momentum = step / (step + 3)
        new_intercept = ahead_intercept - _RATE * slope
        new = [max(0.0, w - _RATE * s) for w, s in zip(ahead, slopes, strict=True)]
        moved = abs(new_intercept - intercept) + sum(
            abs(a - b) for a, b in zip(new, weights, strict=True)
        )
        ahead_intercept = new_intercept + momentum * (new_intercept - intercept)
        ahead = [a + momentum * (a - b) for a, b in zip(new, weights, strict=True)]
        intercept, weights = new_intercept, new
        if moved < _STILL * (width + 1):
            break
    return intercept, weights


def _threshold(scored: Sequence[tuple[float, Labelled]], allowed: float, band: Verdict) -> float:
    """Return the lowest threshold that alarms for no larger share of the good texts of any domain.

    A domain is held to it by itself: the average of an easy and a hard one would hide the hard one.
    What the unweighed checks hold anyway is not counted, for no threshold helps it.
    """
    floors = {Verdict.FLAGGED, Verdict.FAILED} if band is Verdict.FLAGGED else {Verdict.FAILED}
    sizes = Counter(text.domain for _, text in scored if not text.bad)
    good = [
        (score, text.domain) for score, text in scored if not text.bad and text.floor not in floors
    ]
    for threshold in sorted({score for score, _ in scored}):
        alarms = Counter(domain for score, domain in good if score >= threshold)
        if all(alarms[domain] <= allowed * sizes[domain] for domain in sizes):
            return max(0.0, round(threshold - _MARGIN, 4))
    return 1.0
