"""Connecting an account to X by each of its ways, and keeping the token good."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import aiohttp
import pytest

from copydesk.core.account import Account
from copydesk.core.outcomes import Published
from copydesk.core.states import AccountState, DeliveryState
from copydesk.platforms.kit.http_transport import HttpTransport
from copydesk.platforms.x import SCOPES
from copydesk.testing.clocks import StoppedClock
from copydesk.testing.fake_x import FakeX
from copydesk.work.accounts.authorising import (
    AuthorisationUnavailable,
    Wanted,
    begin_connection,
)
from copydesk.work.accounts.connecting import add_account
from copydesk.work.accounts.granting import finish_connection
from copydesk.work.accounts.trying import try_account
from copydesk.work.desk import Desk
from tests.distribution.carrying import account_now, add_posts, carry, deliveries
from tests.distribution.granting import answer_of

BACK = "http://127.0.0.1:9/callback"


@pytest.fixture
async def server(clock: StoppedClock) -> AsyncIterator[FakeX]:
    async with FakeX(clock=clock) as server:
        server.token = "nobody's"
        yield server


@pytest.fixture
async def online(desk: Desk) -> AsyncIterator[Desk]:
    transport = HttpTransport(user_agent="copydesk-tests")
    yield replace(desk, transport=transport)
    await transport.close()


async def connect(online: Desk, wanted: Wanted) -> Account:
    begun = await begin_connection(
        online, wanted, redirect_uri=BACK, session="browser", actor="test"
    )
    async with (
        aiohttp.ClientSession() as session,
        session.get(begun.authorize_url, allow_redirects=False) as answer,
    ):
        back: dict[str, Any] = answer_of(answer.headers["Location"])
    return await finish_connection(online, back, session="browser", actor="test")


@pytest.mark.parametrize("public", [False, True])
async def test_a_token_is_renewed_every_two_hours_and_each_refresh_token_used_once(
    online: Desk, server: FakeX, clock: StoppedClock, public: bool
) -> None:
    authority = server.door.authority
    app = authority.register(BACK, public=public)
    secrets = {} if public else {"client_secret": app.client_secret}
    account = await connect(
        online,
        Wanted(
            name="xdesk",
            platform="x",
            settings={"base_url": server.url, "client_id": app.client_id},
            secrets=secrets,
            inbox=True,
        ),
    )
    assert account.identity == "@desk"
    assert account.scopes == " ".join(SCOPES)
    for title in ("first", "second", "third"):
        await add_posts(online, title)
        await carry(online, account)
        clock.advance(7_201)
    assert {d.state for d in await deliveries(online)} == {DeliveryState.DELIVERED}
    assert len(server.tweets) == 3
    assert authority.counts["refreshed"] >= 2
    assert authority.counts["reused"] == 0
    assert all(d.url.startswith("https://x.com/desk/status/") for d in await deliveries(online))


async def test_a_grant_that_was_taken_back_stops_the_account(
    online: Desk, server: FakeX, clock: StoppedClock
) -> None:
    app = server.door.authority.register(BACK)
    wanted = Wanted(
        name="xdesk",
        platform="x",
        settings={"base_url": server.url, "client_id": app.client_id},
        secrets={"client_secret": app.client_secret},
        inbox=True,
    )
    account = await connect(online, wanted)
    server.door.authority.revoke_grant(server.door.authority.grants[0])
    await add_posts(online, "hello")
    await carry(online, account)
    async with online.store.read() as unit:
        assert (await unit.accounts.get(account.id)).state is AccountState.BLOCKED
    assert server.tweets == []
    await connect(online, wanted)
    await carry(online, account)
    assert len(server.tweets) == 1


def signed(server: FakeX) -> Wanted:
    """An account whose calls are signed."""
    signing = server.door.signing
    return Wanted(
        name="signed",
        platform="x",
        settings={"base_url": server.url, "client_id": signing.app_id},
        secrets={"client_secret": signing.app_secret},
        inbox=True,
        auth="oauth1",
    )


async def test_oauth_1_signs_every_call(online: Desk, server: FakeX, clock: StoppedClock) -> None:
    signing = server.door.signing
    account = await connect(
        online,
        signed(server),
    )
    await add_posts(online, "signed")
    clock.advance(90 * 86_400)
    await carry(online, account)
    assert (await deliveries(online))[0].state is DeliveryState.DELIVERED
    assert signing.counts["refused"] == 0


async def test_a_wrong_clock_is_named_and_disconnects_nothing(
    online: Desk, server: FakeX, clock: StoppedClock
) -> None:
    signing = server.door.signing
    wanted = signed(server)
    theirs = StoppedClock()
    server.clock = server.door.clock = signing.clock = theirs
    theirs.advance(720)
    with pytest.raises(AuthorisationUnavailable, match="12 minutes behind"):
        await connect(online, wanted)
    clock.advance(720)
    account = await connect(online, wanted)
    await add_posts(online, "signed")
    theirs.advance(1_800)
    _, outcome = await try_account(online, "signed", actor="test")
    assert "set the clock" in getattr(outcome, "reason", "")
    await carry(online, account)
    [waiting] = await deliveries(online)
    assert waiting.state is DeliveryState.SNOOZED
    assert "30 minutes behind" in waiting.reason
    assert (await account_now(online, account)).state is AccountState.CONNECTED
    assert server.tweets == []
    clock.advance(1_800)
    await carry(online, account)
    assert (await deliveries(online))[0].state is DeliveryState.DELIVERED
    assert len(server.tweets) == 1


async def test_a_clock_that_is_ahead_stops_the_account_until_a_person_has_set_it(
    online: Desk, server: FakeX, clock: StoppedClock
) -> None:
    signing = server.door.signing
    wanted = signed(server)
    account = await connect(online, wanted)
    await add_posts(online, "signed")
    server.clock = server.door.clock = signing.clock = StoppedClock()
    clock.advance(2 * 86_400)
    await carry(online, account)
    account = await account_now(online, account)
    assert account.state is AccountState.BLOCKED
    assert "2 days ahead" in account.reason
    clock.advance(-2 * 86_400)
    await try_account(online, "signed", actor="test")
    await carry(online, account)
    assert (await deliveries(online))[0].state is DeliveryState.DELIVERED
    assert len(server.tweets) == 1


async def test_a_pasted_oauth_1_token_signs_too(online: Desk, server: FakeX) -> None:
    signing = server.door.signing
    connected = await connect(
        online,
        Wanted(
            name="by-page",
            platform="x",
            settings={"base_url": server.url, "client_id": signing.app_id},
            secrets={"client_secret": signing.app_secret},
            auth="oauth1",
        ),
    )
    async with online.store.read() as unit:
        known = online.vault.open(await unit.accounts.secrets(connected.id))
    await add_account(
        online,
        "x",
        "pasted",
        settings={"base_url": server.url, "client_id": signing.app_id, "tokens": "oauth1"},
        secrets={key: known[key] for key in ("access_token", "token_secret", "client_secret")},
        inbox=False,
        actor="test",
    )
    _, outcome = await try_account(online, "pasted", actor="test")
    assert isinstance(outcome, Published)
    assert outcome.id == "@desk"
    assert server.hits[-1].headers["authorization"].startswith("OAuth ")


async def test_a_pasted_token_is_renewed_with_the_refresh_token_beside_it(
    online: Desk, server: FakeX, clock: StoppedClock
) -> None:
    app = server.door.authority.register(BACK)
    connected = await connect(
        online,
        Wanted(
            name="by-page",
            platform="x",
            settings={"base_url": server.url, "client_id": app.client_id},
            secrets={"client_secret": app.client_secret},
        ),
    )
    async with online.store.read() as unit:
        known = online.vault.open(await unit.accounts.secrets(connected.id))
    account = await add_account(
        online,
        "x",
        "pasted",
        settings={"base_url": server.url, "client_id": app.client_id},
        secrets={key: known[key] for key in ("access_token", "refresh_token", "client_secret")},
        inbox=True,
        actor="test",
    )
    clock.advance(7_201)
    await add_posts(online, "late")
    await carry(online, account)
    assert [tweet.sent.split("\n")[0] for tweet in server.tweets] == ["late"]
    assert server.door.authority.counts["refreshed"] == 1
