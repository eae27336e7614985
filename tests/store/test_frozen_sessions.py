"""Sessions on PostgreSQL whose process was frozen: what they hold is given up."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
import sqlalchemy as sa

from copydesk.core.account import Account
from copydesk.store import Store
from copydesk.store.postgres import SILENCES, connect, last_for_long
from copydesk.store.tables import accounts

#: `Parse` of an empty statement, and no `Sync` after it: the server waits for what else is sent
#: (PostgreSQL's documentation of its messages, 2026-11-23).
UNFINISHED = b"P\x00\x00\x00\x08\x00\x00\x00\x00"

SHORT = timedelta(milliseconds=200)


@pytest.fixture
def distributed(store: Store) -> Store:
    if store.embedded:
        pytest.skip("SQLite has no sessions")
    return store


@pytest.mark.parametrize("sent", [b"", UNFINISHED], ids=["silent", "between two rows"])
async def test_what_a_frozen_process_has_locked_is_free_again(
    sent: bytes, distributed: Store
) -> None:
    frozen = await connect(distributed.dsn, SHORT)
    await frozen.execute("BEGIN; LOCK TABLE accounts")
    frozen._transport.write(sent)
    async with asyncio.timeout(30), distributed.begin("test") as unit:
        await unit.connection.execute(sa.text("UPDATE accounts SET lease_until = NULL"))
    frozen.terminate()


async def test_a_migration_may_take_its_time(distributed: Store) -> None:
    async with distributed.connect(write=True) as connection:
        shown = sa.text("SHOW transaction_timeout")
        assert await connection.scalar(shown) == f"{SILENCES}min"
        await connection.run_sync(last_for_long)
        assert await connection.scalar(shown) == "0"
        await connection.rollback()
        assert await connection.scalar(shown) == f"{SILENCES}min"


async def test_who_wants_an_account_does_not_wait_for_who_has_locked_it(
    distributed: Store, account: Account
) -> None:
    """All couriers of a process share one writer: none of them may wait for a frozen neighbour."""
    at = distributed.clock.now()
    until = at + timedelta(seconds=10)
    async with distributed.begin("frozen") as unit:
        await unit.connection.execute(sa.select(accounts.c.id).with_for_update())
        async with asyncio.timeout(30):
            assert await distributed.journal.lease(account.id, "other/1", at, until) is None
    assert await distributed.journal.lease(account.id, "other/1", at, until) is not None
