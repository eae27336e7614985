"""Routing: a model is asked only when it has something to do."""

from __future__ import annotations

import pytest

from copydesk.core.post import Tier
from copydesk.generation.router import route
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
