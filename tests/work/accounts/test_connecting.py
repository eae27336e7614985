"""Connecting accounts through the platform's own pages, judged by a strict server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from copydesk.core.account import Account
from copydesk.core.errors import Conflict, ContentInvalid, NotFound
from copydesk.core.outcomes import Published
from copydesk.core.states import AccountState, DeliveryState
from copydesk.platforms.kit.auth_oauth2 import NotYet
from copydesk.platforms.kit.http_transport import HttpTransport
from copydesk.platforms.kit.transport import NotSent, Reply
from copydesk.testing.clocks import StoppedClock
from copydesk.testing.oauth_server import OAuthServer
from copydesk.work.accounts.authorising import (
    AuthorisationUnavailable,
    Begun,
    NotAuthorised,
    Wanted,
    begin_connection,
)
from copydesk.work.accounts.granting import connect_by_itself, finish_connection, poll_connection
from copydesk.work.accounts.trying import try_account
from copydesk.work.desk import Desk
from tests.distribution.carrying import account_now, add_posts, carry, deliveries
from tests.distribution.granting import answer_of

BACK = "http://127.0.0.1:8642/connect/callback"


@pytest.fixture
async def server(clock: StoppedClock) -> AsyncIterator[OAuthServer]:
    async with OAuthServer(clock=clock, lifetime=7200) as running:
        yield running


@pytest.fixture
async def online(desk: Desk, sandbox: None) -> AsyncIterator[Desk]:
    transport = HttpTransport(user_agent="copydesk-tests")
    yield replace(desk, transport=transport)
    await transport.close()


async def begin(desk: Desk, server: OAuthServer, name: str = "practice", **more: object) -> Begun:
    wanted = Wanted(
        name=name,
        platform="sandbox",
        settings={"auth_url": server.url},
        **more,  # type: ignore[arg-type]
    )
    return await begin_connection(desk, wanted, redirect_uri=BACK, session="browser", actor="test")


async def agree(desk: Desk, begun: Begun) -> dict[str, str]:
    """What a person's browser comes back with."""
    import aiohttp

    async with (
        aiohttp.ClientSession() as session,
        session.get(begun.authorize_url, allow_redirects=False) as answer,
    ):
        assert answer.status == 302, await answer.text()
        return answer_of(answer.headers["Location"])


async def connect(
    desk: Desk, server: OAuthServer, name: str = "practice", **more: object
) -> Account:
    begun = await begin(desk, server, name, **more)
    return await finish_connection(desk, await agree(desk, begun), session="browser", actor="test")


async def test_code_flow_connects_and_publishes(
    online: Desk, server: OAuthServer, clock: StoppedClock
) -> None:
    account = await connect(online, server, inbox=True)
    assert account.state is AccountState.CONNECTED
    assert (account.identity, account.auth, account.scopes) == ("@desk", "oauth2", "publish read")
    assert account.expires_at is not None
    await add_posts(online, "hello")
    await carry(online, account)
    clock.advance(3 * 7200)
    await add_posts(online, "later")
    await carry(online, account)
    assert {d.state for d in await deliveries(online)} == {DeliveryState.DELIVERED}


async def test_an_answer_is_used_once(online: Desk, server: OAuthServer) -> None:
    begun = await begin(online, server)
    answer = await agree(online, begun)
    found = await asyncio.gather(
        *(finish_connection(online, answer, session="browser", actor="test") for _ in range(4)),
        return_exceptions=True,
    )
    assert sum(isinstance(one, Account) for one in found) == 1
    assert all(isinstance(one, Account | Conflict) for one in found), found
    assert server.authority.counts["codes"] == 1
    assert server.authority.counts["codes_reused"] == 0


async def test_no_means_no_and_says_so(online: Desk, server: OAuthServer) -> None:
    server.authority.denies = True
    begun = await begin(online, server)
    with pytest.raises(NotAuthorised, match="said no") as caught:
        await finish_connection(online, await agree(online, begun), session="browser", actor="t")
    assert caught.value.exit_code == 7
    async with online.store.read() as unit:
        assert (await unit.connections.get(begun.connection.id)).state == "refused"
        assert await unit.accounts.all(online.workspace_id) == []


@pytest.mark.parametrize(
    ("answer", "session", "words"),
    [
        ({"state": "made-up"}, "browser", "no connection"),
        ({}, "browser", "no connection"),
        (None, "another", "another browser"),
        (None, "", "another browser"),
    ],
)
async def test_answers_that_are_not_ours_change_nothing(
    online: Desk, server: OAuthServer, answer: dict[str, str] | None, session: str, words: str
) -> None:
    begun = await begin(online, server)
    real = await agree(online, begun)
    given = real if answer is None else {**real, "state": "", **answer}
    with pytest.raises(NotAuthorised, match=words):
        await finish_connection(online, given, session=session, actor="test")
    # and whoever began it is not kept from finishing it
    account = await finish_connection(online, real, session="browser", actor="test")
    assert account.state is AccountState.CONNECTED


async def test_an_answer_of_another_server_is_told_from_ours(
    online: Desk, server: OAuthServer
) -> None:
    """RFC 9207: a code of one server must not be handed to another."""
    begun = await begin(online, server)
    real = await agree(online, begun)
    for mixed_up in (
        {**real, "iss": "https://other.example"},
        {"state": real["state"], "error": "access_denied", "iss": "https://other.example"},
        {**real, "iss": "nonsense"},
        {**real, "iss": "https://["},
    ):
        with pytest.raises(NotAuthorised, match=r"not the server that was asked \(iss\)"):
            await finish_connection(online, mixed_up, session="browser", actor="test")
    assert server.authority.counts["codes"] == 0, "nothing was handed to it"
    account = await finish_connection(
        online, {**real, "iss": server.url}, session="browser", actor="test"
    )
    assert account.state is AccountState.CONNECTED


async def test_a_server_that_repeats_what_it_was_told_does_not_make_us_show_it(
    online: Desk, server: OAuthServer
) -> None:
    begun = await begin(online, server)
    answer = await agree(online, begun)
    told: dict[str, str] = {}

    class Echo:
        async def call(self, method: str, url: str, **content: Any) -> Reply:
            told.update(content["form"])
            words = json.dumps({"error": "invalid_grant", "error_description": str(told)})
            return Reply(status=400, body=words.encode())

    with pytest.raises(NotAuthorised) as caught:
        await finish_connection(
            replace(online, transport=Echo()), answer, session="browser", actor="test"
        )
    async with online.store.read() as unit:
        row = await unit.connections.get(begun.connection.id)
        history = await unit.events.history([begun.connection.id])
    shown = str(caught.value) + repr(row) + repr(history)
    assert "authorization_code" in shown
    for name in ("code", "code_verifier", "client_secret"):
        assert told[name] not in shown


async def test_ten_minutes_and_no_longer(
    online: Desk, server: OAuthServer, clock: StoppedClock
) -> None:
    begun = await begin(online, server)
    answer = await agree(online, begun)
    clock.advance(601)
    with pytest.raises(NotAuthorised, match="10 minutes"):
        await finish_connection(online, answer, session="browser", actor="test")
    async with online.store.read() as unit:
        assert (await unit.connections.get(begun.connection.id)).state == "expired"


async def test_another_process_can_finish(online: Desk, server: OAuthServer) -> None:
    begun = await begin(online, server)
    answer = await agree(online, begun)
    from copydesk.distribution.vault import open_vault

    elsewhere = replace(online, vault=open_vault("", online.settings.home))
    account = await finish_connection(elsewhere, answer, session="browser", actor="test")
    assert account.identity == "@desk"


async def test_connecting_again_keeps_everything_and_wakes_what_waits(
    online: Desk, server: OAuthServer
) -> None:
    account = await connect(online, server, inbox=True)
    await add_posts(online, "waits")
    server.authority.revoke_grant(server.authority.grants[-1])
    await carry(online, account)
    assert (await deliveries(online))[0].state is DeliveryState.BLOCKED
    again = await connect(online, server)
    assert again.id == account.id
    assert again.state is AccountState.CONNECTED
    assert again.inbox
    assert again.generation > account.generation
    await carry(online, again)
    assert (await deliveries(online))[0].state is DeliveryState.DELIVERED


async def test_somebody_else_is_refused_unless_meant(online: Desk, server: OAuthServer) -> None:
    account = await connect(online, server)
    server.authority.user = "stranger"
    with pytest.raises(Conflict, match="@desk, but @stranger"):
        await connect(online, server)
    assert (await account_now(online, account)).generation == account.generation
    assert isinstance((await try_account(online, "practice", actor="test"))[1], Published)
    assert (await connect(online, server, other_identity=True)).identity == "@stranger"


async def test_missing_scopes_are_known(online: Desk, server: OAuthServer) -> None:
    server.authority.grants_less = ("publish",)
    account = await connect(online, server)
    assert account.scopes == "read"


async def test_a_server_that_is_away_is_said_to_be(online: Desk, clock: StoppedClock) -> None:
    async with OAuthServer(clock=clock) as server:
        begun = await begin(online, server)
        answer = await agree(online, begun)
    with pytest.raises(AuthorisationUnavailable):
        await finish_connection(online, answer, session="browser", actor="test")
    with pytest.raises(AuthorisationUnavailable):
        await begin(online, server, "other")


async def test_what_cannot_be_connected_is_said_before_anything_is_sent(
    online: Desk, server: OAuthServer
) -> None:
    with pytest.raises(NotFound, match="through its own pages"):
        await begin_connection(
            online, Wanted(name="w", platform="webhook"), redirect_uri=BACK, session="", actor="t"
        )
    for settings in ({"auth_url": "http://example.org"}, {"auth_url": server.url, "fault": "?"}):
        with pytest.raises(ContentInvalid):
            await begin_connection(
                online,
                Wanted(name="x", platform="sandbox", settings=settings),
                redirect_uri=BACK,
                session="",
                actor="t",
            )
    with pytest.raises(ContentInvalid) as caught:
        await begin_connection(online, Wanted(name="x"), redirect_uri=BACK, session="", actor="t")
    assert caught.value.findings[0].field == "platform"
    assert server.hits == []


# ---------------------------------------------------------------- the other ways


async def test_device_flow_waits_as_long_as_it_is_told(
    online: Desk, server: OAuthServer, clock: StoppedClock
) -> None:
    app = server.authority.register(public=True)
    begun = await begin_connection(
        online,
        Wanted(
            name="tv",
            platform="sandbox",
            settings={"auth_url": server.url, "client_id": app.client_id},
            auth="device",
        ),
        redirect_uri="",
        session="",
        actor="test",
    )
    assert begun.device is not None
    found = await poll_connection(online, begun, begun.device.interval, actor="test")
    assert found == NotYet(5.0)
    found = await poll_connection(online, begun, 5.0, actor="test")
    assert found == NotYet(10.0), "slow_down adds five seconds"
    server.authority.decide(begun.device.user_code, "allow")
    clock.advance(10)
    account = await poll_connection(online, begun, 10.0, actor="test")
    assert isinstance(account, Account)
    assert account.auth == "device"
    assert isinstance((await try_account(online, "tv", actor="test"))[1], Published)


@pytest.mark.parametrize(
    ("answer", "wait"),
    [
        (Reply(status=429, headers={"retry-after": "300"}), 300.0),
        (Reply(status=503, headers={"retry-after": "1"}), 10.0),
        (Reply(status=502, body=b"<h1>Bad Gateway</h1>"), 10.0),
        (NotSent("no route"), 10.0),
    ],
    ids=["429", "503", "proxy", "away"],
)
async def test_device_flow_asks_less_often_while_the_server_cannot(
    online: Desk, server: OAuthServer, answer: Reply | NotSent, wait: float
) -> None:
    class Troubled:
        async def call(self, method: str, url: str, **content: Any) -> Reply:
            if isinstance(answer, NotSent):
                raise answer
            return answer

    app = server.authority.register(public=True)
    settings = {"auth_url": server.url, "client_id": app.client_id}
    wanted = Wanted(name="tv", platform="sandbox", settings=settings, auth="device")
    begun = await begin_connection(online, wanted, redirect_uri="", session="", actor="test")
    troubled = replace(online, transport=Troubled())
    assert await poll_connection(troubled, begun, 5.0, actor="test") == NotYet(wait)


@pytest.mark.parametrize(("decision", "wait"), [("deny", 5), ("", 601)])
async def test_device_flow_ends(
    online: Desk, server: OAuthServer, clock: StoppedClock, decision: str, wait: int
) -> None:
    app = server.authority.register(public=True)
    settings = {"auth_url": server.url, "client_id": app.client_id}
    begun = await begin_connection(
        online,
        Wanted(name="tv", platform="sandbox", settings=settings, auth="device"),
        redirect_uri="",
        session="",
        actor="test",
    )
    assert begun.device is not None
    server.authority.decide(begun.device.user_code, decision)
    clock.advance(wait)
    with pytest.raises(NotAuthorised):
        await poll_connection(online, begun, 5.0, actor="test")


async def test_an_app_speaks_for_itself(
    online: Desk, server: OAuthServer, clock: StoppedClock
) -> None:
    app = server.authority.register()
    begun = await begin_connection(
        online,
        Wanted(
            name="robot",
            platform="sandbox",
            settings={"auth_url": server.url, "client_id": app.client_id},
            secrets={"client_secret": app.client_secret},
            inbox=True,
            auth="client_credentials",
        ),
        redirect_uri="",
        session="",
        actor="test",
    )
    account = await connect_by_itself(online, begun, actor="test")
    clock.advance(7201)
    await add_posts(online, "by itself")
    await carry(online, account)
    assert (await deliveries(online))[0].state is DeliveryState.DELIVERED


async def test_oauth1_signs_every_call(online: Desk, server: OAuthServer) -> None:
    signing = server.signing
    wanted = Wanted(
        name="signed",
        platform="sandbox",
        settings={"auth_url": server.url, "client_id": signing.app_id},
        secrets={"client_secret": signing.app_secret},
        inbox=True,
        auth="oauth1",
    )
    begun = await begin_connection(
        online, wanted, redirect_uri=BACK, session="browser", actor="test"
    )
    answer = await agree(online, begun)
    account = await finish_connection(online, answer, session="browser", actor="test")
    assert account.identity == "@desk"
    await add_posts(online, "signed")
    await carry(online, account)
    assert (await deliveries(online))[0].state is DeliveryState.DELIVERED
    assert signing.counts["refused"] == 0


async def test_oauth1_no_and_a_mixed_up_token(online: Desk, server: OAuthServer) -> None:
    signing = server.signing
    wanted = Wanted(
        name="signed",
        platform="sandbox",
        settings={"auth_url": server.url, "client_id": signing.app_id},
        secrets={"client_secret": signing.app_secret},
        auth="oauth1",
    )
    signing.denies = True
    begun = await begin_connection(online, wanted, redirect_uri=BACK, session="b", actor="test")
    with pytest.raises(NotAuthorised, match="said no"):
        await finish_connection(online, await agree(online, begun), session="b", actor="test")
    signing.denies = False
    begun = await begin_connection(online, wanted, redirect_uri=BACK, session="b", actor="test")
    answer = {**await agree(online, begun), "oauth_token": "another"}
    with pytest.raises(NotAuthorised, match="another token"):
        await finish_connection(online, answer, session="b", actor="test")
    begun = await begin_connection(online, wanted, redirect_uri=BACK, session="b", actor="test")
    answer = await agree(online, begun)
    del answer["oauth_verifier"]
    with pytest.raises(NotAuthorised, match="oauth_verifier"):
        await finish_connection(online, answer, session="b", actor="test")


async def test_oauth1_sends_people_back_to_any_address(online: Desk, server: OAuthServer) -> None:
    signing = server.signing
    wanted = Wanted(
        name="signed",
        platform="sandbox",
        settings={"auth_url": server.url, "client_id": signing.app_id},
        secrets={"client_secret": signing.app_secret},
        auth="oauth1",
    )
    back = "http://127.0.0.1:8642/back?next=%2Fposts%20and%20more"
    begun = await begin_connection(online, wanted, redirect_uri=back, session="b", actor="test")
    account = await finish_connection(online, await agree(online, begun), session="b", actor="t")
    assert account.identity == "@desk"


async def test_secrets_stay_out_of_sight(online: Desk, server: OAuthServer) -> None:
    begun = await begin(online, server)
    answer = await agree(online, begun)
    account = await finish_connection(online, answer, session="browser", actor="test")
    async with online.store.read() as unit:
        history = await unit.events.history([account.id, begun.connection.id])
        row = await unit.connections.get(begun.connection.id)
        sealed = await unit.accounts.secrets(account.id)
    assert row.secrets == b"", "what was kept for the answer is forgotten with it"
    secrets = [*online.vault.open(sealed).values(), answer["code"], answer["state"]]
    for shown in (repr(begun), repr(history), repr(row), repr(account)):
        assert not any(secret in shown for secret in secrets if len(secret) > 8)
