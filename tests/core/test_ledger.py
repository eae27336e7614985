"""The ledger finds what a rewrite must keep, and knows the same fact written differently."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from copydesk.core.ledger import (
    TokenClass,
    added,
    altered,
    extract,
    missing,
    protected_spans,
)


def found(text: str, language: str = "en") -> list[tuple[str, str, str]]:
    return [(t.cls.value, t.text, t.norm) for t in extract(text, language=language).tokens]


def lost(source: str, text: str, language: str = "en") -> list[str]:
    return [
        t.text
        for t in missing(extract(source, language=language), extract(text, language=language))
    ]


@pytest.mark.parametrize(
    ("text", "cls", "token", "norm"),
    [
        ("see https://X.com/A?b=1.", "url", "https://X.com/A?b=1", "https://x.com/A?b=1"),
        ("(at https://x.org/a_(b)).", "url", "https://x.org/a_(b)", "https://x.org/a_(b)"),
        ("go to docs.example.com today", "url", "docs.example.com", "docs.example.com"),
        ("mail Jane.D@X.COM, please", "email", "Jane.D@X.COM", "Jane.D@x.com"),
        ("ask @jane_doe.", "handle", "@jane_doe", "@jane_doe"),
        ("ask @jane@social.example", "handle", "@jane@social.example", "@jane@social.example"),
        ("about #launch!", "hashtag", "#launch", "#launch"),
        ("run `rm -rf x`", "code", "`rm -rf x`", "rm -rf x"),
        ("call fetch_rows now", "code", "fetch_rows", "fetch_rows"),
        ("use --dry-run first", "code", "--dry-run", "--dry-run"),
        ("open /api/{id}/items", "path", "/api/{id}/items", "/api/{id}/items"),
        ("in src/app/main.py.", "path", "src/app/main.py", "src/app/main.py"),
        ("Dear {{first_name}},", "placeholder", "{{first_name}}", "{{first_name}}"),
        ("order INV-2041 is", "id", "INV-2041", "inv-2041"),
        ("ticket #12345 is", "id", "#12345", "12345"),
        ("in_0KVnBvo2ZNzx", "code", "in_0KVnBvo2ZNzx", "in_0KVnBvo2ZNzx"),
        ("call +49 30 123456", "id", "+49 30 123456", "4930123456"),
        ("broke in v2.4.1.", "version", "v2.4.1", "2.4.1"),
        ("broke in version 2.4.1", "version", "version 2.4.1", "2.4.1"),
        ("retries=3", "number", "3", "3"),
        ("it took 1,234 tries", "number", "1,234", "1234"),
        ("it took twenty-one tries", "number", "twenty-one", "21"),
        ("about 50 % of", "percent", "50 %", "50%"),
        ("paid $2,099.00 for", "money", "$2,099.00", "2099 USD"),
        ("paid 5 EUR for", "money", "5 EUR", "5 EUR"),
        ("paid $2.5 million for", "money", "$2.5 million", "2500000 USD"),
        ("a 3-day trial", "unit", "3-day", "3 day"),
        ("timeout=30s", "unit", "30s", "30 s"),
        ("on March 5, 2026 we", "date", "March 5, 2026", "2026-03-05"),
        ("on 2026-03-05 we", "date", "2026-03-05", "2026-03-05"),
        ("on 03/04/2026 we", "date", "03/04/2026", "2026-03-04|2026-04-03"),
        ("come tmrw", "date", "tmrw", "tomorrow"),
        ("at 9am CET", "time", "9am CET", "09:00 CET"),
        ("at 9ish", "time", "9ish", "9ish"),
        ('it says "disk is full" now', "quote", '"disk is full"', "disk is full"),
        ("we met Jane Miller's team", "name", "Jane Miller", "jane miller"),
        ("the iPhone broke", "name", "iPhone", "iphone"),
    ],
)  # fmt: skip
def test_finds_each_class(text: str, cls: str, token: str, norm: str) -> None:
    assert (cls, token, norm) in found(text)


@pytest.mark.parametrize(
    ("source", "text", "language"),
    [
        ("We run v2.4.1 here.", "We run version 2.4.1 here.", "en"),
        ("Set retries=3 there.", "Set retries to 3 there.", "en"),
        ("It took two days.", "It took 2 days.", "en"),
        ("It took three business days.", "It took 3 days.", "en"),
        ("That is 1,234.50 USD.", "That is $1234.50.", "en"),
        ("Das kostet 1.234,50 €.", "Das kostet 1234,50 EUR.", "de"),
        ("Ça coûte 1\u202f234,50 €.", "Ça coûte 1234,50 euros.", "fr"),
        ("We met on 5 March 2026.", "We met on 2026-03-05.", "en"),
        ("It starts at 9am.", "It starts at 9:00 a.m.", "en"),
        ("It starts at 17:30.", "It starts at 5:30 pm.", "en"),
        ("He said “it is over”.", 'He said "it is over".', "en"),
        ("He said 'it is over'.", "According to him, it is over.", "en"),
        ("See https://Example.com/a/.", "See https://example.com/a.", "en"),
        ("We told Jane Miller's team.", "We told the team of Jane Miller.", "en"),
        ("We chose the Gold plan.", "We chose the gold plan.", "en"),
        ("Call `run()` first.", "Call run() first.", "en"),
        ("Order #12345 is late. Order #12345!", "Order 12345 is late.", "en"),
        ("He came in 2nd.", "He came in second.", "en"),
        ("5 % off", "5 percent off", "en"),
        ("1. First do this.\n2. Then that.", "First do this. Then that.", "en"),
    ],
)
def test_the_same_fact_written_differently_is_not_lost(
    source: str, text: str, language: str
) -> None:
    assert lost(source, text, language) == []
    assert lost(text, source, language) == []


@pytest.mark.parametrize(
    ("source", "text", "token"),
    [
        ("It costs $49.99.", "It costs $94.99.", "$49.99"),
        ("It costs $5.", "It costs €5.", "$5"),
        ("It takes 3 days.", "It takes 3 weeks.", "3 days"),
        ("It broke in v2.4.1.", "It broke in v2.3.9.", "v2.4.1"),
        ("See /api/{id}/x.", "See /api/{ID}/x.", "/api/{id}/x"),
        ("We met on March 5, 2026.", "We met on March 5.", "March 5, 2026"),
        ("It starts at 9am CET.", "It starts at 9am.", "9am CET"),
        ("He said “it is over”.", "He said “it is not over”.", "“it is over”"),
        ("We told Jane Miller.", "We told Jane Millar.", "Jane Miller"),
        ("Mail a@x.com.", "Mail a@x.org.", "a@x.com"),
        ("Ship INV-2041 now.", "Ship INV-2014 now.", "INV-2041"),
    ],
)
def test_a_changed_fact_is_lost(source: str, text: str, token: str) -> None:
    assert lost(source, text) == [token]


def test_what_the_source_never_said_is_added() -> None:
    source = extract("Write to us.", language="en")
    text = extract("Write to help@evil.example or https://evil.example/x.", language="en")
    assert [t.cls for t in added(source, text)] == [TokenClass.EMAIL, TokenClass.URL]


def test_saying_it_once_is_enough_for_a_rewrite_but_not_for_an_edit() -> None:
    twice, once = extract("Pay $5 now. Yes, $5."), extract("Pay $5 now.")
    assert missing(twice, once) == ()
    assert [t.text for t in altered(twice, once)] == ["$5", "$5"]


def test_german_nouns_are_no_names() -> None:
    text = "Ich habe Herrn Maier die Rechnung für das Auto geschickt."
    assert found(text, "de") == [("name", "Maier", "maier")]


def test_a_quote_may_hold_other_tokens() -> None:
    ledger = extract('It says "see https://a.example/x for 3 days" today.')
    assert {t.cls.value for t in ledger.tokens} == {"quote", "url", "unit", "date"}
    assert protected_spans(ledger) == [(8, 44), (45, 50)]


def test_masking_can_be_limited_to_classes() -> None:
    assert protected_spans("Meet Jane at 9am", {TokenClass.TIME}) == [(13, 16)]


_PIECES = st.sampled_from(
    ["a", " ", "\n", "1", "2,", ".", "@", "#", "/", "`", "```\n", '"', "'", "“", "”", "{", "}", "%",
     "$", "-", ":", "_", "https://", "x.com", "Jane ", "9am ", "March 5 ", "v1.2.3", "(", ")"]
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.text(max_size=200), st.lists(_PIECES, max_size=60).map("".join)))
def test_extraction_is_total_bounded_and_deterministic(text: str) -> None:
    ledger = extract(text)
    assert extract(text) == ledger
    for token in ledger.tokens:
        assert 0 <= token.start < token.end <= len(text)
        assert text[token.start : token.end] == token.text
        assert token.norm
    spans = protected_spans(ledger)
    assert all(first[1] <= second[0] for first, second in pairwise(spans))
    plain = [t for t in ledger.tokens if t.cls is not TokenClass.QUOTE]
    assert all(a.end <= b.start for a, b in pairwise(plain))
    assert missing(ledger, ledger) == ()
    assert added(ledger, ledger) == ()
    assert altered(ledger, ledger) == ()


@pytest.mark.parametrize(
    "unit",
    ["a", "1", ".", "-", "/", "@", "a.", "a-", "1.", "1,", "1-", "A-", "11-", "A1-", '"', "'a ",
     "`", "``a", "(", "http://", "{", "<a", "<", "_a", "a_", "1 ", "123 ", "1,111", "A ", "Aa ",
     "&", "\n", "\n ", "é", "a@", "a@b.", "#", "#1-", "! ", "a/b.", "+1 ", "~/", "$", "v1.", "may ",
     "“"],
)  # fmt: skip
def test_time_is_linear_on_pathological_input(unit: str) -> None:
    def cost(size: int) -> float:
        text = unit * (size // len(unit))
        best = float("inf")
        for _ in range(2):
            began = time.process_time()
            extract(text)
            best = min(best, time.process_time() - began)
        return best

    small, large = cost(2_000), cost(16_000)
    # Eight times the text; quadratic work would be sixty-four times as much.
    assert large < 0.05 or large < 24 * small
