"""The adapter against a real HTTP server: what arrives, and what is made of a bad day."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web

from copydesk.core.errors import ModelReplyInvalid, ModelUnavailable
from copydesk.core.post import Tier
from copydesk.generation.address import open_model, parse_model_line
from copydesk.generation.catalogue import Thinking, facts_of, parse_facts
from copydesk.generation.port import Model, Usage
from copydesk.generation.replies import REWRITE_SCHEMAS
from copydesk.generation.rewrite_and_polish import rewrite_and_polish
from copydesk.generation.scripted import tokens
from tests.generation.messages import DELIMITER, material, request
from tests.generation.model_server import (
    Handler,
    ModelServer,
    anthropic_message,
    chat_completion,
    closes_kept,
    disconnects,
    says,
)

pydantic_ai = pytest.importorskip("pydantic_ai", reason="the extra [llm] is not installed")

TEXT = "v2.4.1 is out. It fixes the login loop (#311)."
REPLY: dict[str, Any] = {
    "rewritten": "Version v2.4.1 is out and fixes the login loop (#311).",
    "title": "v2.4.1 is out",
    "summary": "",
    "tags": [],
    "category": "announcement",
    "segment_map": [{"segment": "s0", "fate": "kept"}],
    "omitted": [],
    "open_questions": [],
    "confidence": 0.9,
}


class SteppingClock:
    """Each look at the clock is a quarter of a second later than the one before."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return datetime(2026, 11, 21, tzinfo=UTC)

    def monotonic(self) -> float:
        self.seconds += 0.25
        return self.seconds


@pytest.fixture(autouse=True)
def _requests_allowed_here_only() -> Iterator[None]:
    from pydantic_ai.models import override_allow_model_requests

    with override_allow_model_requests(True):
        yield


@pytest.fixture
async def server() -> AsyncIterator[ModelServer]:
    async with ModelServer() as running:
        yield running


@pytest.fixture
async def model(server: ModelServer) -> AsyncIterator[Model]:
    address = parse_model_line(f"openai:local-model@{server.url}/v1")
    async with open_model(address, key="k3y", clock=SteppingClock(), timeout=60) as opened:
        yield opened


@pytest.fixture
async def hasty_model(server: ModelServer) -> AsyncIterator[Model]:
    """For servers that never answer: so soon that a request may not even have arrived."""
    address = parse_model_line(f"openai:local-model@{server.url}/v1")
    async with open_model(address, key="", clock=SteppingClock(), timeout=0.2) as opened:
        yield opened


# ---------------------------------------------------------------- what is sent and read


async def test_a_request_arrives_as_it_was_meant(server: ModelServer, model: Model) -> None:
    server.answers = [chat_completion(json.dumps(REPLY))]
    await model.complete(
        request(max_tokens=777, system="Be brief.", user="…", reply=REWRITE_SCHEMAS["lines"])
    )
    sent = server.requests[0]
    assert sent["model"] == "local-model"
    assert [(m["role"], m["content"]) for m in sent["messages"]] == [
        ("system", "Be brief."),
        ("user", "…"),
    ]
    assert 777 in {sent.get("max_tokens"), sent.get("max_completion_tokens")}
    assert sent["temperature"] == 0.2
    schema = sent["response_format"]["json_schema"]
    assert schema["name"] == "rewrite_and_polish"
    assert list(schema["schema"]["properties"]) == list(REPLY)
    assert "tools" not in sent, "the call has no functions"
    assert server.headers[0]["authorization"] == "Bearer k3y"


async def test_the_envelope_holds_what_the_server_said(server: ModelServer, model: Model) -> None:
    server.answers = [chat_completion("All is well.", output_tokens=4)]
    completion = await model.complete(request())
    assert completion.text == "All is well."
    assert completion.object is None
    assert completion.finish_reason == "stop"
    assert (completion.usage.input_tokens, completion.usage.output_tokens) == (100, 4)
    assert completion.model == "local-model-0815"
    assert completion.cost_usd is None, "a server of one's own has no list price"
    assert completion.latency_ms == 250


async def test_no_key_of_the_environment_is_sent_to_another_server(
    server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-not-yours")
    server.answers = [chat_completion("Yes.")]
    address = parse_model_line(f"openai:local-model@{server.url}/v1")
    async with open_model(address, key="", clock=SteppingClock(), timeout=60) as model:
        await model.complete(request())
    assert "sk-not-yours" not in json.dumps(server.headers)


@pytest.mark.parametrize(
    ("stop_reason", "tier"), [("end_turn", Tier.CAPABLE), ("max_tokens", Tier.RULES)]
)
async def test_the_anthropic_dialect(server: ModelServer, stop_reason: str, tier: Tier) -> None:
    server.answers = [anthropic_message(json.dumps(REPLY), stop_reason=stop_reason)]
    address = parse_model_line(f"anthropic:claude-local@{server.url}")
    async with open_model(address, key="k3y", clock=SteppingClock(), timeout=60) as model:
        rewrite = await rewrite_and_polish(material(TEXT), model=model, delimiter=DELIMITER)
    assert rewrite.tier is tier
    assert "k3y" in server.headers[0]["authorization"]


async def test_the_ollama_dialect(server: ModelServer) -> None:
    server.answers = [chat_completion(json.dumps(REPLY))]
    address = parse_model_line(f"ollama:qwen3@{server.url}/v1")
    async with open_model(address, key="", clock=SteppingClock(), timeout=60) as model:
        rewrite = await rewrite_and_polish(material(TEXT), model=model, delimiter=DELIMITER)
    assert rewrite.tier is Tier.CAPABLE


@pytest.mark.parametrize(
    ("line", "thinking", "sent"),
    [
        ("openai:local-model", Thinking.OFF, {"reasoning_effort": "none"}),
        ("openai:local-model", Thinking.LOW, {"reasoning_effort": "low"}),
        ("openai:local-model", None, {}),
        ("ollama:qwen3", Thinking.OFF, {"reasoning_effort": "none"}),
        ("ollama:gpt-oss", Thinking.LOW, {"reasoning_effort": "low"}),
        # this one thinks only when it is asked to
        ("anthropic:claude-opus-4-6", Thinking.OFF, {}),
        (
            "anthropic:claude-opus-4-6",
            Thinking.LOW,
            {"thinking": {"type": "adaptive"}, "output_config": {"effort": "low"}},
        ),
        ("anthropic:claude-opus-4-6", None, {}),
    ],
)
async def test_a_model_is_asked_to_think_so_much_in_its_own_dialect(
    server: ModelServer, line: str, thinking: Thinking | None, sent: dict[str, object]
) -> None:
    is_anthropic = line.startswith("anthropic")
    server.answers = [anthropic_message("Yes.") if is_anthropic else chat_completion("Yes.")]
    address = parse_model_line(f"{line}@{server.url}{'' if is_anthropic else '/v1'}")
    facts = replace(facts_of(address), thinking=thinking)
    async with open_model(
        address, key="k3y", clock=SteppingClock(), timeout=60, facts=facts
    ) as model:
        await model.complete(request(max_tokens=4000))
    found = {
        key: server.requests[0].get(key)
        for key in ("reasoning_effort", "thinking", "output_config")
    }
    assert {key: value for key, value in found.items() if value is not None} == sent


# ---------------------------------------------------------------- from the wire to the text


async def test_one_message_is_one_call(server: ModelServer, model: Model) -> None:
    server.answers = [chat_completion(json.dumps(REPLY))]
    rewrite = await rewrite_and_polish(material(TEXT), model=model, delimiter=DELIMITER)
    assert rewrite.tier is Tier.CAPABLE
    assert rewrite.body == REPLY["rewritten"]
    assert len(server.requests) == 1


def cut(content: str, **more: Any) -> dict[str, Any]:
    return chat_completion("".join(tokens(content)[:-9]), **more)


WHOLE = json.dumps(REPLY)
SHORT = json.dumps({**REPLY, "rewritten": "Version v2.4.1 is out."})


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(cut(WHOLE, finish_reason="length"), id="honest"),
        pytest.param(cut(WHOLE), id="claims stop"),
        pytest.param(cut(WHOLE, finish_reason="tool_calls"), id="claims tool_calls"),
        pytest.param(chat_completion(WHOLE, finish_reason="length"), id="whole, says length"),
        pytest.param(chat_completion(WHOLE, finish_reason=None), id="no finish reason"),
        pytest.param(chat_completion(WHOLE, finish_reason="guardrail"), id="unknown reason"),
        pytest.param(chat_completion(WHOLE, output_tokens=10**6), id="used up the cap"),
        pytest.param(chat_completion(SHORT), id="valid but short"),
        pytest.param(chat_completion(""), id="empty"),
        pytest.param(chat_completion(None, refusal="No."), id="refused"),
    ],
)
async def test_a_reply_in_doubt_is_never_used(
    server: ModelServer, model: Model, answer: dict[str, Any]
) -> None:
    server.answers = [answer]
    rewrite = await rewrite_and_polish(material(TEXT), model=model, delimiter=DELIMITER)
    assert rewrite.tier is Tier.RULES
    assert rewrite.body == TEXT
    assert rewrite.degraded_because
    assert len(server.requests) == 2
    caps = [r.get("max_completion_tokens") or r["max_tokens"] for r in server.requests]
    assert caps[1] == 2 * caps[0]


async def test_a_cut_reply_is_made_good_by_the_second(server: ModelServer, model: Model) -> None:
    server.answers = [cut(WHOLE, finish_reason="length"), chat_completion(WHOLE)]
    rewrite = await rewrite_and_polish(material(TEXT), model=model, delimiter=DELIMITER)
    assert rewrite.tier is Tier.CAPABLE
    evidence = rewrite.attempts[0].completion
    assert evidence is not None
    assert evidence.text == "".join(tokens(WHOLE)[:-9])


# ---------------------------------------------------------------- bad days


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (says(429, '{"error": {"message": "slow down"}}', retry_after="7"), "429"),
        (says(500, "<html>oops</html>"), "500"),
        (says(503), "503"),
        (says(401, '{"error": {"message": "bad key"}}'), "401"),
        (says(404, '{"error": {"message": "no such model"}}'), "404"),
        (disconnects, "could not be reached"),
    ],
    ids=["429", "500", "503", "401", "404", "disconnect"],
)
async def test_a_server_that_fails_is_unavailable_and_asked_once(
    server: ModelServer, model: Model, answer: Handler, said: str
) -> None:
    server.answers = [answer]
    with pytest.raises(ModelUnavailable, match=said):
        await model.complete(request())
    assert len(server.requests) == 1, "the SDK must not retry"


async def test_a_server_that_hangs_is_given_up(server: ModelServer, hasty_model: Model) -> None:
    server.answers = [server.hang]
    with pytest.raises(ModelUnavailable):
        await hasty_model.complete(request())
    assert len(server.requests) <= 1


async def test_a_server_that_closes_kept_connections_costs_one_answer(
    server: ModelServer, model: Model
) -> None:
    server.answers = [closes_kept("Yes.")]
    assert (await model.complete(request())).text == "Yes."
    with pytest.raises(ModelUnavailable, match="could not be reached"):
        await model.complete(request())
    for _ in range(4):
        assert (await model.complete(request())).text == "Yes."


async def test_closing_leaves_no_connection_open(server: ModelServer) -> None:
    server.answers = [chat_completion("Yes.")]
    address = parse_model_line(f"openai:local-model@{server.url}/v1")
    model = open_model(address, key="", clock=SteppingClock(), timeout=60)
    await model.complete(request())
    assert server.connections == 1
    await model.aclose()
    async with asyncio.timeout(60):
        while server.connections:  # noqa: ASYNC110 - aiohttp has no event for it
            await asyncio.sleep(0)


async def test_nobody_listens(free_port: int) -> None:
    address = parse_model_line(f"openai:m@http://127.0.0.1:{free_port}/v1")
    async with open_model(address, key="", clock=SteppingClock(), timeout=60) as model:
        with pytest.raises(ModelUnavailable, match="could not be reached"):
            await model.complete(request())


@pytest.mark.parametrize(
    "answer",
    [
        says(200, "<html>It works!</html>", content_type="text/html"),
        says(200, "{", content_type="application/json"),
        says(200, "", content_type="application/json"),
        says(200, "[]", content_type="application/json"),
        says(200, "{}", content_type="application/json"),
        says(200, '{"choices": []}', content_type="application/json"),
        says(200, '{"choices": "x"}', content_type="application/json"),
        says(200, '"text"', content_type="application/json"),
    ],
    ids=["html", "half json", "nothing", "list", "empty", "no choice", "choices", "string"],
)
async def test_garbage_is_never_a_reply(server: ModelServer, model: Model, answer: Handler) -> None:
    server.answers = [answer]
    with pytest.raises((ModelReplyInvalid, ModelUnavailable)):
        await model.complete(request())
    rewrite = await rewrite_and_polish(material(TEXT), model=model, delimiter=DELIMITER)
    assert rewrite.tier is Tier.RULES
    assert rewrite.body == TEXT


async def test_the_tripwire_reaches_through_the_adapter(server: ModelServer, model: Model) -> None:
    from pydantic_ai.models import override_allow_model_requests

    with override_allow_model_requests(False), pytest.raises(RuntimeError, match="not allowed"):
        await model.complete(request())
    assert not server.requests


@pytest.mark.parametrize("count", [0, 2**31, 10**30])
async def test_a_count_that_cannot_be_one_is_none(
    server: ModelServer, model: Model, count: int
) -> None:
    answer = chat_completion("All right.", output_tokens=50)
    answer["usage"] |= {"prompt_tokens": count, "prompt_tokens_details": {"cached_tokens": count}}
    server.answers = [answer]
    completion = await model.complete(request())
    assert completion.usage == Usage(output_tokens=50)


async def test_what_the_server_had_kept_is_told_and_priced(server: ModelServer) -> None:
    answer = chat_completion("All right.", output_tokens=50)
    answer["usage"] |= {
        "prompt_tokens": 1000,
        "total_tokens": 1050,
        "prompt_tokens_details": {"cached_tokens": 800},
    }
    server.answers = [answer]
    facts = parse_facts("local-model input_price=1 output_price=10 cached_price=0.1")
    address = parse_model_line(f"openai:local-model@{server.url}/v1")
    async with open_model(
        address, key="", clock=SteppingClock(), timeout=60, facts=facts
    ) as opened:
        completion = await opened.complete(request())
    assert completion.usage == Usage(input_tokens=1000, output_tokens=50, cached_tokens=800)
    assert completion.cost_usd == pytest.approx((200 * 1 + 800 * 0.1 + 50 * 10) / 1e6)


async def test_a_server_that_says_no_is_told_from_one_that_is_silent(
    server: ModelServer, model: Model
) -> None:
    server.answers = [says(401), says(503), disconnects]
    answered = []
    for _ in range(3):
        with pytest.raises(ModelUnavailable) as caught:
            await model.complete(request())
        answered.append(caught.value.answered)
    assert answered == [401, 503, None]


async def drips(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
    """Begin an answer at once and never end it: each piece comes in time."""
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(request)
    while True:
        await response.write(b" ")
        await asyncio.sleep(0.01)


async def test_a_server_that_answers_for_ever_is_given_up(
    server: ModelServer, hasty_model: Model
) -> None:
    server.answers = [drips]
    with pytest.raises(ModelUnavailable, match=r"in full within 0\.2 seconds"):
        await hasty_model.complete(request())


@pytest.mark.parametrize("vendor", ["openai", "anthropic", "ollama"])
async def test_how_long_a_server_wants_to_be_left_alone_is_told(
    server: ModelServer, vendor: str
) -> None:
    server.answers = [
        says(429, '{"error": {"message": "slow down"}}', retry_after="7"),
        says(529, '{"error": {"message": "overloaded"}}', retry_after="7"),
        says(503),
    ]
    address = parse_model_line(f"{vendor}:local-model@{server.url}/v1")
    waits = []
    async with open_model(address, key="k3y", clock=SteppingClock(), timeout=60) as model:
        for _ in server.answers:
            with pytest.raises(ModelUnavailable) as caught:
                await model.complete(request())
            waits.append(caught.value.wait)
    assert waits == [7.0, 7.0, None]
    assert len(server.requests) == 3, "each was asked once"
