"""Deliveries a second through a local HTTP platform, beside a bare aiohttp loop.

A backlog falls due at one moment; `copydesk worker` processes carry it to a receiver in a process
of its own, on SQLite and on PostgreSQL. In the same run a loop without any state sends the same
requests, and a program without an engine sends them and writes the rows by hand: what lies
between the two is what durability costs. Everything shares the machine's cores: client, server and
database.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import sys
import tempfile
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import aiohttp
import psutil

from bench import _backlog, _postgres
from bench._report import Report, date_of, parser, quantile
from copydesk.config import load_settings
from copydesk.work.desk import Desk, open_desk

#: Time for an idle worker to notice what was made due behind its back, in seconds.
_NOTICE = timedelta(seconds=2.5)

#: How often the bare loop sends every request: it is done too soon to be measured otherwise.
_BARE_ROUNDS = 5

_GOALS = {"sqlite-1": "goal 0.5", "postgres-2": "goal 0.4"}

SETUPS = ("sqlite-1", "postgres-1", "postgres-2")


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One setup's figures: times in seconds, CPU in milliseconds a delivery."""

    rate: float
    cpu: float
    database_cpu: float = 0.0
    p50: float = 0.0
    p99: float = 0.0
    duplicates: int = 0
    lost: int = 0
    unfinished: int = 0


async def main(arguments: argparse.Namespace) -> None:
    figures: dict[str, list[Run]] = defaultdict(list)
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="copydesk-bench-")))
        server = None
        if any(name.startswith("postgres") for name in arguments.setups):
            server = stack.enter_context(_postgres.running())
        url = await stack.enter_async_context(receiver(arguments.answer_after / 1000))
        for turn in range(arguments.repeat):
            homes: dict[str, Path] = {}
            for name in arguments.setups:
                home = folder / f"{name}-{turn}"
                database = await server.fresh(home.name) if server and "post" in name else ""
                _backlog.settings_file(home, database)
                await _backlog.fill(
                    home, url, accounts=arguments.accounts, count=arguments.count, seed=turn
                )
                homes[name] = home
            by_hand = await _copies(homes, server)
            figures["bare"].append(await _bare(homes[arguments.setups[0]], url, arguments.count))
            for name, (home, database) in by_hand.items():
                figures[name].append(await _by_hand(home, database, url, arguments.count))
            for name, home in homes.items():
                workers = int(name.rpartition("-")[2])
                figures[name].append(
                    await _ours(home, url, arguments, workers, server if "post" in name else None)
                )
            _say(f"turn {turn + 1} of {arguments.repeat} done")
    _report(arguments, figures)


async def _bare(home: Path, url: str, count: int) -> Run:
    await _forget(url)
    lines = "".join(json.dumps(r) + "\n" for r in await _backlog.requests(home)) * _BARE_ROUNDS
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "bench._bare", f"{url}/events"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate(lines.encode())
    took = json.loads(out)
    sent = count * _BARE_ROUNDS
    if (await _count(url))["events"] != sent:
        raise SystemExit("The receiver did not get what the bare loop sent.")
    return Run(rate=sent / took["wall"], cpu=took["cpu"] * 1000 / sent)


async def _copies(
    homes: Mapping[str, Path], server: _postgres.Server | None
) -> dict[str, tuple[Path, str]]:
    """Return a filled project and its database ("" for SQLite) to be carried by hand on each store
    of `homes`, by the name of its figures."""
    copies: dict[str, tuple[Path, str]] = {}
    for name, home in homes.items():
        store = name.rpartition("-")[0]
        if f"{store}, by hand" in copies:
            continue
        copy = home.with_name(f"{home.name}-by-hand")
        shutil.copytree(home, copy)
        database = (
            await server.fresh(copy.name, like=home.name) if server and store == "postgres" else ""
        )
        if database:
            (copy / "copydesk.toml").write_text(f'database = "{database}"\n', encoding="utf-8")
        copies[f"{store}, by hand"] = copy, database
    return copies


async def _by_hand(home: Path, database: str, url: str, count: int) -> Run:
    await _forget(url)
    async with open_desk(load_settings(home)) as desk:
        await _backlog.fall_due(desk, desk.clock.now())
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench._by_hand", str(home), database, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    if process.returncode:
        raise SystemExit("What is written by hand was not carried to its end.")
    took = json.loads(out)
    counted = await _count(url)
    async with open_desk(load_settings(home)) as desk:
        done = await _backlog.finished(desk, desk.clock.now())
    return Run(
        rate=count / took["wall"],
        cpu=took["cpu"] * 1000 / count,
        duplicates=counted["events"] - counted["different"],
        lost=count - counted["different"],
        unfinished=count - done.states.get("delivered", 0),
    )


async def _ours(
    home: Path,
    url: str,
    arguments: argparse.Namespace,
    workers: int,
    server: _postgres.Server | None,
) -> Run:
    await _forget(url)
    count = arguments.count
    async with open_desk(load_settings(home)) as desk, AsyncExitStack() as stack:
        processes = [await stack.enter_async_context(worker(home)) for _ in range(workers)]
        await asyncio.sleep(1)
        due_at = desk.clock.now() + _NOTICE
        await _backlog.fall_due(desk, due_at)
        await asyncio.sleep((due_at - desk.clock.now()).total_seconds())
        before = [_cpu(process) for process in processes]
        database_before = server.cpu() if server else {}
        await _wait(desk, url, count, arguments.patience)
        cpu = sum(_cpu(p) - b for p, b in zip(processes, before, strict=True))
        after = server.cpu() if server else {}
        database_cpu = sum(used - database_before.get(pid, 0.0) for pid, used in after.items())
        done = await _backlog.finished(desk, due_at)
    counted = await _count(url)
    return Run(
        rate=len(done.lateness) / done.seconds if done.seconds else 0.0,
        cpu=cpu * 1000 / count,
        database_cpu=database_cpu * 1000 / count,
        p50=quantile(done.lateness, 0.5),
        p99=quantile(done.lateness, 0.99),
        duplicates=counted["events"] - counted["different"],
        lost=count - counted["different"],
        unfinished=count - done.states.get("delivered", 0),
    )


async def _wait(desk: Desk, url: str, count: int, patience: float) -> None:
    """Wait until everything rests; give up when nothing has moved for `patience` seconds."""
    seen, since = -1, desk.clock.monotonic()
    while desk.clock.monotonic() - since < patience:
        await asyncio.sleep(0.1)
        arrived = (await _count(url))["different"]
        if arrived >= count and not await _backlog.unsettled(desk):
            return
        if arrived != seen:
            seen, since = arrived, desk.clock.monotonic()


@asynccontextmanager
async def worker(home: Path) -> AsyncIterator[psutil.Process]:
    with (home / "worker.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "copydesk", "worker", "--home", str(home)),
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
        )
    assert process.stdout is not None
    if not await process.stdout.readline():
        raise SystemExit((home / "worker.log").read_text(encoding="utf-8")[-2000:])
    try:
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        await process.wait()


@asynccontextmanager
async def receiver(seconds: float = 0.0) -> AsyncIterator[str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench._receiver", str(seconds), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        yield (await process.stdout.readline()).decode().strip()
    finally:
        process.terminate()
        await process.wait()


async def _count(url: str) -> dict[str, int]:
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        counted: dict[str, int] = await answer.json()
        return counted


async def _forget(url: str) -> None:
    async with aiohttp.ClientSession() as session, session.delete(url):
        pass


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _report(arguments: argparse.Namespace, figures: dict[str, list[Run]]) -> None:
    settings = {
        "deliveries": arguments.count,
        "accounts": arguments.accounts,
        "repeat": arguments.repeat,
        "answers after ms": arguments.answer_after,
    }
    report = Report("delivery", date_of(arguments), settings)
    bare = figures["bare"]
    for name, runs in figures.items():
        report.add(f"{name}: deliveries/s", [run.rate for run in runs])
        report.add(f"{name}: client CPU", [run.cpu for run in runs], "ms a delivery")
        if name == "bare":
            continue
        if name.startswith("postgres-"):
            report.add(f"{name}: database CPU", [r.database_cpu for r in runs], "ms a delivery")
        ratios = [ours.rate / theirs.rate for ours, theirs in zip(runs, bare, strict=True)]
        report.add(f"{name}: of the bare loop", ratios, _GOALS.get(name, ""))
        work = [ours.cpu / theirs.cpu for ours, theirs in zip(runs, bare, strict=True)]
        report.add(f"{name}: client CPU, in bare loops", work)
        if name in SETUPS:
            report.add(f"{name}: due to receipt, p50", [run.p50 for run in runs], "s")
            report.add(f"{name}: due to receipt, p99", [run.p99 for run in runs], "s")
        report.add(f"{name}: duplicates", [run.duplicates for run in runs], "must be 0")
        report.add(f"{name}: lost", [run.lost for run in runs], "must be 0")
        report.add(f"{name}: not delivered in the rows", [r.unfinished for r in runs], "must be 0")
    report.show(as_json=arguments.json)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    flags = parser(__doc__, repeat=3)
    flags.add_argument("--count", type=int, default=2000, help="deliveries")
    flags.add_argument("--accounts", type=int, default=20)
    flags.add_argument("--setups", nargs="+", choices=SETUPS, default=list(SETUPS))
    flags.add_argument(
        "--answer-after", type=float, default=0.0, help="ms that the platform takes for an answer"
    )
    flags.add_argument(
        "--patience", type=float, default=60.0, help="seconds without movement before giving up"
    )
    asyncio.run(main(flags.parse_args()))
