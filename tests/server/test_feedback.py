"""Feedback, consents and audits over HTTP: streamed, bounded by roles, described."""

from __future__ import annotations

import json

import httpx2
import pytest

from copydesk.core.states import PostState
from copydesk.editorial.reviewing import accept
from copydesk.work.desk import Desk
from copydesk.work.incoming.submitting import submit
from copydesk.work.writing.composing import compose
from tests.server.scene import make_token

LETTER = (
    b"From: Ada <ada@example.org>\r\nMessage-ID: <%d@example.org>\r\nSubject: The lamp\r\n\r\n"
    b"The lamp looks lovely in our hall. It fits well.\r\n"
)


async def decided(desk: Desk, number: int) -> None:
    async with desk.store.begin("test") as unit:
        await unit.workspaces.set_approve(desk.workspace_id, "person")
    submission = (await submit(desk, LETTER % number, filename="a.eml", actor="test")).submission
    await compose(desk, submission.id)
    async with desk.store.begin("web:eve") as unit:
        post_id = (await unit.submissions.get(submission.id)).post_id
        assert post_id is not None
        post = await accept(unit, await unit.reviews.get(post_id))
        assert post.state is PostState.APPROVED


async def test_feedback_streams_what_is_allowed_and_goes_on_where_it_ended(
    desk: Desk, program: httpx2.AsyncClient
) -> None:
    for number in range(3):
        await decided(desk, number)
    assert (await program.get("/v1/feedback?as=chat")).text == ""
    answer = await program.put("/v1/consents/channel:email", json={"allowed": True})
    assert answer.status_code == 204
    answer = await program.get("/v1/feedback?as=chat")
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert [line["schema"] for line in lines] == ["copydesk.chat.v1"] * 3
    review = lines[0]["key"].split(":")[1]
    rest = await program.get("/v1/feedback", params={"as": "chat", "after": review})
    assert rest.text.splitlines() == answer.text.splitlines()[1:]
    assert (await program.get("/v1/feedback?as=chat")).text == answer.text, (
        "reading changes nothing"
    )


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("as=poem", 422),
        ("", 422),
        ("as=chat&after=yesterday", 400),
        ("as=chat&since=2026-11-01T00:00:00", 422),
        ("as=chat&since=2026-11-01T00:00:00Z", 200),
    ],
)
async def test_what_cannot_be_handed_out_is_refused(
    program: httpx2.AsyncClient, query: str, status: int
) -> None:
    assert (await program.get(f"/v1/feedback?{query}")).status_code == status


async def test_only_admins_hand_out_and_allow(desk: Desk, stranger: httpx2.AsyncClient) -> None:
    headers = {"Authorization": f"Bearer {await make_token(desk, 'editor')}"}
    for method, path, body in (
        ("GET", "/v1/feedback?as=chat", None),
        ("GET", "/v1/consents", None),
        ("PUT", "/v1/consents/everything", {"allowed": True}),
        ("DELETE", "/v1/consents/everything", None),
        ("PATCH", "/v1/audits/policy", {"audit_share": 0.5}),
        ("POST", "/v1/audits/restart", {"reason": "r"}),
    ):
        answer = await stranger.request(method, path, headers=headers, json=body)
        assert answer.status_code == 403, path
        assert (await stranger.request(method, path, json=body)).status_code == 401, path
    async with desk.store.read() as unit:
        assert await unit.consents.page(desk.workspace_id) == []


async def test_consents_are_given_listed_and_taken_back(program: httpx2.AsyncClient) -> None:
    await program.put("/v1/consents/everything", json={"allowed": True, "licence": "CC0"})
    await program.put("/v1/consents/author:Ada@example.org", json={"allowed": False})
    listed = (await program.get("/v1/consents")).json()
    assert [(c["subject"], c["allowed"]) for c in listed] == [
        ("author:ada@example.org", False),
        ("everything", True),
    ]
    assert (await program.get("/v1/consents?after=author:zoe")).json() == listed[1:]
    assert (await program.delete("/v1/consents/everything")).status_code == 204
    assert (await program.delete("/v1/consents/everything")).status_code == 404
    assert (await program.put("/v1/consents/fax", json={"allowed": True})).status_code == 422


async def test_audits_are_shown_changed_and_restarted(
    desk: Desk, program: httpx2.AsyncClient
) -> None:
    await decided(desk, 1)
    found = (await program.get("/v1/audits")).json()
    (one,) = found["classes"]
    assert (one["judged"], one["bad"], one["earned"]) == (1, 0, False)
    assert (found["estimate"]["share"], found["approve"]) == (0.0, "person")
    changed = await program.patch("/v1/audits/policy", json={"audit_share": 0.5})
    assert (changed.json()["audit_share"], changed.json()["second_share"]) == (0.5, 0.1)
    wrong = await program.patch("/v1/audits/policy", json={"targets": {"high": 0.01}})
    assert wrong.status_code == 422
    again = {"reason": "new style guide", "channel": "email"}
    assert (await program.post("/v1/audits/restart", json=again)).status_code == 204
    (one,) = (await program.get("/v1/audits")).json()["classes"]
    assert one["since"] is not None
    agreed = (await program.get("/v1/audits/agreement")).json()
    assert agreed["texts"]["n"] == 0
