"""The distributed queue: PgQueuer on the store's own PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import asyncpg
import structlog
from pgqueuer import AsyncpgDriver, AsyncpgPoolDriver, Job, Queries, QueueManager
from pgqueuer.domain.errors import PgqException
from pgqueuer.domain.settings import db_settings
from pgqueuer.domain.types import QueueEntrypoint

from copydesk.store import Hint, Outbox, Store, UnitOfWork
from copydesk.work.jobs import Handlers, Kind, key

_log = structlog.get_logger(__name__)

#: Below the library's 30 s: a dead worker's jobs are taken over within seconds.
DEQUEUE_TIMEOUT = timedelta(seconds=2)
HEARTBEAT_TIMEOUT = timedelta(seconds=8)
#: Jobs in hand at once, most of them couriers that wait for their turn. The library's limits of
#: a kind hold across all workers and cost slots in every query (PgQueuer 1.6.0, 2026-11-22).
CONCURRENCY = 1200
BATCH = 50

#: What ends a run of the queue without ending the worker.
_INTERRUPTIONS = (
    OSError,
    RuntimeError,
    PgqException,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
)


class PostgresRuntime:
    """Runs handlers on jobs kept in PostgreSQL; any number of processes share them."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._queries = Queries(AsyncpgPoolDriver(pool))
        self._couriers = _Couriers()
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
        run again.
        """
        pause = 0.2
        while not stopping.is_set():
            try:
                await self.install()
                await self._run(handlers, stopping)
                pause = 0.2
            except _INTERRUPTIONS as error:
                _log.warning("queue_interrupted", error=repr(error)[:300], again_in=pause)
                await _rest(pause, stopping)
                pause = min(5.0, pause * 2)

    async def _run(self, handlers: Handlers, stopping: asyncio.Event) -> None:
        # a manager of its own each time: its driver does not survive a broken listener
        queries = _SharedQueries(AsyncpgPoolDriver(self._pool))
        queries.couriers = self._couriers
        self._couriers.in_hand = 0  # a run ends with all it has in hand
        manager = QueueManager(queries)
        for kind, handler in handlers.items():

            async def handle(job: Job, kind: str = kind, handler: object = handler) -> None:
                assert job.payload is not None
                assert callable(handler)
                try:
                    await handler(job.payload.decode())
                finally:
                    self._couriers.in_hand -= _is_courier(kind)

            manager.entrypoint(str(kind), accepts_context=False)(handle)

        async def watch() -> None:
            await stopping.wait()
            manager.shutdown.set()

        watching = asyncio.create_task(watch())
        try:
            await manager.run(
                dequeue_timeout=DEQUEUE_TIMEOUT,
                batch_size=BATCH,
                max_concurrent_tasks=CONCURRENCY,
                heartbeat_timeout=HEARTBEAT_TIMEOUT,
                shutdown_on_listener_failure=True,
            )
        finally:
            watching.cancel()

    async def close(self) -> None:
        """Close the queue's connections."""
        try:
            async with asyncio.timeout(5):
                await self._pool.close()
        except TimeoutError:
            self._pool.terminate()


class _Couriers:
    """The couriers that a process has in hand, and how many that may be while others take some."""

    def __init__(self) -> None:
        self.most: int | None = None
        self.in_hand = 0

    @property
    def room(self) -> int:
        """Return how many more may be taken."""
        return BATCH if self.most is None else max(0, self.most - self.in_hand)


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
        self.couriers.in_hand += sum(_is_courier(job.entrypoint) for job in jobs)
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
