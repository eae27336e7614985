"""The embedded queue: PgQueuer's in-memory mode inside one process, rebuilt from rows at start."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from pgqueuer import InMemoryDriver, InMemoryQueries, Job, QueueManager

from copydesk.store import Hint, Outbox, UnitOfWork
from copydesk.work.jobs import Handlers, key

#: Jobs in hand at once: most of them are couriers that wait for their turn.
CONCURRENCY = 1200
BATCH = 50


class EmbeddedRuntime:
    """Runs handlers on jobs kept in memory."""

    def __init__(self) -> None:
        self._queries = InMemoryQueries(driver=InMemoryDriver())
        self._waiting: set[str] = set()
        self._running: set[str] = set()
        self._again: dict[str, Hint] = {}
        self.outbox: Outbox = _AfterCommit(self)

    async def offer(self, hints: Sequence[Hint]) -> None:
        """Queue hints that are due now and not waiting already; later ones wait in their rows.

        What comes while its row is worked on is queued when that is done: a job that waited for
        another would take a place from those that could run.
        """
        fresh: dict[str, Hint] = {}
        for hint in hints:
            name = key(hint.kind, hint.subject_id)
            if hint.at is not None or name in self._waiting:
                continue
            if name in self._running:
                self._again[name] = hint
            else:
                fresh[name] = hint
        if fresh:
            self._waiting |= fresh.keys()
            await self._queries.enqueue(
                [hint.kind for hint in fresh.values()],
                [hint.subject_id.encode() for hint in fresh.values()],
                [0] * len(fresh),
            )

    def share(self, couriers: int | None) -> None:
        """Nobody else takes from this queue."""

    async def run(self, handlers: Handlers, stopping: asyncio.Event) -> None:
        """Run jobs until `stopping`; then finish those in hand and return."""
        manager = QueueManager(self._queries)
        for kind, handler in handlers.items():

            async def handle(job: Job, kind: str = kind, handler: object = handler) -> None:
                assert job.payload is not None
                subject_id = job.payload.decode()
                name = key(kind, subject_id)
                # from here on a new hint for the same row means another job: what it announces may
                # have been written after this one looks
                self._waiting.discard(name)
                self._running.add(name)
                assert callable(handler)
                try:
                    await handler(subject_id)
                finally:
                    self._running.discard(name)
                    if (hint := self._again.pop(name, None)) is not None:
                        await self.offer([hint])

            manager.entrypoint(str(kind), accepts_context=False)(handle)
        watch = asyncio.create_task(_shut_down(manager, stopping))
        tidy = asyncio.create_task(self._forget_log())
        try:
            await manager.run(
                dequeue_timeout=timedelta(seconds=1),
                batch_size=BATCH,
                max_concurrent_tasks=CONCURRENCY,
                log_aggregation_interval=timedelta(0),
            )
        finally:
            watch.cancel()
            tidy.cancel()

    async def _forget_log(self) -> None:
        # the in-memory mode keeps a log line per job for ever (PgQueuer 1.6.0, 2026-11-21)
        while True:
            await asyncio.sleep(10)
            await self._queries.clear_queue_log()

    async def close(self) -> None:
        """Nothing to release."""


class _AfterCommit:
    """Queues hints once their transaction is durable."""

    def __init__(self, runtime: EmbeddedRuntime) -> None:
        self._runtime = runtime

    async def before_commit(self, unit: UnitOfWork, hints: tuple[Hint, ...]) -> None:
        """Do nothing: a crash here must not leave a job without its row."""

    async def after_commit(self, hints: tuple[Hint, ...]) -> None:
        """Queue the hints."""
        await self._runtime.offer(hints)


async def _shut_down(manager: QueueManager, stopping: asyncio.Event) -> None:
    await stopping.wait()
    manager.shutdown.set()
