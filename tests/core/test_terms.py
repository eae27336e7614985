"""The beginnings of words by which our own texts are found."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from copydesk.core.terms import terms


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("delivery", "Deliveries"),
        ("Straße", "STRASSE"),
        ("café", "cafe"),
        ("Lieferung", "Lieferungen"),
        ("поставка", "поставки"),
    ],
)
def test_forms_of_a_word_are_one_term(one: str, other: str) -> None:
    assert terms(one) == terms(other) != []


def test_numbers_and_ids_are_themselves() -> None:
    assert terms("AB-22171900 of 2026") == ["ab", "22171900", "of", "2026"]
    assert terms("order22171900") != terms("order22171901")


def test_vowel_signs_stay_with_their_word() -> None:
    assert terms("पुस्तकालय खुला") == ["पुस्तक", "खुला"]


def test_scripts_without_spaces_are_found_by_pairs() -> None:
    assert terms("图书馆3月") == ["图书", "书馆", "月"]


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200))
def test_a_term_is_letters_marks_and_digits_only(text: str) -> None:
    for term in terms(text):
        assert 0 < len(term) <= 40
        assert not set(term) & set(" '\"|&!():*\\\0")
