"""The SQLite driver: a statement crosses to its connection's thread once, with a BEGIN before it.

aiosqlite hands every step of a cursor (open, execute, fetch, close) to the thread by itself, and
each crossing costs more than most of our statements do. (aiosqlite 0.22.1, checked 2026-11-21.)
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from typing import Any, Self

import aiosqlite


class Statement:
    """A cursor as SQLAlchemy's adapter uses it: its rows are fetched where they are found."""

    def __init__(self, connection: WholeStatements) -> None:
        self._connection = connection
        self._rows: list[Any] = []
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None
        self.arraysize = 1

    async def __aenter__(self) -> Self:
        return self

    async def execute(self, sql: str, parameters: Sequence[Any] = ()) -> Self:
        """Run one statement and fetch its rows."""
        await self._connection.run(self._execute, sql, parameters)
        return self

    async def executemany(self, sql: str, parameters: Sequence[Sequence[Any]]) -> Self:
        """Run one statement for each set of parameters."""
        await self._connection.run(self._executemany, sql, parameters)
        return self

    async def fetchall(self) -> list[Any]:
        """Return the rows that are left."""
        rows, self._rows = self._rows, []
        return rows

    async def close(self) -> None:
        """Forget the rows; nothing is open in the thread."""
        self._rows = []

    def _execute(self, sql: str, parameters: Sequence[Any]) -> None:
        self._take(self._connection.begun.execute(sql, parameters))

    def _executemany(self, sql: str, parameters: Sequence[Sequence[Any]]) -> None:
        self._take(self._connection.begun.executemany(sql, parameters))

    def _take(self, cursor: sqlite3.Cursor) -> None:
        try:
            self.description = cursor.description
            self._rows = cursor.fetchall() if cursor.description else []
            self.rowcount, self.lastrowid = cursor.rowcount, cursor.lastrowid
        finally:
            cursor.close()


class WholeStatements(aiosqlite.Connection):
    """A connection whose cursors are `Statement`s."""

    #: Begins a transaction, right before the first statement in it; "" for statements alone.
    begins_with = ""
    _is_used = False

    @property
    def begun(self) -> sqlite3.Connection:
        """Return the connection itself, in a transaction; for use in its thread."""
        if self.begins_with and not self._conn.in_transaction:
            self._conn.execute(self.begins_with)
        return self._conn

    async def commit(self) -> None:
        """Commit, where anything was asked."""
        await self._end(self.raw.commit)

    async def rollback(self) -> None:
        """Roll back, where anything was asked."""
        await self._end(self.raw.rollback)

    async def _end(self, how: Any) -> None:
        # whatever was asked may still be under way: the thread takes its work in order
        if self._is_used:
            await self.run(how)
            self._is_used = False

    @property
    def raw(self) -> sqlite3.Connection:
        """Return the connection itself, for use in its thread."""
        return self._conn

    async def run(self, function: Any, *arguments: Any) -> None:
        """Call a function in the connection's thread."""
        self._is_used = True
        await self._execute(function, *arguments)  # type: ignore[no-untyped-call]

    def cursor(self) -> Statement:  # type: ignore[override]  # the adapter awaits what it returns
        """Return a new cursor; nothing happens in the thread yet."""
        return Statement(self)


async def connect(path: str) -> WholeStatements:
    """Open the database file at `path`; raises `sqlite3.Error` when it cannot be opened."""
    connection = WholeStatements(lambda: sqlite3.connect(path), iter_chunk_size=64)
    # as SQLAlchemy does: a connection that was forgotten must not keep the process
    connection._thread.daemon = True
    try:
        await connection
    except sqlite3.Error:
        # it has told its thread to end, which needs this loop for its last word
        await asyncio.to_thread(connection._thread.join)
        raise
    return connection


def copy_log_back(path: str) -> None:
    """Copy what the write-ahead log of the file at `path` holds back into it, as far as no reader
    needs the older pages. Waits for the disk: not on the event loop."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
