"""Expressions are tried only where they can match, and wherever they can."""

from __future__ import annotations

import re
import tomllib
from importlib import resources

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from copydesk.core.patterns import Patterns, first_words, needs
from copydesk.core.words import fold, told

ROWS = [
    r"\b(?:ignore|forget)\b(?! my\b).{0,9}\b(?:rules?|all the (?:text|words))\b",
    r"<\|?(?:system|user)\|?>",
    r"\[/?(?:inst|sys)\]",
    r"^\s*(?:###\s*)?\b(?:system|assistant)s?\s*:",
    r"\byou are (?:now )?(?:an? )?\b(?:ai|assistant)",
    r"(?:忽略|无视).{0,3}(?:指令|规则)",
    r"\b(?:z?ignoruj\w*|zapomnij)\b",
    r"what(?: is|.s) new[!?]",
    r"(?:analy[sz]e|any(?:one|body)) else",
    r"co\w*e",
    r"a{2,3}bc|x",
]


def _shipped() -> list[str]:
    path = resources.files("copydesk.quality").joinpath("injection.toml")
    kinds: dict[str, list[str]] = tomllib.loads(path.read_text(encoding="utf-8"))
    # a flag that is turned off within an expression is more than the strategy can make
    return [row for rows in kinds.values() for row in rows if "(?-i" not in row]


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_no_match_is_missed(data: st.DataObject) -> None:
    row = data.draw(st.sampled_from([*ROWS, *_shipped()]))
    matching = st.from_regex(re.compile(row, re.IGNORECASE | re.MULTILINE))
    text = data.draw(matching) + data.draw(st.sampled_from(["", " and more", "\nx", "s"]))
    rows = Patterns([row]).possible(told(text))
    found = re.compile(row, re.IGNORECASE | re.MULTILINE).search(text)
    assert found is None or any(r.search(text, fold(text)) for r in rows)


@pytest.mark.parametrize(
    ("row", "needed"),
    [
        (r"\b(?:ignore|forget)\b.{0,9}\brules?\b", [{"rule", "rules"}, {"ignore", "forget"}]),
        (r"any(?:one|body) else", [{"else*"}]),
        (r"\bany(?:one|body) else\b", [{"anyone", "anybody"}, {"else"}]),
        (r"\bsummari[sz]e\w*", [{"summ*"}]),
        (r"\bcat\w*", []),
        (r"<b>", [{"<"}, {"b"}, {">"}]),
        (r"\bone\b|\btwo\b", []),
    ],
    ids=["two-groups", "inside-a-word", "joined", "beginning", "too-short", "signs", "choice"],
)
def test_what_a_match_needs_is_read_off(row: str, needed: list[set[str]]) -> None:
    assert sorted(map(sorted, needs(row))) == sorted(map(sorted, needed))


def test_a_text_without_the_words_leaves_nothing_to_try() -> None:
    patterns = Patterns([r"\b(?:ignore|forget)\b.{0,9}\brules?\b"])
    assert not patterns.possible(told("Forget the ruler, it is broken."))
    (row,) = patterns.possible(told("Rules: forget nothing."))
    assert row.search("forget the RULES", "forget the rules")
    assert not row.search("forget them", "forget them")


def test_almost_every_shipped_expression_is_spared_on_an_ordinary_text() -> None:
    text = "Hello team, the order INV-20 is still not here and I would like to know why. Thanks!"
    rows = _shipped()
    assert len(Patterns(rows).possible(told(text))) < 0.1 * len(rows)


def test_the_first_words_of_an_expression_are_read_off() -> None:
    assert first_words(r"(?:(?:please|now),? ){0,2}(?:list|analy[sz]e)(?= )") == frozenset(
        {"please", "now", "list", "anal*"}
    )
    with pytest.raises(ValueError, match="cannot be read"):
        first_words(r"\w+ing")


def test_an_unknown_kind_of_group_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        needs(r"\b(?P<word>one)\b")
