"""One million deliveries that wait for later: what they cost, and how punctual the due ones are.

A project is filled with pending deliveries over a year. A real `copydesk worker` is watched while
nothing is due, then while some hundreds fall due, one after the other, within a minute.
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

import psutil
import sqlalchemy as sa

from bench import _backlog, _postgres
from bench._report import Report, date_of, parser, quantile
from bench.delivery import receiver, worker
from copydesk.config import load_settings
from copydesk.store.tables import deliveries, receipts
from copydesk.work.desk import Desk, open_desk

#: How many deliveries are planned by the engine itself; all others are copies of these rows.
_PLANNED = 2000

#: Time for the worker to come to rest after its start, in seconds.
_REST = 5.0

SETUPS = ("sqlite", "postgres")


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One setup's figures: lateness in seconds, CPU as a share of one core, memory in MB."""

    p50: float
    p90: float
    p99: float
    worst: float
    unsent: int
    idle: float
    firing: float
    memory: float


async def main(arguments: argparse.Namespace) -> None:
    figures: dict[str, list[Run]] = defaultdict(list)
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="copydesk-bench-")))
        server = (
            stack.enter_context(_postgres.running()) if "postgres" in arguments.setups else None
        )
        url = await stack.enter_async_context(receiver())
        for turn in range(arguments.repeat):
            for name in arguments.setups:
                home = folder / f"{name}-{turn}"
                database = await server.fresh(home.name) if server and name == "postgres" else ""
                _backlog.settings_file(home, database)
                await _fill(home, url, arguments, turn)
                run = await _run(home, arguments)
                _say(f"{name}: {run}")
                figures[name].append(run)
    _report(arguments, figures)


async def _fill(home: Path, url: str, arguments: argparse.Namespace, seed: int) -> None:
    """Plan some deliveries, spread them over a year, and copy them until there are enough."""
    planned = min(_PLANNED, arguments.pending)
    await _backlog.fill(home, url, accounts=arguments.accounts, count=planned, seed=seed)
    async with open_desk(load_settings(home)) as desk:
        async with desk.store.begin("bench") as unit:
            ids = (await unit.connection.scalars(sa.select(deliveries.c.id))).all()
            first, step = unit.now + timedelta(days=1), timedelta(days=365) / len(ids)
            await unit.connection.execute(
                sa.update(deliveries).where(deliveries.c.id == sa.bindparam("one")),
                [
                    {"one": id, "due_at": first + n * step, "wake_at": first + n * step}
                    for n, id in enumerate(ids)
                ],
            )
        copies = arguments.pending // len(ids) - 1
        began = desk.clock.monotonic()
        async with desk.store.connect(write=True) as connection:
            await connection.execute(_copying(), {"copies": copies})
            await connection.commit()
        async with desk.store.connect(write=True) as connection:
            await connection.execute(sa.text("ANALYZE"))
            await connection.commit()
        _say(f"{len(ids) * (copies + 1):,} pending, {desk.clock.monotonic() - began:.0f} s to copy")


def _copying() -> sa.TextClause:
    """Return the statement that copies every delivery; ids and keys get a number of their own."""
    names = [column.name for column in deliveries.columns]
    taken = {"id": "substr(d.id, 1, 30) || '_' || n.i", "key": "substr(d.key, 1, 24) || '_' || n.i"}
    values = ", ".join(taken.get(name, f'd."{name}"') for name in names)
    columns = ", ".join(f'"{name}"' for name in names)
    return sa.text(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :copies) "
        f"INSERT INTO deliveries ({columns}) SELECT {values} FROM deliveries d, n WHERE true"
    )


async def _run(home: Path, arguments: argparse.Namespace) -> Run:
    async with open_desk(load_settings(home)) as desk, worker(home) as process:
        await asyncio.sleep(_REST)
        idle = await _share_of_core(process, arguments.idle)
        _say(f"idle: {idle:.1%} of a core")
        due = await _fall_due(desk, arguments.due, arguments.within)
        last = max(due.values())
        wait = (last - desk.clock.now()).total_seconds()
        firing = await _share_of_core(process, wait)
        lateness = await _lateness(desk, due, arguments.patience)
        memory = process.memory_info().rss / 1e6
    return Run(
        p50=quantile(lateness, 0.5),
        p90=quantile(lateness, 0.9),
        p99=quantile(lateness, 0.99),
        worst=max(lateness),
        unsent=len(due) - len(lateness),
        idle=idle * 100,
        firing=firing * 100,
        memory=memory,
    )


async def _fall_due(desk: Desk, count: int, within: float) -> dict[str, datetime]:
    """Let some deliveries fall due one after the other; return when, by id."""
    async with desk.store.begin("bench") as unit:
        found = await unit.connection.scalars(
            sa.select(deliveries.c.id)
            .where(
                deliveries.c.wake_at.is_not(None),
                deliveries.c.id.not_like("%\\_%\\_%", escape="\\"),
            )
            .order_by(deliveries.c.id)
            .limit(count)
        )
        start = unit.now + timedelta(seconds=3)
        due = {
            id: start + n * timedelta(seconds=within) / count for n, id in enumerate(found.all())
        }
        await unit.connection.execute(
            sa.update(deliveries).where(deliveries.c.id == sa.bindparam("one")),
            [{"one": id, "due_at": at, "wake_at": at} for id, at in due.items()],
        )
    return due


async def _lateness(desk: Desk, due: dict[str, datetime], patience: float) -> list[float]:
    """Return how late each receipt was, once all are there or `patience` seconds have passed."""
    ends = desk.clock.monotonic() + patience
    while True:
        async with desk.store.read() as unit:
            rows = (
                await unit.connection.execute(
                    sa.select(receipts.c.delivery_id, receipts.c.received_at)
                )
            ).all()
        late = [
            (row.received_at - due[row.delivery_id]).total_seconds()
            for row in rows
            if row.delivery_id in due
        ]
        if len(late) >= len(due) or desk.clock.monotonic() > ends:
            return late
        await asyncio.sleep(0.5)


async def _share_of_core(process: psutil.Process, seconds: float) -> float:
    before = process.cpu_times()
    await asyncio.sleep(seconds)
    after = process.cpu_times()
    return float(after.user + after.system - before.user - before.system) / seconds


def _report(arguments: argparse.Namespace, figures: dict[str, list[Run]]) -> None:
    settings = {
        "pending": arguments.pending,
        "accounts": arguments.accounts,
        "due": f"{arguments.due} within {arguments.within:.0f} s",
        "repeat": arguments.repeat,
    }
    report = Report("schedule", date_of(arguments), settings)
    for name, runs in figures.items():
        report.add(f"{name}: due to receipt, p50", [r.p50 * 1000 for r in runs], "ms")
        report.add(f"{name}: due to receipt, p90", [r.p90 * 1000 for r in runs], "ms")
        report.add(f"{name}: due to receipt, p99", [r.p99 * 1000 for r in runs], "ms, goal 500")
        report.add(f"{name}: due to receipt, worst", [r.worst * 1000 for r in runs], "ms")
        report.add(f"{name}: not sent", [r.unsent for r in runs], "must be 0")
        report.add(f"{name}: idle CPU", [r.idle for r in runs], "% of a core, goal 2")
        report.add(f"{name}: CPU while some fall due", [r.firing for r in runs], "% of a core")
        report.add(f"{name}: memory", [r.memory for r in runs], "MB, goal 300")
    report.show(as_json=arguments.json)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    flags = parser(__doc__, repeat=1)
    flags.add_argument("--pending", type=int, default=1_000_000, help="deliveries that wait")
    flags.add_argument("--accounts", type=int, default=50)
    flags.add_argument("--due", type=int, default=300, help="deliveries that fall due")
    flags.add_argument("--within", type=float, default=60.0, help="seconds in which they do")
    flags.add_argument("--idle", type=float, default=30.0, help="seconds of watching it idle")
    flags.add_argument("--setups", nargs="+", choices=SETUPS, default=list(SETUPS))
    flags.add_argument("--patience", type=float, default=60.0, help="seconds to wait at the end")
    asyncio.run(main(flags.parse_args()))
