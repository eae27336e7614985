"""What turns one text into another: exact, in order, and in changes of the size people think in."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from copydesk.core.suggestion import Intent
from copydesk.editorial.differences import Difference, differences
from copydesk.editorial.intents import intent_of

WORDS = st.sampled_from(
    ["the", "cat", "sat.", "Dog!", "Why?", "10:30", "https://e.org/x", "naïve", "買", "う。", "-",
     "\n", "\n\n", " ", "Then,", "45.90"]
)  # fmt: skip
TEXTS = st.lists(WORDS, max_size=25).map(" ".join)


def found(before: str, after: str) -> list[tuple[str, str]]:
    return [(before[d.start : d.end], d.after) for d in differences(before, after)]


def applied(before: str, changes: tuple[Difference, ...]) -> str:
    parts, position = [], 0
    for change in changes:
        parts += [before[position : change.start], change.after]
        position = change.end
    return "".join([*parts, before[position:]])


@pytest.mark.parametrize("fine", [False, True], ids=["coarse", "fine"])
@given(TEXTS, TEXTS)
@settings(max_examples=150, deadline=None)
def test_the_changes_lead_from_one_text_to_the_other(fine: bool, before: str, after: str) -> None:
    changes = differences(before, after, fine=fine)
    assert applied(before, changes) == after
    places = [(c.start, c.end) for c in changes]
    assert places == sorted(places)
    assert len(set(places)) == len(places), "two changes at one place could not be told apart"
    assert all(a[1] <= b[0] for a, b in pairwise(places))
    assert all(after[c.at : c.at + len(c.after)] == c.after for c in changes)


def test_a_changed_word_stands_alone_and_a_new_sentence_is_one_change() -> None:
    before = "We open at nine on Monday. The door is green. Ask for Ada."
    after = "We open at ten on Monday. Nothing of that sentence was kept here. Ask for Ada."
    assert found(before, after) == [
        ("nine", "ten"),
        ("The door is green.", "Nothing of that sentence was kept here."),
    ]


def test_a_sentence_in_the_middle_does_not_upset_its_neighbours() -> None:
    before = "The lamp came late. It works well. Ada sent a bill."
    after = "The lamp came late. Ada sent a bill."
    assert found(before, after) == [("It works well. ", "")]


def test_numbers_and_addresses_are_changed_whole() -> None:
    before = "It was 45.90 EUR, see https://shop.example/o/77 please."
    after = "It was 49.90 EUR, see https://shop.example/o/78 please."
    assert found(before, after) == [
        ("45.90", "49.90"),
        ("https://shop.example/o/77", "https://shop.example/o/78"),
    ]


def test_what_merges_sentences_says_so() -> None:
    before = "First things first. The lamp is broken. The lamp smells bad. Ask for Ada."
    after = "First things first. The lamp is broken and smells bad. Ask for Ada."
    changes = differences(before, after)
    assert changes
    assert all(c.regrouped and "smells" in c.old for c in changes)


def test_a_change_alone_is_its_sentence_with_nothing_else_changed() -> None:
    before = "A bad lamp costs 5 EUR. Bye."
    one, two = differences(before, "A good lamp costs 7 EUR. Bye.")
    assert one.alone.strip() == "A good lamp costs 5 EUR."
    assert two.alone.strip() == "A bad lamp costs 7 EUR."


def test_long_texts_of_which_nothing_stayed_are_still_compared() -> None:
    before = " ".join(f"This was sentence number {n} of many." for n in range(600))
    after = " ".join(f"Now it reads quite otherwise, {n} times." for n in range(500))
    changes = differences(before, after)
    assert applied(before, changes) == after


@pytest.mark.parametrize(
    ("before", "after", "intent"),
    [
        ("it came on tuesday .", "It came on Tuesday.", Intent.FLUENCY),
        ("We recieved the lamp.", "We received the lamp.", Intent.FLUENCY),
        ("We dont know.", "We don't know.", Intent.FLUENCY),
        ("It works?", "It works.", Intent.CLARITY),
        ("We will now go home.", "We will not go home.", Intent.CLARITY),
        ("Ask at the shop for Ada.", "Ask at the store for Ada.", Intent.CLARITY),
        ("Please send me the form.", "Send me the form.", Intent.STYLE),
        ("It fits. Thanks!", "It fits.", Intent.STYLE),
        ("It fits. The cable is missing.", "It fits.", Intent.MEANING_CHANGED),
        ("It fits.", "It fits. We refund everybody.", Intent.MEANING_CHANGED),
    ],
)
def test_what_a_change_is_for(before: str, after: str, intent: Intent) -> None:
    intents = {intent_of(c, before[c.start : c.end]) for c in differences(before, after)}
    assert intent in intents
