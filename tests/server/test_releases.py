"""Releases and drift over HTTP."""

from __future__ import annotations

from dataclasses import replace

import httpx2

from copydesk.core.drift import Stream, Watched
from copydesk.core.release import Counted, Guard, Tally
from copydesk.work.desk import Desk

NEXT = {"name": "next", "model": "openai:small@http://127.0.0.1:9/v1", "stages": [10, 50]}


async def started(program: httpx2.AsyncClient) -> dict[str, object]:
    assert (await program.post("/v1/releases", json=NEXT)).status_code == 201
    answer = await program.post("/v1/releases/next/start", json={"replayed": 0})
    assert answer.status_code == 200
    found: dict[str, object] = answer.json()
    return found


async def test_a_release_says_what_it_can_find_out_before_it_starts(
    program: httpx2.AsyncClient,
) -> None:
    made = (await program.post("/v1/releases", json=NEXT)).json()
    assert (made["state"], made["share"]) == ("created", 0)
    assert made["version"]["prompt"].startswith("rewrite_and_polish.v")
    shown = (await program.get("/v1/releases/next")).json()
    assert shown["id"] == made["id"]
    assert shown["differences"] == ["model as configured → openai:small@http://127.0.0.1:9/v1"]
    assert [c["stage"] for c in shown["smallest_changes"]][:3] == ["shadow", "10 %", "50 %"]
    assert shown["next"] is None
    (listed,) = (await program.get("/v1/releases")).json()["items"]
    assert listed["name"] == "next"


async def counted_trial(program: httpx2.AsyncClient, desk: Desk) -> dict[str, object]:
    shown = await started(program)
    await counted_so_far(desk)
    return shown


async def counted_so_far(desk: Desk) -> None:
    async with desk.store.begin("test") as unit:
        release = await unit.releases.get(desk.workspace_id, "next")
        counted = Counted(
            shadow={Guard.FLAGGED: Tally(worse=6, better=2, both=4, neither=188)}, stage_pairs=200
        )
        await unit.releases.count(replace(release, counted=counted), counted)


async def test_a_trial_shows_its_evidence_and_what_would_happen_next(
    program: httpx2.AsyncClient, desk: Desk
) -> None:
    shown = await counted_trial(program, desk)
    assert shown["state"] == "shadowed"
    shown = (await program.get("/v1/releases/next")).json()
    (flagged,) = [g for g in shown["guards"] if g["guard"] == "flagged"]
    assert (flagged["pairs"], flagged["old_share"], flagged["new_share"]) == (200, 0.03, 0.05)
    assert 1 < flagged["e_value"] < flagged["limit"] == 100
    assert flagged["difference_at_least"] < 0.02 < flagged["difference_at_most"]
    assert shown["next"]["move"] == "advance"
    assert shown["next"]["share"] == 10


async def test_a_person_moves_it_with_a_reason_and_takes_it_back(
    program: httpx2.AsyncClient,
) -> None:
    await started(program)
    refused = await program.post("/v1/releases/next/promote", json={"reason": ""})
    assert (refused.status_code, refused.json()["code"]) == (422, "content_invalid")
    moved = await program.post("/v1/releases/next/advance", json={"reason": "read them"})
    assert (moved.json()["state"], moved.json()["share"]) == ("canaried", 10)
    back = await program.post("/v1/releases/next/rollback", json={"reason": "not good"})
    assert (back.json()["state"], back.json()["reason"]) == ("rolled_back", "not good")
    again = await program.post("/v1/releases/next/rollback")
    assert (again.status_code, again.json()["code"]) == (409, "transition_not_allowed")


async def test_what_cannot_be_a_release_is_refused_with_the_field(
    program: httpx2.AsyncClient,
) -> None:
    for wrong, status in (
        ({**NEXT, "name": "No!"}, 422),
        ({**NEXT, "prompt": "rewrite_and_polish.v99"}, 404),
        ({**NEXT, "temperature": 3}, 422),
        ({**NEXT, "stages": [50, 5]}, 422),
        ({**NEXT, "alpha": 0.9}, 422),
    ):
        assert (await program.post("/v1/releases", json=wrong)).status_code == status
    assert (await program.get("/v1/releases/nothing")).status_code == 404
    assert (await program.get("/v1/releases?cursor=x")).status_code == 400


async def test_the_same_key_makes_one_release(program: httpx2.AsyncClient) -> None:
    headers = {"Idempotency-Key": "once"}
    first = await program.post("/v1/releases", json=NEXT, headers=headers)
    second = await program.post("/v1/releases", json=NEXT, headers=headers)
    assert first.json() == second.json()
    assert (await program.post("/v1/releases", json=NEXT)).status_code == 409


async def raised(desk: Desk, words: str = "") -> str:
    stream = Stream(
        workspace_id=desk.workspace_id,
        watched=Watched.SCORE,
        channel="email",
        language="en",
        prompt_version="rewrite_and_polish.v3",
        model="m",
        checks="c1",
        numbers={"items": 40, "mean": 0.8, "squares": 0.3, "fallen": -1.0, "height": 0.0},
        items=40,
    )
    async with desk.store.begin("release") as unit:
        await unit.drift.put(stream)
        return await unit.drift.raise_alarm(stream, f"scores have fallen{words}", stream.numbers)


async def test_drift_shows_alarms_and_streams_and_an_alarm_is_closed_once(
    program: httpx2.AsyncClient, desk: Desk
) -> None:
    alarm_id = await raised(desk)
    report = (await program.get("/v1/drift")).json()
    assert [alarm["id"] for alarm in report["alarms"]] == [alarm_id]
    (stream,) = report["streams"]
    assert (stream["items"], stream["level"]) == (40, 0.8)
    assert 0 < stream["depth"] < 1
    closed = await program.post(f"/v1/drift/{alarm_id}/close", json={"reason": "new mails"})
    assert (closed.json()["state"], closed.json()["closed_because"]) == ("closed", "new mails")
    assert (await program.get("/v1/drift")).json()["alarms"] == []
    assert len((await program.get("/v1/drift?closed=true")).json()["alarms"]) == 1
    twice = await program.post(f"/v1/drift/{alarm_id}/close", json={"reason": "again"})
    assert twice.status_code == 409


async def test_the_pages_show_the_trial_and_take_decisions(
    browser: httpx2.AsyncClient, desk: Desk
) -> None:
    empty = (await browser.get("/releases")).text
    assert "messages are written up as the settings say" in empty
    await counted_trial(browser, desk)
    alarm_id = await raised(desk)
    listed = (await browser.get("/releases")).text
    assert "next" in listed
    assert "scores have fallen" in listed
    page = (await browser.get("/releases/next")).text
    for shown in ("3.0% → 5.0% in 200 pairs", "rolled back at 100", "advance: 200 pairs"):
        assert shown in page
    moved = await browser.post("/releases/next/advance", data={"reason": "read them"})
    assert (moved.status_code, moved.headers["location"]) == (303, "/releases/next")
    assert "10 % of conversations" in (await browser.get("/releases/next")).text
    back = await browser.post("/releases/next/rollback", data={"reason": ""})
    assert back.status_code == 303
    assert "taken back by hand" in (await browser.get("/releases/next")).text
    await browser.post(f"/releases/alarms/{alarm_id}/close", data={"reason": "new mails"})
    assert "scores have fallen" not in (await browser.get("/releases")).text
