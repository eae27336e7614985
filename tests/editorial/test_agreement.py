"""Kappa and alpha agree with published examples, and say nothing where nothing can be said."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from copydesk.editorial.agreement import Ratings, agreement, alpha, kappa


def units(**counts: int) -> Counter[Ratings]:
    return Counter({tuple(name.split("_")): count for name, count in counts.items()})


def test_kappa_of_a_worked_example() -> None:
    # 50 proposals, both yes 20, both no 15, yes-no 5, no-yes 10: p_o 0.7, p_e 0.5
    table = units(yes_yes=20, yes_no=5, no_yes=10, no_no=15)
    assert kappa(table) == pytest.approx(0.4)


def test_alpha_of_krippendorffs_example_with_missing_values() -> None:
    # Krippendorff, "Computing Krippendorff's Alpha-Reliability": four observers, nominal 0.743
    rows = [
        "1 1 * 1", "2 2 3 2", "3 3 3 3", "3 3 3 3", "2 2 2 2", "1 2 3 4",
        "4 4 4 4", "1 1 2 1", "2 2 2 2", "* 5 5 5", "* * 1 1", "* * 3 *",
    ]  # fmt: skip
    table = Counter(tuple(v for v in row.split() if v != "*") for row in rows)
    assert alpha(table) == pytest.approx(0.743, abs=0.001)


def test_chance_alone_gives_nothing() -> None:
    dice = random.Random(1)
    rated = [(dice.choice("ab"), dice.choice("ab")) for _ in range(2000)]
    found = agreement(rated, random.Random(1))
    assert found.n == 2000
    assert found.alpha == pytest.approx(0, abs=0.05)
    assert found.kappa == pytest.approx(0, abs=0.05)
    assert found.low is not None
    assert found.high is not None
    assert found.low < 0 < found.high


def test_the_interval_narrows_with_more_decisions() -> None:
    few = agreement([("a", "a"), ("b", "b"), ("a", "b")] * 5, random.Random(1))
    many = agreement([("a", "a"), ("b", "b"), ("a", "b")] * 100, random.Random(1))
    assert few.low is not None
    assert few.high is not None
    assert many.low is not None
    assert many.high is not None
    assert few.low < many.low < many.high < few.high
    assert few == agreement([("a", "a"), ("b", "b"), ("a", "b")] * 5, random.Random(1))


@pytest.mark.parametrize("rated", [[], [("accepted", "accepted")] * 9, [("accepted",)]])
def test_without_variation_there_is_no_figure(rated: list[Ratings]) -> None:
    found = agreement(rated, random.Random(1))
    assert (found.kappa, found.alpha, found.low) == (None, None, None)
    assert found.agreed in (None, 1.0)
