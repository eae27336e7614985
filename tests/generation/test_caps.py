"""The output cap goes by the name that a server knows: one that it does not know is no cap."""

from __future__ import annotations

import pytest

from copydesk.generation.address import open_model, parse_model_line
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
@pytest.mark.filterwarnings("ignore:Sampling parameters")  # the library's, for models that think
async def test_a_server_of_ones_own_is_told_the_cap(model: str, known_as: str) -> None:
    is_anthropic = model.startswith("anthropic")
    async with ModelServer() as server:
        server.answers = [anthropic_message("Yes.") if is_anthropic else chat_completion("Yes.")]
        address = parse_model_line(f"{model}@{server.url}{'' if is_anthropic else '/v1'}")
        async with open_model(address, key="k", clock=StoppedClock(), timeout=60) as opened:
            await opened.complete(request(max_tokens=321))
    (sent,) = server.requests
    assert {name: sent[name] for name in (OLDER, NEWER) if name in sent} == {known_as: 321}
