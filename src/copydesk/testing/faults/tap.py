"""Between a worker and PostgreSQL: acting on the wire at a chosen commit."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from pathlib import Path

from copydesk.testing.faults.databases import PostgresServer

#: What a tap can be told to wait for: the statement before the commit, and its commit.
Moment = Callable[[], Awaitable[None]]


class PostgresTap:
    """Listens in between a worker and PostgreSQL, and acts at a chosen commit.

    The wire protocol (version 3) names every message: statements travel as Parse (with a name) and
    Bind, or as Query. When a transaction that ran a statement like `wanted` (a pattern,
    lower case) is about to
    commit for the `number`-th time, `before` is awaited; when the server has said that it is
    committed, and before the worker hears of it, `after` is.
    """

    def __init__(self, server: PostgresServer, folder: Path) -> None:
        self._target = server.socket / ".s.PGSQL.5432"
        self.folder = folder
        self._path = folder / ".s.PGSQL.5432"
        self._server: asyncio.Server | None = None
        self._links: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._wanted: re.Pattern[bytes] | None = None
        self._number = 1
        self._seen = 0
        self._before: Moment | None = None
        self._after: Moment | None = None
        self.struck = 0

    def at(
        self,
        wanted: str,
        *,
        number: int = 1,
        before: Moment | None = None,
        after: Moment | None = None,
    ) -> None:
        """Act at the `number`-th commit from now on of a transaction that ran `wanted`."""
        self._wanted = re.compile(wanted.encode(), re.DOTALL)
        self._number, self._seen = number, 0
        self._before, self._after = before, after

    def cut(self) -> None:
        """Break every connection that is open now."""
        for writer in tuple(self._writers):
            writer.transport.abort()

    async def __aenter__(self) -> PostgresTap:
        def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            link = asyncio.create_task(self._link(reader, writer))
            self._links.add(link)
            link.add_done_callback(self._links.discard)

        self._server = await asyncio.start_unix_server(begin, str(self._path))
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.close()
        self.cut()
        for link in tuple(self._links):
            link.cancel()
        await asyncio.gather(*self._links, return_exceptions=True)

    async def _link(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, here = await asyncio.open_unix_connection(str(self._target))
        except OSError:
            writer.transport.abort()
            return
        talk = _Talk(self)
        self._writers |= {writer, here}
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(talk.requests(reader, here))
                group.create_task(talk.answers(there, writer))
        except* (OSError, asyncio.IncompleteReadError, _Over):
            pass
        finally:
            for side in (writer, here):
                self._writers.discard(side)
                side.transport.abort()

    def matches(self, statement: bytes) -> bool:
        """Tell whether a statement is the one waited for."""
        return bool(self._wanted and self._wanted.search(statement.strip().lower()))

    def counts(self) -> bool:
        """Count a commit that matters; True for the one to act at."""
        self._seen += 1
        return self._seen == self._number

    async def act(self, *, before: bool) -> None:
        """Do what is to be done before or after the commit."""
        moment = self._before if before else self._after
        if moment is not None:
            self.struck += 1
            await moment()


class _Over(Exception):
    """One side has hung up."""


class _Talk:
    """One connection: what it has prepared, and what its transaction has run."""

    def __init__(self, tap: PostgresTap) -> None:
        self._tap = tap
        self._prepared: dict[bytes, bytes] = {}
        self._matters = False
        self._awaits = False

    async def requests(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # the first message has no type; an encryption request (8 bytes) is answered with one byte
        length = await reader.readexactly(4)
        writer.write(length + await reader.readexactly(int.from_bytes(length) - 4))
        while True:
            head = await reader.readexactly(5)
            body = await reader.readexactly(int.from_bytes(head[1:]) - 4)
            if self._note(head[:1], body) and self._tap.counts():
                await self._tap.act(before=True)
                self._awaits = True
            writer.write(head + body)
            await writer.drain()

    def _note(self, kind: bytes, body: bytes) -> bool:
        """Remember what the message runs; True for the commit of a transaction that matters."""
        statement = b""
        if kind == b"P":
            name, _, rest = body.partition(b"\0")
            self._prepared[name] = rest.partition(b"\0")[0]
        elif kind == b"B":
            name = body.partition(b"\0")[2].partition(b"\0")[0]
            statement = self._prepared.get(name, b"")
        elif kind == b"Q":
            statement = body.rstrip(b"\0")
        if self._tap.matches(statement):
            self._matters = True
        word = statement.strip().lower()[:8]
        if word.startswith(b"commit") and self._matters:
            self._matters = False
            return True
        if word.startswith(b"rollback"):
            self._matters = False
        return False

    async def answers(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = await reader.readexactly(5)
            body = await reader.readexactly(int.from_bytes(head[1:]) - 4)
            if self._awaits and head[:1] == b"C" and body.startswith(b"COMMIT"):
                self._awaits = False
                await self._tap.act(before=False)
            writer.write(head + body)
            await writer.drain()
