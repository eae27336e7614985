"""What a server does not know is not sent to it: a cap by another name, a temperature."""

from __future__ import annotations

import pytest

from copydesk.generation.address import open_model, parse_model_line
from copydesk.generation.catalogue import parse_facts
from copydesk.testing.clocks import StoppedClock
from tests.generation.messages import request
from tests.generation.model_server import ModelServer, anthropic_message, chat_completion

OLDER, NEWER = "max_tokens", "max_completion_tokens"


@pytest.mark.parametrize(
    ("model", "known_as"),
    [
        ("ollama:qwen3", OLDER),
        ("ollama:gpt-oss:20b", OLDER),
        ("openai:local-model", OLDER),
        ("openai:mistral-small", OLDER),
        ("openai:gpt-6.1-sol", NEWER),
        ("openai:o3-mini", NEWER),
        ("anthropic:claude-sonnet-5-5", OLDER),
    ],
)
async def test_a_server_of_ones_own_is_told_the_cap(model: str, known_as: str) -> None:
    is_anthropic = model.startswith("anthropic")
    async with ModelServer() as server:
        server.answers = [anthropic_message("Yes.") if is_anthropic else chat_completion("Yes.")]
        address = parse_model_line(f"{model}@{server.url}{'' if is_anthropic else '/v1'}")
        async with open_model(address, key="k", clock=StoppedClock(), timeout=60) as opened:
            await opened.complete(request(max_tokens=321))
    (sent,) = server.requests
    assert {name: sent[name] for name in (OLDER, NEWER) if name in sent} == {known_as: 321}


@pytest.mark.parametrize(
    ("model", "thinking", "is_sent"),
    [
        ("openai:local-model", "", True),
        ("ollama:qwen3", "low", True),
        ("openai:gpt-5.1", "", True),
        ("openai:gpt-5.1", "off", True),
        ("openai:gpt-5.1", "low", False),
        ("openai:gpt-6.1-sol", "", False),
        ("openai:gpt-6.1-sol", "off", False),
        ("anthropic:claude-sonnet-5-5", "", False),
        ("anthropic:claude-3-haiku", "", True),
    ],
)
async def test_only_a_model_that_has_a_temperature_is_given_one(
    model: str, thinking: str, is_sent: bool
) -> None:
    is_anthropic = model.startswith("anthropic")
    async with ModelServer() as server:
        server.answers = [anthropic_message("Yes.") if is_anthropic else chat_completion("Yes.")]
        address = parse_model_line(f"{model}@{server.url}{'' if is_anthropic else '/v1'}")
        facts = parse_facts(f"{address.name} thinking={thinking}") if thinking else None
        async with open_model(
            address, key="k", clock=StoppedClock(), timeout=60, facts=facts
        ) as opened:
            await opened.complete(request())
    (sent,) = server.requests
    assert ("temperature" in sent) is is_sent
