"""Transactions spoken to the driver directly: statements compiled already, rows as tuples.

A transaction is a generator. It yields what it asks (`Ask`) and is sent the rows, or what it writes
(`Put`), and so says the same to both drivers. On SQLite all of it crosses to the connection's
thread once.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Generator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from copydesk.store.bulk import Bulk
from copydesk.store.engine import gave_way, is_gone, outrun, unavailable
from copydesk.store.prepared import Prepared, Question, Row, out_of_one_row

if TYPE_CHECKING:
    from copydesk.store.engine import Store


@dataclass(frozen=True, slots=True)
class Ask:
    """A question about the rows with these ids."""

    statement: Question
    ids: Collection[str]


@dataclass(frozen=True, slots=True)
class Put:
    """A statement to be executed for each row, or one that takes them all."""

    statement: Prepared | Bulk
    rows: Sequence[Row]


#: What a transaction does. After a `Put` it is sent what the last `Ask` found.
Steps = Generator[Ask | Put, Sequence[Any] | None, None]
#: Makes a transaction of the steps: commits at their end, rolls back when one fails.
Speak = Callable[[Steps], Coroutine[Any, Any, None]]


@asynccontextmanager
async def speaking(store: Store) -> AsyncIterator[Speak]:
    """Keep a connection of `store` for transactions that follow each other.

    They raise `StoreUnavailable` when the database cannot be used, `Conflict` when it ended one in
    favour of another transaction, and what the driver raises.
    """
    async with store.connect(write=True) as connection:
        raw = await connection.get_raw_connection()
        driver: Any = raw.driver_connection

        async def on_sqlite(steps: Steps) -> None:
            async with store.writer:
                try:
                    await driver.run(_on_sqlite, driver.raw, steps)
                except sqlite3.OperationalError as error:
                    raise unavailable(store.engine, error) from error

        async def on_postgres(steps: Steps) -> None:
            try:
                await _on_postgres(driver, steps)
            except Exception as error:
                if gave_way(error):
                    raise outrun() from error
                if not is_gone(error):
                    raise
                await connection.invalidate()
                raise unavailable(store.engine, error) from error

        yield on_sqlite if store.embedded else on_postgres


def _on_sqlite(connection: sqlite3.Connection, steps: Steps) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        answer: Sequence[Any] | None = None
        while (step := _next(steps, answer)) is not None:
            if isinstance(step, Ask):
                ids = json.dumps(list(step.ids))
                answer = out_of_one_row(connection.execute(step.statement.sql, (ids,)).fetchall())
            elif isinstance(step.statement, Bulk):
                for sql, parameters in step.statement.steps(step.rows):
                    connection.execute(sql, parameters)
            else:
                connection.executemany(step.statement.sql, step.rows)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


async def _on_postgres(connection: Any, steps: Steps) -> None:
    async with connection.transaction():
        answer: Sequence[Any] | None = None
        while (step := _next(steps, answer)) is not None:
            sql = step.statement.sql
            if isinstance(step, Ask):
                answer = await connection.fetch(sql, list(step.ids))
            elif isinstance(step.statement, Bulk):
                await connection.execute(sql, *step.statement.lists(step.rows))
            else:
                await connection.executemany(sql, step.rows)


def _next(steps: Steps, answer: Sequence[Any] | None) -> Ask | Put | None:
    try:
        return steps.send(answer)
    except StopIteration:
        return None
