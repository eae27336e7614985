"""What is denied in one text and affirmed in the other, in seven languages."""

from __future__ import annotations

import pytest

from copydesk.core.checks import Verdict
from copydesk.quality.checks import polarity
from copydesk.quality.comparison import Comparison
from copydesk.quality.examining import examine
from copydesk.quality.narratives.damage import Damage, damaged
from copydesk.quality.narratives.narrative import narrative

#: Language, what was said, the same in other words, and the opposite.
TURNED = [
    ("fr", "je ne veux plus vos mails", "Je ne souhaite plus vos mails.", "Je veux vos mails."),
    ("fr", "j'ai pas reçu le colis", "Je n'ai pas reçu le colis.", "J'ai reçu le colis."),
    ("fr", "mon compte n'est plus actif", "Mon compte n’est plus actif.", "Mon compte est actif."),
    ("fr", "on m'a jamais rappelé", "On ne m'a jamais rappelé.", "On m'a rappelé."),
    ("fr", "nous acceptons les chèques", "Nous acceptons les chèques.", "Nous n'acceptons plus."),
    ("fr", "livré sans signature", "Livré sans signature.", "Livré avec signature."),
    ("fr", "aucun agent n'est venu", "Aucun agent n'est venu.", "Un agent est venu."),
    ("fr", "l'appli ne marche pas", "L'appli ne marche pas.", "L'appli marche."),
    ("it", "il pacco non è arrivato", "Il pacco non è ancora arrivato.", "Il pacco è arrivato."),
    ("it", "l'ufficio apre lunedì", "Lunedì l'ufficio apre.", "L'ufficio non apre lunedì."),
    ("pt", "nunca recebi a fatura", "Nunca recebi a fatura.", "Recebi a fatura."),
    ("pt", "a loja abre ao domingo", "A loja abre ao domingo.", "A loja não abre ao domingo."),
    ("nl", "ik heb geen factuur", "Ik heb nog geen factuur.", "Ik heb een factuur."),
    ("nl", "de deur sluit niet", "De deur sluit nog niet.", "De deur sluit."),
    ("es", "jamás firmamos eso", "Jamás firmamos eso.", "Firmamos eso."),
]


def check(source: str, text: str, language: str) -> Verdict:
    return examine(text, source="", seed=source, language=language, monotonic=lambda: 0.0).verdict


@pytest.mark.parametrize(("language", "source", "same", "turned"), TURNED)
def test_a_denial_that_is_lost_or_new_is_flagged(
    language: str, source: str, same: str, turned: str
) -> None:
    assert check(source, same, language) is Verdict.PASSED
    assert check(source, turned, language) is not Verdict.PASSED


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("il faut plus de temps", "Il faut davantage de temps."),
        ("il ne prend que le bus", "Il prend seulement le bus."),
        ("partez avant qu'il ne pleuve", "Partez avant qu'il pleuve."),
        ("prenez n'importe quel train", "Prenez le train que vous voulez."),
        ("n'hésitez pas à appeler", "Vous pouvez appeler."),
    ],
    ids=["more", "only", "says-nothing", "any", "courtesy"],
)
def test_what_only_looks_like_a_french_denial_is_none(source: str, text: str) -> None:
    assert not polarity.check(Comparison(source, text, language="fr")).evidence


@pytest.mark.parametrize("language", ["en", "de", "fr", "es"])
def test_one_denial_of_many_that_is_dropped_is_found(language: str) -> None:
    caught = []
    for seed in range(900, 906):
        story = narrative(seed, language=language, length=2_000)
        assert (
            polarity.check(Comparison(story.text, story.reference, language=language)).verdict
            is Verdict.PASSED
        )
        text = damaged(story, Damage.NEGATION_DROPPED)
        if text != story.reference:
            comparison = Comparison(story.text, text, language=language)
            caught.append(polarity.check(comparison).verdict is Verdict.FLAGGED)
    assert len(caught) >= 4
    assert sum(caught) >= len(caught) - 1


def test_a_dash_ends_what_a_denial_reaches() -> None:
    source = "the lamp does not work - please call me"
    text = "The lamp does not work. Please call me."
    assert not polarity.check(Comparison(source, text, language="en")).evidence
