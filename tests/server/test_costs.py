"""Costs and reworking over HTTP."""

from __future__ import annotations

from dataclasses import replace

import httpx2

from copydesk.core.errors import ModelUnavailable
from copydesk.generation.scripted import ScriptedModel, faithful_reply
from copydesk.server import create_app
from copydesk.work.desk import Desk
from copydesk.work.incoming.submitting import submit
from copydesk.work.writing.composing import compose
from tests.server.conftest import ADDRESS
from tests.server.scene import make_token


async def speaking(desk: Desk, model: ScriptedModel) -> httpx2.AsyncClient:
    """A program that speaks to a desk with this model."""
    return httpx2.AsyncClient(
        transport=httpx2.ASGITransport(create_app(replace(desk, model=model))),
        base_url=ADDRESS,
        headers={"Authorization": f"Bearer {await make_token(desk)}"},
    )


async def test_what_is_transformed_is_booked_and_asked_once(desk: Desk) -> None:
    model = ScriptedModel(faithful_reply)
    asked = {"pipeline": "rewrite_and_polish", "input": "The lamp flickers. It arrived in March."}
    async with await speaking(desk, model) as program:
        first = (await program.post("/v1/transform", json=asked)).json()
        second = (await program.post("/v1/transform", json=asked)).json()
        report = (await program.get("/v1/costs", params={"by": "capability"})).json()
    assert len(model.requests) == 1
    assert [call["remembered"] for call in first["calls"] + second["calls"]] == [False, True]
    assert second["text"] == first["text"]
    assert (second["input_tokens"], second["cost_usd"]) == (0, 0)
    (line,) = report["lines"]
    assert (line["key"], line["answered"], line["remembered"]) == ("rewrite_and_polish", 1, 1)
    assert (report["calls"], report["saved"]) == (1, 1)
    assert report["latencies"][0]["tier"] == "capable"


async def test_a_budget_for_models_is_set_and_kept(desk: Desk, program: httpx2.AsyncClient) -> None:
    wanted = {"period": "day", "amount": "0", "spent_on": "models"}
    answer = await program.post("/v1/budgets", json=wanted)
    assert [line["spent_on"] for line in answer.json()["money"]] == ["models"]
    model = ScriptedModel(faithful_reply)
    async with await speaking(desk, model) as spending:
        done = await spending.post("/v1/transform", json={"pipeline": "polish", "input": "It is."})
        refused = await spending.post(
            "/v1/transform", json={"pipeline": "story", "input": "It is."}
        )
    assert model.requests == []
    assert "budget for models" in done.text
    assert refused.status_code == 503
    assert "budget for models" in refused.json()["detail"]
    (budget,) = (await program.get("/v1/costs")).json()["budgets"]
    assert (budget["period"], budget["limit"], budget["left"]) == ("day", 0, 0)


async def test_what_a_model_should_have_written_is_reworked(
    desk: Desk, program: httpx2.AsyncClient
) -> None:
    away = ScriptedModel(lambda _: ModelUnavailable("The model server answered 503."))
    raw = b"From: ada@example.org\nSubject: Lamp\n\nthe lamp flickers. it came in March"
    taken = await submit(desk, raw, filename="a.eml", actor="test")
    await compose(replace(desk, model=away), taken.submission.id)
    seen = (await program.post("/v1/rework", json={"dry_run": True})).json()
    assert [one["because"] for one in seen["looked"]] == ["The model server answered 503."]
    done = (await program.post("/v1/rework", json={"posts": [seen["looked"][0]["post_id"]]})).json()
    assert (done["queued"], done["looked"][0]["verdict"]) == (1, "queued")
    assert (await program.post("/v1/rework", json={"posts": ["pst_nobody"]})).status_code == 404


async def test_a_time_that_makes_no_sense_is_refused(program: httpx2.AsyncClient) -> None:
    backwards = {"since": "2026-11-02T00:00:00Z", "until": "2026-11-01T00:00:00Z"}
    assert (await program.get("/v1/costs", params=backwards)).status_code == 422
    assert (await program.get("/v1/costs", params={"by": "colour"})).status_code == 422
