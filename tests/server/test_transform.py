"""`/v1/transform`: both shapes, one call for neighbours, once per key."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import httpx2
import pytest

from copydesk.core.errors import ModelUnavailable
from copydesk.generation.scripted import ScriptedModel, faithful_reply
from copydesk.server import create_app
from copydesk.server.api.transform import TransformIn
from copydesk.server.security import BODY_LIMIT
from copydesk.work.desk import Desk
from tests.server.conftest import ADDRESS
from tests.server.scene import make_token

TEXT = "The lamp arrived on 3 March and flickers. Its order number is AB-2217."
MAIL = f"From: anna@example.org\nSubject: Lamp\n\n{TEXT}\n\n-- \nAnna Vogel\nExample Ltd\n"


@pytest.fixture
def model() -> ScriptedModel:
    return ScriptedModel(faithful_reply)


@pytest.fixture
async def assisted(desk: Desk, model: ScriptedModel) -> AsyncIterator[httpx2.AsyncClient]:
    """A program that speaks to a desk with a model."""
    headers = {"Authorization": f"Bearer {await make_token(desk)}"}
    transport = httpx2.ASGITransport(create_app(replace(desk, model=model)))
    async with httpx2.AsyncClient(transport=transport, base_url=ADDRESS, headers=headers) as client:
        yield client


async def test_one_stage_by_name(assisted: httpx2.AsyncClient, model: ScriptedModel) -> None:
    answer = await assisted.post(
        "/v1/transform",
        json={
            "pipeline": "rewrite_and_polish",
            "input": TEXT,
            "context": ["When did it arrive?", {"author": "Anna", "text": "In spring."}],
        },
    )
    assert answer.status_code == 200
    done = answer.json()
    assert done["text"] == TEXT
    assert done["stages"][0]["tier"] == "capable"
    assert done["stages"][0]["data"]["segment_map"] == [
        {"segment": "s0", "fate": "kept", "reason": ""}
    ]
    assert done["calls"][0]["prompt_version"] == "rewrite_and_polish.v3"
    assert done["cost_usd"] == 0.0
    assert done["verdict"] in {"passed", "flagged"}
    assert '"from": "Anna"' in model.requests[0].user


async def test_the_older_shape_is_one_call(
    assisted: httpx2.AsyncClient, model: ScriptedModel
) -> None:
    older = {"pipeline": ["parse", "rewrite", "polish"], "payload": MAIL, "max_tokens": 2000}
    done = (await assisted.post("/v1/transform", json=older)).json()
    assert len(model.requests) == len(done["calls"]) == 1
    assert [stage["stage"] for stage in done["stages"]] == ["parse", "rewrite", "polish"]
    assert done["stages"][1]["fused_into"] == "polish"
    assert done["stages"][0]["data"]["subject"] == "Lamp"
    assert done["text"] == TEXT


async def test_an_object_is_read_as_a_form(program: httpx2.AsyncClient) -> None:
    given = {"pipeline": "parse", "payload": {"name": "Anna Vogel", "message": TEXT}}
    done = (await program.post("/v1/transform", json=given)).json()
    assert done["stages"][0]["data"]["source"] == "form"
    assert TEXT in done["text"]


async def test_a_cap_that_would_cut_is_refused_with_the_numbers(
    assisted: httpx2.AsyncClient, model: ScriptedModel
) -> None:
    answer = await assisted.post(
        "/v1/transform",
        json={"pipeline": ["parse", "rewrite", "polish"], "payload": MAIL, "max_tokens": 30},
    )
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error["field"] == "max_tokens"
    assert "30" in error["message"]
    assert model.requests == []


async def test_without_a_model_rules_do_what_they_can(program: httpx2.AsyncClient) -> None:
    given = {"pipeline": ["parse", "rewrite", "polish", "summarize"], "input": TEXT.lower()}
    done = (await program.post("/v1/transform", json=given)).json()
    assert {stage["tier"] for stage in done["stages"]} == {"rules"}
    assert done["calls"] == []
    assert "made_by_rules" in {note["code"] for note in done["notes"]}
    answer = await program.post("/v1/transform", json={"pipeline": "story", "input": TEXT})
    assert answer.status_code == 422
    assert answer.json()["code"] == "model_needed"
    assert "`model`" in answer.text


async def test_a_model_that_is_away_is_a_503(desk: Desk) -> None:
    away = replace(desk, model=ScriptedModel(lambda _: ModelUnavailable("nobody answers")))
    headers = {"Authorization": f"Bearer {await make_token(desk)}"}
    transport = httpx2.ASGITransport(create_app(away))
    async with httpx2.AsyncClient(transport=transport, base_url=ADDRESS, headers=headers) as client:
        answer = await client.post("/v1/transform", json={"pipeline": "reply", "input": TEXT})
    assert answer.status_code == 503
    assert "nobody answers" in answer.text


async def test_the_same_key_asks_the_model_once(
    assisted: httpx2.AsyncClient, model: ScriptedModel
) -> None:
    given = {"pipeline": "rewrite_and_polish", "input": TEXT}
    first, again = [
        await assisted.post("/v1/transform", json=given, headers={"Idempotency-Key": "once"})
        for _ in range(2)
    ]
    assert again.json() == first.json()
    assert len(model.requests) == 1
    other = {**given, "input": "Another text."}
    conflict = await assisted.post("/v1/transform", json=other, headers={"Idempotency-Key": "once"})
    assert conflict.status_code == 409


@pytest.mark.parametrize(
    "given",
    [
        {"pipeline": "translate", "input": TEXT},
        {"pipeline": [], "input": TEXT},
        {"pipeline": "parse"},
        {"pipeline": "parse", "input": TEXT, "payload": TEXT},
        {"pipeline": "parse", "input": ""},
        {"pipeline": "parse", "input": TEXT, "max_tokens": 0},
    ],
)
async def test_what_makes_no_sense_is_refused(
    program: httpx2.AsyncClient, given: dict[str, object]
) -> None:
    assert (await program.post("/v1/transform", json=given)).status_code == 422


async def test_only_authors_may_spend(
    desk: Desk, assisted: httpx2.AsyncClient, model: ScriptedModel
) -> None:
    given = {"pipeline": "rewrite_and_polish", "input": TEXT}
    viewer = {"Authorization": f"Bearer {await make_token(desk, 'viewer')}"}
    answer = await assisted.post("/v1/transform", json=given, headers=viewer)
    assert answer.status_code == 403
    nobody = {"Authorization": ""}
    assert (await assisted.post("/v1/transform", json=given, headers=nobody)).status_code == 401
    assert model.requests == []


async def test_it_is_described_with_examples(program: httpx2.AsyncClient) -> None:
    schema = (await program.get("/v1/openapi.json")).json()
    examples = schema["components"]["schemas"]["TransformIn"]["examples"]
    assert "/v1/transform" in schema["paths"]
    assert schema["components"]["schemas"]["TransformedOut"]["examples"]
    for example in examples:
        # without a model what only it can do is refused as such, not as a request that is wrong
        answer = await program.post("/v1/transform", json=example)
        assert answer.status_code == 200 or answer.json()["code"] == "model_needed"


async def test_a_caller_hears_when_a_busy_model_may_be_asked_again(desk: Desk) -> None:
    limit = ModelUnavailable("The model server answered 429.", answered=429, wait=7.2)
    given = {"pipeline": "improve", "input": TEXT}
    headers = {"Authorization": f"Bearer {await make_token(desk)}"}
    app = create_app(replace(desk, model=ScriptedModel([limit])))
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url=ADDRESS, headers=headers) as client:
        first = await client.post("/v1/transform", json=given)
        second = await client.post("/v1/transform", json=given)
    assert (first.status_code, first.headers["retry-after"]) == (503, "8")
    assert first.json()["code"] == "model_unavailable"
    assert second.status_code == 503
    assert 1 <= int(second.headers["retry-after"]) <= 8
    assert "wants to be left alone" in second.json()["detail"]


@pytest.mark.parametrize(
    ("body", "status", "code", "field"),
    [
        (b'{"pipeline": "polish", "input": " "}', 422, "empty", "input"),
        (b'{"pipeline": "parse", "payload": "a\\u0000b"}', 422, "binary", "payload"),
        (b'{"pipeline": "polish", "input": 5}', 422, "request_invalid", "input"),
        (b'{"pipeline": ["polish", "x"], "input": "a"}', 422, "request_invalid", "pipeline"),
        (
            b'{"pipeline": "polish", "input": "a", "context": [5]}',
            422,
            "request_invalid",
            "context.0",
        ),
        (b'{"pipeline": "polish", "input": "\xff"}', 400, "bad_request", ""),
    ],
    ids=["empty", "binary", "number", "stage", "context", "not UTF-8"],
)
async def test_what_cannot_be_worked_on_names_its_field(
    program: httpx2.AsyncClient, body: bytes, status: int, code: str, field: str
) -> None:
    answer = await program.post(
        "/v1/transform", content=body, headers={"Content-Type": "application/json"}
    )
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (status, code)
    assert field in [error["field"] for error in problem["errors"]] or not field
    assert field or (problem["detail"], bool(problem["remedy"])) == (
        "The body is not JSON in UTF-8.",
        True,
    )


def test_a_text_of_the_length_that_is_offered_fits_into_a_request() -> None:
    longest = TransformIn.model_json_schema()["$defs"]["EarlierIn"]["properties"]["text"]
    assert longest["maxLength"] < BODY_LIMIT
