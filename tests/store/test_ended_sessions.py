"""Sessions on PostgreSQL that were ended: whoever works next gets another one."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest
import sqlalchemy as sa

from copydesk.store import Store, postgres

OTHERS = """
    SELECT pid, pg_terminate_backend(pid, 30000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


@pytest.fixture
def distributed(store: Store) -> Store:
    if store.embedded:
        pytest.skip("SQLite has no sessions")
    return store


async def session(store: Store) -> int:
    """Return which session a transaction is in."""
    async with store.read() as unit:
        return int(await unit.connection.scalar(sa.text("SELECT pg_backend_pid()")) or 0)


async def end_all(store: Store) -> set[int]:
    """End every session there is, as a restarted server does; return which."""
    operator = await asyncpg.connect(store.dsn)
    try:
        return {row["pid"] for row in await operator.fetch(OTHERS)}
    finally:
        await operator.close()


@pytest.mark.parametrize("is_said", [True, False], ids=["said", "forgotten on the way"])
async def test_work_goes_on_in_other_sessions(
    is_said: bool, distributed: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once = 5
    barrier = asyncio.Barrier(at_once)

    async def together() -> int:
        async with distributed.read() as unit:
            await barrier.wait()
            return int(await unit.connection.scalar(sa.text("SELECT pg_backend_pid()")) or 0)

    before = set(await asyncio.gather(*(together() for _ in range(at_once))))
    assert len(before) == at_once
    assert before <= await end_all(distributed)
    if not is_said:
        monkeypatch.setattr(postgres, "has_ended", lambda _: False)
        monkeypatch.setattr(postgres, "UNSEEN", -1.0)
    after = set(await asyncio.gather(*(together() for _ in range(at_once))))
    assert len(after) == at_once
    assert before.isdisjoint(after)


async def test_one_after_the_other_is_done_in_one_session(distributed: Store) -> None:
    assert len({await session(distributed) for _ in range(10)}) == 1
