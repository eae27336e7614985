"""`/v1/probe`: a text down the live path, and what messages with a known answer have found."""

from __future__ import annotations

import httpx2
import pytest

TEXT = "hi, order ORD-4821 still not here!! refund of $49.90 pls"


async def test_a_text_goes_down_the_live_path_and_is_kept_nowhere(
    program: httpx2.AsyncClient,
) -> None:
    answer = await program.post("/v1/probe", json={"text": TEXT})
    assert answer.status_code == 200
    found = answer.json()
    assert 0 < found["similarity"] <= 1
    assert found["latency_ms"] >= 0
    assert "ORD-4821" in found["text"]
    assert {"check", "severity", "message", "span"} == found["issues"][0].keys()
    assert found["risk"] == "high"
    assert found["waits_because"]
    posts = await program.get("/v1/posts")
    assert posts.json()["items"] == []


async def test_a_message_with_its_kind_is_parsed_as_such(program: httpx2.AsyncClient) -> None:
    mail = f"From: Ada <ada@example.org>\nSubject: Order\n\n{TEXT}\n\n-- \nAda\nExample Ltd\n"
    answer = await program.post("/v1/probe", json={"text": mail, "source": "email"})
    assert "Example Ltd" not in answer.json()["source"]


@pytest.mark.parametrize("body", [{}, {"text": ""}, {"text": TEXT, "more": 1}])
async def test_what_is_no_text_is_refused(program: httpx2.AsyncClient, body: object) -> None:
    assert (await program.post("/v1/probe", json=body)).status_code == 422


async def test_known_answers_are_sent_listed_and_summed_up(program: httpx2.AsyncClient) -> None:
    for kind in ("number_changed", "intact"):
        sent = await program.post("/v1/probe/known", json={"kind": kind, "seed": 3})
        assert sent.status_code == 201
    page = (await program.get("/v1/probe/known", params={"limit": 1})).json()
    assert [one["state"] for one in page["items"]] == ["cleared"]
    following = {"limit": 1, "cursor": page["next"]}
    rest = (await program.get("/v1/probe/known", params=following)).json()
    assert [one["kind"] for one in rest["items"]] == ["number_changed"]
    only = (await program.get("/v1/probe/known", params={"state": "missed"})).json()
    assert only["items"] == []
    counts = (await program.get("/v1/probe/summary")).json()["counts"]
    assert counts == {"number_changed": {"caught": 1}, "intact": {"cleared": 1}}
    odd = await program.get("/v1/probe/known", params={"cursor": "nowhere"})
    assert odd.status_code == 400
