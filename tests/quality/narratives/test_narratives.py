"""Stories with known facts: the same for the same seed, and a judge of what became of them."""

from __future__ import annotations

import hashlib
from collections import Counter

import pytest

from copydesk.core.submission import Source
from copydesk.intake.parsing import parse
from copydesk.quality.narratives import (
    CHANNELS,
    LANGUAGES,
    Damage,
    FactKind,
    damaged,
    narrative,
    narratives,
    score,
)

MANY = 40


def test_a_seed_makes_the_same_bytes_for_good() -> None:
    made = narrative(7, channel=Source.EMAIL, language="en", length=400)
    assert made == narrative(7, channel=Source.EMAIL, language="en", length=400)
    assert made.raw != narrative(8, channel=Source.EMAIL, language="en", length=400).raw
    # the bytes of old seeds must not change: numbers measured with them would no longer compare
    assert hashlib.sha256(made.text.encode()).hexdigest()[:16] == "49f04b8ea4323287"


def test_all_channels_and_languages_come_up() -> None:
    seen = Counter((one.channel, one.language) for one in narratives(200))
    assert {channel for channel, _ in seen} == set(CHANNELS)
    assert {language for _, language in seen} == set(LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_both_tellings_tell_all_facts_and_nothing_else(language: str) -> None:
    for one in narratives(MANY // 4, language=language):
        assert score(one, one.reference).is_faithful, one.seed
        assert score(one, one.text).is_faithful, one.seed


def test_a_story_is_as_long_as_it_is_wanted() -> None:
    one = narrative(3, length=3200)
    assert 3200 <= len(one.reference) <= 3900
    assert len(one.facts) > 40


@pytest.mark.parametrize(
    "damage",
    [damage for damage in Damage if damage not in (Damage.NONE, Damage.NEGATION_DROPPED)],
)
def test_damage_is_seen(damage: Damage) -> None:
    for one in narratives(MANY):
        assert not score(one, damaged(one, damage)).is_faithful, (one.seed, damage)


def test_a_lost_denial_is_seen() -> None:
    for one in narratives(MANY, language="en"):
        if any(fact.kind is FactKind.DENIAL for fact in one.facts):
            lost = score(one, damaged(one, Damage.NEGATION_DROPPED)).lost
            assert [fact.kind for fact in lost] == [FactKind.DENIAL], one.seed


def test_of_two_denials_in_one_run_on_sentence_each_is_seen() -> None:
    """As it was typed, without full stops: another denial of the sentence does not stand in."""
    told = narrative(312, length=600)
    assert score(told, told.text).is_faithful
    lost = score(told, told.text.replace("ORD-91600 no ha llegado", "ORD-91600 ha llegado")).lost
    assert "ORD-91600" in [fact.text for fact in lost if fact.kind is FactKind.DENIAL]


def test_an_answer_that_never_came_is_a_denial() -> None:
    told = next(n for n in narratives(50, language="en") if "got no answer" in n.reference)
    assert score(told, told.reference.replace("got no answer", "got an answer")).lost


def test_a_question_made_a_statement_is_seen() -> None:
    one = narrative(1, language="en", length=300)
    lost = score(one, one.reference.replace("?", ".")).lost
    assert [fact.kind for fact in lost] == [FactKind.QUESTION]


def test_a_value_in_other_clothes_is_kept() -> None:
    one = narrative(2, language="en", length=300)
    amount = next(fact.text for fact in one.facts if fact.kind is FactKind.AMOUNT)
    assert score(one, one.reference.replace(amount, f"{amount[1:]} USD")).is_faithful


def test_an_instruction_can_be_hidden_in_a_story() -> None:
    one = narrative(5, language="en", length=300, injected=True)
    assert "pineapple" in one.text
    assert "pineapple" not in one.reference
    assert score(one, one.reference).is_faithful


@pytest.mark.parametrize("channel", CHANNELS)
def test_intake_keeps_what_the_author_told(channel: Source) -> None:
    for one in narratives(MANY // 3, channel=channel):
        parsed = parse(one.raw, filename=one.filename)
        assert parsed.source is channel
        assert parsed.language == one.language, one.seed
        assert score(one, parsed.reply).lost == (), one.seed
        for line in one.foreign:
            # what a post quotes is part of it
            assert channel is Source.COMMUNITY or line not in parsed.reply, one.seed
