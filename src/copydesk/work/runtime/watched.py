"""The queue library's manager, watched: that it is broken is known before it has ended.

It ends when the last of its jobs has (PgQueuer 1.6.0, 2026-11-23), and a courier carries for as
long as there is a backlog. So one that is broken is left to its jobs, and another one begins.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta

import asyncpg
from pgqueuer import AsyncpgPoolDriver, QueueManager
from pgqueuer.domain.models import HealthCheckEvent
from pgqueuer.ports.driver import NotifyCallback


class WatchedDriver(AsyncpgPoolDriver):
    """One manager's way to the database. `broken` is set once that has failed it, by `failure`."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        super().__init__(pool)
        self.listens = asyncio.Event()
        self.broken = asyncio.Event()
        self.failure: Exception | None = None
        self._connections = pool
        self._listening: asyncpg.pool.PoolConnectionProxy | None = None

    async def fetch(self, query: str, *args: object) -> list[dict[str, object]]:
        """Return what `query` finds; raises what the driver does."""
        try:
            return await super().fetch(query, *args)
        except Exception as error:
            self.fail(error)
            raise

    async def add_listener(self, channel: str, callback: NotifyCallback) -> None:
        """Listen on `channel` until `stop_listening`."""

        def heard(_connection: object, _pid: int, _channel: str, payload: object) -> None:
            callback(str(payload))

        self._listening = await self._connections.acquire()
        await self._listening.add_listener(channel, heard)
        self.listens.set()

    def fail(self, error: Exception) -> None:
        """Call the manager broken by `error`."""
        self.failure = error
        self.broken.set()

    def stop_listening(self) -> None:
        """Give up the connection that listens: one that waits for its jobs must not keep it."""
        listening, self._listening = self._listening, None
        if listening is not None:
            with suppress(asyncpg.InterfaceError):  # it is gone already
                listening.terminate()


class WatchedManager(QueueManager):
    """A manager on a `WatchedDriver`."""

    async def listener_healthy(
        self, timeout: timedelta = timedelta(seconds=10)
    ) -> HealthCheckEvent:
        """Ask whether the listener hears us; raises `FailingListenerError` when it does not.

        The library asks before it listens, and what is said until then nobody hears: a manager that
        had just begun was taken for deaf (PgQueuer 1.6.0, 2026-11-23).
        """
        driver = self.queries.driver
        assert isinstance(driver, WatchedDriver)
        await driver.listens.wait()
        try:
            return await super().listener_healthy(timeout)
        except Exception as error:
            driver.fail(error)
            raise
