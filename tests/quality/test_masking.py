"""Who somebody is becomes a placeholder, the same in every text; what happened stays."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from copydesk.quality.masking import Mask

PEOPLE = ("Ada Lovelace", "ada@example.org", "Bob", "support@shop.example")


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("Hi Bob, this is Ada Lovelace.", "Hi [person-b], this is [person-a]."),
        ("ADA's order A-17 came.", "[person-a]'s order A-17 came."),
        ("Write to ada.l@example.org.", "Write to [email-a]."),
        ("Call +44 20 7946 0958 by 3 March.", "Call [phone-number-a] by 3 March."),
        ("Card 4111 1111 1111 1111, 49.99 EUR", "Card [card-number-a], 49.99 EUR"),
        ("The number 4111 1111 1111 1112 is none", "The number 4111 1111 1111 1112 is none"),
        ("The support team of the shop is kind.", "The support team of the shop is kind."),
        ("Adamant bobsleds", "Adamant bobsleds"),
    ],
)
def test_who_is_hidden_and_what_is_not(text: str, masked: str) -> None:
    assert Mask(PEOPLE).hide(text, language="en") == masked


def test_the_same_value_is_the_same_placeholder_in_every_text() -> None:
    mask = Mask(PEOPLE)
    first = mask.hide("Write to a@example.org or b@example.org.", language="en")
    assert first == "Write to [email-a] or [email-b]."
    assert mask.hide("Not to A@example.org, to b@example.org!") == "Not to [email-a], to [email-b]!"


@given(st.text(max_size=200))
@settings(max_examples=60, deadline=None)
def test_any_text_is_masked_without_a_fault(text: str) -> None:
    assert "Lovelace" not in Mask(PEOPLE).hide(f"{text} Ada Lovelace {text}")
