"""What must go to a person does in every language, and harmless texts do not."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from copydesk.core.checks import RiskClass
from copydesk.core.ledger import extract
from copydesk.quality import categories
from copydesk.quality.checks import risk
from copydesk.quality.comparison import Comparison

TEXTS: dict[str, dict[str, str | list[str]]] = tomllib.loads(
    Path(__file__).with_name("risk_texts.toml").read_text(encoding="utf-8")
)
SERIOUS = [
    (language, category, text)
    for language, rows in TEXTS.items()
    for category, text in rows.items()
    if isinstance(text, str)
]
HARMLESS = [(language, text) for language, rows in TEXTS.items() for text in rows["harmless"]]


def assess(text: str, language: str) -> risk.Risk:
    return risk.assess(extract(text, language=language), where="text", inbound=False)


@pytest.mark.parametrize(("language", "category", "text"), SERIOUS)
def test_what_weighs_goes_to_a_person(language: str, category: str, text: str) -> None:
    found = assess(text, language)
    assert found.risk in risk.HELD
    assert any(name.startswith(category) for name in found.categories)


@pytest.mark.parametrize(("language", "text"), HARMLESS)
def test_harmless_texts_do_not(language: str, text: str) -> None:
    found = assess(text, language)
    assert (found.risk, found.evidence) == (RiskClass.LOW, ())


@pytest.mark.parametrize("language", categories.LANGUAGES)
def test_every_language_has_words_for_every_category(language: str) -> None:
    names = [name for name, _ in categories.CATEGORIES]
    path = Path(categories.__file__).parent / "risk_words" / f"{language}.toml"
    words = tomllib.loads(path.read_text(encoding="utf-8"))
    assert list(words) == names
    for number, name in enumerate(names):
        assert words[name]
        for word in words[name]:
            found = categories.find_words(word.removesuffix("*"), language)
            assert number in {at for at, _ in found}, word


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Kiitos avusta, kaikki toimii nyt hyvin.", "fi"),
        ("Спасибо, всичко работи.", "bg"),
        ("Ευχαριστώ πολύ για τη βοήθεια.", ""),
        ("Thank you! ขอบคุณมากสำหรับความช่วยเหลือ", "en"),
    ],
)
def test_what_no_list_can_read_goes_to_a_person(text: str, language: str) -> None:
    found = assess(text, language)
    assert found.risk in risk.HELD
    assert "unread language" in found.categories


@pytest.mark.parametrize(
    "text", ["The angle α is small.", "Say שלום to everyone.", "Ωmega is here."]
)
def test_a_sign_or_a_word_of_a_foreign_script_does_not(text: str) -> None:
    assert assess(text, "en").risk is RiskClass.LOW


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("Hello team, see what he sent: верните мне деньги!", "money"),
        ("Hello team, he wrote: 请尽快退款。", "money"),
        ("Hello team, she wrote: 死にたいです。", "self-harm"),
    ],
)
def test_a_text_is_read_in_each_script_it_holds(text: str, category: str) -> None:
    assert category in assess(text, "en").categories


def test_norwegian_and_chinese_by_other_names_are_read_too() -> None:
    assert "money" in assess("Jeg vil ha pengene tilbake.", "nb").categories
    assert "money" in assess("請盡快退款。", "yue").categories


@pytest.mark.parametrize(
    ("text", "language", "shown"),
    [
        ("I will call my lawyer.", "en", [("legal threat", "my lawyer")]),
        ("Er will mich umbringen.", "de", [("self-harm, harassment", "umbringen")]),
        (
            "The court refused. My lawyer agrees.",
            "en",
            [("legal threat", "My lawyer"), ("legal", "court")],
        ),
    ],
)
def test_a_word_is_named_once(text: str, language: str, shown: list[tuple[str, str]]) -> None:
    found = assess(text, language)
    assert [(each.message, each.span) for each in found.evidence] == shown


def test_a_word_that_another_holds_still_names_its_category() -> None:
    assert assess("I will call my lawyer.", "en").categories == ("legal threat", "legal")


def test_what_source_and_text_both_say_is_shown_in_the_text() -> None:
    _, found = risk.check(
        Comparison("i want a refund and an invoice", "I want a refund.", language="en")
    )
    assert [(each.where, each.span) for each in found.evidence] == [
        ("source", "invoice"),
        ("text", "refund"),
    ]
