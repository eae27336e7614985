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
            found = categories.find_words(word.strip("*"), language)
            assert number in {at for at, _ in found}, word


@pytest.mark.parametrize(
    ("language", "category", "compounds"),
    [
        ("de", "legal", "Kaufvertrag Mietverträge Handyvertrags Rechtsanwältin Sperrklausel"),
        ("de", "money", "Mehrwertsteuer Nebenkostenabrechnung Stromrechnung Banküberweisung"),
        ("de", "health", "Hausarzt Zahnärzte Herzkrankheit Brustkrebs Nussallergie"),
        ("de", "deadline", "Kündigungsfrist Zahlungsfristen"),
        ("de", "allegation", "Versicherungsbetrug Fahrraddiebstahl Machtmissbrauch"),
        ("nl", "legal", "huurcontract koopovereenkomst strafrechtadvocaat"),
        ("nl", "money", "energiefactuur reiskostenvergoeding omzetbelasting"),
        ("nl", "health", "huisarts borstkanker hartziekten"),
        ("sv", "legal", "låneavtal hyreskontraktet försvarsadvokaten arbetsdomstolen"),
        ("sv", "money", "bluffaktura fastighetsskatten månadsavgift"),
        ("sv", "health", "tandläkaren hjärtsjukdomar bröstcancer"),
        ("da", "legal", "ansættelseskontrakt forsvarsadvokat"),
        ("da", "health", "tandlægen kønssygdomme"),
        ("no", "legal", "leiekontrakten forsvarsadvokat"),
        ("no", "deadline", "betalingsfristen angrefrist"),
    ],
)
def test_a_compound_is_known_by_its_last_word(language: str, category: str, compounds: str) -> None:
    number = [name for name, _ in categories.CATEGORIES].index(category)
    for word in compounds.split():
        found = [(at, match[0]) for at, match in categories.find_words(word, language)]
        assert found == [(number, word)]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("de", "Die Berechnung der Verhaftung war zurückgelegt, eingerichtet und beschimpft."),
        ("de", "Nach der Bewirtschaftung gab es eine Berichterstattung über den Nobelpreis."),
        ("nl", "De afkorting wijst stroomopwaarts, een overbelasting om de hoofdprijs."),
        ("sv", "Översättningen av en repris, och vi uppskattar nobelpriset."),
        ("da", "Jeg bekræfter beregningen og hestekræfterne."),
        ("no", "Jeg bekrefter utregningen fra et college i underlegen form."),
    ],
)
def test_what_only_sounds_like_one_is_none(language: str, text: str) -> None:
    assert list(categories.find_words(text, language)) == []


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
