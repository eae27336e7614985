"""X through the engine: a chain that stops, what is charged, and what can be changed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from copydesk.core.account import Account
from copydesk.core.delivery import Delivery
from copydesk.core.findings import Finding
from copydesk.core.post import Content, Post, Tier
from copydesk.core.states import DeliveryState, PostState
from copydesk.distribution.planning import plan, schedule
from copydesk.platforms.kit.http_transport import HttpTransport
from copydesk.testing.clocks import StoppedClock
from copydesk.testing.fake_x import FakeX
from copydesk.testing.faults.catalogue import Fault
from copydesk.testing.faults.databases import Databases
from copydesk.testing.faults.rigs.x import XThreadRig
from copydesk.testing.faults.scenarios import run_scenario
from copydesk.testing.loopback import Lie
from copydesk.testing.samples import PIXEL
from copydesk.work.accounts.connecting import add_account
from copydesk.work.desk import Desk
from tests.distribution.carrying import carry_to_rest
from tests.platforms.x.desk import picture


@pytest.fixture
async def server(clock: StoppedClock) -> AsyncIterator[FakeX]:
    async with FakeX(clock=clock) as server:
        yield server


@pytest.fixture
async def online(desk: Desk) -> AsyncIterator[Desk]:
    transport = HttpTransport(user_agent="copydesk-tests")
    yield replace(desk, transport=transport)
    await transport.close()


class Stage:
    """An account on X, and posts that are planned and carried."""

    def __init__(self, desk: Desk, clock: StoppedClock, account: Account) -> None:
        self.desk = desk
        self.clock = clock
        self.account = account

    async def publish(self, **content: Any) -> list[Delivery]:
        """Publish a new post; return every delivery there is when nothing wants work."""
        given = {"title": "", "body": "", "slug": "post", **content}
        async with self.desk.store.begin("test") as unit:
            post, revision = await unit.posts.add(
                workspace_id=self.desk.workspace_id,
                source_key="test:post",
                content=Content(**given),
                tier=Tier.PERSON,
            )
            plans = await plan(unit, post, revision, [self.account], unit.now)
            assert not plans[0].errors, plans[0].errors
            await schedule(unit, post, revision, plans, unit.now)
            post = await unit.posts.move(post, PostState.APPROVED)
            self.post: Post = await unit.posts.move(post, PostState.DISTRIBUTED)
        return await carry_to_rest(self.desk, self.account, self.clock)

    async def objections(self, body: str) -> tuple[Finding, ...]:
        """Return what stands in the way of changing the post."""
        async with self.desk.store.begin("test") as unit:
            post = await unit.posts.get(self.post.id)
            revision = await unit.posts.revise(
                post, Content(title="", body=body, slug="post"), tier=Tier.PERSON
            )
            (planned,) = await plan(unit, post, revision, [self.account], unit.now)
        return planned.errors


async def staged(online: Desk, server: FakeX, clock: StoppedClock, **settings: str) -> Stage:
    account = await add_account(
        online,
        "x",
        "xdesk",
        settings={"base_url": server.url, **settings},
        secrets={"access_token": server.token},
        inbox=False,
        actor="test",
    )
    return Stage(online, clock, account)


async def test_a_chain_that_x_stops_keeps_its_first_part_and_says_why(
    online: Desk, server: FakeX, clock: StoppedClock
) -> None:
    server.lets_reply = False
    stage = await staged(online, server, clock)
    (delivery,) = await stage.publish(overrides={"x": {"parts": ["One.", "Two.", "Three."]}})
    assert delivery.state is DeliveryState.HELD
    assert "thread" in delivery.reason
    assert "form: post" in delivery.remedy
    assert [tweet.sent for tweet in server.tweets] == ["One."]


async def test_a_listing_that_lags_longer_is_caught_by_what_x_refuses(
    online: Desk, server: FakeX, clock: StoppedClock
) -> None:
    server.stale_for = 90.0
    server.lie(Lie.RESET_AFTER_ACCEPT)
    stage = await staged(online, server, clock)
    (delivery,) = await stage.publish(body="Open.")
    assert [tweet.sent for tweet in server.tweets] == ["Open."]
    assert delivery.state is DeliveryState.DELIVERED
    assert delivery.remote_id == server.tweets[0].id


async def test_what_is_booked_is_what_x_charges(
    online: Desk, server: FakeX, clock: StoppedClock
) -> None:
    media = picture("a.png")
    async with online.store.begin("test") as unit:
        sha = await unit.workspaces.keep(PIXEL)
    stage = await staged(online, server, clock)
    (delivery,) = await stage.publish(
        overrides={"x": {"parts": ["See https://example.org", "Two.", "Three."]}},
        media=(replace(media, sha256=sha, size=len(PIXEL)),),
    )
    assert delivery.state is DeliveryState.DELIVERED
    assert server.charges == {"metadata": 1, "create with url": 1, "create": 2}
    async with online.store.read() as unit:
        spent = await unit.budgets.spent(online.workspace_id, clock.now() - timedelta(days=1))
    assert spent == {stage.account.id: server.charged}


async def test_only_premium_accounts_are_planned_a_change(
    online: Desk, server: FakeX, clock: StoppedClock
) -> None:
    stage = await staged(online, server, clock)
    await stage.publish(body="Open.")
    assert [finding.code for finding in await stage.objections("Closed.")] == ["cannot_update"]


async def test_threads_whose_answers_are_lost_are_found_part_by_part(made: Databases) -> None:
    row = await run_scenario(XThreadRig, "sqlite", Fault.RESPONSE_LOST, 3, made)
    assert row.is_good, row
    assert row.held == 0
