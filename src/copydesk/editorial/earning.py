"""Which classes of texts may go out by themselves: those that have proved it, and only while so.

A class earns it by judgements of people on its own texts. Evidence of other classes is never lent:
one that is pooled could hide a bad class in a good one. Pure arithmetic on tallies.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from copydesk.core.audit import AuditPolicy, ItemClass, Tally
from copydesk.core.proportions import highest_share, log_share_of_beta, lowest_share
from copydesk.core.states import AuditState

ALPHA: Final = 0.05
_LARGEST: Final = 700.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a class stands with its target, which is None where a person always decides.

    `bound` is the one-sided 95 % Clopper-Pearson bound on the share of bad ones: right for one look
    at a number of texts fixed beforehand. `evidence` is what decides (`evidence_below`): it may be
    looked at after every text, and what passes by it is under its target by the bound as well.
    `lacking` is how many further good ones would do.
    """

    cls: ItemClass
    tally: Tally
    target: float | None
    bound: float
    evidence: float
    lacking: int

    @property
    def is_earned(self) -> bool:
        """Whether texts of the class may go out by themselves."""
        return self.target is not None and self.evidence >= 1 / ALPHA

    @property
    def because(self) -> str:
        """Return in words why a person has to look, "" when none has."""
        if self.target is None:
            return f"{self.cls.risk} risk is never approved without a person"
        if self.is_earned:
            return ""
        found = f"{self.tally.faulted} of {self.tally.judged} judged were bad"
        return (
            f"this class has not earned going out by itself ({self.cls}): {found}, at least "
            f"{self.lacking} more good ones would prove fewer than {self.target:.0%} bad"
        )


def stand(cls: ItemClass, tally: Tally, policy: AuditPolicy) -> Standing:
    """Return how `cls` stands after what `tally` says people found in it."""
    target = policy.targets.get(cls.risk)
    bad, n = tally.faulted, tally.judged
    return Standing(
        cls=cls,
        tally=tally,
        target=target,
        bound=highest_share(bad, n),
        evidence=0.0 if target is None else evidence_below(bad, n, target),
        lacking=0 if target is None else max(0, needed_to_prove(bad, target) - n),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """The share of bad ones among everything that may go out by itself, with its 95 % interval.

    `judged` texts stand for `standing_for`; for the interval they count as `effective`.
    """

    share: float | None
    low: float
    high: float
    judged: int
    standing_for: float
    effective: float


def estimate(judged: Iterable[tuple[AuditState, float, int]]) -> Estimate:
    """Return the share of bad ones from (verdict, propensity, how many), each text weighted by the
    inverse of its chance to be looked at.

    The ratio estimate of Hajek; the interval is Clopper-Pearson at the effective counts (Korn and
    Graubard, Survey Methodology 24 (1998)). A text that had no chance stands for nothing.
    """
    n, weight, squares, bad = 0, 0.0, 0.0, 0.0
    for state, propensity, count in judged:
        if propensity <= 0:
            continue
        n += count
        weight += count / propensity
        squares += count / propensity**2
        bad += count / propensity if state is AuditState.FAULTED else 0.0
    if not n:
        return Estimate(share=None, low=0.0, high=1.0, judged=0, standing_for=0.0, effective=0.0)
    share, effective = bad / weight, weight**2 / squares
    return Estimate(
        share=share,
        low=lowest_share(share * effective, effective, confidence=1 - ALPHA / 2),
        high=highest_share(share * effective, effective, confidence=1 - ALPHA / 2),
        judged=n,
        standing_for=weight,
        effective=effective,
    )


def evidence_below(bad: int, n: int, target: float) -> float:
    """Return the e-value of `bad` among `n` against "a share of `target` or more is bad".

    A likelihood ratio: an even mixture of "none is bad" and "any share below `target`, all alike",
    against `target` itself. Under the hypothesis it is a supermartingale that starts at 1, so by
    Ville's inequality it ever reaches 1/alpha with a chance of at most alpha, however often one
    looks. Raises `ValueError` unless 0 <= bad <= n and 0 < target < 1.
    """
    if not 0 <= bad <= n or not 0 < target < 1:
        raise ValueError(f"{bad} bad ones among {n} and a target of {target} cannot be")
    good = n - bad
    at_target = bad * math.log(target) + good * math.log1p(-target)
    log_any = (
        log_share_of_beta(target, bad + 1, good + 1)
        + math.lgamma(bad + 1)
        + math.lgamma(good + 1)
        - math.lgamma(n + 2)
        - math.log(target)
        - at_target
    )
    none_bad = 0.0 if bad else _exp(-at_target)
    return (none_bad + _exp(log_any)) / 2


def needed_to_prove(bad: int, target: float) -> int:
    """Return how many judged texts, `bad` of them bad, prove a share under `target`."""
    low, high = bad, max(bad, 1)
    while evidence_below(bad, high, target) < 1 / ALPHA:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        if evidence_below(bad, middle, target) < 1 / ALPHA:
            low = middle
        else:
            high = middle
    return high


def _exp(log_value: float) -> float:
    return math.exp(log_value) if log_value < _LARGEST else math.inf
