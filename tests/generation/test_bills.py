"""What a call may have cost: a server that does not count, or goes silent, is not free."""

from __future__ import annotations

import json
from typing import Any

import pytest
from aiohttp import web

from copydesk.core.errors import ModelUnavailable
from copydesk.generation.address import open_model, parse_model_line
from copydesk.generation.catalogue import parse_facts
from copydesk.generation.port import Completion
from copydesk.testing.clocks import StoppedClock
from tests.generation.messages import request
from tests.generation.model_server import (
    Handler,
    ModelServer,
    anthropic_message,
    chat_completion,
    disconnects,
    says,
    streams,
)

PRICED = "local-model input_price=1 output_price=10"


async def asked(
    answer: dict[str, Any] | Handler, facts: str = PRICED, *, line: str = "openai:local-model@{}/v1"
) -> Completion:
    async with ModelServer() as server:
        server.answers = [answer]
        address = parse_model_line(line.format(server.url))
        async with open_model(
            address, key="", clock=StoppedClock(), timeout=60, facts=parse_facts(facts)
        ) as model:
            return await model.complete(request())


async def breaks_off(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
    """Begin to stream, and then say that there is something wrong."""
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    delta = {"role": "assistant", "content": "Well, "}
    chunk = {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1_790_000_000,
        "model": "local-model",
        "choices": [{"index": 0, "delta": delta, "finish_reason": None}],
    }
    fault = {"error": {"message": "overloaded", "type": "server_error"}}
    for event in (chunk, fault):
        await response.write(f"data: {json.dumps(event)}\n\n".encode())
    await response.write_eof()
    return response


@pytest.mark.parametrize(
    "usage",
    [
        None,
        {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0},
        {"prompt_tokens": 100, "completion_tokens": 0, "total_tokens": 100},
        {},
        {"prompt_tokens": 100},
        {"total_tokens": 120},
        {"prompt_tokens": None, "completion_tokens": None, "total_tokens": None},
        [],
    ],
    ids=["none", "nothing", "nothing written", "empty", "read", "all", "nulls", "nonsense"],
)
async def test_what_a_server_did_not_count_was_not_free(usage: Any) -> None:
    completion = await asked({**chat_completion("Yes."), "usage": usage})
    assert completion.text == "Yes."
    assert completion.cost_usd is None
    assert (await asked(chat_completion("Yes."))).cost_usd == pytest.approx(300e-6)


@pytest.mark.parametrize("usage", ["absent", None, {}, {"input_tokens": 100}, []])
async def test_nor_was_what_a_server_of_the_other_dialect_did_not_count(usage: Any) -> None:
    counted = anthropic_message("Yes.")
    answer = {**counted, "usage": usage}
    if usage == "absent":
        del answer["usage"]
    completion = await asked(answer, line="anthropic:local-model@{}")
    assert completion.text == "Yes."
    assert completion.cost_usd is None
    assert (await asked(counted, line="anthropic:local-model@{}")).cost_usd == pytest.approx(300e-6)


async def test_a_sum_that_is_missing_is_not_missed() -> None:
    usage = {"prompt_tokens": 100, "completion_tokens": 20}
    completion = await asked({**chat_completion("Yes."), "usage": usage})
    assert completion.cost_usd == pytest.approx(300e-6)


async def test_nor_was_a_stream_without_a_count() -> None:
    streamed = f"{PRICED} streamed=1"
    assert (await asked(streams("Yes.", output_tokens=None), streamed)).cost_usd is None
    assert (await asked(streams("Yes."), streamed)).cost_usd == pytest.approx(300e-6)


@pytest.mark.parametrize(
    ("answer", "is_free"),
    [
        (says(401), True),
        (says(429), True),
        (says(503), True),
        (disconnects, False),
        (breaks_off, False),
        (streams("Yes.", drops=True), False),
    ],
    ids=["key", "busy", "down", "reset", "fault in the stream", "reset in the stream"],
)
async def test_only_who_says_no_at_once_sends_no_bill(answer: Handler, is_free: bool) -> None:
    with pytest.raises(ModelUnavailable) as caught:
        await asked(answer, f"{PRICED} streamed=1")
    assert caught.value.is_free is is_free


async def test_nor_does_who_was_never_reached(free_port: int) -> None:
    address = parse_model_line(f"openai:m@http://127.0.0.1:{free_port}/v1")
    async with open_model(address, key="", clock=StoppedClock(), timeout=60) as model:
        with pytest.raises(ModelUnavailable) as caught:
            await model.complete(request())
    assert caught.value.is_free
