"""LinkedIn through its own pages: without PKCE, for a person or a page, for sixty days."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import aiohttp
import pytest
from aiohttp import web

from copydesk.core.account import Account
from copydesk.core.states import DeliveryState
from copydesk.platforms.kit.http_transport import HttpTransport
from copydesk.testing.clocks import StoppedClock
from copydesk.testing.fake_linkedin import PAGE, PERSON, FakeLinkedIn
from copydesk.work.accounts.authorising import Wanted, begin_connection
from copydesk.work.accounts.granting import finish_connection
from copydesk.work.desk import Desk
from tests.distribution.carrying import add_posts, carry, deliveries
from tests.distribution.granting import answer_of

APP = {"client_id": "app-1", "client_secret": "app-secret-0123456789"}


class Door(FakeLinkedIn):
    """LinkedIn with its sign-in: the app proves itself in the body, and a verifier is an error.

    `partner` hands out refresh tokens, which end a year after the first whatever is done.
    """

    def __init__(self, clock: StoppedClock, *, partner: bool = False) -> None:
        super().__init__(clock=clock)
        self.partner = partner
        self.asked: list[str] = []

    def routes(self) -> list[web.RouteDef]:
        return [
            *super().routes(),
            web.get("/oauth/v2/authorization", self._agree),
            web.post("/oauth/v2/accessToken", self._token),
        ]

    async def _agree(self, request: web.Request) -> web.Response:
        query = request.query
        assert query["response_type"] == "code"
        self.asked = query["scope"].split(" ")
        back = urlencode({"code": "code-1", "state": query["state"]})
        raise web.HTTPFound(f"{query['redirect_uri']}?{back}")

    async def _token(self, request: web.Request) -> web.Response:
        form = {key: str(value) for key, value in (await request.post()).items()}
        good = form.get("client_secret") == APP["client_secret"] and "code_verifier" not in form
        if not good:
            said = {"error": "invalid_client", "error_description": "Client authentication failed"}
            return web.json_response(said, status=401)
        self.token = f"token-{len(self.hits)}-0123456789"
        answer: dict[str, Any] = {
            "access_token": self.token,
            "expires_in": 5_184_000,
            "scope": ",".join(self.asked),
        }
        if self.partner:
            answer |= {"refresh_token": "refresh-1", "refresh_token_expires_in": 31_536_000}
        return web.json_response(answer)


@pytest.fixture
async def online(desk: Desk) -> AsyncIterator[Desk]:
    transport = HttpTransport(user_agent="copydesk-tests")
    yield replace(desk, transport=transport)
    await transport.close()


async def connect(desk: Desk, door: Door, by: str = "", **settings: str) -> Account:
    wanted = Wanted(
        name="work",
        platform="linkedin",
        settings={"base_url": door.url, "auth_url": door.url, **settings},
        secrets=APP,
        inbox=True,
        auth=by,
    )
    begun = await begin_connection(
        desk, wanted, redirect_uri="http://127.0.0.1:9/c", session="b", actor="test"
    )
    assert "code_challenge" not in parse_qs(urlsplit(begun.authorize_url).query)
    async with (
        aiohttp.ClientSession() as session,
        session.get(begun.authorize_url, allow_redirects=False) as answer,
    ):
        back = answer_of(answer.headers["Location"])
    return await finish_connection(desk, back, session="b", actor="test")


async def test_a_person_connects_publishes_and_is_told_before_the_end(
    online: Desk, clock: StoppedClock
) -> None:
    async with Door(clock) as door:
        account = await connect(online, door)
        assert door.asked == ["openid", "profile", "w_member_social"]
        assert account.identity == PERSON
        assert account.scopes.split() == door.asked
        ends = clock.now() + timedelta(days=60)
        assert (account.expires_at, account.ends_at) == (ends, ends), "nothing renews it"
        assert account.renew_at is None
        await add_posts(online, "hello")
        await carry(online, account)
        assert {d.state for d in await deliveries(online)} == {DeliveryState.DELIVERED}
        assert door.posts[0].author == PERSON
        # who it is was asked while connecting, and is not asked again
        assert [hit.path for hit in door.hits].count("/v2/userinfo") == 1


async def test_a_page_is_asked_for_other_scopes(online: Desk, clock: StoppedClock) -> None:
    async with Door(clock) as door:
        account = await connect(online, door, by="page", author=PAGE)
        assert door.asked == ["w_organization_social", "r_organization_social"]
        assert (account.auth, account.identity) == ("page", PAGE)


async def test_a_partner_s_token_is_renewed(online: Desk, clock: StoppedClock) -> None:
    async with Door(clock, partner=True) as door:
        account = await connect(online, door)
        assert account.ends_at == clock.now() + timedelta(days=365)
        first = door.token
        clock.advance(57 * 86_400)
        await add_posts(online, "later")
        await carry(online, account)
        assert door.token != first
        assert {d.state for d in await deliveries(online)} == {DeliveryState.DELIVERED}
