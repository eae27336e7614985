"""Ids name what they are of, are never made twice and sort by creation."""

from __future__ import annotations

import random
import re
from datetime import timedelta
from functools import reduce

from hypothesis import given
from hypothesis import strategies as st

from copydesk.core.ids import IdFactory
from copydesk.testing.clocks import NOON, StoppedClock

LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"
SHAPE = re.compile(r"dlv_[0-9a-hjkmnp-tv-z]{26}")


def body_of(id: str) -> int:
    """The random part of an id, as a number."""
    return reduce(lambda number, letter: number * 32 + LETTERS.index(letter), id[-16:], 0)


def test_ids_made_while_the_clock_stands_still_sort_by_creation() -> None:
    ids = IdFactory(StoppedClock())
    made = [ids.new("delivery") for _ in range(2000)]
    assert made == sorted(set(made))
    assert all(SHAPE.fullmatch(id) for id in made)


@given(st.lists(st.integers(0, 3), max_size=40), st.randoms(use_true_random=False))
def test_later_ids_sort_after_earlier_ones(pauses: list[int], chance: random.Random) -> None:
    clock = StoppedClock()
    ids = IdFactory(clock, chance.getrandbits)
    made = []
    for pause in pauses:
        clock.advance(pause / 1000)
        made.append(ids.new("post"))
    assert made == sorted(set(made))


@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(1, 120)), max_size=12),
    st.randoms(use_true_random=False),
)
def test_ids_made_together_sort_among_all_others(
    groups: list[tuple[int, int]], chance: random.Random
) -> None:
    clock = StoppedClock()
    ids = IdFactory(clock, chance.getrandbits)
    made: list[str] = []
    for pause, count in groups:
        clock.advance(pause / 1000)
        together = ids.several("delivery", count)
        assert len(together) == count
        made += [*together, ids.new("delivery")]
    assert made == sorted(set(made))
    assert all(SHAPE.fullmatch(id) for id in made)


def test_neighbours_tell_nothing_of_each_other() -> None:
    ids = IdFactory(StoppedClock(), random.Random(3).getrandbits)
    first, second, third = (body_of(ids.new("post")) for _ in range(3))
    assert second - first != third - second
    assert min(second - first, third - second) > 2**30


def test_ids_of_two_processes_differ_in_the_same_millisecond() -> None:
    clock = StoppedClock()
    one, other = IdFactory(clock), IdFactory(clock)
    assert not {one.new("post") for _ in range(50)} & {other.new("post") for _ in range(50)}


def test_a_clock_set_back_makes_ids_of_its_own_time() -> None:
    clock = StoppedClock(NOON)
    ids = IdFactory(clock)
    later = ids.new("post")
    clock.advance(-timedelta(days=1).total_seconds())
    assert ids.new("post") < later
