"""Whether a new version is worse than the old one, counted on pairs of items.

Only pairs that disagree tell anything (McNemar). Both tests are e-processes: a bet against "no
worse" that starts at 1 and can be looked at after every pair. If the new version is no worse, the
stake ever reaches 1/alpha with a chance of alpha at most (Ville's inequality), so daily looks
cost nothing. Ramdas, Grünwald, Vovk, Shafer: Game-theoretic statistics and safe anytime-valid
inference, Statistical Science 38 (2023).
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Final

from copydesk.core.proportions import log_share_of_beta, share_of_beta
from copydesk.core.release import Tally

_BETS: Final = 256
_HALVINGS: Final = 40


def evidence_of_worse(tally: Tally) -> float:
    """Return the e-value of "the new version is no worse": what a stake of 1 against it has become.

    With x pairs where only the new one is at fault and y where only the old one is:
    `2^(x+y+1) * integral from 1/2 to 1 of p^x (1-p)^y dp`, a uniform mixture of bets over the share
    p > 1/2 of the disagreeing pairs that go against the new version. Infinite where it is too large
    for a float.
    """
    x, y = tally.worse, tally.better
    log = (
        (x + y + 1) * math.log(2)
        + math.lgamma(x + 1)
        + math.lgamma(y + 1)
        - math.lgamma(x + y + 2)
        + log_share_of_beta(0.5, y + 1, x + 1)
    )
    return _from_log(log)


def mcnemar(tally: Tally) -> float:
    """Return the exact two-sided p-value of the pairs that disagree, for one look at a number of
    pairs fixed beforehand.

    Twice the smaller tail of a fair coin thrown once for each, 1 at most (McNemar, Psychometrika
    12 (1947)).
    """
    n, most = tally.worse + tally.better, max(tally.worse, tally.better)
    return 1.0 if n == 0 else min(1.0, 2 * share_of_beta(0.5, most, n - most + 1))


@lru_cache(maxsize=100_000)
def worse_needed(better: int, alpha: float) -> int:
    """Return how many pairs must go against the new version, beside `better` for it, until the
    evidence reaches 1/`alpha`."""
    worse = better
    while evidence_of_worse(Tally(worse=worse, better=better)) < 1 / alpha:
        worse += 1
    return worse


def evidence_of_no_worse(tally: Tally, margin: float) -> float:
    """Return the e-value of "the new version is worse by `margin` or more" (a share, -1..1).

    Each pair differs by +1 (worse), -1 (better) or 0. The stake is multiplied by
    `1 + bet * (margin - difference)`, which no stake gains by on average while the mean difference
    is the margin or more; it is a uniform mixture over bets from 0 to the largest that cannot go
    broke, 1 / (1 - margin). Waudby-Smith and Ramdas: Estimating means of bounded random variables
    by betting, JRSS B 86 (2024).
    """
    logs = []
    for number in range(_BETS):
        bet = (number + 0.5) / _BETS / (1.0 - margin)
        logs.append(
            tally.worse * math.log1p(bet * (margin - 1.0))
            + tally.better * math.log1p(bet * (margin + 1.0))
            + tally.same * math.log1p(bet * margin)
        )
    top = max(logs)
    return _from_log(top + math.log(math.fsum(math.exp(log - top) for log in logs) / _BETS))


def most_worse(tally: Tally, *, alpha: float = 0.05) -> float:
    """Return how much worse the new version may be at most, as a difference of shares -1..1.

    The upper end of a one-sided confidence sequence: with a chance of at least 1 - `alpha` it is
    above the true difference at every look. It is the smallest margin of which there is evidence
    that the new version is no worse by it.
    """
    low, high = -1.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if evidence_of_no_worse(tally, middle) >= 1 / alpha:
            high = middle
        else:
            low = middle
    return high


def least_worse(tally: Tally, *, alpha: float = 0.05) -> float:
    """Return how much worse the new version is at least; otherwise as `most_worse`."""
    mirrored = Tally(worse=tally.better, better=tally.worse, both=tally.both, neither=tally.neither)
    return -most_worse(mirrored, alpha=alpha)


def _from_log(log: float) -> float:
    return math.exp(log) if log < 700 else math.inf
