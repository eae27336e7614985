"""How sure a share may be said to be that was counted on few items: exact bounds, pure arithmetic.

Everybody who counts good and bad uses these bounds, so that two places never call the same count
differently. No approximation by the normal distribution: it fails where few items are bad.
"""

from __future__ import annotations

import math
from typing import Final

_STEPS: Final = 500
_PRECISION: Final = 1e-14
_TINY: Final = 1e-300
_HALVINGS: Final = 60


def highest_share(count: float, of: float, *, confidence: float = 0.95) -> float:
    """Return the one-sided upper Clopper-Pearson bound of a share, 0..1.

    `count` of `of` items were seen to be so; the true share is below the bound with at least this
    `confidence`, whatever it is. Nothing counted (`of` 0) allows everything: 1. Both may be
    fractions: effective counts of a weighted sample (Korn and Graubard, Survey Methodology 24
    (1998)).

    Clopper and Pearson, Biometrika 26 (1934); the bound is where the regularised incomplete beta
    function I_p(count + 1, of - count) reaches `confidence`. Raises `ValueError` for counts that
    cannot be.
    """
    _check(count, of, confidence)
    if count == of:
        return 1.0
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if share_of_beta(middle, count + 1, of - count) < confidence:
            low = middle
        else:
            high = middle
    return high


def lowest_share(count: float, of: float, *, confidence: float = 0.95) -> float:
    """Return the one-sided lower Clopper-Pearson bound of a share; otherwise as `highest_share`."""
    _check(count, of, confidence)
    return 1.0 - highest_share(of - count, of, confidence=confidence)


def share_of_beta(x: float, a: float, b: float) -> float:
    """Return I_x(a, b), the regularised incomplete beta function, for x in 0..1 and a, b > 0.

    It is the chance that a Beta(a, b) draw is at most x.
    """
    return math.exp(min(0.0, log_share_of_beta(x, a, b)))


def log_share_of_beta(x: float, a: float, b: float) -> float:
    """Return the natural logarithm of I_x(a, b), also where it is too small for a float.

    By the continued fraction of https://dlmf.nist.gov/8.17.E22, on the side where it converges.
    """
    if x <= 0.0:
        return -math.inf
    if x >= 1.0:
        return 0.0
    front = (
        a * math.log(x) + b * math.log1p(-x) + math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    )
    if x <= (a + 1) / (a + b + 2):
        return front - math.log(a) + math.log(_fraction(x, a, b))
    rest = math.exp(front - math.log(b) + math.log(_fraction(1 - x, b, a)))
    return math.log1p(-rest) if rest < 1.0 else -math.inf


def _fraction(x: float, a: float, b: float) -> float:
    """Return the continued fraction of I_x(a, b) by Lentz's method."""
    c, d = 1.0, 1.0 / _away_from_zero(1.0 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, _STEPS):
        for numerator in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1.0 / _away_from_zero(1.0 + numerator * d)
            c = _away_from_zero(1.0 + numerator / c)
            value *= c * d
        if abs(c * d - 1.0) < _PRECISION:
            break
    return value


def _away_from_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY


def _check(count: float, of: float, confidence: float) -> None:
    if not 0 <= count <= of:
        raise ValueError(f"{count} of {of} items cannot be")
    if not 0.0 < confidence < 1.0:
        raise ValueError(f"a confidence lies between 0 and 1, not at {confidence}")
