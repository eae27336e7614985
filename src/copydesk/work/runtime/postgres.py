"""The distributed queue: PgQueuer on the store's own PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import asyncpg
import structlog
from pgqueuer import AsyncpgDriver, AsyncpgPoolDriver, Job, Queries
from pgqueuer.domain.errors import PgqException
from pgqueuer.domain.settings import db_settings
from pgqueuer.domain.types import JobId, QueueEntrypoint

from copydesk.store import Hint, Outbox, Store, UnitOfWork
from copydesk.work.jobs import Handlers, Kind, key
from copydesk.work.runtime.watched import WatchedDriver, WatchedManager

_log = structlog.get_logger(__name__)

#: Below the library's 30 s: a dead worker's jobs are taken over within seconds.
DEQUEUE_TIMEOUT = timedelta(seconds=2)
HEARTBEAT_TIMEOUT = timedelta(seconds=8)
#: Jobs in hand at once, most of them couriers that wait for their turn. The library's limits of
#: a kind hold across all workers and cost slots in every query (PgQueuer 1.6.0, 2026-11-22).
CONCURRENCY = 1200
BATCH = 50

#: How many seconds pass before a queue that broke is run again: as few as this where it had worked.
SHORTEST_PAUSE = 0.2
LONGEST_PAUSE = 5.0

#: What ends a run of the queue without ending the worker.
_INTERRUPTIONS = (
    OSError,
    RuntimeError,
    PgqException,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    # what the driver calls a fault of its own is a server that goes away while it tidies up
    # (asyncpg 0.32, 2026-11-23)
    asyncpg.InternalClientError,
)


class PostgresRuntime:
    """Runs handlers on jobs kept in PostgreSQL; any number of processes share them."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._queries = Queries(AsyncpgPoolDriver(pool))
        self._couriers = _Couriers()
        #: Managers that are broken, and whose jobs are not done yet.
        self._left: set[asyncio.Task[None]] = set()
        self.outbox: Outbox = _InTransaction()

    @classmethod
    async def open(cls, store: Store) -> PostgresRuntime:
        """Open the queue on the store's database, installing its tables when absent."""
        pool = await asyncpg.create_pool(dsn=store.dsn, min_size=2, max_size=8)
        runtime = cls(pool)
        await runtime.install()
        return runtime

    async def install(self) -> None:
        """Make the queue's tables if they are not there, one process at a time."""
        async with self._pool.acquire() as connection:
            await connection.execute("SELECT pg_advisory_lock(hashtext('copydesk.queue'))")
            try:
                queries = Queries(AsyncpgDriver(connection))
                if not await queries.has_table(db_settings().queue_table):
                    if await queries.schema_is_installed():
                        await queries.uninstall()
                    await queries.install()
            finally:
                await connection.execute("SELECT pg_advisory_unlock(hashtext('copydesk.queue'))")

    async def offer(self, hints: Sequence[Hint]) -> None:
        """Queue hints that are due now and not waiting already."""
        await _enqueue(self._queries, hints)

    def share(self, couriers: int | None) -> None:
        """Take no courier beyond so many while other workers can; None for as many as there are."""
        self._couriers.most = couriers

    async def run(self, handlers: Handlers, stopping: asyncio.Event) -> None:
        """Run jobs until `stopping`; then finish those in hand and return.

        A queue that breaks (tables dropped, database restarted, listener gone deaf) is put back and
        run again; what is in hand goes on meanwhile.
        """
        pause = SHORTEST_PAUSE
        while not stopping.is_set():
            driver = WatchedDriver(self._pool)
            try:
                await self.install()
                await self._run(driver, handlers, stopping)
            except _INTERRUPTIONS as error:
                pause = SHORTEST_PAUSE if driver.listens.is_set() else min(LONGEST_PAUSE, pause * 2)
                _log.warning("queue_interrupted", error=repr(error)[:300], again_in=pause)
                await _rest(pause, stopping)
        await asyncio.gather(*self._left, return_exceptions=True)

    async def _run(
        self, driver: WatchedDriver, handlers: Handlers, stopping: asyncio.Event
    ) -> None:
        manager = self._manager(driver, handlers)
        running = asyncio.create_task(
            manager.run(
                dequeue_timeout=DEQUEUE_TIMEOUT,
                batch_size=BATCH,
                max_concurrent_tasks=CONCURRENCY,
                heartbeat_timeout=HEARTBEAT_TIMEOUT,
                shutdown_on_listener_failure=True,
            )
        )
        ends = [asyncio.create_task(end.wait()) for end in (stopping, driver.broken)]
        try:
            await asyncio.wait({running, *ends}, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            running.cancel()
            await asyncio.wait({running})
            raise
        finally:
            for end in ends:
                end.cancel()
            manager.shutdown.set()
            driver.stop_listening()
        if driver.failure is None:
            await running
            return
        self._left.add(running)
        running.add_done_callback(self._see_out)
        raise driver.failure

    def _see_out(self, left: asyncio.Task[None]) -> None:
        self._left.discard(left)
        error = None if left.cancelled() else left.exception()
        if error is not None:
            _log.info("queue_left", error=repr(error)[:300])

    def _manager(self, driver: WatchedDriver, handlers: Handlers) -> WatchedManager:
        queries = _SharedQueries(driver)
        queries.couriers = self._couriers
        manager = WatchedManager(queries)
        for kind, handler in handlers.items():

            async def handle(job: Job, handler: object = handler) -> None:
                assert job.payload is not None
                assert callable(handler)
                try:
                    await handler(job.payload.decode())
                finally:
                    self._couriers.in_hand.discard(job.id)

            manager.entrypoint(str(kind), accepts_context=False)(handle)
        return manager

    async def close(self) -> None:
        """Close the queue's connections."""
        try:
            async with asyncio.timeout(5):
                await self._pool.close()
        except TimeoutError:
            self._pool.terminate()


class _Couriers:
    """The couriers that a process has in hand, and how many that may be while others take some.

    By their jobs: one whose heartbeat is late is given to us again.
    """

    def __init__(self) -> None:
        self.most: int | None = None
        self.in_hand: set[JobId] = set()

    @property
    def room(self) -> int:
        """Return how many more may be taken."""
        return BATCH if self.most is None else max(0, self.most - len(self.in_hand))


class _SharedQueries(Queries):
    """The queue as one of several workers sees it, which leaves couriers to the others."""

    couriers: _Couriers

    async def dequeue(
        self, batch_size: int, entrypoints: dict[QueueEntrypoint, Any], *rest: Any, **named: Any
    ) -> list[Job]:
        """Return the next jobs, no more couriers among them than there is room for."""
        room = self.couriers.room
        if not room:
            entrypoints = {kind: it for kind, it in entrypoints.items() if not _is_courier(kind)}
        most = min(batch_size, room or batch_size)
        jobs = await super().dequeue(most, entrypoints, *rest, **named)
        # counted here: the next jobs are asked for before the first of these begins
        self.couriers.in_hand.update(job.id for job in jobs if _is_courier(job.entrypoint))
        return jobs


def _is_courier(kind: str) -> bool:
    return kind == Kind.COURIER


class _InTransaction:
    """Enqueues on the unit of work's own connection: the job and its row commit together."""

    async def before_commit(self, unit: UnitOfWork, hints: tuple[Hint, ...]) -> None:
        """Write the jobs inside the transaction.

        A queue that is broken must not stop the work: its failure is undone by a savepoint, and
        the sweep finds the rows.
        """
        if not hints:
            return
        try:
            async with unit.driver_connection() as connection:
                await _enqueue(Queries(AsyncpgDriver(connection)), hints)
        except asyncpg.PostgresError as error:
            _log.warning("hints_lost", error=str(error)[:300], hints=len(hints))

    async def after_commit(self, hints: tuple[Hint, ...]) -> None:
        """Do nothing: the jobs went with the transaction."""


async def _enqueue(queries: Queries, hints: Sequence[Hint]) -> None:
    due = {key(h.kind, h.subject_id): h for h in hints if h.at is None}
    if due:
        await queries.enqueue(
            [hint.kind for hint in due.values()],
            [hint.subject_id.encode() for hint in due.values()],
            [0] * len(due),
            dedupe_key=list(due),
            on_conflict="skip",
        )


async def _rest(seconds: float, stopping: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stopping.wait()
    except TimeoutError:
        return
