"""Tier 0 tidies a message and never touches a fact."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from copydesk.core.ledger import altered, extract
from copydesk.core.post import Edit
from copydesk.intake.cleanup import LEXICON, Cleaned, clean
from copydesk.intake.edits import Change, compose, without_overlaps
from copydesk.intake.typos import Typo


def replay(text: str, edits: tuple[Edit, ...]) -> str:
    for edit in reversed(edits):
        assert text[edit.start : edit.start + len(edit.before)] == edit.before
        text = text[: edit.start] + edit.after + text[edit.start + len(edit.before) :]
    return text


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("it broke. please fix it", "It broke. Please fix it."),
        ("idk why it broke !!!!!", "I don't know why it broke!"),
        ("thx, i think its fine", "Thanks, I think its fine."),
        ("can u check  order INV-2041 pls", "Can you check order INV-2041 please?"),
        ("how do i get my $20 back", "How do I get my $20 back?"),
        ("it didnt work ,can you look", "It didn't work, can you look."),
        ("really?!?!?! that was it,really", "Really?! That was it, really."),
        ("well... maybe it is fine today", "Well... maybe it is fine today."),
        ("i tried e.g. this one and it works", "I tried e.g. this one and it works."),
        ("please come tmrw at 9am", "Please come tomorrow at 9am."),
        ("iPhone broke. macOS too.", "iPhone broke. macOS too."),
        ("jdoe42x: i think so too", "jdoe42x: I think so too."),
        ("zzing: it works for me now", "zzing: it works for me now."),
    ],
)
def test_english_is_tidied(text: str, cleaned: str) -> None:
    result = clean(text, language="en")
    assert result.text == cleaned
    assert replay(text, result.edits) == cleaned
    assert result.reverted_because == ""


@pytest.mark.parametrize(
    "text",
    [
        "See https://a.example/x?y=1!!z.",
        "Run `foo  bar!!` first.",
        "```\nfoo  bar !!!!\nu r\n```",
        "> she wrote  idk !!!\n> and i agree",
        "| a  | u |\n|----|---|\n| i  | r |",
        "- one\n-   two\n    - three  deep",
        "1.  one\n2.  two",
        "# a heading without a stop",
        "Two spaces end a line  \nand break it here.",
        "[A link](https://x.example/a_b?c=1,d)",
        "    indented  code  !!!",
        'He said "idk  u tell me!!" and left.',
        "Ask @u_r about #thx for /api/{id}/u.",
        "Dear {{first  name}}, hello.",
        "Best regards\nJane Miller\nHead of Support",
        "Please send us:\n- the log\n- the time",
        "Title\n=====\n\nText.",
    ],
)
def test_structure_and_protected_spans_keep_every_byte(text: str) -> None:
    assert clean(text, language="en") == Cleaned(text)


@pytest.mark.parametrize(
    ("text", "language", "cleaned"),
    [
        ("das ist  gut. der hund bellt !!!", "de", "Das ist gut. Der hund bellt !!!"),
        ("c'est vrai ! thx  u", "fr", "C'est vrai ! Thx u"),
        ("thx  for it. i saw u", "", "Thx for it. I saw u"),
    ],
)
def test_other_languages_get_spaces_and_sentence_starts_only(
    text: str, language: str, cleaned: str
) -> None:
    assert clean(text, language=language).text == cleaned


def test_german_nouns_keep_their_capitals_and_small_words_stay_small() -> None:
    text = "Der Hund und die Katze sind da, im dreieck springt das Pferd."
    assert clean(text, language="de") == Cleaned(text)


def test_typos_are_corrected_outside_protected_spans_only() -> None:
    text = "I recieve it in `recieve` from Adn Miller."
    found = [Typo(2, "recieve", "receive"), Typo(17, "recieve", "receive"), Typo(31, "Adn", "And")]
    assert clean(text, language="en", typos=found).text == (
        "I receive it in `recieve` from Adn Miller."
    )


def test_a_touched_token_puts_the_whole_message_back_and_says_which() -> None:
    text = "thx  for the 2nd try with nothing else, u know"
    result = clean(text, language="en", typos=[Typo(5, "for", "for 300")])
    assert result.text == text
    assert result.edits == ()
    assert "typo would have changed" in result.reverted_because


def test_edits_name_their_rule_and_place_in_the_original() -> None:
    assert clean("thx u.  bye", language="en").edits == (
        Edit(rule="shorthand", before="thx", after="Thanks", start=0),
        Edit(rule="shorthand", before="u", after="you", start=4),
        Edit(rule="space", before="  ", after=" ", start=6),
        Edit(rule="capital", before="b", after="B", start=8),
    )


@pytest.mark.parametrize("short", sorted(LEXICON))
def test_no_lexicon_entry_brings_in_a_protected_token(short: str) -> None:
    text = f"He said that {short} and left."
    result = clean(text, language="en")
    assert result.reverted_because == ""
    assert LEXICON[short] in result.text


_VOCABULARY = (
    "i u thx pls idk it broke. please fix,now !!!! ??? and Jane Miller said that order INV-2041 "
    "$20 9am v2.4.1 https://a.example/x?b=1 /api/{id} @jane #help `a  b` don't e.g. (see it) 50% "
    '"quoted  u" tomorrow two days - * > | 1. \n \n\n ... … ,'
)
_WORDS = st.sampled_from(_VOCABULARY.split(" "))


@settings(max_examples=120, deadline=None)
@given(st.one_of(st.text(max_size=120), st.lists(_WORDS, max_size=25).map(" ".join)))
def test_whatever_comes_in_the_ledger_is_unchanged_and_edits_explain_the_text(text: str) -> None:
    for language in ("en", "de", ""):
        result = clean(text, language=language)
        before, after = (extract(t, language=language) for t in (text, result.text))
        assert altered(before, after) == ()
        assert replay(text, result.edits) == result.text


@settings(max_examples=120, deadline=None)
@given(st.lists(_WORDS, max_size=25).map(" ".join))
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    once = clean(text, language="en")
    if not once.reverted_because:
        assert clean(once.text, language="en").text == once.text


@settings(max_examples=80, deadline=None)
@given(st.lists(_WORDS, max_size=25).map(" ".join))
def test_no_authored_word_is_lost_but_to_the_lexicon(text: str) -> None:
    result = clean(text, language="en")
    replaced = "".join(e.before for e in result.edits if "shorthand" in e.rule)
    for word in re.findall(r"\w+", text):
        assert word.lower() in result.text.lower() or word in replaced


_CHANGES = st.lists(
    st.builds(
        lambda start, length, after: Change("r", start, start + length, after),
        st.integers(0, 12), st.integers(0, 3), st.text("xyz", max_size=3),
    ),
    max_size=6,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.text("abc ", min_size=16, max_size=16), st.lists(_CHANGES, max_size=3))
def test_passes_of_changes_compose_to_edits_of_the_original(
    original: str, passes: list[list[Change]]
) -> None:
    edits: list[Change] = []
    current = original
    for changes in passes:
        fitting = [c for c in without_overlaps(changes) if c.end <= len(current)]
        expected = current
        for change in reversed(fitting):
            expected = expected[: change.start] + change.after + expected[change.end :]
        edits, current = compose(original, edits, current, fitting)
        assert current == expected
        made = tuple(Edit(rule=e.rule, before=original[e.start : e.end], after=e.after,
                          start=e.start) for e in edits)  # fmt: skip
        assert replay(original, made) == current


def test_the_same_text_is_cleaned_once_for_each_language_and_set_of_typos() -> None:
    text = "i recieve it  tommorow pls"
    english = clean(text, language="en")
    assert clean(text, language="en") is english
    assert clean(text, language="sv") != english
    assert clean(text, language="en", typos=[Typo(2, "recieve", "receive")]) != english
    # a ledger of the caller's own is heeded, not remembered
    assert clean(text, language="en", protected=extract(text, language="en")) == english
