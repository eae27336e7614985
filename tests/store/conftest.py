"""An account with very much that waits, and every statement that is run."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from copydesk.core.account import Account
from copydesk.store import Store
from copydesk.store.tables import deliveries, timings
from copydesk.testing.clocks import NOON
from copydesk.work.desk import Desk
from tests.distribution.carrying import add_posts
from tests.store.walking import PENDING
from tests.store_fixtures import AddSandbox


@pytest.fixture
async def account(desk: Desk, sandbox_account: AddSandbox) -> Account:
    """An account with one delivery due and very many that wait."""
    account = await sandbox_account("box")
    await add_posts(desk, "one")
    async with desk.store.begin("test") as unit:
        (first,) = await unit.deliveries.newest(desk.workspace_id)
        row = dict((await unit.connection.execute(sa.select(deliveries))).one()._mapping)
        fresh = [
            {
                **row,
                "id": f"dlv_{number:026}",
                "key": f"{number:032}",
                "due_at": NOON + timedelta(days=1, seconds=number),
                "wake_at": NOON + timedelta(days=1, seconds=number),
            }
            for number in range(PENDING)
        ]
        for start in range(0, PENDING, 1000):
            await unit.connection.execute(sa.insert(deliveries), fresh[start : start + 1000])
        await unit.connection.execute(
            sa.insert(timings),
            [
                {"delivery_id": entry["id"], "due_at": entry["due_at"], "asked": "", "zone": ""}
                | {"note": "", "queue": "", "late": "", "moves": 0}
                for entry in fresh[:500]
            ],
        )
    async with desk.store.connect(write=True) as connection:
        await connection.execute(sa.text("ANALYZE"))
        await connection.commit()
    assert first.account_id == account.id
    return account


@pytest.fixture
async def asked(store: Store) -> AsyncIterator[list[tuple[str, Any]]]:
    """Every statement that is run, as the driver gets it."""
    seen: list[tuple[str, Any]] = []

    def listen(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        seen.append((statement, parameters))

    sa.event.listen(store.engine.sync_engine, "before_cursor_execute", listen)
    yield seen
    sa.event.remove(store.engine.sync_engine, "before_cursor_execute", listen)
