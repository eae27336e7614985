"""Connecting accounts through the pages and the API, with a platform that is really there."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path

import aiohttp
import httpx2
import pytest

from copydesk.testing.oauth_server import OAuthServer
from copydesk.work.desk import Desk
from tests.server.conftest import ADDRESS
from tests.server.scene import fresh_desk, make_token


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with fresh_desk(tmp_path / "home") as opened:
        yield opened


@pytest.fixture
async def server() -> AsyncIterator[OAuthServer]:
    async with OAuthServer() as running:
        yield running


async def agree(url: str) -> str:
    """Where the platform sends the person's browser."""
    async with (
        aiohttp.ClientSession() as session,
        session.get(url, allow_redirects=False) as answer,
    ):
        assert answer.status == 302, await answer.text()
        return answer.headers["Location"].removeprefix(ADDRESS)


async def begin(browser: httpx2.AsyncClient, server: OAuthServer, **more: str) -> str:
    form = {"platform": "sandbox", "name": "practice", "set.auth_url": server.url, **more}
    page = await browser.post("/accounts/connect", data=form)
    assert page.status_code == 200, page.text
    found = re.search(r'class="heading" href="([^"]+)"', page.text)
    assert found, page.text
    return unescape(found[1])


async def test_the_whole_way_in_a_browser(
    browser: httpx2.AsyncClient, server: OAuthServer, desk: Desk
) -> None:
    assert "Sandbox" in (await browser.get("/accounts/connect")).text
    assert "auth_url" in (await browser.get("/accounts/connect?platform=sandbox")).text
    back = await agree(await begin(browser, server, inbox="on"))
    done = await browser.get(back)
    assert (done.status_code, done.headers["location"]) == (303, "/accounts")
    page = (await browser.get("/accounts")).text
    assert "Signed in as @desk." in page
    assert "Connect practice again" in page
    async with desk.store.read() as unit:
        account = await unit.accounts.by_name(desk.workspace_id, "practice")
    assert account.inbox
    # the answer works once
    assert (await browser.get(back)).status_code == 409


async def test_an_answer_for_another_browser_is_refused(
    browser: httpx2.AsyncClient, stranger: httpx2.AsyncClient, server: OAuthServer, desk: Desk
) -> None:
    back = await agree(await begin(browser, server))
    assert (await stranger.get(back)).status_code in {303, 401}
    await stranger.post("/login", data={"token": await make_token(desk)})
    refused = await stranger.get(back)
    assert refused.status_code == 403
    assert "another browser" in refused.text
    assert (await browser.get(back)).status_code == 303


async def test_a_made_up_state_and_a_no_are_said_in_words(
    browser: httpx2.AsyncClient, server: OAuthServer
) -> None:
    refused = await browser.get("/connect/callback?code=x&state=made-up")
    assert refused.status_code == 403
    server.authority.denies = True
    refused = await browser.get(await agree(await begin(browser, server)))
    assert refused.status_code == 403
    assert "said no" in refused.text


async def test_authors_connect_nothing(
    stranger: httpx2.AsyncClient, server: OAuthServer, desk: Desk
) -> None:
    headers = {"Authorization": f"Bearer {await make_token(desk, 'author')}"}
    body = {"account": "practice", "platform": "sandbox", "settings": {"auth_url": server.url}}
    answer = await stranger.post("/v1/connect", json=body, headers=headers)
    assert answer.status_code == 403
    assert server.hits == []


async def test_a_program_begins_and_finishes(
    program: httpx2.AsyncClient, server: OAuthServer
) -> None:
    body = {
        "account": "practice",
        "platform": "sandbox",
        "settings": {"auth_url": server.url},
        "redirect_uri": "https://app.example/back",
    }
    begun = await program.post("/v1/connect", json=body)
    assert begun.status_code == 201, begun.text
    connection = begun.json()
    assert connection["state"] == "opened"
    where = await agree(connection["authorize_url"])
    assert where.startswith("https://app.example/back?")
    done = await program.post(f"/v1/connect/{connection['id']}/answer", json={"url": where})
    assert done.status_code == 200, done.text
    assert done.json()["state"] == "connected"
    seen = (await program.get(f"/v1/connect/{connection['id']}")).json()
    account = (await program.get(f"/v1/accounts/{seen['account_id']}")).json()
    assert account["identity"] == "@desk"
    assert account["missing_scopes"] == []
    assert "access-" not in str(account)
    again = await program.post(f"/v1/connect/{connection['id']}/answer", json={"url": where})
    assert again.status_code == 409


async def test_an_answer_is_taken_only_by_the_attempt_it_answers(
    program: httpx2.AsyncClient, server: OAuthServer
) -> None:
    begun = []
    for name in ("first", "second"):
        body = {
            "account": name,
            "platform": "sandbox",
            "settings": {"auth_url": server.url},
            "redirect_uri": "https://app.example/back",
        }
        begun.append((await program.post("/v1/connect", json=body)).json())
    first, second = begun
    where = await agree(first["authorize_url"])
    wrong = await program.post(f"/v1/connect/{second['id']}/answer", json={"url": where})
    assert wrong.status_code == 409
    assert second["id"] in wrong.json()["detail"]
    states = [(await program.get(f"/v1/connect/{c['id']}")).json()["state"] for c in begun]
    assert states == ["opened", "opened"], "nothing was used up"
    right = await program.post(f"/v1/connect/{first['id']}/answer", json={"url": where})
    assert (right.status_code, right.json()["state"]) == (200, "connected")


async def test_wrong_settings_name_their_field(program: httpx2.AsyncClient) -> None:
    body = {"account": "m", "platform": "mastodon", "settings": {"base_url": "http://m.example"}}
    answer = await program.post("/v1/connect", json=body)
    assert answer.status_code == 422
    assert "base_url" in answer.text


async def test_an_app_that_speaks_for_itself_is_connected_at_once(
    program: httpx2.AsyncClient, server: OAuthServer
) -> None:
    app = server.authority.register()
    body = {
        "account": "robot",
        "platform": "sandbox",
        "settings": {"auth_url": server.url, "client_id": app.client_id},
        "secrets": {"client_secret": app.client_secret},
        "by": "client_credentials",
    }
    done = (await program.post("/v1/connect", json=body)).json()
    assert (done["state"], done["authorize_url"]) == ("connected", "")
    assert done["account_id"]


async def test_a_code_for_another_screen_is_not_given_to_who_cannot_wait(
    program: httpx2.AsyncClient, server: OAuthServer
) -> None:
    app = server.authority.register(public=True)
    body = {
        "account": "tv",
        "platform": "sandbox",
        "settings": {"auth_url": server.url, "client_id": app.client_id},
        "by": "device",
    }
    refused = await program.post("/v1/connect", json=body)
    assert refused.status_code == 403
    assert "copydesk accounts connect tv --by device" in refused.text
