"""Bounds agree with published figures and with sums over the binomial."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from copydesk.core.proportions import (
    highest_share,
    log_share_of_beta,
    lowest_share,
    share_of_beta,
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
        assert highest_share(bad, n) < target <= highest_share(bad, n - 1)


@given(st.integers(1, 300), st.data())
@settings(max_examples=40, deadline=None)
def test_bounds_are_where_the_binomial_says(n: int, data: st.DataObject) -> None:
    bad = data.draw(st.integers(0, n))
    low, high = lowest_share(bad, n), highest_share(bad, n)
    assert low <= bad / n <= high
    if bad < n:
        assert tail(bad, n, high) == pytest.approx(0.05, abs=1e-7)
    if bad:
        assert 1 - tail(bad - 1, n, low) == pytest.approx(0.05, abs=1e-7)
    assert highest_share(bad, n, confidence=0.99) >= high


def test_nothing_looked_at_proves_nothing() -> None:
    assert (lowest_share(0, 0), highest_share(0, 0)) == (0.0, 1.0)
    with pytest.raises(ValueError, match="3 of 2"):
        highest_share(3, 2)
    with pytest.raises(ValueError, match="confidence"):
        highest_share(0, 2, confidence=1.0)


@given(st.floats(0.5, 60), st.floats(0.5, 60), st.floats(0, 1))
@settings(max_examples=60, deadline=None)
def test_the_beta_share_is_the_same_from_both_ends(a: float, b: float, x: float) -> None:
    assert share_of_beta(x, a, b) == pytest.approx(1 - share_of_beta(1 - x, b, a), abs=1e-10)


def test_a_share_too_small_for_a_number_still_has_a_logarithm() -> None:
    assert log_share_of_beta(0.05, 5000, 1) == pytest.approx(5000 * math.log(0.05))
    assert share_of_beta(0.05, 5000, 1) == 0.0
