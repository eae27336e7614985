"""Evidence on pairs: the closed form, its error rates with a look after every pair, its speed."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from copydesk.core.release import Tally
from copydesk.releases.forecast import simulate, smallest_change, split_shares
from copydesk.releases.pairs import (
    evidence_of_no_worse,
    evidence_of_worse,
    least_worse,
    most_worse,
    worse_needed,
)

COUNTS = st.integers(0, 60)


@pytest.mark.parametrize(
    ("worse", "better", "evidence"),
    # 2^(x+y+1) times the integral of p^x (1-p)^y from 1/2 to 1, done by hand
    [(0, 0, 1), (1, 0, 1.5), (0, 1, 0.5), (1, 1, 2 / 3), (2, 0, 7 / 3), (5, 0, 10.5)],
)
def test_the_closed_form(worse: int, better: int, evidence: float) -> None:
    assert evidence_of_worse(Tally(worse=worse, better=better)) == pytest.approx(evidence)


@given(worse=COUNTS, better=COUNTS)
@settings(max_examples=40, deadline=None)
def test_the_closed_form_is_the_integral(worse: int, better: int) -> None:
    steps = 4000
    points = (0.5 + (n + 0.5) / (2 * steps) for n in range(steps))
    area = math.fsum(p**worse * (1 - p) ** better for p in points) / (2 * steps)
    assert evidence_of_worse(Tally(worse=worse, better=better)) == pytest.approx(
        2 ** (worse + better + 1) * area, rel=1e-3
    )


@given(worse=COUNTS, better=COUNTS)
@settings(max_examples=40, deadline=None)
def test_no_stake_gains_on_average_while_versions_are_alike(worse: int, better: int) -> None:
    now = evidence_of_worse(Tally(worse=worse, better=better))
    after = (
        evidence_of_worse(Tally(worse=worse + 1, better=better))
        + evidence_of_worse(Tally(worse=worse, better=better + 1))
    ) / 2
    assert after <= now * (1 + 1e-9)


@given(worse=COUNTS, better=COUNTS, same=st.integers(0, 400), margin=st.floats(0.005, 0.2))
@settings(max_examples=40, deadline=None)
def test_no_stake_gains_on_average_while_the_new_version_is_worse_by_the_margin(
    worse: int, better: int, same: int, margin: float
) -> None:
    now = evidence_of_no_worse(Tally(worse=worse, better=better, neither=same), margin)
    # the mean difference is the margin: it is worse in (1 + margin) / 2, better in the rest
    after = (
        evidence_of_no_worse(Tally(worse=worse + 1, better=better, neither=same), margin)
        * (1 + margin)
        + evidence_of_no_worse(Tally(worse=worse, better=better + 1, neither=same), margin)
        * (1 - margin)
    ) / 2
    assert after <= now * (1 + 1e-9)


@given(worse=COUNTS, better=COUNTS, both=COUNTS, neither=st.integers(0, 400))
@settings(max_examples=30, deadline=None)
def test_the_bounds_enclose_the_difference_that_was_seen(
    worse: int, better: int, both: int, neither: int
) -> None:
    tally = Tally(worse=worse, better=better, both=both, neither=neither)
    seen = tally.new_share - tally.old_share
    assert least_worse(tally) <= seen + 1e-9
    assert seen - 1e-9 <= most_worse(tally)


def test_thousands_of_pairs_are_no_trouble() -> None:
    assert evidence_of_worse(Tally(worse=40_000, better=100)) == math.inf
    assert evidence_of_worse(Tally(worse=100, better=40_000)) == pytest.approx(0.0, abs=1e-3)
    assert most_worse(Tally(worse=2000, better=2000, neither=46_000)) < 0.01


# -- error rates and speed: seeded simulations, small beside the published ones -------------------


def played(
    worse: float, better: float, *, runs: int, most: int, seed: int = 1
) -> tuple[float, int | None, int | None]:
    found = simulate(
        worse=worse,
        better=better,
        alpha=0.05,
        margin=0.02,
        most_pairs=most,
        runs=runs,
        randomness=random.Random(seed),
    )
    return found.rolled_back, found.median, found.four_in_five


def test_versions_that_are_alike_are_rarely_told_apart_although_every_pair_is_looked_at() -> None:
    rolled_back, _, _ = played(0.04, 0.04, runs=600, most=2000)
    print(f"false rollbacks, 4 % each way, a look after each of 2,000 pairs: {rolled_back:.1%}")
    assert rolled_back <= 0.05


@pytest.mark.parametrize(
    ("worse", "better", "median", "four_in_five"),
    [
        pytest.param(0.05, 0.02, 406, 849, id="10 to 13 %"),
        pytest.param(0.07, 0.02, 213, 382, id="10 to 15 %"),
        pytest.param(0.12, 0.02, 81, 130, id="10 to 20 %"),
        pytest.param(0.135, 0.085, 578, 1137, id="10 to 15 %, unrelated faults"),
    ],
)
def test_a_worse_version_is_found_in_shadow_as_fast_as_was_measured(
    worse: float, better: float, median: int, four_in_five: int
) -> None:
    rolled_back, half, most = played(worse, better, runs=300, most=4000)
    print(f"{worse:.1%} / {better:.1%}: median {half}, 80 % of runs {most}")
    assert rolled_back > 0.98
    assert half == pytest.approx(median, rel=0.2)
    assert most == pytest.approx(four_in_five, rel=0.2)


@pytest.mark.parametrize(
    ("old", "new", "power", "median"),
    [
        pytest.param(0.10, 0.13, 0.57, None, id="10 to 13 %"),
        pytest.param(0.10, 0.15, 0.967, 610, id="10 to 15 %"),
        pytest.param(0.10, 0.20, 1.0, 174, id="10 to 20 %"),
        pytest.param(0.05, 0.15, 1.0, 116, id="5 to 15 %"),
        pytest.param(0.02, 0.10, 1.0, 128, id="2 to 10 %"),
    ],
)
def test_a_worse_version_is_found_in_a_split_as_fast_as_was_measured(
    old: float, new: float, power: float, median: int | None
) -> None:
    rolled_back, half, _ = played(*split_shares(old, new), runs=300, most=2000)
    print(f"{old:.0%} to {new:.0%}: rolled back {rolled_back:.1%}, median {half} an arm")
    assert rolled_back == pytest.approx(power, abs=0.08)
    if median is not None:
        assert half == pytest.approx(median, rel=0.25)


def test_looking_often_without_an_e_value_is_what_this_saves_us_from() -> None:
    """A fixed-size test looked at every 50 items rolls back about one good version in four."""
    randomness = random.Random(5)
    runs, wrong = 200, 0
    for _ in range(runs):
        old = new = 0
        for items in range(1, 2001):
            old += randomness.random() < 0.1
            new += randomness.random() < 0.1
            if items % 50 == 0:
                mean = (old + new) / (2 * items)
                error = math.sqrt(2 * mean * (1 - mean) / items) or 1.0
                if (new - old) / items / error > 1.645:
                    wrong += 1
                    break
    assert wrong / runs > 0.15


def test_a_version_that_is_worse_by_the_margin_is_rarely_called_no_worse() -> None:
    randomness = random.Random(11)
    runs, most, wrong = 150, 1200, 0
    for _ in range(runs):
        worse = better = 0
        for pair in range(1, most + 1):
            drawn = randomness.random()
            worse += drawn < 0.05
            better += 0.05 <= drawn < 0.08
            # a look costs little here, so not every pair is one; fewer looks err less, not more
            if pair % 40 == 0:
                tally = Tally(worse=worse, better=better, neither=pair - worse - better)
                if evidence_of_no_worse(tally, 0.02) >= 20:
                    wrong += 1
                    break
    print(f"false promotions at exactly the margin: {wrong / runs:.1%}")
    assert wrong / runs <= 0.05


def test_a_version_as_good_as_the_old_one_can_be_shown_to_be() -> None:
    assert most_worse(Tally(neither=260)) < 0.02
    assert most_worse(Tally(worse=50, better=50, neither=2400)) < 0.02
    assert most_worse(Tally(worse=4, better=4, neither=92)) > 0.02


@pytest.mark.parametrize(("items", "points"), [(250, 6.7), (500, 4.7), (1000, 3.3), (2000, 2.4)])
def test_the_smallest_change_that_can_be_found(items: int, points: float) -> None:
    assert smallest_change(0.10, items) * 100 == pytest.approx(points, abs=0.05)


def test_without_traffic_no_change_can_be_found() -> None:
    assert smallest_change(0.1, 0) == 1.0


@given(better=st.integers(0, 40))
@settings(max_examples=20, deadline=None)
def test_the_boundary_is_where_the_evidence_reaches_the_limit(better: int) -> None:
    needed = worse_needed(better, 0.01)
    assert evidence_of_worse(Tally(worse=needed, better=better)) >= 100
    assert evidence_of_worse(Tally(worse=needed - 1, better=better)) < 100
