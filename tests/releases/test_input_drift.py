"""Windows of texts: another kind is noticed, the same kind is not, and many slices lie no more."""

from __future__ import annotations

import random

from copydesk.core.similarity import HashedGrams, Vector
from copydesk.releases.input_drift import FEWEST_TEXTS, chance_of_difference, discoveries

ENGLISH = ("the parcel arrived late and its lid was torn", "please send us another one today")
GERMAN = ("das paket kam zu spät und der deckel war gerissen", "bitte schicken sie uns ein neues")


def words_of(is_foreign: bool) -> list[str]:
    return " ".join(GERMAN if is_foreign else ENGLISH).split()


def window(randomness: random.Random, *, foreign: float, size: int = FEWEST_TEXTS) -> list[Vector]:
    texts = [
        " ".join(randomness.choices(words_of(randomness.random() < foreign), k=12))
        for _ in range(size)
    ]
    return HashedGrams().embed(texts)


def test_a_quarter_of_foreign_texts_is_noticed_in_a_window_of_500() -> None:
    randomness = random.Random(2)
    before, now = window(randomness, foreign=0.0), window(randomness, foreign=0.25)
    assert chance_of_difference(before, now, randomness) < 0.01


def test_the_same_kind_of_texts_is_seldom_called_another() -> None:
    randomness = random.Random(3)
    chances = []
    for _ in range(12):
        before, now = (window(randomness, foreign=0.1, size=60) for _ in range(2))
        chances.append(chance_of_difference(before, now, randomness))
    assert sum(chance < 0.05 for chance in chances) <= 3
    assert max(chances) > 0.5


def test_one_in_twenty_slices_by_chance_is_no_discovery() -> None:
    by_chance = {f"slice {n}": (n + 1) / 21 for n in range(20)}
    assert discoveries(by_chance) == frozenset()
    assert discoveries({**by_chance, "real": 0.0001}) == {"real"}
    assert discoveries({"one": 0.04}) == {"one"}
    assert discoveries({}) == frozenset()
