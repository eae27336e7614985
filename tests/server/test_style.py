"""The style guide over HTTP."""

from __future__ import annotations

import httpx2


async def test_a_style_guide_is_set_and_shown(program: httpx2.AsyncClient) -> None:
    assert (await program.get("/v1/style")).json() == {"version": 0, "name": "", "text": ""}
    body = {"text": "# Dates\n\nWrite 3 March."}
    done = await program.post("/v1/style", json=body)
    assert done.status_code == 200
    assert done.json() == {"version": 1, "name": "style.v1", **body}
    again = await program.post("/v1/style", json=body)
    assert again.json()["version"] == 1
    assert (await program.get("/v1/style")).json() == done.json()


async def test_one_that_is_too_long_is_refused(program: httpx2.AsyncClient) -> None:
    done = await program.post("/v1/style", json={"text": "x" * 200_001})
    assert done.status_code == 422
    assert (await program.get("/v1/style")).json()["version"] == 0
