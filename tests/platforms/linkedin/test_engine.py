"""LinkedIn through the engine: faults, and an API version that ends while posts wait."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from copydesk.core.states import AccountState, DeliveryState
from copydesk.platforms.kit.http_transport import HttpTransport
from copydesk.testing.clocks import StoppedClock
from copydesk.testing.fake_linkedin import PAGE, FakeLinkedIn
from copydesk.testing.faults.catalogue import Fault
from copydesk.testing.faults.databases import Databases
from copydesk.testing.faults.rigs import find_rigs
from copydesk.testing.faults.scenarios import run_scenario
from copydesk.work.accounts.connecting import add_account
from copydesk.work.accounts.trying import try_account
from copydesk.work.accounts.versions import move_to_version
from copydesk.work.desk import Desk
from tests.distribution.carrying import add_posts, carry, deliveries


@pytest.fixture
async def online(desk: Desk) -> AsyncIterator[Desk]:
    transport = HttpTransport(user_agent="copydesk-tests")
    yield replace(desk, transport=transport)
    await transport.close()


@pytest.mark.parametrize(
    ("spoke", "fault"),
    [
        ("linkedin", Fault.STALE_READS),
        ("linkedin+person", Fault.RESPONSE_LOST),
        ("linkedin+person", Fault.RESET_BEFORE_ACCEPT),
    ],
)
async def test_every_post_is_there_once_and_nobody_is_asked(
    spoke: str, fault: Fault, made: Databases
) -> None:
    row = await run_scenario(find_rigs()[spoke], "sqlite", fault, 4, made)
    assert row.applies, row.note
    assert row.is_good, row
    assert row.held == 0


async def test_what_waits_when_a_version_ends_goes_out_with_the_next(
    online: Desk, clock: StoppedClock
) -> None:
    async with FakeLinkedIn(clock=clock) as linkedin:
        account = await add_account(
            online,
            "linkedin",
            "page",
            settings={"base_url": linkedin.url, "author": PAGE},
            secrets={"access_token": linkedin.token},
            inbox=True,
            actor="test",
        )
        await add_posts(online, "hello")
        linkedin.alive.discard("202607")
        await carry(online, account)
        async with online.store.read() as unit:
            blocked = await unit.accounts.get(account.id)
        assert blocked.state is AccountState.BLOCKED
        assert "accounts version" in blocked.reason
        await move_to_version(online, "page", "202603", actor="test")
        await try_account(online, "page", actor="test")
        clock.advance(61)  # one post a minute, and that was one
        await carry(online, account)
        assert {d.state for d in await deliveries(online)} == {DeliveryState.DELIVERED}
        assert len(linkedin.posts) == 1
        assert linkedin.hits[-1].headers["linkedin-version"] == "202603"
