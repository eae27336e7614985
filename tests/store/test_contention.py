"""Two transactions that are in each other's way, on a real PostgreSQL: one waits or is repeated."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from copydesk.core.account import Lease
from copydesk.core.errors import Conflict, StoreUnavailable
from copydesk.core.states import PostState
from copydesk.store import UnitOfWork, open_store
from copydesk.store.accounts import leases
from copydesk.store.journal import Entry
from copydesk.store.tables import accounts
from copydesk.testing.clocks import StoppedClock
from copydesk.work.deliveries.distributing import distribute
from copydesk.work.desk import Desk
from tests.distribution.carrying import add_posts
from tests.store.test_journal import leased
from tests.store.test_rows import add_account, add_delivery
from tests.store_fixtures import PostgresServer, ordered_ids


@pytest.fixture(autouse=True)
def _on_postgresql(desk: Desk) -> None:
    if desk.store.embedded:
        pytest.skip("SQLite has one writer at a time: nobody waits for anybody in a circle")


async def touch(unit: UnitOfWork, id: str) -> None:
    await unit.connection.execute(
        sa.update(accounts).where(accounts.c.id == id).values(reason="touched")
    )


async def say(unit: UnitOfWork, setting: str) -> None:
    await unit.connection.execute(sa.text(f"SET LOCAL {setting}"))


async def two_accounts(desk: Desk) -> list[str]:
    async with desk.store.begin("test") as unit:
        return sorted([(await add_account(unit, desk, name)).id for name in ("one", "two")])


async def test_a_deadlock_is_a_conflict_and_the_other_one_gets_through(desk: Desk) -> None:
    one, two = await two_accounts(desk)
    met = asyncio.Barrier(2)

    async def cross(first: str, second: str) -> None:
        async with desk.store.begin("test") as unit:
            await say(unit, "deadlock_timeout = '50ms'")
            await touch(unit, first)
            await met.wait()
            await touch(unit, second)

    ended = await asyncio.gather(cross(one, two), cross(two, one), return_exceptions=True)
    (problem,) = [error for error in ended if error is not None]
    assert isinstance(problem, Conflict)
    assert "try again" in problem.remedy


async def test_a_lock_that_is_not_given_is_a_conflict(desk: Desk) -> None:
    one, _ = await two_accounts(desk)

    async def touch_impatiently() -> None:
        async with desk.store.begin("test") as unit:
            await say(unit, "lock_timeout = '50ms'")
            await touch(unit, one)

    async with desk.store.begin("test") as holder:
        await touch(holder, one)
        with pytest.raises(Conflict):
            await touch_impatiently()


async def test_the_journal_repeats_a_group_that_had_to_give_way(desk: Desk) -> None:
    """Who begins to wait last closes the circle and finds it: that has to be the journal."""
    names = ("one", "two", "three")
    held = sorted([(await leased(desk, name))[0] for name in names], key=by_id)
    at = desk.clock.now()
    entries = [
        Entry(actor="courier", at=at, proves=replace(lease, until=at + timedelta(seconds=20)))
        for lease in held
    ]
    await desk.store.journal.close()  # its next connection has the server's settings
    await set_deadlock_timeout(desk, "100ms")
    async with desk.store.begin("test") as unit:
        await say(unit, "deadlock_timeout = '60s'")
        await touch(unit, held[2].account_id)
        async with desk.store.begin("test") as between:
            await touch(between, held[1].account_id)
            writing = [asyncio.create_task(desk.store.journal.write(entry)) for entry in entries]
            await until_waiting(desk, 1)
            touching = asyncio.create_task(touch(unit, held[0].account_id))
            await until_waiting(desk, 2)
        # only now the journal goes on, from the second account to the third
        await touching
    await asyncio.gather(*writing)


def by_id(lease: Lease) -> str:
    return lease.account_id


async def set_deadlock_timeout(desk: Desk, value: str) -> None:
    name = desk.store.engine.url.database
    async with desk.store.connect(write=True) as connection:
        await connection.execute(
            sa.text(f"ALTER DATABASE \"{name}\" SET deadlock_timeout = '{value}'")
        )
        await connection.commit()
    await desk.store.engine.dispose()


async def until_waiting(desk: Desk, count: int) -> None:
    """Until so many connections wait for locks that others have."""
    waiting = sa.text("SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted")
    async with asyncio.timeout(60), desk.store.connect(write=False) as connection:
        while await connection.scalar(waiting) != count:
            pass


async def test_planning_does_not_wait_for_who_holds_the_leases(desk: Desk) -> None:
    """A courier's writer locks accounts in one order, planning refers to them in another: neither
    must wait for the other, or some day both do."""
    one, two = await two_accounts(desk)
    dialect = desk.store.engine.dialect
    async with desk.store.begin("courier") as holder:
        await holder.connection.execute(leases(dialect), {"ids": [one, two]})
        async with desk.store.begin("test") as unit:
            await say(unit, "lock_timeout = '2s'")
            account = await unit.accounts.get(two)
            await add_delivery(unit, desk, account, "a-post")


async def test_a_post_that_two_workers_plan_is_planned_once_and_never_held(
    desk: Desk, sandbox: None
) -> None:
    async with desk.store.begin("test") as unit:
        await add_account(unit, desk, "one")
    (post_id,) = await add_posts(desk, "one")
    async with desk.store.read() as unit:
        assert (await unit.posts.get(post_id)).state is PostState.DISTRIBUTED
    await asyncio.gather(*(distribute(desk, post_id) for _ in range(3)), return_exceptions=True)
    async with desk.store.read() as unit:
        assert (await unit.posts.get(post_id)).state is PostState.DISTRIBUTED
        assert len(await unit.deliveries.of_post(post_id)) == 1


async def test_a_server_that_takes_no_connections_is_away(
    desk: Desk, clock: StoppedClock, postgres: PostgresServer
) -> None:
    name = str(desk.store.engine.url.database)
    await postgres.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
    with pytest.raises(StoreUnavailable, match="not currently accepting"):
        await open_store(postgres.url(name), clock, ordered_ids(clock))
