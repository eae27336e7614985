"""Mastodon through its own pages: an app is registered, a person agrees, posts go."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from copydesk.core.states import AccountState, DeliveryState
from copydesk.platforms.kit.http_transport import HttpTransport
from copydesk.platforms.mastodon import SCOPES
from copydesk.testing.clocks import StoppedClock
from copydesk.testing.fake_mastodon import FakeMastodon
from copydesk.testing.oauth_server import OAuthServer
from copydesk.work.accounts.authorising import Wanted, begin_connection
from copydesk.work.accounts.granting import finish_connection
from copydesk.work.desk import Desk
from tests.distribution.carrying import add_posts, carry, deliveries
from tests.distribution.granting import answer_of


class Instance(FakeMastodon):
    """An instance that registers apps and lets its person agree; its tokens do not expire."""

    def __init__(self, clock: StoppedClock) -> None:
        super().__init__(clock=clock)
        self.door = OAuthServer(clock=clock, lifetime=None)

    def routes(self) -> list[web.RouteDef]:
        door = {"/oauth/authorize", "/oauth/token", "/api/v1/apps"}
        return [*super().routes(), *(r for r in self.door.routes() if r.path in door)]

    def _guarded(self, handler: Any) -> Any:
        guarded = super()._guarded(handler)

        async def known(request: web.Request) -> Any:
            token = request.headers.get("Authorization", "").removeprefix("Bearer ")
            self.token = token if self.door.authority.bearer(token) else "nobody's"
            return await guarded(request)

        return known


@pytest.fixture
async def online(desk: Desk) -> AsyncIterator[Desk]:
    transport = HttpTransport(user_agent="copydesk-tests")
    yield replace(desk, transport=transport)
    await transport.close()


async def test_connect_publish_revoke_and_connect_again(online: Desk, clock: StoppedClock) -> None:
    async with Instance(clock) as instance:
        wanted = Wanted(
            name="toots", platform="mastodon", settings={"base_url": instance.url}, inbox=True
        )

        async def connect() -> Any:
            begun = await begin_connection(
                online, wanted, redirect_uri="http://127.0.0.1:9/c", session="b", actor="test"
            )
            async with (
                aiohttp.ClientSession() as session,
                session.get(begun.authorize_url, allow_redirects=False) as answer,
            ):
                back = answer_of(answer.headers["Location"])
            return await finish_connection(online, back, session="b", actor="test")

        account = await connect()
        assert account.identity == "@desk"
        assert account.scopes == " ".join(SCOPES)
        assert account.expires_at is None, "Mastodon's tokens do not expire"
        assert account.settings["visibility"] == "public"
        await add_posts(online, "hello")
        await carry(online, account)
        assert len(instance.statuses) == 1
        instance.door.authority.revoke_grant(instance.door.authority.grants[0])
        await add_posts(online, "again")
        await carry(online, account)
        async with online.store.read() as unit:
            assert (await unit.accounts.get(account.id)).state is AccountState.BLOCKED
        assert (await connect()).id == account.id
        await carry(online, account)
        assert {d.state for d in await deliveries(online)} == {DeliveryState.DELIVERED}
        assert len(instance.statuses) == 2
