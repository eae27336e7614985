"""Sessions end, are renewed and begun anew; a person is asked only for a new password."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from copydesk.core.account import Account
from copydesk.core.outcomes import AuthRevoked, Misconfigured, RateLimited, Unavailable
from copydesk.core.states import AccountState, DeliveryState
from copydesk.distribution.credentials import Credentials, Opened
from copydesk.platforms.bluesky.sessions import lifetime
from copydesk.platforms.kit.auth import Grant
from copydesk.platforms.kit.http_transport import HttpTransport
from copydesk.platforms.kit.names import Names
from copydesk.testing.clocks import StoppedClock
from copydesk.testing.fake_bluesky import GRACE, REFRESH_LIFE, FakeBluesky
from copydesk.work.accounts.connecting import add_account, change_account
from copydesk.work.accounts.trying import try_account
from copydesk.work.desk import Desk
from tests.distribution.carrying import account_now, add_posts, carry, deliveries
from tests.platforms.bluesky.skies import Sky


def begun(sky: Sky) -> int:
    return sky.server.sessions_begun


async def test_the_first_session_takes_the_app_password(sky: Sky) -> None:
    client = sky.connect({"app_password": sky.server.password})
    grant = await client.renew()
    assert isinstance(grant, Grant)
    assert grant.expires_in == 7200
    assert grant.access_token in sky.server.tokens
    assert begun(sky) == 1


async def test_a_session_is_refreshed_without_the_password(sky: Sky, clock: StoppedClock) -> None:
    clock.advance(7_201)
    grant = await sky.client.renew()
    assert isinstance(grant, Grant)
    assert grant.refresh_token not in {"", sky.case.secrets["refresh_token"]}
    assert begun(sky) == 0


async def test_a_refresh_whose_answer_was_lost_may_be_repeated(
    sky: Sky, clock: StoppedClock
) -> None:
    first = await sky.client.renew()
    clock.advance(GRACE.total_seconds())
    assert await sky.client.renew() == first
    assert begun(sky) == 0


@pytest.mark.parametrize("later", [GRACE.total_seconds() + 1, REFRESH_LIFE.total_seconds() + 1])
async def test_a_refresh_token_that_is_over_leads_back_to_the_password(
    sky: Sky, clock: StoppedClock, later: float
) -> None:
    await sky.client.renew()
    clock.advance(later)
    assert isinstance(await sky.client.renew(), Grant)
    assert begun(sky) == 1


async def test_a_password_that_was_taken_back_needs_a_person(sky: Sky) -> None:
    sky.server.end_sessions()
    sky.server.password = "another-one"
    outcome = await sky.client.renew()
    assert isinstance(outcome, AuthRevoked)
    assert sky.case.secrets["app_password"] not in repr(outcome)


async def test_an_account_in_trouble_is_no_matter_of_passwords(sky: Sky) -> None:
    client = sky.connect({"app_password": sky.server.password})
    sky.server.status = "takendown"
    assert isinstance(await client.renew(), Misconfigured)
    sky.server.status = "deactivated"
    outcome = await client.renew()
    assert isinstance(outcome, Misconfigured)
    assert "deactivated" in outcome.reason


async def test_a_server_that_is_away_ends_nothing(sky: Sky) -> None:
    await sky.server.stop()
    assert isinstance(await sky.client.renew(), Unavailable)


@pytest.mark.parametrize("token", ["", "opaque", "a.b.c", "a.e30.c", "a.bnVsbA.c", "a." + "W" * 9])
def test_a_token_that_does_not_say_how_long_it_lives_stays_unknown(token: str) -> None:
    assert lifetime(token) is None


# -- through the engine ---------------------------------------------------------------------------


@pytest.fixture
async def online(desk: Desk) -> AsyncIterator[Desk]:
    transport = HttpTransport(user_agent="copydesk-tests")
    yield replace(desk, transport=transport)
    await transport.close()


@pytest.fixture
async def server(clock: StoppedClock) -> AsyncIterator[FakeBluesky]:
    async with FakeBluesky(clock=clock) as server:
        yield server


async def connected(desk: Desk, server: FakeBluesky) -> Account:
    return await add_account(
        desk,
        "bluesky",
        "sky",
        settings={"base_url": server.url, "identifier": server.handle},
        secrets={"app_password": server.password},
        inbox=True,
        actor="test",
    )


async def test_sessions_come_and_go_while_posts_go_out(
    online: Desk, server: FakeBluesky, clock: StoppedClock
) -> None:
    account = await connected(online, server)
    for number, day in enumerate((0, 1, 100)):
        clock.advance(day * 86_400)
        await add_posts(online, f"post-{number}")
        await carry(online, account)
    assert [d.state for d in await deliveries(online)] == [DeliveryState.DELIVERED] * 3
    assert len(server.posts) == 3
    assert server.sessions_begun == 2, "the second was refreshed, after 100 days nothing was left"


async def test_a_session_ended_there_is_begun_anew_and_nothing_goes_out_twice(
    online: Desk, server: FakeBluesky
) -> None:
    account = await connected(online, server)
    await add_posts(online, "one")
    await carry(online, account)
    server.end_sessions()
    await add_posts(online, "two", "three")
    await carry(online, account)
    assert [d.state for d in await deliveries(online)] == [DeliveryState.DELIVERED] * 3
    assert (len(server.posts), server.commits) == (3, 3)


async def test_many_who_need_a_session_at_once_begin_one(online: Desk, server: FakeBluesky) -> None:
    account = await connected(online, server)

    async def opened(number: int) -> Opened | object:
        credentials = Credentials(
            store=online.store,
            vault=online.vault,
            transport=online.transport,
            names=Names(),
            home=online.settings.home,
            owner=f"process/{number}",
            source=random.Random(number),
        )
        return await credentials.keep(account, None)

    found = await asyncio.gather(*(opened(number) for number in range(5)))
    assert all(isinstance(one, Opened) for one in found), found
    assert server.sessions_begun == 1


async def test_a_new_app_password_lets_a_blocked_account_go_on(
    online: Desk, server: FakeBluesky, clock: StoppedClock
) -> None:
    account = await connected(online, server)
    server.password = "abcd-efgh-ijkl-0000"
    await add_posts(online, "hello")
    await carry(online, account)
    assert (await account_now(online, account)).state is AccountState.BLOCKED
    clock.advance(60)
    secrets = {"app_password": server.password}
    await change_account(online, "sky", settings={}, secrets=secrets, actor="test")
    tried, _ = await try_account(online, "sky", actor="test")
    assert tried.identity == "@desk.example.org"
    await carry(online, tried)
    assert len(server.posts) == 1


async def test_too_many_sessions_wait(sky: Sky) -> None:
    from copydesk.testing.loopback import Lie

    sky.server.publishes = lambda request: True  # type: ignore[method-assign]
    sky.server.lie(Lie.RATE_LIMITED)
    client = sky.connect({"app_password": sky.server.password})
    outcome = await client.renew()
    assert isinstance(outcome, RateLimited)
    assert (outcome.retry_after, outcome.scope) == (120, "endpoint")
