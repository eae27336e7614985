"""Budgets: numbers before the call, and a refusal rather than a cut."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copydesk.core.errors import ContentInvalid
from copydesk.generation.budget import Budget, ModelLimits, estimate_tokens, plan
from tests.generation.messages import LANGUAGES, prose

# o200k token counts of measured texts relative to UTF-8 bytes / 3, the worst seen per kind
WORST = {"en": 1 / 0.93, "de": 1 / 1.12, "hi": 1 / 2.31, "zh": 1 / 0.99}


def fits(message: str, limits: ModelLimits, **more: int) -> Budget:
    return plan(system="Edit.", user=message, message=message, segments=1, limits=limits, **more)


def test_the_worked_example() -> None:
    message = "x " * 1600
    assert estimate_tokens(message) == 1227
    budget = fits(message, ModelLimits())
    assert 1_595 + 300 <= budget.expected_tokens <= 1_600 + 330
    assert 3_750 <= budget.max_tokens <= 3_900


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_estimate_is_never_below_the_worst_case_seen(language: str) -> None:
    text = prose(language)
    assert estimate_tokens(text) >= len(text.encode()) / 3 * WORST[language]
    assert fits(text, ModelLimits()).max_tokens > estimate_tokens(text)


@given(st.text())
def test_the_estimate_covers_the_plain_rule(text: str) -> None:
    size = len(text.encode("utf-8", "surrogatepass"))
    assert estimate_tokens(text) >= math.floor(1.15 * size / 3)


def test_ids_and_base64_are_counted_apart() -> None:
    run = "c0ffee1234567890deadbeef"
    assert estimate_tokens(run) == math.ceil(len(run) / 1.4)
    assert estimate_tokens("deadbeefdeadbeef") < estimate_tokens("deadbeef12345678")


def test_a_message_that_does_not_fit_is_refused_with_the_numbers() -> None:
    with pytest.raises(ContentInvalid) as caught:
        fits("word " * 4000, ModelLimits(output=4_000))
    finding = caught.value.findings[0]
    assert "4000 tokens" in finding.message
    assert "needs about" in finding.message
    assert finding.remedy


def test_a_cap_that_would_cut_is_refused_and_a_sufficient_one_is_kept() -> None:
    message = prose("en")
    with pytest.raises(ContentInvalid, match="max_tokens 1024 would cut the reply"):
        fits(message, ModelLimits(), requested_cap=1024)
    assert fits(message, ModelLimits(), requested_cap=2_500).max_tokens == 2_500


def test_the_price_cliff_counts_like_the_window() -> None:
    message = "word " * 20_000
    roomy = ModelLimits(window=1_000_000, output=200_000)
    assert fits(message, roomy).input_tokens > 30_000
    with pytest.raises(ContentInvalid, match="of the model's 60000 are usable"):
        fits(message, ModelLimits(window=1_000_000, output=200_000, price_cliff=60_000))


def test_thinking_has_room_beside_the_reply() -> None:
    plain = fits("A word.", ModelLimits())
    thinking = fits("A word.", ModelLimits(reasoning_reserve=2_000))
    assert thinking.max_tokens == plain.max_tokens + 2_000
    with pytest.raises(ContentInvalid):
        fits("A word.", ModelLimits(output=1_000, reasoning_reserve=900))


@pytest.mark.parametrize("unit", ["a", "a-", "aB3/", "a.", "= "])
def test_a_megabyte_of_anything_is_estimated_in_one_pass(unit: str) -> None:
    """A pattern that looks ahead over the rest of a run takes hours here, not seconds."""
    text = unit * (1_000_000 // len(unit))
    assert estimate_tokens(text) >= len(text) * 1.15 / 3 - 1
