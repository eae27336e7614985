"""One face for both queues: PgQueuer on PostgreSQL, PgQueuer in memory when embedded."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Protocol

from copydesk.store import Hint, Outbox, Store
from copydesk.work.jobs import Handlers


class Runtime(Protocol):
    """A queue that runs handlers. Losing what it holds costs time, never work."""

    @property
    def outbox(self) -> Outbox:
        """Return where units of work leave their hints."""
        ...

    async def offer(self, hints: Sequence[Hint]) -> None:
        """Queue hints that are not waiting already."""
        ...

    def share(self, couriers: int | None) -> None:
        """Take no courier beyond so many while other workers can; None for as many as there are."""
        ...

    async def run(self, handlers: Handlers, stopping: asyncio.Event) -> None:
        """Run jobs until `stopping`; then finish those in hand and return."""
        ...

    async def close(self) -> None:
        """Release connections."""
        ...


async def open_runtime(store: Store) -> Runtime:
    """Return the runtime that belongs to the store."""
    if store.embedded:
        from copydesk.work.runtime.embedded import EmbeddedRuntime

        return EmbeddedRuntime()
    from copydesk.work.runtime.postgres import PostgresRuntime

    return await PostgresRuntime.open(store)
