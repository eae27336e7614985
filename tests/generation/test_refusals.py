"""A server that refuses what it was asked is quoted, in short, and what may help is said."""

from __future__ import annotations

import json
from typing import Any

import pytest

from copydesk.core.errors import ModelReplyInvalid, ModelUnavailable
from copydesk.generation.address import open_model, parse_model_line
from copydesk.testing.clocks import StoppedClock
from tests.generation.messages import request
from tests.generation.model_server import Handler, ModelServer, says

TOO_LONG = "This model's maximum context length is 8192 tokens. Your messages have 9001."


async def refused(answer: Handler, vendor: str = "openai") -> ModelUnavailable:
    async with ModelServer() as server:
        server.answers = [answer]
        path = "" if vendor == "anthropic" else "/v1"
        address = parse_model_line(f"{vendor}:local-model@{server.url}{path}")
        async with open_model(address, key="", clock=StoppedClock(), timeout=60) as model:
            with pytest.raises((ModelUnavailable, ModelReplyInvalid)) as caught:
                await model.complete(request())
    assert isinstance(caught.value, ModelUnavailable)
    return caught.value


def fault(message: str, **more: Any) -> str:
    return json.dumps({"error": {"message": message, "type": "invalid_request_error", **more}})


async def test_a_prompt_too_long_for_the_server_names_the_setting() -> None:
    error = await refused(says(400, fault(TOO_LONG, code="context_length_exceeded")))
    assert TOO_LONG in error.message
    assert "local-model window=TOKENS" in error.message
    assert error.is_free


@pytest.mark.parametrize("vendor", ["openai", "anthropic", "ollama"])
async def test_what_a_server_does_not_take_is_said_in_its_words(vendor: str) -> None:
    error = await refused(says(400, fault("temperature is not supported")), vendor)
    assert "(400): temperature is not supported" in error.message
    assert "model line" in error.remedy


@pytest.mark.parametrize("body", ["", "<html>no</html>", "[]", '{"error": {"message": 7}}', "{}"])
async def test_without_words_it_is_refused_all_the_same(body: str) -> None:
    assert "(422): " in (await refused(says(422, body))).message


async def test_a_wrong_key_is_never_repeated() -> None:
    error = await refused(says(401, fault("Incorrect API key provided: sk-abc123")))
    assert "sk-abc" not in str(error)


@pytest.mark.parametrize("vendor", ["openai", "anthropic"])
@pytest.mark.parametrize("status", [200, 400, 500])
async def test_a_page_is_not_repeated_whole(vendor: str, status: int) -> None:
    page = f"<html>{'y' * 200_000}</html>"
    async with ModelServer() as server:
        server.answers = [says(status, page, content_type="text/html")]
        path = "" if vendor == "anthropic" else "/v1"
        address = parse_model_line(f"{vendor}:local-model@{server.url}{path}")
        async with open_model(address, key="", clock=StoppedClock(), timeout=60) as model:
            with pytest.raises((ModelUnavailable, ModelReplyInvalid)) as caught:
                await model.complete(request())
    assert len(str(caught.value)) < 500
