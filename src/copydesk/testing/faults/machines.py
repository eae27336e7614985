"""Faults of the machine: disk, database, queue, and other workers on the same account."""

from __future__ import annotations

import asyncio
import resource
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Final

from copydesk.core.clock import SystemClock
from copydesk.core.states import SETTLED, DeliveryState
from copydesk.testing.clocks import SkewedClock
from copydesk.testing.faults import kills, muted
from copydesk.testing.faults.catalogue import Fault
from copydesk.testing.faults.engine import open_engine_desk
from copydesk.testing.faults.figures import Row
from copydesk.testing.faults.hearing import hearing
from copydesk.testing.faults.scene import Scene
from copydesk.testing.faults.tap import PostgresTap
from copydesk.work.worker import working

#: How long the disk stays full, in engine seconds.
_FULL_FOR: Final = 10.0

#: How often two workers look for work at one and the same moment, at most.
_ROUNDS: Final = 40

#: How long a worker that runs in real time may take, in seconds.
_REAL_PATIENCE: Final = 120.0


def _middle(stage: Scene) -> int:
    """Return the publishing call in the middle; the first for spokes that take many at once, and
    for those so slow that the next would not come in time."""
    return 1 if stage.rig.seconds_each else max(1, kills.calls_of(stage) // 2)


async def _disk_full(stage: Scene) -> Row:
    """No file may grow any more from the middle of the work on, for a while."""
    account = await stage.account()
    engine = stage.engine(account)
    ends: list[float] = []

    async def fill(number: int) -> None:
        # of the first batch PostgreSQL has to make room for receipts, of which there are none yet
        if number == (1 if stage.disk else _middle(stage)) and not ends:
            ends.append(stage.clock.monotonic() + _FULL_FOR)
            if stage.disk is not None:
                await asyncio.to_thread(stage.disk.fill)
            else:
                await _fill_for_sqlite(stage, stack)

    def tick() -> None:
        if ends and stage.clock.monotonic() >= ends[0]:
            _free(stage)

    engine.on_tick = tick
    async with AsyncExitStack() as stack:
        stack.callback(_free, stage)
        stack.enter_context(hearing(stage.rig.platform, before=fill))
        await engine.run_to_rest()
    if not muted.said["store_unavailable"]:
        raise AssertionError("no write was refused: this proves nothing")
    return await stage.row()


async def _fill_for_sqlite(stage: Scene, stack: AsyncExitStack) -> None:
    """Let no file of this process grow beyond where SQLite's journal ends now."""
    # it is written from the start again when all of it is in the database; a reader that stays
    # keeps it growing
    await stack.enter_async_context(stage.desk.store.read())
    journal = Path(stage.database.removeprefix("sqlite:///") + "-wal")
    size = journal.stat().st_size  # noqa: ASYNC240
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))


def _free(stage: Scene) -> None:
    if stage.disk is not None:
        stage.disk.free()
    else:
        _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))


# ---------------------------------------------------------------- PostgreSQL


async def _restarted(stage: Scene) -> Row:
    """PostgreSQL crashes and comes back while publishing calls are being made, twice."""
    server = await stage.databases.postgres()
    account = await stage.account()
    restarts: list[int] = []

    async def restart(number: int) -> None:
        if number in {1, _middle(stage) + 1}:
            restarts.append(number)
            await server.restart()

    with hearing(stage.rig.platform, after=restart):
        await stage.engine(account).run_to_rest()
    if not restarts:
        raise AssertionError("the database was never restarted: this proves nothing")
    return await stage.row()


async def _cut(stage: Scene) -> Row:
    """The connection to PostgreSQL breaks when intents (or receipts) are committed: once before
    the server hears of it, once before we hear that it has done so."""
    server = await stage.databases.postgres()
    what = "intents" if stage.fault is Fault.DATABASE_CUT_AT_INTENT else "receipts"
    account = await stage.account()
    socket = stage.home.parent / "tap"
    socket.mkdir()
    name = stage.database.partition("@/")[2].partition("?")[0]
    async with AsyncExitStack() as stack:
        tap = await stack.enter_async_context(PostgresTap(server, socket))
        desk = await stack.enter_async_context(
            open_engine_desk(server.url(name, socket), stage.home, stage.engine_clock)
        )

        async def cut() -> None:
            tap.cut()
            raise ConnectionAbortedError

        engine = stage.engine(account, desk)
        tap.at(f"^insert into {what}", before=cut)
        await engine.work()
        tap.at(f"^insert into {what}", after=cut)
        await engine.run_to_rest()
        # what is found by a look needs no receipt: of one batch there is only one to cut
        if not tap.struck:
            raise AssertionError("the connection was never cut: this proves nothing")
    return await stage.row()


# ---------------------------------------------------------------- the queue


async def _queue_lost(stage: Scene) -> Row:
    """A real worker loses its queue: PostgreSQL's tables are dropped under it; embedded, the worker
    ends with its memory and a new one has only the rows."""
    async with AsyncExitStack() as stack:
        clock = SystemClock()
        desk = await stack.enter_async_context(open_engine_desk(stage.database, stage.home, clock))
        stage.desk = desk
        await stage.account()
        dropped = asyncio.Event()

        async def drop(number: int) -> None:
            if number == 1:
                dropped.set()
                if stage.store == "postgresql":
                    async with desk.store.begin("faults") as unit:
                        for table in ("pgqueuer", "pgqueuer_log"):
                            await unit.connection.exec_driver_sql(
                                f"DROP TABLE IF EXISTS {table} CASCADE"
                            )

        with hearing(stage.rig.platform, after=drop):
            if stage.store == "sqlite":
                async with working(desk, "faults"):
                    await asyncio.wait_for(dropped.wait(), _REAL_PATIENCE)
            async with working(desk, "faults"):
                await settled(stage)
        return await stage.row()


async def settled(stage: Scene) -> None:
    """Wait in real time until every delivery has settled, or for as long as anybody would."""
    with suppress(TimeoutError):
        async with asyncio.timeout(_REAL_PATIENCE):
            await _all_settled(stage)


async def _all_settled(stage: Scene) -> None:
    while True:
        async with stage.desk.store.read() as unit:
            counts = await unit.deliveries.counts(stage.desk.workspace_id)
        if not {DeliveryState(state) for state in counts} - SETTLED:
            return
        await asyncio.sleep(0.1)


# ---------------------------------------------------------------- other workers


async def _two_workers(stage: Scene) -> Row:
    """Two workers want the same account all the time, in two processes' worth of memory."""
    account = await stage.account()
    async with open_engine_desk(stage.database, stage.home, stage.engine_clock) as other:
        first, second = stage.engine(account), stage.engine(account, other)
        for _ in range(_ROUNDS):
            if not any(await asyncio.gather(first.work(), second.work())):
                break
        await first.run_to_rest()
        await second.run_to_rest()
    return await stage.row()


async def _stalled(stage: Scene) -> Row:
    """A worker stands still in mid batch for longer than its lease, another takes the account over
    and finishes; then the first one wakes up and goes on."""
    account = await stage.account()
    async with kills.victim(stage, Fault.STALLED_WORKER, number=10**9) as process:
        stopped = asyncio.Event()

        async def stop(number: int) -> None:
            if number == _middle(stage):
                process.stop()
                stopped.set()

        stage.rig.when_accepted(stop)
        await asyncio.wait_for(stopped.wait(), _REAL_PATIENCE)
        stage.rig.when_accepted(None)
        await asyncio.sleep(kills.STALL)
        await stage.engine(account).run_to_rest()
        process.go_on()
        # it has its answer, its lease is lost: whatever it still wants to do, it does now
        await asyncio.sleep(2.0)
    return await stage.row()


async def _clocks_disagree(stage: Scene) -> Row:
    """Another worker, whose clock is a minute ahead, wants the account in mid batch."""
    account = await stage.account()
    ahead = SkewedClock(stage.clock, 60.0)
    async with open_engine_desk(stage.database, stage.home, ahead) as other:
        second = stage.engine(account, other)

        async def intrude(number: int) -> None:
            if number == _middle(stage):
                await second.work()

        with hearing(stage.rig.platform, before=intrude):
            first = stage.engine(account)
            await first.work()
        await first.run_to_rest()
        await second.run_to_rest()
    return await stage.row()


PLAYS: Final[Mapping[Fault, Callable[[Scene], Awaitable[Row]]]] = {
    Fault.DISK_FULL: _disk_full,
    Fault.DATABASE_RESTARTED: _restarted,
    Fault.DATABASE_CUT_AT_INTENT: _cut,
    Fault.DATABASE_CUT_AT_RECEIPT: _cut,
    Fault.QUEUE_LOST: _queue_lost,
    Fault.TWO_WORKERS: _two_workers,
    Fault.STALLED_WORKER: _stalled,
    Fault.CLOCKS_DISAGREE: _clocks_disagree,
}
