"""Whether one account's backlog holds up the others.

A thousand accounts have one delivery due each: how long until all thousand have arrived, alone, and
beside an account with a hundred thousand due at the same moment? Goal: at most twice as long.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections import defaultdict
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from bench import _backlog, _bulk, _postgres
from bench._report import Report, date_of, parser
from bench.delivery import receiver, worker
from copydesk.config import load_settings
from copydesk.core.states import DeliveryState
from copydesk.store.tables import deliveries, receipts
from copydesk.work.desk import Desk, open_desk

#: Time for a worker to start and notice, in seconds.
_NOTICE = timedelta(seconds=3)

SETUPS = ("sqlite", "postgres")


@dataclass(frozen=True, slots=True)
class Run:
    """Seconds until the small ones were done, and how many of the big one went out meanwhile."""

    seconds: float
    big: int
    duplicates: int


async def main(arguments: argparse.Namespace) -> None:
    figures: dict[str, list[Run]] = defaultdict(list)
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="copydesk-bench-")))
        server = None
        if "postgres" in arguments.setups:
            server = stack.enter_context(_postgres.running())
        url = await stack.enter_async_context(receiver())
        for turn in range(arguments.repeat):
            for setup in arguments.setups:
                for name, big in (("alone", 0), ("together", arguments.big)):
                    home = folder / f"{setup}-{name}-{turn}"
                    database = await server.fresh(home.name) if server and setup != "sqlite" else ""
                    run = await _run(home, database, url, big, arguments)
                    figures[f"{setup}: {name}"].append(run)
            print(f"turn {turn + 1} of {arguments.repeat} done", file=sys.stderr, flush=True)
    settings = {"big": arguments.big, "small": arguments.small, "repeat": arguments.repeat}
    report = Report("fairness", date_of(arguments), settings)
    for setup in arguments.setups:
        alone, together = figures[f"{setup}: alone"], figures[f"{setup}: together"]
        report.add(f"{setup}: the small ones alone", [run.seconds for run in alone], "s")
        report.add(f"{setup}: beside the big one", [run.seconds for run in together], "s")
        ratios = [b.seconds / a.seconds for a, b in zip(alone, together, strict=True)]
        report.add(f"{setup}: times as long", ratios, "goal at most 2")
        report.add(f"{setup}: of the big one meanwhile", [run.big for run in together])
        twice = [run.duplicates for run in (*alone, *together)]
        report.add(f"{setup}: duplicates", twice, "must be 0")
    report.show(as_json=arguments.json)


async def _run(home: Path, database: str, url: str, big: int, arguments: argparse.Namespace) -> Run:
    _backlog.settings_file(home, database)
    async with open_desk(load_settings(home), approve="automatic") as desk, AsyncExitStack() as on:
        accounts = [await _backlog.account(desk, url, n) for n in range(arguments.small + 1)]
        small = accounts[1:]
        later = desk.clock.now() + timedelta(days=1)
        wanted = [(accounts[0], big), *((account, 1) for account in small)]
        await _bulk.add(desk, wanted, later)
        await on.enter_async_context(worker(home))
        await asyncio.sleep(1)
        due_at = desk.clock.now() + _NOTICE
        await _backlog.fall_due(desk, due_at)
        ids = [account.id for account in small]
        await asyncio.sleep((due_at - desk.clock.now()).total_seconds())
        while await _left(desk, ids):  # noqa: ASYNC110  # another process does the work
            await asyncio.sleep(0.2)
        return await _figures(desk, accounts[0].id, due_at)


async def _left(desk: Desk, ids: list[str]) -> int:
    async with desk.store.read() as unit:
        return int(
            await unit.connection.scalar(
                sa.select(sa.func.count()).where(
                    deliveries.c.account_id.in_(ids), deliveries.c.wake_at.is_not(None)
                )
            )
            or 0
        )


async def _figures(desk: Desk, big: str, due_at: datetime) -> Run:
    joined = sa.join(receipts, deliveries, deliveries.c.id == receipts.c.delivery_id)
    async with desk.store.read() as unit:
        last = await unit.connection.scalar(
            sa.select(sa.func.max(receipts.c.received_at))
            .select_from(joined)
            .where(deliveries.c.account_id != big)
        )
        done = await unit.connection.scalar(
            sa.select(sa.func.count()).where(
                deliveries.c.account_id == big, deliveries.c.state == DeliveryState.DELIVERED
            )
        )
        received, different = (
            await unit.connection.execute(
                sa.select(sa.func.count(), sa.func.count(sa.distinct(receipts.c.delivery_id)))
            )
        ).one()
    assert isinstance(last, datetime)
    return Run((last - due_at).total_seconds(), int(done or 0), received - different)


if __name__ == "__main__":
    flags = parser(__doc__, repeat=1)
    flags.add_argument("--big", type=int, default=100_000, help="due for the big account")
    flags.add_argument("--small", type=int, default=1000, help="accounts with one due each")
    flags.add_argument("--setups", nargs="+", choices=SETUPS, default=list(SETUPS))
    asyncio.run(main(flags.parse_args()))
