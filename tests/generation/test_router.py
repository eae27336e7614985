"""Routing: a model is asked only when it has something to do."""

from __future__ import annotations

import pytest

from copydesk.core.post import Tier
from copydesk.generation.material import AuthoredSegment, Material
from copydesk.generation.router import MANY, Route, route, weights
from tests.generation.messages import LANGUAGES, material, prose


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_clean_message_needs_no_call(language: str) -> None:
    chosen = route(material(prose(language), language=language), edits=0, tiers=[Tier.CAPABLE])
    assert chosen.tier is Tier.RULES
    assert chosen.because == "the message reads well as it is"


@pytest.mark.parametrize(
    ("text", "edits", "because"),
    [
        ("The fair is open.", 2, "clean-up changed 2 places"),
        ("the fair is open.", 0, "a sentence starts in lower case"),
        ("The fair is open", 0, "the last sentence is not closed"),
        ("THE FAIR IS OPEN UNTIL MAY.", 0, "it is written in capitals"),
    ],
)
def test_a_rough_message_goes_to_the_model(text: str, edits: int, because: str) -> None:
    chosen = route(material(text), edits=edits, tiers=[Tier.CAPABLE])
    assert (chosen.tier, chosen.because) == (Tier.CAPABLE, because)


def test_without_a_model_everything_is_left_to_the_rules() -> None:
    chosen = route(material("the fair is open"), edits=3, tiers=[])
    assert (chosen.tier, chosen.because) == (Tier.RULES, "no model is configured")


# ---------------------------------------------------------------- light or capable

BOTH = (Tier.LIGHT, Tier.CAPABLE)
UNTIDY = "the fair is open. it closes in May"


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_untidy_message_of_any_language_is_light_work(language: str) -> None:
    text = prose(language)[:600].rsplit(" ", 1)[0].rstrip(".।。 ") + ", but"
    assert route(material(text, language=language), edits=1, tiers=BOTH).tier is Tier.LIGHT


@pytest.mark.parametrize(
    ("text", "because"),
    [
        (f"{UNTIDY}. Scratch that, it closes in June.", "takes something back"),
        ("es schließt im Mai.\nKorrektur: im Juni.", "takes something back"),
        ("fair open. till may. bring id. cash only.", "sentences are fragments"),
        (UNTIDY + " and the mayor comes" * 140, "it is long"),
    ],
    ids=["correction", "korrektur", "fragments", "long"],
)
def test_what_needs_judgement_goes_to_the_capable_model(text: str, because: str) -> None:
    chosen = route(material(text), edits=1, tiers=BOTH)
    assert chosen.tier is Tier.CAPABLE
    assert because in chosen.because


def test_several_authors_are_made_into_one_text_by_the_capable_model() -> None:
    chosen = route(material("The fair is open."), edits=0, tiers=BOTH, authors=3)
    assert (chosen.tier, chosen.because) == (Tier.CAPABLE, "3 people wrote it")


def test_many_loose_pieces_are_put_together_by_the_capable_model() -> None:
    pieces = [AuthoredSegment(index=n, text=f"the hall {n} is open\n") for n in range(MANY)]
    chosen = route(Material(segments=tuple(pieces), language="en"), edits=0, tiers=BOTH)
    assert (chosen.tier, "12 pieces" in chosen.because) == (Tier.CAPABLE, True)


def test_a_clean_article_of_many_paragraphs_needs_no_call() -> None:
    pieces = [AuthoredSegment(index=n, text=f"Hall {n} is open again.\n\n") for n in range(40)]
    article = Material(segments=tuple(pieces), language="en")
    assert route(article, edits=0, tiers=BOTH).tier is Tier.RULES


def test_with_a_light_model_alone_light_work_is_done_and_heavy_work_left() -> None:
    assert route(material(UNTIDY), edits=1, tiers=[Tier.LIGHT]).tier is Tier.LIGHT
    heavy = route(material(UNTIDY), edits=1, tiers=[Tier.LIGHT], authors=2)
    assert heavy.tier is Tier.RULES
    assert "no capable model is configured" in heavy.because


@pytest.mark.parametrize(
    "text",
    [
        "Es geht nicht nur um Brot, sondern auch um Kuchen, und die Korrektur dauert einen Tag.",
        "This is not bread but cake, and the colour correction takes a day. I mean to stay.",
        "Please update your address and edit the form.",
    ],
)
def test_ordinary_words_take_nothing_back(text: str) -> None:
    assert weights(material(text)) == ()


def test_a_route_says_itself_in_words() -> None:
    plain = Route(tier=Tier.LIGHT, because="a sentence starts in lower case")
    assert str(plain) == "light: a sentence starts in lower case"
    up = Route(tier=Tier.CAPABLE, because="it is untidy", escalated_because="a number is gone")
    assert str(up) == (
        "light: it is untidy; then capable, since the light model's text was not used: "
        "a number is gone"
    )
