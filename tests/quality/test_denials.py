"""What is denied in one text and affirmed in the other, in seven languages."""

from __future__ import annotations

import pytest

from copydesk.core.checks import Verdict
from copydesk.quality.checks import limits, polarity
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
    ("fr", "le son marche plus du tout", "Le son ne marche plus du tout.", "Le son marche."),
    ("fr", "on a plus accès au compte", "On n'a plus accès au compte.", "On a accès au compte."),
    ("fr", "ça marche plus", "Ça ne marche plus.", "Ça marche."),
    ("fr", "je veux plus vos mails", "Je ne veux plus vos mails.", "Je veux vos mails."),
    (
        "fr",
        "j'ai plus mon mot de passe",
        "Je n'ai plus mon mot de passe.",
        "J'ai mon mot de passe.",
    ),
    ("fr", "on capte plus du tout", "On ne capte plus du tout.", "On capte du tout."),
    ("fr", "j'ai plus l'appli", "Je n'ai plus l'appli.", "J'ai l'appli."),
    ("fr", "il y a deux places", "Il y a deux places.", "Il n'y a plus que deux places."),
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
        ("de plus le colis est ouvert", "En outre, le colis est ouvert."),
        ("je demande plus, le temps presse", "Je demande davantage, le temps presse."),
        ("il paie le prix plus les frais", "Il paie le prix et les frais."),
        ("elle marche plus vite", "Elle marche plus rapidement."),
        ("il ne prend que le bus", "Il prend seulement le bus."),
        ("partez avant qu'il ne pleuve", "Partez avant qu'il pleuve."),
        ("prenez n'importe quel train", "Prenez le train que vous voulez."),
        ("n'hésitez pas à appeler", "Vous pouvez appeler."),
    ],
    ids=[
        "more",
        "moreover",
        "more-here",
        "and",
        "faster",
        "only",
        "says-nothing",
        "any",
        "courtesy",
    ],
)
def test_what_only_looks_like_a_french_denial_is_none(source: str, text: str) -> None:
    assert not polarity.check(Comparison(source, text, language="fr")).evidence


@pytest.mark.parametrize(
    ("source", "same", "lost"),
    [
        ("il ne reste que deux places", "Il reste seulement deux places.", "Il reste deux places."),
        ("vous n’avez qu’un jour", "Vous n'avez qu'un jour.", "Vous avez un jour."),
        ("il ne reste plus que toi", "Il reste uniquement toi.", "Il reste toi."),
    ],
)
def test_only_in_two_words_is_only(source: str, same: str, lost: str) -> None:
    assert not limits.check(Comparison(source, same, language="fr")).evidence
    found = limits.check(Comparison(source, lost, language="fr")).evidence
    assert [each.signal for each in found] == ["limits.lost_restriction"]


@pytest.mark.parametrize(
    "text",
    ["Je pense qu'il vient.", "Il ne dit pas que c'est vrai.", "Je ne sais rien que vous ignorez."],
)
def test_not_every_que_behind_ne_says_only(text: str) -> None:
    other = text.replace("ne sais", "sais").replace("vient", "arrive")
    assert not limits.check(Comparison(text, other, language="fr")).evidence


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
