"""Looking only where a token can be finds what looking everywhere would."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from copydesk.core.clues import Clues, at_marks
from copydesk.core.finding import REMEMBERED, find_tokens
from copydesk.core.ledger import extract
from copydesk.core.phrases import Phrases
from copydesk.core.words import fold, words

PIECES = st.sampled_from(
    ["order ", "INV-2041", " two ", "$5", "5 €", " 5 March ", "http://a.example/x", "a@b.example",
     "`x`", "```", "\n", "\n", " v\n2.4", "version 2.4", "{id}", " noon ", "10:30", "--flag", "é",
     "日本", "three", "/usr/bin", "x.txt", "#1", "(030) 1234", "\u0130", "-3", ".5", "1,234.50",
     "twenty-one", "on Fri", "next week", "2moro", "abcdefab-abcd-abcd-abcd-abcdefabcdef"]
)  # fmt: skip
TEXTS = st.lists(PIECES, max_size=30).map("".join)


@settings(max_examples=80, deadline=None)
@given(TEXTS)
def test_lines_that_are_searched_together_have_the_tokens_each_has_alone(text: str) -> None:
    REMEMBERED.forget()
    if "```" in text or re.search(r"v(?:ersion)?\n\d", text):
        return  # the two kinds of token that may go on in the next line
    together = [(t.cls, t.norm, t.start, t.end) for t in find_tokens(text, "en")]
    REMEMBERED.forget()
    places = []
    start = 0
    for line in text.split("\n"):
        places += [(t.cls, t.norm, t.start + start, t.end + start) for t in find_tokens(line, "en")]
        start += len(line) + 1
    assert together == places


@settings(max_examples=80, deadline=None)
@given(TEXTS)
def test_tokens_do_not_overlap_and_stand_where_they_say(text: str) -> None:
    tokens = find_tokens(text, "")
    assert all(text[t.start : t.end] == t.text for t in tokens)
    assert all(a.end <= b.start for a, b in pairwise(tokens))


def test_a_version_may_stand_in_the_next_line() -> None:
    assert [t.norm for t in find_tokens("it broke in version\n2.4.1, it seems", "en")] == ["2.4.1"]


def test_a_fence_takes_all_its_lines() -> None:
    found = find_tokens("see 5\n```\nx = 7\n```\nand 9", "en")
    assert [t.text for t in found] == ["5", "```\nx = 7\n```", "9"]


@settings(max_examples=80, deadline=None)
@given(st.text("ab .!?\n", max_size=40))
def test_a_search_from_marks_finds_what_a_search_from_everywhere_does(text: str) -> None:
    pattern = re.compile(r"(?<=[ab])[.!?]{1,3}(?=\s)")
    found = [m.span() for m in at_marks(text, re.compile(r"[.!?]"), pattern)]
    assert found == [m.span() for m in pattern.finditer(text)]


@settings(max_examples=80, deadline=None)
@given(st.lists(st.sampled_from(["5", "12", " ", "may ", "MAY", "x", "."]), max_size=15))
def test_places_are_all_that_can_begin_a_match(pieces: list[str]) -> None:
    clues = Clues("".join(pieces))
    pattern = re.compile(r"(?<!\w)(?:\d+|may)(?!\w)", re.IGNORECASE)
    found = [m.span() for m in clues.matches(pattern, clues.places(frozenset({"may"})))]
    assert found == [m.span() for m in pattern.finditer(clues.text)]


LISTS: tuple[list[str], ...] = (
    ["sue", "my son", "suicid*", "größe", "don't pay", "ab"],
    ["payi*", "suicide", "my"],
    [],
)


@settings(max_examples=80, deadline=None)
@given(
    pieces=st.lists(
        st.sampled_from(
            ["sue", "Sue", "suer", "my", " ", " son", "suicidal", "SUICIDE", "GRÖSSE", "Größe",
             "don't", "don’t", " pay", "ying", "ab", "abc", ",", "\n", "_",
             "SUİCIDE", "ſue", "suıcıd"]
        ),
        max_size=15,
    )
)  # fmt: skip
def test_lists_find_what_their_patterns_would(pieces: list[str]) -> None:
    text = "".join(pieces)
    expected = []
    for number, listed in enumerate(LISTS):
        either = "|".join(
            re.escape(p.removesuffix("*")) + (r"\w{0,20}" if p.endswith("*") else "")
            for p in sorted(listed, key=len, reverse=True)
        )
        plain = re.compile(rf"(?<!\w)(?:{either or '(?!)'})(?!\w)", re.IGNORECASE)
        expected += [(number, match.span()) for match in plain.finditer(text)]
    assert [(number, m.span()) for number, m in Phrases(LISTS).find(text)] == expected


@pytest.mark.parametrize("phrase", ["'tis", "sue*", ""])
def test_what_cannot_be_looked_for_fast_is_no_phrase(phrase: str) -> None:
    with pytest.raises(ValueError, match=r"phrase|letters"):
        Phrases([[phrase]])


def test_the_sentences_of_a_ledger_end_outside_its_tokens() -> None:
    ledger = extract("See https://x.example/a?b. Then “Stop. Now.” Fine.", language="en")
    said = [ledger.text[start:end] for start, end in ledger.sentences]
    assert said == ["See https://x.example/a?b.", "Then “Stop. Now.”", "Fine."]


@pytest.mark.parametrize(
    ("text", "norm"), [("5 mınutes", "5 min"), ("5 Aprıl", "____-04-05"), ("5 APRİL", "____-04-05")]
)
def test_a_letter_that_patterns_take_for_another_breaks_no_ledger(text: str, norm: str) -> None:
    # without case, patterns take the Turkish dotless i and the capital one with a dot for an i
    (token,) = extract(text, language="en").tokens
    assert token.norm == norm


def test_words_are_the_same_whether_folded_before_or_after_they_are_parted() -> None:
    # some letters fold to a letter and a mark apart, one mark to a letter
    for letter in map(chr, range(0xC0, 0x2000)):
        text = f"ab{letter}cd {letter}e"
        assert words(text) == [fold(word) for word in re.findall(r"\w+", text)], hex(ord(letter))
