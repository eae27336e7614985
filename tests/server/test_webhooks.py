"""Webhooks by API and in the browser: who manages them, and that no secret leaves by accident."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import httpx2
import pytest
from aiohttp import web
from fastapi import FastAPI

from copydesk.core.states import WebhookState
from copydesk.platforms.kit.http_transport import HttpTransport
from copydesk.server import create_app
from copydesk.testing.loopback import LoopbackServer
from copydesk.work.desk import Desk
from tests.server.scene import make_token

NEW = {"url": "https://example.org/hooks", "events": ["delivery.*"], "description": "chat"}


class Receiver(LoopbackServer):
    def routes(self) -> list[web.RouteDef]:
        async def take(_: web.Request) -> web.Response:
            return web.Response(status=202, text="thanks")

        return [web.post("/hook", take)]


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver() as server:
        yield server


@pytest.fixture
async def calling(desk: Desk) -> AsyncIterator[Desk]:
    private = HttpTransport(user_agent="test")
    yield replace(desk, private=private)
    await private.close()


@pytest.fixture
def app(calling: Desk) -> FastAPI:
    return create_app(calling)


async def happen(desk: Desk, subject: str) -> None:
    async with desk.store.begin("test") as unit:
        await unit.events.append(desk.workspace_id, "delivery", subject, "", "planned")


async def test_a_webhook_lives_through_the_api(program: httpx2.AsyncClient, desk: Desk) -> None:
    made = await program.post("/v1/webhooks", json=NEW)
    assert made.status_code == 201
    id = made.json()["id"]
    assert "whsec" not in made.text
    await happen(desk, "dlv_1")
    found = (await program.get(f"/v1/webhooks/{id}")).json()
    assert (found["state"], found["events"], found["behind"]) == ("enabled", ["delivery.*"], 2)
    secret = (await program.get(f"/v1/webhooks/{id}/secret")).json()["secret"]
    assert secret.startswith("whsec_")
    rotated = await program.post(f"/v1/webhooks/{id}/rotate")
    assert rotated.json()["previous_secret_until"]
    assert (await program.get(f"/v1/webhooks/{id}/secret")).json()["secret"] != secret
    stopped = await program.post(f"/v1/webhooks/{id}/disable", json={"reason": "it moves"})
    assert (stopped.json()["state"], stopped.json()["reason"]) == ("disabled", "it moves")
    refused = await program.post(f"/v1/webhooks/{id}/replay", json={"failed": True})
    assert refused.status_code == 409
    skipped = await program.post(f"/v1/webhooks/{id}/enable", json={"backlog": "skip"})
    assert skipped.json()["behind"] <= 1
    assert [w["id"] for w in (await program.get("/v1/webhooks")).json()] == [id]
    assert (await program.delete(f"/v1/webhooks/{id}")).status_code == 204
    assert (await program.get(f"/v1/webhooks/{id}")).status_code == 404
    assert (await program.get("/v1/webhooks")).json() == []


async def test_a_repeated_key_adds_one_webhook(program: httpx2.AsyncClient) -> None:
    key = {"Idempotency-Key": "once"}
    first = await program.post("/v1/webhooks", json=NEW, headers=key)
    second = await program.post("/v1/webhooks", json=NEW, headers=key)
    assert first.json()["id"] == second.json()["id"]
    assert len((await program.get("/v1/webhooks")).json()) == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"url": "ftp://example.org"}, "url"),
        ({"url": "https://"}, "url"),
        ({"url": "https://[::1"}, "url"),
        ({"url": "https://example.org:port/"}, "url"),
        ({"url": "https://ada:secret@example.org/"}, "url"),
        ({"url": "http://127.0.0.1/hook"}, "url"),
        ({"url": "http://169.254.169.254/latest"}, "url"),
        ({"url": "http://[::ffff:10.0.0.1]/"}, "url"),
        ({"url": "http://localhost:8642/hooks"}, "url"),
        ({"events": ["deliverys.*"]}, "events"),
        ({"events": ["delivery.delivred"]}, "events"),
        ({"events": ["delivery"]}, "events"),
        ({"colour": "red"}, "colour"),
    ],
)
async def test_what_cannot_work_is_refused_with_its_field(
    program: httpx2.AsyncClient, change: dict[str, object], field: str
) -> None:
    answer = await program.post("/v1/webhooks", json={**NEW, **change})
    assert answer.status_code == 422
    (problem,) = answer.json()["errors"]
    assert problem["field"] == field
    assert (await program.get("/v1/webhooks")).json() == []


async def test_a_test_message_is_sent_and_its_answer_kept(
    program: httpx2.AsyncClient, receiver: Receiver
) -> None:
    made = await program.post(
        "/v1/webhooks", json={"url": f"{receiver.url}/hook", "allow_private": True}
    )
    id = made.json()["id"]
    sent = (await program.post(f"/v1/webhooks/{id}/test")).json()
    assert (sent["type"], sent["outcome"], sent["status"]) == ("webhook.ping", "delivered", 202)
    assert (await program.get(f"/v1/webhooks/{id}/attempts")).json() == [sent]
    (hit,) = receiver.hits
    assert hit.headers["webhook-id"] == sent["message_id"]


async def test_messages_are_replayed_by_id_and_by_time(
    program: httpx2.AsyncClient, desk: Desk
) -> None:
    id = (await program.post("/v1/webhooks", json=NEW)).json()["id"]
    await happen(desk, "dlv_1")
    async with desk.store.begin("test") as unit:
        await unit.webhooks.change(id, cursor=await unit.events.newest())
    path = f"/v1/webhooks/{id}/replay"
    missing = await program.post(path, json={"ids": ["evt_2_000000000000"]})
    assert missing.status_code == 404
    for wrong in ({}, {"ids": ["evt_1_0"], "failed": True}, {"until": "2026-01-01T00:00:00Z"}):
        assert (await program.post(path, json=wrong)).status_code == 422
    assert (await program.post(path, json={"since": "2026-01-01T00:00:00"})).status_code == 422, (
        "a time without a zone is a guess"
    )
    begin = "2020-01-01T00:00:00Z"
    assert (await program.post(path, json={"since": begin})).json() == {"replayed": 2}
    again = await program.post(path, json={"since": begin})
    assert again.status_code == 409, "one range at a time"


async def test_only_admins_manage_webhooks(stranger: httpx2.AsyncClient, desk: Desk) -> None:
    admin = {"Authorization": f"Bearer {await make_token(desk, 'admin')}"}
    headers = {"Authorization": f"Bearer {await make_token(desk, 'editor')}"}
    answer = await stranger.post("/v1/webhooks", json=NEW, headers=headers)
    assert answer.status_code == 403
    answer = await stranger.post("/v1/webhooks", json=NEW, headers=admin)
    assert answer.status_code == 201
    id = answer.json()["id"]
    assert (await stranger.get(f"/v1/webhooks/{id}", headers=headers)).status_code == 200
    assert (await stranger.get(f"/v1/webhooks/{id}/secret", headers=headers)).status_code == 403


async def test_webhooks_of_another_workspace_do_not_exist(
    program: httpx2.AsyncClient, desk: Desk
) -> None:
    async with desk.store.begin("test") as unit:
        other = await unit.workspaces.ensure("other", "person")
        webhook = await unit.webhooks.add(
            workspace_id=other.id,
            url="https://example.org",
            description="",
            patterns=["*"],
            secrets=b"",
            allow_private=False,
        )
    for method, path in (("GET", ""), ("GET", "/secret"), ("GET", "/attempts"), ("DELETE", "")):
        answer = await program.request(method, f"/v1/webhooks/{webhook.id}{path}")
        assert answer.status_code == 404, path


# ---------------------------------------------------------------- pages


async def test_the_page_leads_from_nothing_to_a_tested_webhook(
    browser: httpx2.AsyncClient, desk: Desk
) -> None:
    assert "Nobody is told" in (await browser.get("/settings/webhooks")).text
    made = await browser.post(
        "/settings/webhooks",
        data={"url": "https://example.org/h", "events": "delivery.*, post.held", "description": ""},
    )
    assert made.status_code == 303
    page = await browser.get(made.headers["location"])
    assert "delivery.* post.held" in page.text
    assert "whsec" not in page.text
    assert "https://example.org/h" in (await browser.get("/settings/webhooks")).text


async def test_a_disabled_webhook_says_why_and_offers_both_ways_back(
    browser: httpx2.AsyncClient, desk: Desk
) -> None:
    made = await browser.post("/settings/webhooks", data={"url": "https://example.org/h"})
    place = made.headers["location"]
    async with desk.store.begin("notifier") as unit:
        webhook = await unit.webhooks.get(place.rpartition("/")[2])
        await unit.webhooks.move(webhook, WebhookState.DISABLED, "every try has failed")
    page = (await browser.get(place)).text
    assert "every try has failed" in page
    assert 'value="replay"' in page
    assert 'value="skip"' in page
    await browser.post(f"{place}/enable", data={"backlog": "replay"})
    assert "Send a test" in (await browser.get(place)).text


async def test_hostile_answers_stay_words(browser: httpx2.AsyncClient, desk: Desk) -> None:
    from copydesk.core.webhook import Attempt

    made = await browser.post("/settings/webhooks", data={"url": "https://example.org/h"})
    place = made.headers["location"]
    attempt = Attempt(
        message_id="evt_1_0",
        sequence=1,
        type="delivery.failed",
        attempt=3,
        at=desk.clock.now(),
        milliseconds=12,
        outcome="failed",
        status=500,
        answer="<script>alert(1)</script>",
    )
    async with desk.store.begin("test") as unit:
        silent = replace(attempt, message_id="evt_2_0", status=None, answer="not reached")
        await unit.messages.log(place.rpartition("/")[2], [attempt, silent])
    page = (await browser.get(place)).text
    assert "delivery.failed" in page
    assert "<script>alert" not in page
    assert "answered <strong>500</strong> in 12 ms" in page
    assert "<strong>no answer</strong> after 12 ms" in page, "nobody answers that nobody answers"
