"""Parts of a thread: each fits, all words are there in order, and nothing that belongs together is
torn apart."""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from copydesk.transformation.counting import UNITS, graphemes, utf8_bytes
from copydesk.transformation.richtext import find_spans
from copydesk.transformation.room import Bound, Room
from copydesk.transformation.splitting import CannotSplit, split
from copydesk.transformation.weighted import weighted_length


def room(most: int, unit: str = "graphemes") -> Room:
    return Room((Bound(UNITS[unit], most, unit),))


def test_a_text_that_fits_stays_whole_and_unnumbered() -> None:
    assert split(" One text. \n", room(20), numbered=True) == ("One text.",)


def test_paragraphs_stay_together_where_they_can() -> None:
    text = "First of all, this.\n\nSecond, that.\n\nThird, something else again."
    assert split(text, room(40)) == (
        "First of all, this.\n\nSecond, that.",
        "Third, something else again.",
    )


def test_else_a_part_ends_with_a_sentence() -> None:
    text = "The desk opens at nine. Dr. Weber is there, e.g. for questions. She leaves at noon."
    assert split(text, room(70)) == (
        "The desk opens at nine. Dr. Weber is there, e.g. for questions.",
        "She leaves at noon.",
    )


def test_else_with_a_line_and_else_with_a_word() -> None:
    assert split("one two three\nfour five", room(20)) == ("one two three", "four five")
    assert split("one two three four five", room(12)) == ("one two", "three four", "five")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("今日は晴れです。明日は雨でしょう。", ("今日は晴れです。", "明日は雨でしょう。")),
        ("彼は「行こう。」と言った。", ("彼は「行こう。」", "と言った。")),
        ("आज धूप है। कल बारिश।", ("आज धूप है।", "कल बारिश।")),
        ("هل أنت هنا؟ نعم أنا.", ("هل أنت هنا؟", "نعم أنا.")),
    ],
)
def test_sentences_end_as_their_script_ends_them(text: str, parts: tuple[str, ...]) -> None:
    assert split(text, room(max(map(graphemes, parts)) + 1)) == parts


def test_scripts_without_spaces_break_between_characters_but_not_before_what_closes() -> None:
    assert split("あいうえおかきくけこ、さしすせそ", room(10)) == (
        "あいうえおかきくけ",
        "こ、さしすせそ",
    )


@pytest.mark.parametrize(
    "token",
    [
        "https://example.org/a/long/path?with=a#fragment",
        "@somebody@social.example.org",
        "#ALongHashtagInOneWord",
        "👩🏽‍🚀👩🏽‍🚀👩🏽‍🚀",
    ],
)
def test_what_belongs_together_stays_whole(token: str) -> None:
    text = f"Some words before it, and {token} with some words behind it."
    for most in range(graphemes(token), graphemes(text)):
        parts = split(text, room(max(most, 10)))
        assert any(token in part for part in parts)


def test_code_is_torn_apart_only_where_nothing_else_helps() -> None:
    text = "Call it as `copydesk render post.md --for all` today."
    assert split(text, room(45)) == ("Call it as", "`copydesk render post.md --for all` today.")
    assert split("`one two three four`", room(12)) == ("`one two", "three four`")


def test_numbers_count_and_are_right_when_the_total_has_more_digits() -> None:
    text = " ".join(["word"] * 60)
    parts = split(text, room(20), numbered=True)
    assert len(parts) > 9
    assert [part.rpartition(" ")[2] for part in parts] == [
        f"({number}/{len(parts)})" for number in range(1, len(parts) + 1)
    ]
    assert all(graphemes(part) <= 20 for part in parts)


def test_every_bound_is_kept() -> None:
    both = Room((Bound(graphemes, 40, "graphemes"), Bound(utf8_bytes, 60, "bytes")))
    parts = split("дом и сад и лес и поле " * 6, both)
    assert all(both.holds(part) for part in parts)


def test_what_has_no_room_of_its_own_is_named() -> None:
    with pytest.raises(CannotSplit, match=r"'Donaudampfschiff' has no room.*: 16 of 12 graph"):
        split("Das Donaudampfschiff fährt.", room(12))


PIECES = (
    "https://example.org/a_(b)?c=d. www.example.com, @name @name@example.org #tag #日本 `a` `two "
    "words` Dr. e.g. End. What? Yes! 。 今日は晴れ。 ประเทศไทย 한국어 العربية، ؟ "
    "👩🏽‍🚀 🇩🇪🇫🇷 - > 1. ( ) “so” \u00a0 é"
)
WORDS = st.one_of(
    st.text("abcdefgABC", min_size=1, max_size=12),
    st.sampled_from(PIECES.split(" ")),
    st.text(min_size=1, max_size=6),
)
TEXTS = st.lists(
    st.tuples(WORDS, st.sampled_from([" ", " ", " ", "\n", "\n\n", "  ", ""])), max_size=60
).map(lambda pairs: "".join(word + space for word, space in pairs))


@settings(deadline=None)  # the first text pays for compiling patterns
@given(TEXTS, st.sampled_from(sorted(UNITS)), st.integers(20, 120), st.booleans())
def test_any_text_is_split_into_parts_that_fit_or_refused(
    text: str, unit: str, most: int, numbered: bool
) -> None:
    bounds = room(most, unit)
    try:
        parts = split(text, bounds, numbered=numbered)
    except CannotSplit:
        # only something unbroken can be too long
        longest = max(text.split(), key=lambda word: UNITS[unit](word))
        assume(UNITS[unit](longest) + 10 <= most)
        pytest.fail("every word has room, and still it was refused")
    assert all(bounds.holds(part) for part in parts)
    if numbered and len(parts) > 1:
        parts = tuple(part.rpartition(" (")[0] for part in parts)
    assert re.sub(r"\s", "", "".join(parts)) == re.sub(r"\s", "", text)
    tokens = [span.target for span in find_spans(text.strip())]
    kept = [span.target for part in parts for span in find_spans(part)]
    assert [token for token in tokens if token not in kept] == []


@given(st.lists(st.text("abc", min_size=1, max_size=9), min_size=1, max_size=80))
def test_words_are_never_torn_apart(words: list[str]) -> None:
    parts = split(" ".join(words), room(24), numbered=True)
    if len(parts) > 1:
        parts = tuple(part.rpartition(" (")[0] for part in parts)
    assert " ".join(parts).split() == words


def test_a_long_article_is_split_with_few_measurements() -> None:
    text = "A sentence of a good many words, as people write them. " * 250
    asked = 0

    def counted(part: str) -> int:
        nonlocal asked
        asked += len(part)
        return weighted_length(part)

    parts = split(text, Room((Bound(counted, 280, "x-weighted"),)), numbered=True)
    assert len(parts) > 40
    assert asked < 12 * len(text)
