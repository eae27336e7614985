"""`/v1/render` and `/v1/validate`: the same renditions that the command line shows."""

from __future__ import annotations

import httpx2

from copydesk.platforms.kit.registry import platform_modules

TEXT = (
    """---
title: Opening hours
summary: We open on Sunday.
canonical_url: https://example.org/hours
odd: 1
---

We open on **Sunday**. """
    + "Come and see for yourself. " * 60
)


async def test_a_text_is_rendered_part_by_part_and_nothing_is_stored(
    program: httpx2.AsyncClient,
) -> None:
    answer = await program.post(
        "/v1/render", json={"text": TEXT, "platforms": ["x", "email"], "form": "thread"}
    )
    assert answer.status_code == 200
    thread, letter = answer.json()["results"]
    assert thread["form"] == "thread"
    assert len(thread["parts"]) > 1
    assert [part["text"] for part in thread["payload"]["parts"]] == thread["parts"]
    assert thread["losses"]
    assert letter["form"] != "thread"
    assert letter["payload"]["subject"] == "Opening hours"
    assert [note["code"] for note in answer.json()["notes"]] == ["field_unknown"]
    assert (await program.get("/v1/posts")).json()["items"] == []


async def test_all_platforms_are_rendered_and_validated_at_once(
    program: httpx2.AsyncClient,
) -> None:
    for path in ("/v1/render", "/v1/validate"):
        answer = await program.post(path, json={"text": TEXT, "platforms": ["all"]})
        assert answer.status_code == 200
        assert {one["platform"] for one in answer.json()["results"]} == set(platform_modules())


async def test_findings_say_field_remedy_and_severity(program: httpx2.AsyncClient) -> None:
    answer = await program.post(
        "/v1/validate", json={"text": "Word " * 800, "platforms": ["linkedin"]}
    )
    [judged] = answer.json()["results"]
    assert not judged["valid"]
    [finding] = [f for f in judged["findings"] if f["severity"] == "error"]
    assert finding["code"] == "text_too_long"
    assert finding["field"]
    assert finding["message"]
    assert finding["remedy"]


async def test_what_nobody_has_or_knows_is_refused(program: httpx2.AsyncClient) -> None:
    async def status(**given: object) -> int:
        return (await program.post("/v1/render", json={"text": "x", **given})).status_code

    assert await status(platforms=["site"], form="thread") == 422
    assert await status(platforms=["site"], form="poem") == 422
    assert await status(platforms=["myspace"]) == 404
    assert await status(accounts=["nobody"]) == 404
    assert await status() == 422


async def test_both_are_described_with_examples(program: httpx2.AsyncClient) -> None:
    schema = (await program.get("/v1/openapi.json")).json()
    for path, model in (("/v1/render", "RenderIn"), ("/v1/validate", "ValidateIn")):
        assert path in schema["paths"]
        assert schema["components"]["schemas"][model]["examples"]
