"""`kill -9` of a worker at each step between lease and receipt, enumerated.

For every step two workers die in processes of their own: one the first time the step comes, the
next one further on in its batch. Then a third carries everything to its end.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Final

from copydesk.core.account import Account
from copydesk.core.clock import SystemClock
from copydesk.platforms.kit.registry import load_platform
from copydesk.testing.faults.catalogue import Fault
from copydesk.testing.faults.figures import Row
from copydesk.testing.faults.rig import NotApplicable
from copydesk.testing.faults.rigs.git import GitRig
from copydesk.testing.faults.scene import Scene
from copydesk.testing.faults.tap import PostgresTap
from copydesk.testing.faults.victim import STATEMENTS, SURVIVED, Doom, main

#: How far the clock moves on until the dead worker's lease is over, in seconds.
TAKE_OVER: Final = 11.0

#: How long a worker has to stand still to lose its lease, in real seconds.
STALL: Final = 11.0

#: Real seconds after which a victim that neither died nor finished is an error: many, since a busy
#: machine is no fault of the engine's.
_PATIENCE: Final = 240.0


@dataclass(slots=True)
class Victim:
    """A worker in a process of its own."""

    process: BaseProcess

    async def end(self) -> int | None:
        """Wait for its end; return its exit code, negative for a signal."""
        await asyncio.to_thread(self.process.join, _PATIENCE)
        return self.process.exitcode

    def kill(self) -> None:
        """Kill it without warning."""
        if self.process.pid is not None:
            with suppress(ProcessLookupError):
                os.kill(self.process.pid, signal.SIGKILL)

    def stop(self) -> None:
        """Let it stand still, as a machine out of memory does."""
        assert self.process.pid is not None
        os.kill(self.process.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it go on."""
        assert self.process.pid is not None
        os.kill(self.process.pid, signal.SIGCONT)


def calls_of(stage: Scene) -> int:
    """Return how many publishing calls the scene's deliveries take at least."""
    batch = load_platform(stage.rig.platform).manifest.batch
    return -(-stage.deliveries // batch)


async def play(stage: Scene) -> Row:
    """Let two workers die at the step, and a third finish."""
    await carry(stage, await stage.account(), stage.fault)
    return await stage.row()


async def carry(stage: Scene, account: Account, kill: Fault) -> None:
    """Let two workers die at the step `kill` of what is planned for `account`, a third finish."""
    later = max(1, calls_of(stage) // 2)
    # a victim lives by the machine's clock: it cannot wait for the next call of a slow pace
    for round_, number in enumerate((1,) if stage.rig.seconds_each else (1, later)):
        # a statement comes once a batch, an answer once a call
        step = 1 if kill in STATEMENTS else number
        died = await _die(stage, kill, number=step)
        if not died and round_ == 0:
            raise AssertionError("the step never came: this proves nothing")
        stage.clock.advance(TAKE_OVER)
    await stage.engine(account).run_to_rest()


async def _die(stage: Scene, fault: Fault, *, number: int) -> bool:
    async with victim(stage, fault, number=number) as process:
        if fault is Fault.KILL_AFTER_ACCEPT and not stage.rig.accepted_file:
            _kill_when_accepted(stage, process, number)
        code = await process.end()
        if not isinstance(stage.rig, GitRig) and not stage.rig.accepted_file:
            with suppress(NotApplicable):
                stage.rig.when_accepted(None)
    if code == SURVIVED:
        return False
    if code != -signal.SIGKILL:
        raise AssertionError(f"the worker ended with {code}: it neither died nor finished")
    return True


def _kill_when_accepted(stage: Scene, process: Victim, number: int) -> None:
    if isinstance(stage.rig, GitRig):
        return  # its hook does it
    first = 0

    async def kill(taken: int) -> None:
        nonlocal first
        first = first or taken
        if taken - first + 1 == number:
            process.kill()

    stage.rig.when_accepted(kill)


@asynccontextmanager
async def victim(stage: Scene, fault: Fault, *, number: int) -> AsyncIterator[Victim]:
    """Start a worker that dies at the `number`-th time of the step, or by somebody's hand."""
    async with AsyncExitStack() as stack:
        database, tap = stage.database, None
        if stage.store == "postgresql" and fault in STATEMENTS:
            server = await stage.databases.postgres()
            socket = Path(tempfile.mkdtemp(prefix="tap-", dir=stage.home.parent))
            tap = await stack.enter_async_context(PostgresTap(server, socket))
            name = database.partition("@/")[2].partition("?")[0]
            database = server.url(name, socket)
        pid_file: Path | None = None
        if isinstance(stage.rig, GitRig) and fault is Fault.KILL_AFTER_ACCEPT:
            pid_file = stage.home.parent / "victim.pid"
            stage.rig.kill_when_accepted(pid_file)
        doom = Doom(
            home=stage.home,
            database=database,
            platform=stage.rig.platform,
            module=stage.rig.module,
            fault=fault,
            number=number,
            skew=(stage.clock.now() - SystemClock().now()).total_seconds(),
            skew_file=stage.home.parent / "skew",
            accepted_file=stage.rig.accepted_file,
            pid_file=pid_file,
        )
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["copydesk.testing.faults.victim"])
        process = Victim(context.Process(target=main, args=(doom,), daemon=True))
        if tap is not None:
            _arm(tap, fault, number, process)
        doom.skew_file.write_text(str(doom.skew))
        process.process.start()
        following = asyncio.create_task(_follow(stage, doom.skew_file))
        try:
            yield process
        finally:
            following.cancel()
            process.kill()
            await asyncio.to_thread(process.process.join, 5.0)


async def _follow(stage: Scene, skew_file: Path) -> None:
    """Keep the true clock with the victim's, which runs, and leaps where it would wait."""
    clock = SystemClock()
    while True:
        await asyncio.sleep(0.02)
        with suppress(ValueError):  # read while it is being written
            skew = timedelta(seconds=float(skew_file.read_text()))  # noqa: ASYNC240
            ahead = (clock.now() + skew - stage.clock.now()).total_seconds()
            stage.clock.advance(max(0.0, ahead))


def _arm(tap: PostgresTap, fault: Fault, number: int, process: Victim) -> None:
    async def kill() -> None:
        process.kill()
        raise ConnectionAbortedError

    before = fault in {Fault.KILL_BEFORE_INTENT_COMMIT, Fault.KILL_BEFORE_RECEIPT_COMMIT}
    tap.at(
        STATEMENTS[fault],
        number=number,
        before=kill if before else None,
        after=None if before else kill,
    )
