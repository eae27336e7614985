"""A worker that kills itself at a chosen step: a process of its own, started by `kills`.

On SQLite it watches its own statements; on PostgreSQL the tap between it and the database does.
Nothing of the engine is replaced: the database driver, the platform's client and the disk are only
listened to.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from copydesk.core.clock import SystemClock
from copydesk.core.states import SETTLED, DeliveryState
from copydesk.platforms.kit.registry import platform_modules
from copydesk.testing.clocks import SkewedClock
from copydesk.testing.faults.catalogue import Fault
from copydesk.testing.faults.engine import open_engine_desk, seconds_to_wake
from copydesk.testing.faults.hearing import hearing
from copydesk.testing.faults.muted import mute
from copydesk.work.worker import working

#: Exit code of a victim that finished its work because its step never came.
SURVIVED = 3

#: After how many looks at rows, 50 ms apart, a victim believes that it is only waiting.
_IDLE = 8

#: What the statement looks like whose transaction is a step (a pattern, lower case).
STATEMENTS = {
    Fault.KILL_AFTER_LEASE: r"^update accounts set (?:(?! where ).)*lease_fence",
    Fault.KILL_BEFORE_INTENT_COMMIT: r"^insert into intents",
    Fault.KILL_AFTER_INTENT_COMMIT: r"^insert into intents",
    Fault.KILL_BEFORE_RECEIPT_COMMIT: r"^insert into receipts",
    Fault.KILL_AFTER_RECEIPT_COMMIT: r"^insert into receipts",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Doom:
    """When a victim dies: at the `number`-th time of step `fault`. `skew` is how wrong its clock
    is, in seconds, and `skew_file` where it says how wrong it has become: where it would wait, it
    puts its clock forward. `accepted_file` is a pattern of what its own platform syncs to disk,
    `pid_file` where it says who it is."""

    home: Path
    database: str
    platform: str
    module: str
    fault: Fault
    number: int
    skew: float
    skew_file: Path
    accepted_file: str = ""
    pid_file: Path | None = None


def main(doom: Doom) -> None:
    """Work as a worker does until death comes; exits with `SURVIVED` if it does not."""
    mute()
    if doom.module:
        platform_modules()[doom.platform] = doom.module
    if doom.pid_file is not None:
        doom.pid_file.write_text(str(os.getpid()))
    steps = _Steps(doom.number)
    if doom.database.startswith("sqlite"):
        _listen_to_sqlite(doom.fault, steps)
    if doom.fault is Fault.KILL_AFTER_ACCEPT and doom.accepted_file:
        _listen_to_disk(doom.accepted_file, steps)

    async def die(_number: int) -> None:
        steps.step()

    with hearing(
        doom.platform,
        before=die if doom.fault is Fault.KILL_BEFORE_CALL else None,
        after=die if doom.fault is Fault.KILL_AFTER_ANSWER else None,
    ):
        asyncio.run(_work(doom))
    os._exit(SURVIVED)


async def _work(doom: Doom) -> None:
    clock = SkewedClock(SystemClock(), doom.skew)
    async with open_engine_desk(doom.database, doom.home, clock) as desk, working(desk, "victim"):
        idle = 0
        while True:
            await asyncio.sleep(0.05)
            async with desk.store.read() as unit:
                counts = await unit.deliveries.counts(desk.workspace_id)
                due = await unit.deliveries.accounts_with_work(unit.now)
                wait = await seconds_to_wake(unit, desk.workspace_id)
            if not {DeliveryState(state) for state in counts} - SETTLED:
                return
            # a courier at work is not waiting, though nothing else is due meanwhile
            idle = idle + 1 if not due and DeliveryState.SENDING not in counts else 0
            if idle > _IDLE and wait:
                idle = 0
                clock.skew += wait
                doom.skew_file.write_text(str(clock.skew))


class _Steps:
    """Counts a step and dies at the right one."""

    def __init__(self, number: int) -> None:
        self._left = number

    def step(self) -> None:
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


# ---------------------------------------------------------------- listening


def _listen_to_disk(pattern: str, steps: _Steps) -> None:
    real, wanted = os.fsync, re.compile(pattern)

    def fsync(descriptor: Any) -> None:
        real(descriptor)
        number = descriptor if isinstance(descriptor, int) else descriptor.fileno()
        if wanted.search(str(Path(f"/proc/self/fd/{number}").readlink())):
            steps.step()

    os.fsync = fsync  # type: ignore[assignment]


def _listen_to_sqlite(fault: Fault, steps: _Steps) -> None:
    if fault not in STATEMENTS:
        return
    wanted = re.compile(STATEMENTS[fault], re.DOTALL)
    before = fault in {Fault.KILL_BEFORE_INTENT_COMMIT, Fault.KILL_BEFORE_RECEIPT_COMMIT}
    real = sqlite3.connect

    class Heard(sqlite3.Connection):
        """A connection whose commits are steps when its transaction ran the wanted statement."""

        matters = False

        def note(self, sql: str) -> bool:
            text = sql.strip().lower()
            if wanted.search(text):
                self.matters = True
            return text.startswith("commit")

        def execute(self, sql: str, *more: Any) -> Any:
            return self._around(self.note(sql), lambda: super(Heard, self).execute(sql, *more))

        def executemany(self, sql: str, *more: Any) -> sqlite3.Cursor:
            self.note(sql)
            return super().executemany(sql, *more)

        def commit(self) -> None:
            self._around(True, super().commit)

        def rollback(self) -> None:
            self.matters = False
            super().rollback()

        def cursor(self, factory: Any = None) -> Any:
            return super().cursor(factory or HeardCursor)

        def _around(self, commits: bool, action: Any) -> Any:
            strikes, self.matters = commits and self.matters, self.matters and not commits
            if strikes and before:
                steps.step()
            done = action()
            if strikes and not before:
                steps.step()
            return done

    class HeardCursor(sqlite3.Cursor):
        """A cursor of such a connection."""

        def execute(self, sql: str, *more: Any) -> Any:
            connection = self.connection
            assert isinstance(connection, Heard)
            return connection._around(
                connection.note(sql), lambda: super(HeardCursor, self).execute(sql, *more)
            )

        def executemany(self, sql: str, *more: Any) -> Any:
            connection = self.connection
            assert isinstance(connection, Heard)
            connection.note(sql)
            return super().executemany(sql, *more)

    def connect(*arguments: Any, **options: Any) -> Any:
        return real(*arguments, **{"factory": Heard, **options})

    sqlite3.connect = connect
