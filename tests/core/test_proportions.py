"""Bounds agree with published figures, and evidence may be looked at as often as one likes."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from copydesk.core.proportions import (
    beta_share,
    evidence_below,
    interval,
    lower_bound,
    mcnemar,
    needed_to_prove,
    pairs_evidence,
    upper_bound,
)


def tail(k: int, n: int, p: float) -> float:
    """P(X <= k) of a binomial, summed up."""
    return math.fsum(math.comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(k + 1))


@pytest.mark.parametrize(
    ("target", "needed"),
    [(0.05, [59, 93, 124, 153]), (0.02, [149, 236, 313, 386]), (0.01, [299, 473, 628, 773])],
)
def test_so_many_clean_ones_prove_a_target(target: float, needed: list[int]) -> None:
    for bad, n in enumerate(needed):
        assert upper_bound(bad, n) < target <= upper_bound(bad, n - 1)


@given(st.integers(1, 300), st.data())
@settings(max_examples=40, deadline=None)
def test_bounds_are_where_the_binomial_says(n: int, data: st.DataObject) -> None:
    bad = data.draw(st.integers(0, n))
    low, high = lower_bound(bad, n), upper_bound(bad, n)
    assert low <= bad / n <= high
    if bad < n:
        assert tail(bad, n, high) == pytest.approx(0.05, abs=1e-7)
    if bad:
        assert 1 - tail(bad - 1, n, low) == pytest.approx(0.05, abs=1e-7)
    assert interval(bad, n)[0] <= low
    assert high <= interval(bad, n)[1]


def test_nothing_looked_at_proves_nothing() -> None:
    assert (lower_bound(0, 0), upper_bound(0, 0)) == (0.0, 1.0)
    assert evidence_below(0, 0, 0.05) == pytest.approx(1)
    assert pairs_evidence(0, 0) == pytest.approx(1)
    assert mcnemar(0, 0) == 1
    with pytest.raises(ValueError, match="3 bad ones among 2"):
        upper_bound(3, 2)
    with pytest.raises(ValueError, match="no share"):
        evidence_below(0, 1, 0)


@pytest.mark.parametrize("target", [0.01, 0.02, 0.05, 0.2])
def test_what_the_evidence_passes_the_bound_passes_too(target: float) -> None:
    for bad in range(4):
        n = needed_to_prove(bad, target)
        assert evidence_below(bad, n, target) >= 20 > evidence_below(bad, n - 1, target)
        assert upper_bound(bad, n) < target


def test_looking_after_every_item_seldom_passes_what_is_just_too_bad() -> None:
    chance, passed, by_bound = random.Random(5), 0, 0
    for _ in range(400):
        bad, proved, bounded = 0, False, False
        for n in range(1, 301):
            bad += chance.random() < 0.05
            if n % 10 == 0:
                proved = proved or evidence_below(bad, n, 0.05) >= 20
                bounded = bounded or (n >= 59 and upper_bound(bad, n) < 0.05)
        passed += proved
        by_bound += bounded
    assert passed <= 0.05 * 400
    # what the fixed-size bound does when it is asked again and again
    assert by_bound > passed


@given(st.floats(0.5, 60), st.floats(0.5, 60), st.floats(0, 1))
@settings(max_examples=60, deadline=None)
def test_the_beta_share_is_the_same_from_both_ends(a: float, b: float, x: float) -> None:
    assert beta_share(a, b, x) == pytest.approx(1 - beta_share(b, a, 1 - x), abs=1e-10)


@pytest.mark.parametrize(("worse", "better"), [(5, 0), (0, 5), (10, 2), (7, 7), (30, 12)])
def test_pairs_agree_with_sums_over_the_coin(worse: int, better: int) -> None:
    n, most = worse + better, max(worse, better)
    p = min(1.0, 2 * math.fsum(math.comb(n, i) for i in range(most, n + 1)) / 2**n)
    assert mcnemar(worse, better) == pytest.approx(p)
    # the integral from 1/2 to 1, by the midpoint rule
    steps = 20_000
    mean = math.fsum(
        (p := 0.5 + (i + 0.5) / (2 * steps)) ** worse * (1 - p) ** better for i in range(steps)
    )
    assert pairs_evidence(worse, better) == pytest.approx(
        2 ** (n + 1) * mean / (2 * steps), rel=1e-5
    )
