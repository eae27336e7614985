"""Vectors rank texts by what they share."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copydesk.core.similarity import HashedGrams, cosine


def near(one: str, other: str) -> float:
    first, second = HashedGrams().embed([one, other])
    return cosine(first, second)


def test_a_text_is_nearer_to_its_like_than_to_a_stranger() -> None:
    text = "Invoices of the third quarter go out on Monday."
    assert near(text, "The invoices of the third quarter are sent on Monday.") > 0.5
    assert near(text, "My cat sleeps under a tree.") < 0.2


@given(st.text(min_size=1))
def test_a_text_is_as_near_to_itself_as_can_be(text: str) -> None:
    one, other = HashedGrams().embed([text, text])
    assert cosine(one, other) == pytest.approx(1.0) or not any(one)


@given(st.text(), st.text())
def test_nearness_lies_between_nothing_and_the_same(one: str, other: str) -> None:
    assert 0.0 <= near(one, other) <= 1.0
    assert near(one, other) == near(other, one)
