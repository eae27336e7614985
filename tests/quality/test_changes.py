"""Each way of changing what a source says is seen by the check whose business it is."""

from __future__ import annotations

import pytest

from copydesk.core.checks import CheckResult, Verdict
from copydesk.quality.checks import (
    exchange,
    fact_diff,
    invention,
    limits,
    omission,
    order,
    polarity,
)
from copydesk.quality.comparison import Comparison

CHECKS = {c.NAME: c for c in (fact_diff, polarity, limits, exchange, order, omission, invention)}


def seen(source: str, text: str, language: str = "en", support: str = "") -> dict[str, CheckResult]:
    comparison = Comparison(source, text, language=language, support=support)
    results = {name: check.check(comparison) for name, check in CHECKS.items()}
    for result in results.values():
        for evidence in result.evidence:
            whole = text if evidence.where == "text" else source
            assert whole[evidence.start : evidence.end] == evidence.span
            assert evidence.signal
    return {name: r for name, r in results.items() if r.verdict is not Verdict.PASSED}


@pytest.mark.parametrize(
    ("check", "source", "text"),
    [
        ("polarity", "Please do not cancel my plan.", "Please cancel my plan."),
        ("polarity", "Your request was approved.", "Your request was denied."),
        ("polarity", "The new app is able to sync.", "The new app is unable to sync."),
        ("polarity", "Please stop sending the letters.", "Please keep sending the letters."),
        ("polarity", "Site A was not affected.", "Site A was affected."),
        ("polarity", "The csv is useless for clients.", "The CSV is useful for clients."),
        ("polarity", "The options are flexible.", "The options are inflexible."),
        ("limits", "It works on the first day.", "It works only on the first day."),
        ("limits", "Keep it until the audit is over.", "Keep it when the audit is over."),
        ("limits", "My account may be locked.", "My account is locked."),
        ("limits", "It crashes since the update.", "It crashes because of cold weather."),
        ("exchange", "The fee is due every month.", "The fee is due every year."),
        ("exchange", "I ordered black shoes.", "I ordered brown shoes."),
        ("exchange", "My mum is ill.", "My father is ill."),
        ("exchange", "One mug is broken, the other is fine.", "Both mugs are broken."),
        ("order", "Anna paid Bert for the car.", "Bert paid Anna for the car."),
        ("order", "It rose from 5 % to 9 % again.", "It rose from 9 % to 5 % again."),
        ("order", "Switch it from monthly to yearly.", "Switch it from yearly to monthly."),
        ("fact_diff", "We sold some units.", "We sold 300 units."),
        ("fact_diff", "We spoke with the vendor.", "We spoke with Jane Miller, the vendor."),
        ("omission", "It broke. The technician never returned. Why?", "It broke. Why?"),
        ("omission", "It broke. How long will that take?", "It broke."),
        (
            "invention",
            "The package was wet.",
            "The package was wet. A courier threw it over the fence.",
        ),
    ],
)
def test_a_change_is_seen_by_its_check(check: str, source: str, text: str) -> None:
    assert check in seen(source, text)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("I can't log in and it doesn't load.", "I cannot log in, and it does not load."),
        ("idk why. It dont work.", "I don't know why. It does not work."),
        ("It is not cheap.", "It is expensive."),
        ("He is unhappy about it.", "He is not happy about it."),
        ("We gotta ship it.", "We have to ship it."),
        ("It failed. It was slow. I left.", "It failed and was slow, so I left."),
        ("Don't hesitate to write.", "Please write."),
        ("It takes two days, Jane said.", "Jane said that it takes 2 days."),
        ("i was charged 2x on tue", "I was charged twice on Tuesday."),
        ("wifi is down since april", "The Wi-Fi has been down since April."),
        ("send 1 new mug pls", "Please send a new mug."),
        ("hi, can u pls check?", "Hello, could you please check this?"),
        ("my mum cant open it", "My mother is unable to open it."),
        ("around 3am it crashed", "It crashed at around 3 am."),
        ("", ""),
    ],
)
def test_the_same_in_other_words_is_not_seen(source: str, text: str) -> None:
    assert seen(source, text) == {}


@pytest.mark.parametrize(
    ("check", "source", "text", "language"),
    [
        ("polarity", "Bitte nicht löschen.", "Bitte löschen.", "de"),
        ("polarity", "Bitte löscht mein Konto NICHT.", "Bitte löschen Sie mein Konto.", "de"),
        ("polarity", "Ne supprimez pas mon compte.", "Supprimez mon compte.", "fr"),
        ("polarity", "No quiero cancelar el plan.", "Quiero cancelar el plan.", "es"),
        ("exchange", "Le colis est arrivé lundi.", "Le colis est arrivé jeudi.", "fr"),
        ("exchange", "Meine Mutter wartet.", "Mein Vater wartet.", "de"),
        ("exchange", "Pedí la silla negra.", "Pedí la silla blanca.", "es"),
    ],
)
def test_changes_are_seen_in_four_languages(
    check: str, source: str, text: str, language: str
) -> None:
    assert check in seen(source, text, language)


def test_what_the_author_took_back_may_go() -> None:
    source = "The meeting is at 19:12, no wait, 10:28."
    comparison = Comparison(source, "The meeting is at 10:28.", language="en")
    assert comparison.lost == ()
    kept_wrong = Comparison(source, "The meeting is at 19:12.", language="en")
    assert [token.text for token in kept_wrong.lost] == ["10:28"]


def test_what_supports_a_text_is_no_invention() -> None:
    source, text = "It broke.", "It broke. The courier threw the parcel over the fence."
    assert "invention" in seen(source, text)
    assert "invention" not in seen(source, text, support="A courier threw my parcel over a fence.")
