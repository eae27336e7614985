"""The `/v1` contract: what goes in, what comes out, what a repeated or wrong request gets."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from copydesk.store import slices
from copydesk.work.desk import Desk
from tests.server.scene import TITLE, lay_out

MAIL = b"From: ada@example.org\nSubject: Hours\nMessage-ID: <1@example.org>\n\nOpen on Sunday?\n"


async def count_submissions(program: httpx2.AsyncClient) -> int:
    return len((await program.get("/v1/submissions")).json()["items"])


# ---------------------------------------------------------------- submissions


async def test_a_message_comes_in_three_forms_and_is_one_message(
    program: httpx2.AsyncClient,
) -> None:
    raw = await program.post(
        "/v1/submissions", content=MAIL, headers={"Content-Type": "message/rfc822"}
    )
    part = await program.post(
        "/v1/submissions", files={"file": ("hours.eml", MAIL)}, data={"source": "email"}
    )
    text = await program.post("/v1/submissions", json={"text": MAIL.decode()})
    assert [answer.status_code for answer in (raw, part, text)] == [201, 200, 200]
    assert raw.json()["is_new"] is True
    assert len({answer.json()["submission"]["id"] for answer in (raw, part, text)}) == 1
    id = raw.json()["submission"]["id"]
    assert (await program.get(f"/v1/submissions/{id}/raw")).content == MAIL


async def test_a_source_key_decides_what_is_the_same(program: httpx2.AsyncClient) -> None:
    first = await program.post("/v1/submissions", json={"text": "one", "source_key": "form-1"})
    second = await program.post("/v1/submissions", json={"text": "two", "source_key": "form-1"})
    assert (first.status_code, second.status_code) == (201, 200)
    assert await count_submissions(program) == 1


async def test_a_submission_is_shown_with_its_segments(
    program: httpx2.AsyncClient, desk: Desk
) -> None:
    scene = await lay_out(desk)
    found = (await program.get(f"/v1/submissions/{scene.submission}")).json()
    assert found["subject"] == TITLE
    assert "".join(found["text"][s["start"] : s["end"]] for s in found["segments"]) == found["text"]
    assert [s["dropped_because"] for s in found["segments"]] == ["", "quoted history"]


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        ({"json": {"source": "form"}}, "text"),
        ({"json": {"text": "x", "source": "fax"}}, "source"),
        ({"json": {"text": "x", "to": "y"}}, "to"),
        ({"content": b"{", "headers": {"Content-Type": "application/json"}}, "body"),
        ({"content": b""}, "body"),
        ({"data": {"source": "form"}, "files": {"other": b"x"}}, "file"),
        ({"content": b"x", "params": {"source": "fax"}}, "source"),
    ],
)
async def test_a_wrong_submission_names_the_field(
    program: httpx2.AsyncClient, request_: dict[str, Any], field: str
) -> None:
    answer = await program.post("/v1/submissions", **request_)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert field in [entry["field"] for entry in answer.json()["errors"]]
    assert await count_submissions(program) == 0


# ---------------------------------------------------------------- idempotency keys


async def test_a_repeated_key_gets_the_first_answer(
    program: httpx2.AsyncClient, desk: Desk
) -> None:
    scene = await lay_out(desk)
    path, key = f"/v1/reviews/{scene.review}/accept", {"Idempotency-Key": "k1"}
    asked = {"reason": "fine", "rest": True}
    first = await program.post(path, json=asked, headers=key)
    second = await program.post(path, json=asked, headers=key)
    assert first.status_code == second.status_code == 200
    assert first.content == second.content
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"


async def test_a_key_belongs_to_one_request(program: httpx2.AsyncClient) -> None:
    key = {"Idempotency-Key": "k1"}
    await program.post("/v1/submissions", json={"text": "one"}, headers=key)
    for path, text in (("/v1/submissions", "two"), ("/v1/submissions?filename=x", "one")):
        answer = await program.post(path, headers=key, json={"text": text})
        assert answer.status_code == 409
        assert answer.json()["code"] == "conflict"
    assert await count_submissions(program) == 1


async def test_the_same_upload_is_the_same_request_in_spite_of_its_boundary(
    program: httpx2.AsyncClient,
) -> None:
    key = {"Idempotency-Key": "k1"}
    answers = [
        await program.post("/v1/submissions", files={"file": ("a.eml", MAIL)}, headers=key)
        for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].content == answers[1].content


async def test_a_refused_request_may_be_corrected_under_its_key(
    program: httpx2.AsyncClient,
) -> None:
    key = {"Idempotency-Key": "k1"}
    assert (await program.post("/v1/submissions", json={}, headers=key)).status_code == 422
    answer = await program.post("/v1/submissions", json={"text": "one"}, headers=key)
    assert answer.status_code == 201


async def test_two_at_once_with_one_key_happen_once(program: httpx2.AsyncClient) -> None:
    answers = await asyncio.gather(
        *(
            program.post(
                "/v1/posts",
                json={"text": "# A\n\nB", "accounts": ["nowhere"]},
                headers={"Idempotency-Key": "k1"},
            )
            for _ in range(3)
        ),
        *(
            program.post("/v1/submissions", json={"text": "one"}, headers={"Idempotency-Key": "k2"})
            for _ in range(3)
        ),
    )
    assert [answer.status_code for answer in answers] == [404] * 3 + [201] * 3
    assert len({answer.content for answer in answers[3:]}) == 1


@pytest.mark.parametrize("key", ["", "x" * 256, "a\tb"])
async def test_a_key_that_cannot_be_one_is_refused(program: httpx2.AsyncClient, key: str) -> None:
    answer = await program.post(
        "/v1/submissions", json={"text": "one"}, headers={"Idempotency-Key": key}
    )
    assert answer.status_code in {400, 422}
    assert answer.json()["code"] in {"idempotency_key_invalid", "request_invalid"}


def test_every_post_takes_a_key(app: FastAPI) -> None:
    for path, methods in app.openapi()["paths"].items():
        if "post" in methods:
            names = [parameter["name"] for parameter in methods["post"]["parameters"]]
            assert "Idempotency-Key" in names, path


# ---------------------------------------------------------------- problems


async def test_errors_are_problem_details(
    program: httpx2.AsyncClient, stranger: httpx2.AsyncClient
) -> None:
    cases = [
        (await stranger.get("/v1/posts"), 401, "sign_in_needed"),
        (await program.get("/v1/posts/pst_none"), 404, "not_found"),
        (await program.get("/v1/nothing"), 404, "not_found"),
        (await program.get("/v1/posts?limit=0"), 422, "request_invalid"),
        (await program.delete("/v1/posts"), 405, "method_not_allowed"),
    ]
    for answer, status, code in cases:
        problem = answer.json()
        assert answer.status_code == problem["status"] == status
        assert answer.headers["content-type"] == "application/problem+json"
        assert problem["code"] == code
        assert problem["type"] == f"urn:copydesk:problem:{code}"
        assert problem["title"]
        assert problem["detail"]
        assert problem["request_id"] == answer.headers["x-request-id"]
    assert cases[0][0].headers["www-authenticate"] == "Bearer"


async def test_content_nobody_would_take_comes_with_its_findings(
    program: httpx2.AsyncClient,
) -> None:
    answer = await program.post(
        "/v1/validate", json={"text": "---\ntitle: [\n---\n", "platforms": ["sandbox"]}
    )
    assert answer.status_code == 422
    assert answer.json()["code"] == "content_invalid"
    assert answer.json()["errors"][0]["message"]


# ---------------------------------------------------------------- lists


async def test_a_cursor_walks_the_whole_list_without_repeats(program: httpx2.AsyncClient) -> None:
    for number in range(7):
        await program.post("/v1/submissions", json={"text": f"message {number}"})
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = (await program.get(f"/v1/submissions?limit=3&cursor={cursor}")).json()
        seen += [item["id"] for item in page["items"]]
        cursor = page["next"]
    assert len(seen) == 7
    assert seen == sorted(set(seen), reverse=True)


async def test_lists_narrow_by_state(program: httpx2.AsyncClient, desk: Desk) -> None:
    scene = await lay_out(desk)
    cases = [
        ("/v1/submissions?state=refused", [scene.refused]),
        ("/v1/posts?state=held", [scene.post]),
        ("/v1/posts?state=drafted", []),
        ("/v1/deliveries?state=held", [scene.held]),
        ("/v1/reviews?state=opened", [scene.review]),
        ("/v1/reviews?state=accepted", []),
        ("/v1/reviews?risk=low", []),
        ("/v1/reviews?kind=question&free=true", [scene.review]),
    ]
    for path, ids in cases:
        assert [item["id"] for item in (await program.get(path)).json()["items"]] == ids


async def test_a_request_that_stops_before_the_end_says_where_to_go_on(
    program: httpx2.AsyncClient, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = await lay_out(desk)
    monkeypatch.setattr(slices, "WINDOWS", (1,))
    for path, ids in [
        ("/v1/submissions?state=refused", [scene.refused]),
        ("/v1/submissions?state=received", []),
        ("/v1/posts?state=held", [scene.post]),
        ("/v1/posts?state=drafted", []),
        ("/v1/deliveries?state=delivered", [scene.delivered]),
        ("/v1/deliveries?until=2001-01-01T00:00:00Z", []),
    ]:
        seen: list[str] = []
        cursor: str | None = ""
        while cursor is not None:
            page = (await program.get(f"{path}&cursor={cursor}")).json()
            seen += [item["id"] for item in page["items"]]
            cursor = page["next"]
        assert seen == ids, path


# ---------------------------------------------------------------- the rest of what exists


async def test_a_post_is_shown_with_its_revision_and_checks(
    program: httpx2.AsyncClient, desk: Desk
) -> None:
    scene = await lay_out(desk)
    post = (await program.get(f"/v1/posts/{scene.post}")).json()
    assert post["revision"]["content"]["title"] == TITLE
    assert post["revision"]["tier"] == "capable"
    assert [check["verdict"] for check in post["checks"]] == ["passed", "flagged"]
    assert post["risk"] == "high"
    assert len((await program.get(f"/v1/posts/{scene.post}/revisions")).json()) == 1


async def test_a_delivery_is_shown_with_its_tries_and_history(
    program: httpx2.AsyncClient, desk: Desk
) -> None:
    scene = await lay_out(desk)
    delivered = (await program.get(f"/v1/deliveries/{scene.delivered}")).json()
    assert [entry["outcome"] for entry in delivered["tries"]] == ["published"]
    states = [event["to_state"] for event in delivered["events"]]
    assert states == ["planned", "scheduled", "sending", "delivered"]
    held = (await program.get(f"/v1/deliveries/{scene.held}")).json()
    assert held["tries"][0]["outcome"] is None


async def test_a_person_settles_a_held_delivery_once(
    program: httpx2.AsyncClient, desk: Desk
) -> None:
    scene = await lay_out(desk)
    path, body = f"/v1/deliveries/{scene.held}/decide", {"decision": "send"}
    assert (await program.post(path, json=body)).json()["state"] == "scheduled"
    assert (await program.post(path, json=body)).status_code == 409


async def test_accounts_come_without_secrets(program: httpx2.AsyncClient, desk: Desk) -> None:
    scene = await lay_out(desk)
    for path in ("/v1/accounts", f"/v1/accounts/{scene.account}"):
        answer = await program.get(path)
        assert "newsroom" in answer.text
        assert "secret" not in answer.text


async def test_validating_tells_what_would_be_lost_and_stores_nothing(
    program: httpx2.AsyncClient,
) -> None:
    answer = await program.post(
        "/v1/validate", json={"text": "# Hours\n\nOpen on **Sunday**.", "platforms": ["sandbox"]}
    )
    assert answer.status_code == 200
    [judged] = answer.json()["results"]
    assert judged["platform"] == "sandbox"
    assert "Sunday" in judged["text"]
    assert (await program.get("/v1/posts")).json()["items"] == []
    nothing = await program.post("/v1/validate", json={"text": "x"})
    assert nothing.status_code == 422


async def test_publishing_again_under_the_same_key_revises(
    program: httpx2.AsyncClient, desk: Desk
) -> None:
    async with desk.store.begin("test") as unit:
        await unit.accounts.add(
            workspace_id=desk.workspace_id,
            name="sandbox",
            platform="sandbox",
            settings={},
            secrets=b"",
            inbox=False,
        )
    body = {"text": "# Hours\n\nOpen.", "accounts": ["sandbox"], "source_key": "hours"}
    first = await program.post("/v1/posts", json=body)
    assert first.status_code == 201
    assert len(first.json()["delivery_ids"]) == 1
    again = await program.post("/v1/posts", json=body)
    assert again.json()["post"]["id"] == first.json()["post"]["id"]
    assert again.json()["post"]["revision"]["number"] == 1


async def test_nobody_sees_the_rows_of_another_workspace(
    program: httpx2.AsyncClient, desk: Desk
) -> None:
    scene = await lay_out(desk)
    async with desk.store.begin("test") as unit:
        other = await unit.workspaces.ensure("elsewhere", "person")
        await unit.tokens.add(other.id, "theirs", label="them", role="owner")
    foreign = Desk(
        **{name: getattr(desk, name) for name in Desk.__dataclass_fields__}
        | {"workspace_id": other.id}
    )
    from copydesk.server import create_app

    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(create_app(foreign)),
        base_url="http://127.0.0.1",
        headers={"Authorization": "Bearer theirs"},
    ) as client:
        for path in (
            f"/v1/submissions/{scene.submission}",
            f"/v1/submissions/{scene.submission}/raw",
            f"/v1/posts/{scene.post}",
            f"/v1/posts/{scene.post}/revisions",
            f"/v1/deliveries/{scene.held}",
            f"/v1/reviews/{scene.review}",
            f"/v1/accounts/{scene.account}",
            f"/posts/{scene.post}",
            f"/posts/{scene.post}/deliveries",
            f"/deliveries/{scene.held}",
            f"/deliveries/{scene.held}/timeline",
            f"/submissions/{scene.submission}",
            f"/submissions/{scene.submission}/raw",
        ):
            assert (await client.get(path)).status_code == 404, path
        for path in (f"/v1/reviews/{scene.review}/accept", f"/v1/deliveries/{scene.held}/decide"):
            answer = await client.post(path, json={"decision": "send"} if "decide" in path else {})
            assert answer.status_code == 404, path
        assert (await client.get("/v1/submissions")).json()["items"] == []


# ---------------------------------------------------------------- health


async def test_health_tells_the_web_from_the_work(stranger: httpx2.AsyncClient, desk: Desk) -> None:
    assert (await stranger.get("/health/live")).status_code == 200
    silent = await stranger.get("/health/ready")
    assert silent.status_code == 503
    assert "no worker is running" in silent.json()["problems"][0]
    async with desk.store.begin("test") as unit:
        await unit.workers.add("wrk_1", "worker", "here", 1)
    working = await stranger.get("/health/ready")
    assert (working.status_code, working.json()["workers"]) == (200, 1)


async def test_metrics_count_deliveries_by_state(program: httpx2.AsyncClient, desk: Desk) -> None:
    await lay_out(desk)
    text = (await program.get("/metrics")).text
    assert 'copydesk_deliveries{state="held"} 1.0' in text
    assert "copydesk_workers 0.0" in text


# ---------------------------------------------------------------- OpenAPI


def test_openapi_describes_every_operation(app: FastAPI) -> None:
    document = app.openapi()
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            name = f"{method.upper()} {path}"
            assert operation["description"], name
            if not path.startswith("/v1/"):
                continue
            assert operation["security"] == [{"HTTPBearer": []}], name
            assert {"401", "403", "422"} <= set(operation["responses"]), name
            for status, answer in operation["responses"].items():
                if status.startswith(("4", "5")):
                    assert "application/problem+json" in answer["content"], f"{name} {status}"
            body = operation.get("requestBody", {}).get("content", {}).get("application/json")
            if body and "anyOf" not in body["schema"]:
                schema = body["schema"]
                if "$ref" in schema:
                    schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
                assert schema["examples"], name
    assert "HTTPValidationError" not in document["components"]["schemas"]
