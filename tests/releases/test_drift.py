"""Drift: streams played through; how long until a fall is found, and how often it is false."""

from __future__ import annotations

import random
import statistics
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from copydesk.releases.drift import FEWEST_ITEMS, RateWatch, ScoreWatch


def scores(mean: float, randomness: random.Random) -> Iterator[float]:
    """Scores in 0..1 around `mean` with a standard deviation of .08, as gates give them."""
    k = mean * (1 - mean) / 0.08**2 - 1
    while True:
        yield randomness.betavariate(mean * k, (1 - mean) * k)


def items_until_found(
    watch: ScoreWatch, stream: Iterator[float], most: int
) -> tuple[ScoreWatch, int | None]:
    for number in range(1, most + 1):
        watch = watch.seen(next(stream))
        if watch.has_fallen:
            return watch, number
    return watch, None


@pytest.mark.parametrize(
    ("to", "median"), [pytest.param(0.86, 128, id="to .86"), pytest.param(0.82, 58, id="to .82")]
)
def test_a_fall_of_scores_is_found_as_fast_as_was_measured(to: float, median: int) -> None:
    randomness = random.Random(3)
    delays = []
    for _ in range(25):
        watch, alarm = items_until_found(ScoreWatch(), scores(0.90, randomness), 1000)
        assert alarm is None
        _, alarm = items_until_found(watch, scores(to, randomness), 1000)
        assert alarm is not None
        delays.append(alarm)
    found = statistics.median(delays)
    print(f".90 to {to}: median delay {found} items")
    assert found == pytest.approx(median, rel=0.25)


def test_good_scores_raise_an_alarm_about_once_in_40_000_items() -> None:
    randomness = random.Random(17)
    items, alarms = 60_000, 0
    watch, stream = ScoreWatch(), scores(0.90, randomness)
    for _ in range(items):
        watch = watch.seen(next(stream))
        if watch.has_fallen:
            alarms += 1
            watch = ScoreWatch()
    print(f"{alarms} false alarms in {items} good items")
    assert alarms <= 4


def test_scores_that_rise_raise_no_alarm() -> None:
    randomness = random.Random(4)
    watch, _ = items_until_found(ScoreWatch(), scores(0.82, randomness), 500)
    _, alarm = items_until_found(watch, scores(0.95, randomness), 2000)
    assert alarm is None


@given(st.lists(st.floats(0, 1), max_size=FEWEST_ITEMS - 1))
@settings(max_examples=50, deadline=None)
def test_fewer_than_thirty_items_are_never_an_alarm(given_scores: list[float]) -> None:
    watch = ScoreWatch()
    for score in given_scores:
        watch = watch.seen(score)
        assert not watch.has_fallen


def test_one_blemish_in_a_perfect_stream_is_no_fall_and_a_row_of_them_is() -> None:
    watch = ScoreWatch()
    for _ in range(200):
        watch = watch.seen(1.0)
    watch = watch.seen(0.5)
    assert not watch.has_fallen
    for _ in range(25):
        watch = watch.seen(0.5)
    assert watch.has_fallen


def test_a_score_that_is_no_number_is_refused() -> None:
    with pytest.raises(ValueError, match="a score is a number"):
        ScoreWatch().seen(float("nan"))


@given(st.lists(st.floats(0, 1), min_size=2, max_size=60))
@settings(max_examples=40, deadline=None)
def test_mean_and_spread_are_those_of_the_scores(given_scores: list[float]) -> None:
    watch = ScoreWatch()
    for score in given_scores:
        watch = watch.seen(score)
    assert watch.mean == pytest.approx(statistics.fmean(given_scores), abs=1e-9)
    spread = max(0.02, statistics.stdev(given_scores))
    assert watch.spread == pytest.approx(spread, abs=1e-6)


# -- rates ----------------------------------------------------------------------------------------


def test_a_rate_that_stays_raises_hardly_any_alarms() -> None:
    randomness = random.Random(8)
    runs, items, alarms = 30, 2000, 0
    for _ in range(runs):
        watch = RateWatch()
        for _ in range(items):
            watch = watch.seen(randomness.random() < 0.05)
            if watch.has_risen:
                alarms += 1
                watch = RateWatch()
    print(f"{alarms} false alarms in {runs * items} items at a steady 5 %")
    assert alarms <= 0.0002 * runs * items


@pytest.mark.parametrize(
    ("usual", "worse", "within"),
    [
        pytest.param(0.02, 0.20, 150, id="2 to 20 %"),
        pytest.param(0.10, 0.30, 150, id="10 to 30 %"),
        pytest.param(0.0, 1.0, 10, id="never to always"),
    ],
)
def test_a_rise_of_a_rate_is_found(usual: float, worse: float, within: int) -> None:
    randomness = random.Random(9)
    delays = []
    for _ in range(20):
        watch = RateWatch()
        for _ in range(1000):
            watch = watch.seen(randomness.random() < usual)
        delay = 0
        while not watch.has_risen and delay < 1000:
            watch = watch.seen(randomness.random() < worse)
            delay += 1
        delays.append(delay)
    print(f"{usual:.0%} to {worse:.0%}: median delay {statistics.median(delays)} items")
    assert statistics.median(delays) <= within


def test_the_first_items_only_say_what_is_usual() -> None:
    watch = RateWatch()
    for _ in range(150):
        watch = watch.seen(True)
        assert not watch.has_risen
