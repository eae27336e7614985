"""Feeds by API and page: who manages them, and what a poll answers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import httpx2
import pytest
from aiohttp import web
from fastapi import FastAPI

from copydesk.platforms.kit.http_transport import HttpTransport
from copydesk.server import create_app
from copydesk.testing.loopback import LoopbackServer
from copydesk.work.desk import Desk
from tests.server.scene import make_token

FEED = b"""<rss version="2.0"><channel><title>Town</title>
<item><guid>1</guid><title>The pool opens</title></item></channel></rss>"""


class Publisher(LoopbackServer):
    def routes(self) -> list[web.RouteDef]:
        async def tell(_: web.Request) -> web.Response:
            return web.Response(body=FEED)

        return [web.get("/feed", tell)]


@pytest.fixture
async def publisher() -> AsyncIterator[Publisher]:
    async with Publisher() as server:
        yield server


@pytest.fixture
async def reading(desk: Desk) -> AsyncIterator[Desk]:
    private = HttpTransport(user_agent="tests", follows=False)
    yield replace(desk, private_feeds=private)
    await private.close()


@pytest.fixture
def app(reading: Desk) -> FastAPI:
    return create_app(reading)


async def test_a_feed_lives_through_the_api(
    program: httpx2.AsyncClient, publisher: Publisher
) -> None:
    new = {"url": f"{publisher.url}/feed", "allow_private": True, "every_seconds": 3600}
    once = {"Idempotency-Key": "once"}
    made = await program.post("/v1/feeds", json=new, headers=once)
    assert made.status_code == 201
    id = made.json()["id"]
    assert (await program.post("/v1/feeds", json=new, headers=once)).json()["id"] == id
    assert (await program.post("/v1/feeds", json=new)).status_code == 409
    polled = (await program.post(f"/v1/feeds/{id}/poll")).json()
    assert polled["outcome"] == "read"
    (taken,) = polled["submission_ids"]
    assert (await program.get(f"/v1/submissions/{taken}")).status_code == 200
    found = (await program.get(f"/v1/feeds/{id}")).json()
    assert (found["title"], found["taken"], found["every_seconds"]) == ("Town", 1, 3600)
    changed = await program.patch(f"/v1/feeds/{id}", json={"changes": "leave"})
    assert changed.json()["changes"] == "leave"
    paused = await program.post(f"/v1/feeds/{id}/pause", json={"reason": "it moves"})
    assert (paused.json()["state"], paused.json()["next_poll_at"]) == ("paused", None)
    assert (await program.post(f"/v1/feeds/{id}/poll")).status_code == 409
    resumed = await program.post(f"/v1/feeds/{id}/resume", json={"newest": 2})
    assert resumed.json()["state"] == "followed"
    assert [feed["id"] for feed in (await program.get("/v1/feeds")).json()] == [id]
    assert (await program.delete(f"/v1/feeds/{id}")).status_code == 204
    assert (await program.get(f"/v1/feeds/{id}")).status_code == 404


async def test_feeds_are_followed_by_admins(
    desk: Desk, stranger: httpx2.AsyncClient, publisher: Publisher
) -> None:
    token = await make_token(desk, "editor")
    refused = await stranger.post(
        "/v1/feeds",
        json={"url": f"{publisher.url}/feed", "allow_private": True},
        headers={"Authorization": f"Bearer {token}"},
    )
    assert refused.status_code == 403


# ---------------------------------------------------------------- pages


async def test_the_page_leads_from_nothing_to_what_came_of_a_feed(
    browser: httpx2.AsyncClient, program: httpx2.AsyncClient, publisher: Publisher
) -> None:
    assert "No feed is followed" in (await browser.get("/settings/feeds")).text
    private = {"url": f"{publisher.url}/feed", "every": "3600"}
    assert (await browser.post("/settings/feeds", data=private)).status_code == 422
    made = await program.post(
        "/v1/feeds", json={"url": private["url"], "allow_private": True, "every_seconds": 3600}
    )
    place = f"/settings/feeds/{made.json()['id']}"
    looked = (await browser.post(f"{place}/poll")).text
    assert "Looked at now: read, 1 taken in, 0 left." in looked
    assert 'href="/submissions/sub_' in looked
    assert "every hour" in looked
    listed = (await browser.get("/settings/feeds")).text
    assert "Town" in listed
    assert "1 of 1 entries taken in" in listed


async def test_a_feed_is_changed_paused_resumed_and_removed_in_the_browser(
    browser: httpx2.AsyncClient, program: httpx2.AsyncClient
) -> None:
    form = {"url": "https://example.org/feed", "every": "1800", "newest": "3"}
    place = (await browser.post("/settings/feeds", data=form)).headers["location"]
    api = place.replace("/settings", "/v1")

    async def found() -> dict[str, object]:
        return (await program.get(api)).json()  # type: ignore[no-any-return]

    await browser.post(f"{place}/change", data={"every": "21600", "changes": "leave"})
    assert ((await found())["every_seconds"], (await found())["changes"]) == (21600, "leave")
    await browser.post(f"{place}/pause", data={"reason": "it <b>moves</b>"})
    page = (await browser.get(place)).text
    assert "it &lt;b&gt;moves&lt;/b&gt;" in page
    assert "Begin from now" in page
    await browser.post(f"{place}/resume", data={"newest": "0"})
    assert (await found())["state"] == "followed"
    assert (await browser.post(f"{place}/remove")).headers["location"] == "/settings/feeds"
    assert (await browser.get(place)).status_code == 404
