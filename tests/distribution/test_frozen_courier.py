"""A worker is frozen within a transaction: others go on, and what it wakes up to is harmless."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from copydesk.core.states import DeliveryState
from copydesk.distribution.records import LEASE
from copydesk.store.tables import accounts
from copydesk.testing.clocks import StoppedClock
from copydesk.work.desk import Desk
from tests.distribution.carrying import add_posts, carry_to_rest, deliveries, sandbox_has
from tests.store_fixtures import AddSandbox

ROOT = Path(__file__).resolve().parents[2]

#: A courier that stops within the transaction of its intents until it is told to go on.
COURIER = """
import asyncio, sys
from datetime import timedelta
from pathlib import Path
from random import Random

from copydesk.config import Settings
from copydesk.core.ids import IdFactory
from copydesk.distribution.budget_lumps import Budgets
from copydesk.distribution.courier import Courier
from copydesk.distribution.vault import open_vault
from copydesk.store import open_store
from copydesk.store.journal import Journal
from copydesk.testing.clocks import StoppedClock
from copydesk.testing.contract import ClosedTransport
from copydesk.work.desk import Desk
from tests.distribution.carrying import tools

database, home, workspace_id, account_id = sys.argv[1:]
transact = Journal._transact

def stopping(journal, group):
    yield from transact(journal, group)
    if any(getattr(waiting.handed, "intents", ()) for waiting in group):
        print("within", flush=True)
        sys.stdin.readline()

async def work():
    clock = StoppedClock()
    store = await open_store(
        database, clock, IdFactory(clock), migrate=False, longest_silence=timedelta(seconds=1)
    )
    desk = Desk(
        settings=Settings(home=Path(home), database=database, port=0),
        store=store, clock=clock, ids=store.ids, workspace_id=workspace_id,
        transport=ClosedTransport(), vault=open_vault("", Path(home)), random=Random(7),
        budgets=Budgets(store),
    )
    Journal._transact = stopping
    try:
        await Courier(tools(desk, "frozen/1"), account_id).run()
        print("went on")
    except Exception as error:
        print(f"{type(error).__name__}: {error}")
    await store.close()

asyncio.run(work())
"""


def start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", COURIER, *arguments],
        cwd=ROOT,
        env={"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", "PATH": ""},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


async def test_a_frozen_courier_holds_nobody_up_and_sends_nothing_when_it_wakes(
    desk: Desk, database: str, clock: StoppedClock, sandbox_account: AddSandbox
) -> None:
    if desk.store.embedded:
        pytest.skip("SQLite lets nobody write beside a frozen process, whatever it says")
    account = await sandbox_account("box")
    await add_posts(desk, "one", "two")
    frozen = start(database, str(desk.settings.home), desk.workspace_id, account.id)
    assert frozen.stdout is not None
    try:
        assert await asyncio.to_thread(frozen.stdout.readline) == "within\n"
        frozen.send_signal(signal.SIGSTOP)
        clock.advance(LEASE + 1)
        async with asyncio.timeout(20):
            # who wants the account does without it until the server ends what has it locked
            async with desk.store.begin("test") as unit:
                await unit.connection.execute(sa.select(accounts.c.id).with_for_update())
            found = await carry_to_rest(desk, account, clock)
        assert {delivery.state for delivery in found} == {DeliveryState.DELIVERED}
        frozen.send_signal(signal.SIGCONT)
        said, _ = await asyncio.to_thread(frozen.communicate, "go on\n", 20)
    finally:
        frozen.kill()
        frozen.communicate()
    assert "StoreUnavailable" in said, said
    assert sorted(sandbox_has(desk, account).values()) == [1, 1]
    assert {d.state for d in await deliveries(desk)} == {DeliveryState.DELIVERED}
