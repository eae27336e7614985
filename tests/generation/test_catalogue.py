"""What is known of a model: from the operator first, then from public lists, else nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from copydesk.core.errors import ConfigError
from copydesk.generation.address import parse_model_line
from copydesk.generation.budget import AT_ONCE, ModelLimits
from copydesk.generation.catalogue import (
    ModelFacts,
    Prices,
    Thinking,
    facts_of,
    parse_facts,
    smallest,
)
from copydesk.generation.port import Usage

NOW = datetime(2026, 11, 22, tzinfo=UTC)
LISTED = pytest.importorskip("genai_prices", reason="the extra [llm] is not installed")


@pytest.mark.parametrize(
    ("line", "cliff"),
    [
        ("anthropic:claude-haiku-5-5", 100_000),
        ("openai:gpt-6.1-terra", 272_000),
        ("anthropic:claude-sonnet-5-5", None),
    ],
)
def test_a_listed_model_has_a_window_and_a_price_cliff(line: str, cliff: int | None) -> None:
    limits = facts_of(parse_model_line(line)).limits
    assert limits.window >= 1_000_000
    assert limits.price_cliff == cliff


def test_list_prices_count_what_the_server_had_kept() -> None:
    facts = facts_of(parse_model_line("openai:gpt-6.1-terra"))
    fresh = facts.price(Usage(input_tokens=10_000, output_tokens=1000), NOW)
    kept = facts.price(Usage(input_tokens=10_000, output_tokens=1000, cached_tokens=8000), NOW)
    assert fresh == pytest.approx(0.015)
    assert kept == pytest.approx(0.002 + 0.0004 + 0.005)


def test_a_large_input_costs_what_the_list_says_beyond_the_cliff() -> None:
    facts = facts_of(parse_model_line("anthropic:claude-haiku-5-5"))
    small = facts.price(Usage(input_tokens=100_000), NOW)
    large = facts.price(Usage(input_tokens=200_000), NOW)
    assert small is not None
    assert large is not None
    assert large > 2 * small


@pytest.mark.parametrize(
    "line",
    ["openai:gpt-6.1-terra@http://127.0.0.1:9/v1", "ollama:gpt-6.1-terra", "openai:no-such-model"],
    ids=["own server", "ollama", "unlisted"],
)
def test_what_nobody_lists_has_no_price_and_cautious_limits(line: str) -> None:
    facts = facts_of(parse_model_line(line))
    assert facts.price(Usage(input_tokens=10), NOW) is None
    assert replace(facts.limits, at_once=AT_ONCE) == ModelLimits()
    assert facts.describe_price(NOW) == ""


def test_the_operators_word_goes_first() -> None:
    stated = parse_facts(
        "gpt-6.1-terra window=32000 output=900 cliff=0 reasoning=50 input_price=1 output_price=2 "
        "cached_price=0.5"
    )
    facts = facts_of(parse_model_line("openai:gpt-6.1-terra"), [stated])
    assert facts.limits == ModelLimits(window=32000, output=900, reasoning_reserve=50)
    assert facts.price(
        Usage(input_tokens=1_000_000, output_tokens=1_000_000, cached_tokens=500_000), NOW
    ) == pytest.approx(0.5 + 0.25 + 2)


def test_facts_may_be_of_one_vendors_model() -> None:
    stated = parse_facts("ollama:qwen3 window=8000")
    assert facts_of(parse_model_line("ollama:qwen3"), [stated]).limits.window == 8000
    own = parse_model_line("openai:qwen3@http://127.0.0.1:9/v1")
    assert facts_of(own, [stated]).limits.window == 128_000


def test_the_output_never_exceeds_a_small_window() -> None:
    assert parse_facts("small window=4000").limits.output == 4000


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("my-model", "states nothing"),
        ("my-model colour=3", "none of the facts"),
        ("my-model window=many", "no usable number"),
        ("my-model window=-1", "no usable number"),
        ("my-model window=nan", "no usable number"),
        ("my-model input_price=1", "belong together"),
        ("my-model cached_price=1", "needs input_price"),
    ],
)
def test_a_line_that_cannot_be_read_says_why(line: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        parse_facts(line)
    assert "input_price=0.10" in caught.value.remedy


def test_limits_hold_for_every_model_that_may_answer() -> None:
    limits = smallest(
        [
            ModelLimits(window=8000, output=900, reasoning_reserve=100),
            ModelLimits(window=100_000, output=500, price_cliff=50_000),
        ]
    )
    assert limits == ModelLimits(window=8000, output=500, price_cliff=50_000, reasoning_reserve=100)
    assert smallest([]) == ModelLimits()


def test_an_unknown_cached_price_is_the_full_one() -> None:
    usage = Usage(input_tokens=1_000_000, cached_tokens=1_000_000)
    assert Prices(input=2, output=1).of(usage) == pytest.approx(2)
    assert ModelFacts(name="x").price(usage, NOW) is None


def test_how_much_a_model_is_to_think_is_stated_in_words() -> None:
    address = parse_model_line("openai:own@http://localhost:9")
    assert facts_of(address, [parse_facts("own thinking=low")]).thinking is Thinking.LOW
    assert facts_of(address).thinking is None
    with pytest.raises(ConfigError, match="'thinking=often' is none of off, minimal, low"):
        parse_facts("own thinking=often")
