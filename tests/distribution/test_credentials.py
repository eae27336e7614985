"""Renewing against a server that revokes the whole grant when an old refresh token comes again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from copydesk.core.account import Account
from copydesk.core.errors import StoreUnavailable
from copydesk.core.outcomes import AuthRevoked, Misconfigured, RateLimited, Unavailable
from copydesk.core.states import AccountState, DeliveryState
from copydesk.distribution import credentials as module
from copydesk.distribution.credentials import Opened
from copydesk.distribution.lifetimes import lifetimes_of
from copydesk.platforms.kit.auth import Grant
from copydesk.platforms.kit.http_transport import HttpTransport
from copydesk.platforms.kit.names import Names
from copydesk.platforms.kit.transport import Closed, NotSent, Reply, Transport
from copydesk.store.credentials import Renewal
from copydesk.testing.authority import TokenLie
from copydesk.testing.clocks import StoppedClock
from copydesk.testing.loopback import ImpatientTransport
from copydesk.testing.oauth_server import OAuthServer
from copydesk.work.accounts.connecting import change_account
from copydesk.work.desk import Desk
from tests.distribution.carrying import account_now, add_posts, carry, deliveries, sandbox_has
from tests.distribution.granting import granted_account, renewer


@pytest.fixture
async def server(clock: StoppedClock) -> AsyncIterator[OAuthServer]:
    async with OAuthServer(clock=clock, lifetime=10) as running:
        yield running


@pytest.fixture
async def network() -> AsyncIterator[HttpTransport]:
    transport = HttpTransport(user_agent="copydesk-tests")
    yield transport
    await transport.close()


@pytest.fixture
async def online(desk: Desk, network: HttpTransport, sandbox: None) -> Desk:
    return replace(desk, transport=network)


async def stored(desk: Desk, account: Account) -> dict[str, str]:
    async with desk.store.read() as unit:
        return desk.vault.open(await unit.accounts.secrets(account.id))


class Meanwhile:
    """A transport on which `happens` makes the call, and does what else comes to pass."""

    def __init__(
        self,
        transport: Transport,
        happens: Callable[[Callable[[], Awaitable[Reply]]], Awaitable[Reply]],
    ) -> None:
        self._transport = transport
        self._happens = happens

    async def call(self, method: str, url: str, **given: Any) -> Reply:
        return await self._happens(lambda: self._transport.call(method, url, **given))


# ---------------------------------------------------------------- one renewal at a time


async def test_many_at_once_send_the_refresh_token_once(
    online: Desk, server: OAuthServer, clock: StoppedClock
) -> None:
    account = await granted_account(online, server)
    for round_ in range(1, 6):
        clock.advance(10)
        account = await account_now(online, account)
        renewers = [renewer(online, online.transport, f"worker/{n}") for n in range(6)]
        found = await asyncio.gather(*(one.renew(account) for one in renewers))
        tokens = {one.secrets["access_token"] for one in found if isinstance(one, Opened)}
        assert len(tokens) == 1, found
        assert server.authority.bearer(tokens.pop())
        assert server.authority.counts["refreshed"] == round_
    assert server.authority.counts["reused"] == 0
    assert server.authority.counts["grants_revoked"] == 0
    assert (await account_now(online, account)).generation == account.generation + 1


async def test_three_workers_over_one_account_with_ten_second_tokens(
    online: Desk, server: OAuthServer, clock: StoppedClock
) -> None:
    account = await granted_account(online, server)
    titles = [f"post {n}" for n in range(12)]
    for number, title in enumerate(titles):
        await add_posts(online, title)
        # the courier, the web and metrics, all with the same credential
        renewing = [
            renewer(online, online.transport, f"web/{number}").keep(
                await account_now(online, account), None
            )
            for _ in range(2)
        ]
        await asyncio.gather(carry(online, account, f"worker/{number}"), *renewing)
        clock.advance(4)
    await carry(online, account)
    assert [d.state for d in await deliveries(online)] == [DeliveryState.DELIVERED] * len(titles)
    assert set(sandbox_has(online, account).values()) == {1}
    assert server.authority.counts["reused"] == server.authority.counts["grants_revoked"] == 0
    assert server.authority.counts["refreshed"] > 2
    assert (await account_now(online, account)).state is AccountState.CONNECTED
    assert {d.attempts for d in await deliveries(online)} == {1}


async def test_whoever_comes_late_takes_what_is_stored(online: Desk, server: OAuthServer) -> None:
    seen = await granted_account(online, server)
    first = await renewer(online, online.transport, "a").renew(seen)
    second = await renewer(online, online.transport, "b").renew(seen)
    assert isinstance(first, Opened)
    assert isinstance(second, Opened)
    assert first.secrets == second.secrets
    assert server.authority.counts["refreshed"] == 1


# ---------------------------------------------------------------- what a renewal may bring


async def test_renewed_is_stored_before_it_is_handed_out(
    online: Desk, server: OAuthServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = await granted_account(online, server)
    tries: list[float] = []
    real = online.store.begin

    def begin(actor: str) -> Any:
        # away from the moment the server has rotated, until the sixth try
        if actor == "credentials" and server.authority.counts["refreshed"] and len(tries) < 5:
            tries.append(0)
            raise StoreUnavailable("away")
        return real(actor)

    monkeypatch.setattr(online.store, "begin", begin)
    found = await renewer(online, online.transport, "a").renew(account)
    assert isinstance(found, Opened)
    assert len(tries) == 5
    assert found.secrets["refresh_token"] == (await stored(online, account))["refresh_token"]


@pytest.mark.parametrize("lie", [TokenLie.EMPTY_REFRESH_TOKEN, TokenLie.NO_REFRESH_TOKEN])
async def test_the_old_refresh_token_stays_when_none_comes(
    online: Desk, server: OAuthServer, lie: TokenLie
) -> None:
    account = await granted_account(online, server)
    before = (await stored(online, account))["refresh_token"]
    server.authority.lies.append(lie)
    assert isinstance(await renewer(online, online.transport, "a").renew(account), Opened)
    assert (await stored(online, account))["refresh_token"] == before
    again = await renewer(online, online.transport, "a").renew(await account_now(online, account))
    assert isinstance(again, Opened)


async def test_an_unknown_expiry_stays_unknown(online: Desk, server: OAuthServer) -> None:
    account = await granted_account(online, server)
    server.authority.lies.append(TokenLie.NO_EXPIRY)
    await renewer(online, online.transport, "a").renew(account)
    now = await account_now(online, account)
    assert now.expires_at is None
    assert now.renew_at is None


async def test_an_expiry_written_as_text_is_read(
    online: Desk, server: OAuthServer, clock: StoppedClock
) -> None:
    account = await granted_account(online, server)
    server.authority.lies.append(TokenLie.TEXT_EXPIRY)
    await renewer(online, online.transport, "a").renew(account)
    assert (await account_now(online, account)).expires_at == clock.now() + timedelta(seconds=10)


# ---------------------------------------------------------------- "not now" is not "never"


@pytest.mark.parametrize("lie", [TokenLie.UNAVAILABLE, TokenLie.HTML, TokenLie.RATE_LIMITED])
async def test_a_server_that_cannot_now_never_blocks(
    online: Desk, server: OAuthServer, clock: StoppedClock, lie: TokenLie
) -> None:
    account = await granted_account(online, server)
    await add_posts(online, "patience")
    server.authority.lies += [lie] * 3
    clock.advance(11)
    for _ in range(8):
        await carry(online, account)
        clock.advance(200)
    assert (await account_now(online, account)).state is AccountState.CONNECTED
    (delivery,) = await deliveries(online)
    assert delivery.state is DeliveryState.DELIVERED
    assert delivery.attempts == 1
    assert server.authority.counts["reused"] == 0


async def test_nothing_is_sent_while_a_renewal_rests(
    online: Desk, server: OAuthServer, clock: StoppedClock
) -> None:
    account = await granted_account(online, server)
    await add_posts(online, "patience")
    server.authority.lies.append(TokenLie.RATE_LIMITED)
    clock.advance(11)
    await carry(online, account)
    calls = len(server.hits)
    for _ in range(5):
        clock.advance(20)
        await carry(online, account)
    assert len(server.hits) == calls, "a call inside a window the server has closed"
    clock.advance(30)
    await carry(online, account)
    assert (await deliveries(online))[0].state is DeliveryState.DELIVERED


@pytest.mark.parametrize("status", [429, 503])
async def test_a_server_with_another_clock_is_left_alone_as_long_as_it_says(
    online: Desk, server: OAuthServer, clock: StoppedClock, status: int
) -> None:
    class Ahead:
        async def call(self, method: str, url: str, **content: Any) -> Reply:
            date = (clock.now() + timedelta(days=2)).strftime("%a, %d %b %Y %H:%M:%S GMT")
            return Reply(status=status, headers={"retry-after": "120", "date": date})

    account = await granted_account(online, server)
    clock.advance(11)
    await renewer(online, Ahead(), "a").renew(account)
    now = await account_now(online, account)
    assert now.renew_at == clock.now() + timedelta(seconds=120)


async def test_an_unreachable_server_is_asked_again(online: Desk, clock: StoppedClock) -> None:
    async with OAuthServer(clock=clock, lifetime=10) as server:
        account = await granted_account(online, server)
    found = await renewer(online, online.transport, "a").renew(account)
    assert isinstance(found, Unavailable)
    now = await account_now(online, account)
    assert now.state is AccountState.CONNECTED
    assert now.renew_at is not None
    assert now.renew_at > clock.now()


async def test_a_closed_budget_stops_a_renewal_before_it_is_sent(
    online: Desk, server: OAuthServer, clock: StoppedClock
) -> None:
    class Budget:
        async def before(self, method: str, url: str) -> None:
            raise Closed(clock.now() + timedelta(minutes=5), "app")

        async def after(self, method: str, url: str, reply: Reply) -> None: ...

    account = await granted_account(online, server)
    one = module.Credentials(
        store=online.store,
        vault=online.vault,
        transport=online.transport,
        names=Names(),
        home=online.settings.home,
        owner="a",
        source=online.random,
        observers=lambda _: [Budget()],
    )
    found = await one.renew(account)
    assert isinstance(found, RateLimited)
    assert found.until == clock.now() + timedelta(minutes=5)
    assert server.authority.counts["refreshed"] == 0


# ---------------------------------------------------------------- the end of a grant


async def test_a_revoked_grant_blocks_this_account_alone(
    online: Desk, server: OAuthServer, clock: StoppedClock
) -> None:
    lost = await granted_account(online, server, "lost")
    kept = await granted_account(online, server, "kept")
    await add_posts(online, "news")
    server.authority.revoke_grant(server.authority.grants[0])
    await carry(online, lost)
    await carry(online, kept)
    by_account = {d.account_id: d for d in await deliveries(online)}
    assert by_account[lost.id].state is DeliveryState.BLOCKED
    assert by_account[kept.id].state is DeliveryState.DELIVERED
    blocked = await account_now(online, lost)
    assert blocked.state is AccountState.BLOCKED
    assert "copydesk accounts connect lost" in blocked.reason
    assert by_account[lost.id].attempts == 0


async def test_a_refused_app_is_a_matter_of_settings(online: Desk, server: OAuthServer) -> None:
    account = await granted_account(online, server)
    server.authority.apps.clear()
    found = await renewer(online, online.transport, "a").renew(account)
    assert isinstance(found, Misconfigured)
    assert "app" in found.reason
    assert (await account_now(online, account)).state is AccountState.BLOCKED


async def test_a_refusal_ends_the_renewal_so_that_a_person_may_try_at_once(
    online: Desk, server: OAuthServer
) -> None:
    account = await granted_account(online, server)
    apps = dict(server.authority.apps)
    server.authority.apps.clear()

    async def no_wait(seconds: float) -> None:
        raise AssertionError(f"waits {seconds} s for a renewal that has ended")

    one = renewer(online, online.transport, "a", pause=no_wait)
    assert isinstance(await one.renew(account), Misconfigured)
    server.authority.apps.update(apps)  # the person has mended it
    await renewer(online, online.transport, "b", pause=no_wait).renew(account)
    assert server.authority.counts["refreshed"] == 1


async def test_a_token_refused_although_it_is_fresh_blocks(
    online: Desk, server: OAuthServer, clock: StoppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = await granted_account(online, server)
    await add_posts(online, "refused")
    monkeypatch.setattr(server.authority, "bearer", lambda token: None)
    await carry(online, account)
    assert server.authority.counts["refreshed"] == 1
    assert (await deliveries(online))[0].state is DeliveryState.BLOCKED
    assert (await account_now(online, account)).state is AccountState.BLOCKED


# ---------------------------------------------------------------- a rotation that got lost


LOST = [
    TokenLie.LOST_AFTER_ROTATING,
    TokenLie.ERROR_AFTER_ROTATING,
    TokenLie.HANG_AFTER_ROTATING,
]


@pytest.mark.parametrize("lie", LOST)
async def test_a_token_in_doubt_is_left_alone_while_the_old_one_is_good(
    online: Desk, server: OAuthServer, clock: StoppedClock, lie: TokenLie
) -> None:
    account = await granted_account(online, server)
    server.authority.lies.append(lie)
    impatient = ImpatientTransport(online.transport, 0.5, server)
    clock.advance(9)  # due, but good for another second
    one = renewer(online, impatient, "a")
    now = await account_now(online, account)
    assert isinstance(await one.keep(now, None), Opened)
    for _ in range(3):
        assert isinstance(await one.keep(await account_now(online, account), None), Opened)
    assert server.authority.counts["reused"] == 0
    assert server.authority.counts["refreshed"] == 1
    # its time is over: nothing is left to lose, and the person learns why
    clock.advance(2)
    found = await one.keep(await account_now(online, account), None)
    assert isinstance(found, AuthRevoked)
    assert "was cut off" in found.reason
    assert "accounts connect" in found.reason


async def test_killed_between_the_answer_and_its_storing(
    online: Desk, server: OAuthServer, clock: StoppedClock
) -> None:
    account = await granted_account(online, server)

    class Killed(BaseException):
        pass

    async def die(call: Callable[[], Awaitable[Reply]]) -> Reply:
        await call()
        raise Killed

    dying = renewer(online, Meanwhile(online.transport, die), "victim")
    clock.advance(9)
    with pytest.raises(Killed):
        await dying.renew(await account_now(online, account), eager=True)
    # the dead one's claim ends; until its end the access token is used, never the refresh token
    survivor = renewer(online, online.transport, "survivor")
    assert isinstance(await survivor.keep(await account_now(online, account), None), Opened)
    assert server.authority.counts["reused"] == 0
    # a person connects it again meanwhile: that counts, and nobody is blocked
    fresh = await granted_account(online, server, "again")
    async with online.store.begin("test") as unit:
        sealed = await unit.accounts.secrets(fresh.id)
        now = await unit.accounts.get(account.id)
        assert await unit.credentials.store(
            account.id,
            now.generation,
            sealed,
            lifetimes_of(
                Grant(access_token="x", expires_in=10),
                clock.now(),
                renewable=True,
                kept_until=None,
                source=online.random,
            ),
            auth="oauth2",
            scopes="publish",
        )
    found = await survivor.renew(now)
    assert isinstance(found, Opened)
    assert (await account_now(online, account)).state is AccountState.CONNECTED


async def test_another_generation_stored_meanwhile_saves_the_account(
    online: Desk, server: OAuthServer
) -> None:
    account = await granted_account(online, server)
    known = await stored(online, account)

    async def overtaken(call: Callable[[], Awaitable[Reply]]) -> Reply:
        # while our call is under way, somebody with the same token gets through and stores
        other = (await call()).json()
        tokens = {name: other[name] for name in ("access_token", "refresh_token")}
        async with online.store.begin("test") as unit:
            assert await unit.credentials.store(
                account.id,
                account.generation,
                online.vault.seal({**known, **tokens}),
                lifetimes_of(
                    Grant(access_token=tokens["access_token"], expires_in=10),
                    online.clock.now(),
                    renewable=True,
                    kept_until=None,
                    source=online.random,
                ),
                auth="oauth2",
                scopes="publish read",
            )
        return await call()  # reuse: the server says invalid_grant

    found = await renewer(online, Meanwhile(online.transport, overtaken), "slow").renew(account)
    assert isinstance(found, Opened)
    assert (await account_now(online, account)).state is AccountState.CONNECTED
    assert server.authority.counts["reused"] == 1


async def test_settings_changed_meanwhile_do_not_cost_what_was_rotated(
    online: Desk, server: OAuthServer
) -> None:
    account = await granted_account(online, server)

    async def changed(call: Callable[[], Awaitable[Reply]]) -> Reply:
        reply = await call()
        settings = {**account.settings, "latency_ms": "1"}
        await change_account(online, account.name, settings=settings, secrets={}, actor="person")
        return reply

    slow = renewer(online, Meanwhile(online.transport, changed), "slow")
    assert isinstance(await slow.renew(account), Opened)
    now = await account_now(online, account)
    assert now.settings["latency_ms"] == "1"
    assert isinstance(await renewer(online, online.transport, "next").renew(now), Opened)
    assert server.authority.counts["refreshed"] == 2
    assert server.authority.counts["reused"] == server.authority.counts["grants_revoked"] == 0


async def test_a_credential_given_anew_does_not_wait_for_a_login_server_that_hangs(
    online: Desk, server: OAuthServer
) -> None:
    account = await granted_account(online, server)
    server.authority.lies.append(TokenLie.HANG_AFTER_ROTATING)
    hanging = asyncio.create_task(renewer(online, online.transport, "a").renew(account))
    while not server.authority.counts["refreshed"]:  # noqa: ASYNC110 - the server is not ours
        await asyncio.sleep(0.001)
    given = await change_account(
        online, account.name, settings={}, secrets={"access_token": "given"}, actor="person"
    )
    async with online.store.begin("test") as unit:
        claim = await unit.credentials.claim(given.id, given.generation, "b", 45)
    assert isinstance(claim, Renewal), "it waits for a renewal of the credential before"
    server._silence.set()
    await hanging
    assert (await stored(online, account))["access_token"] == "given"


async def test_a_courier_called_off_still_stores_what_was_rotated(
    online: Desk, server: OAuthServer
) -> None:
    account = await granted_account(online, server)
    one = renewer(online, online.transport, "a")
    task = asyncio.create_task(one.renew(account))
    while not server.authority.counts["refreshed"]:  # noqa: ASYNC110 - the server is not ours
        await asyncio.sleep(0.001)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    now = await account_now(online, account)
    assert now.generation == account.generation + 1
    assert isinstance(await renewer(online, online.transport, "b").renew(now), Opened)
    assert server.authority.counts["reused"] == 0


async def test_secrets_show_nowhere(online: Desk, server: OAuthServer, clock: StoppedClock) -> None:
    account = await granted_account(online, server)
    opened = await renewer(online, online.transport, "a").renew(account)
    assert isinstance(opened, Opened)
    server.authority.revoke_grant(server.authority.grants[0])
    refused = await renewer(online, online.transport, "a").renew(opened.account)
    secrets = [v for v in opened.secrets.values() if len(v) > 6]
    async with online.store.read() as unit:
        history = await unit.events.history([account.id])
    for words in (
        repr(opened),
        repr(refused),
        repr(history),
        repr(await account_now(online, account)),
    ):
        assert not any(secret in words for secret in secrets)


async def test_not_sent_leaves_no_doubt(online: Desk, server: OAuthServer) -> None:
    class Broken:
        async def call(self, method: str, url: str, **content: Any) -> Reply:
            raise NotSent("no route")

    account = await granted_account(online, server)
    await renewer(online, Broken(), "a").renew(account)
    found = await renewer(online, online.transport, "a").renew(account, eager=True)
    assert isinstance(found, Opened)
