"""Verbs that German and Dutch write together or apart."""

from __future__ import annotations

import pytest

from copydesk.quality.checks import invention, omission
from copydesk.quality.comparison import Comparison


@pytest.mark.parametrize(
    ("language", "source", "text"),
    [
        ("de", "bitte 206,90 € zurückhalten", "Bitte halten Sie 206,90 € zurück."),
        ("de", "der betrag wird zurückgehalten", "Man hält den Betrag zurück."),
        ("de", "gerät abschalten und einstecken", "Schalten Sie das Gerät ab, stecken Sie es ein."),
        ("de", "holen sie die kiste ab und laden sie aus", "Bitte die Kiste abholen und ausladen."),
        ("de", "die kiste ist abzuholen", "Holen Sie die Kiste ab."),
        ("de", "der kurs findet morgen statt", "Der Kurs wird morgen stattfinden."),
        ("nl", "graag het bedrag terugstorten", "Stort het bedrag terug."),
        ("nl", "we nodigen iedereen uit", "Iedereen is uitgenodigd."),
    ],
)
def test_a_verb_may_be_parted_or_put_together(language: str, source: str, text: str) -> None:
    comparison = Comparison(source, text, language=language)
    assert comparison.gone == ()
    assert comparison.come == ()


@pytest.mark.parametrize(
    ("language", "source", "text", "lost"),
    [
        ("de", "Bitte die Kiste abholen.", "Bitte die Kiste.", "abholen"),
        ("de", "Bitte den Betrag zurückhalten.", "Wir zahlen den Betrag zurück.", "zurückhalten"),
        ("en", "The handout is upset.", "Hand it out and set it up.", "handout"),
    ],
)
def test_another_verb_with_the_same_particle_is_not_the_same(
    language: str, source: str, text: str, lost: str
) -> None:
    comparison = Comparison(source, text, language=language)
    assert lost in [word.bare for word in comparison.gone]


def test_two_requests_that_differ_in_their_values_are_kept_both() -> None:
    source = "bitte 206,90 € bis 11. Juni zurückhalten - bitte 689,57 € bis 6. Juni zurückhalten"
    both = "Bitte halten Sie 206,90 € bis 11. Juni zurück und 689,57 € bis 6. Juni."
    comparison = Comparison(source, both, language="de")
    assert comparison.lost == ()
    assert not omission.check(comparison).evidence
    assert not invention.check(comparison).evidence
    one = Comparison(source, "Bitte halten Sie 689,57 € bis 6. Juni zurück.", language="de")
    assert [token.text for token in one.lost] == ["206,90 €", "11. Juni"]
