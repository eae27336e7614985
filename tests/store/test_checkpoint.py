"""SQLite's log is copied back beside the commits: the file itself gets what was written."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import sqlalchemy as sa

from copydesk.work.desk import Desk
from copydesk.work.worker import working
from tests.store_fixtures import AddSandbox


async def names_in_file(desk: Desk, copy: Path) -> list[str]:
    """Return the accounts in the database file alone, without its log."""
    assert desk.store.engine.url.database is not None
    shutil.copy(desk.store.engine.url.database, copy)
    with closing(sqlite3.connect(copy)) as connection:
        return [name for (name,) in connection.execute("SELECT name FROM accounts")]


async def test_what_was_committed_is_copied_back_while_somebody_reads(
    desk: Desk, sandbox_account: AddSandbox, tmp_path: Path
) -> None:
    await sandbox_account("first")
    if not desk.store.embedded:
        await desk.store.checkpoint()  # the server does that by itself
        return
    assert "first" not in await names_in_file(desk, tmp_path / "before.db")
    await desk.store.checkpoint()
    assert await names_in_file(desk, tmp_path / "after.db") == ["first"]
    async with desk.store.read() as reader:
        assert await reader.connection.scalar(sa.text("SELECT count(*) FROM accounts")) == 1
        await sandbox_account("second")
        await desk.store.checkpoint()  # neither waits for the reader nor disturbs it
        assert await reader.connection.scalar(sa.text("SELECT count(*) FROM accounts")) == 1
    async with desk.store.read() as reader:
        assert await reader.connection.scalar(sa.text("SELECT count(*) FROM accounts")) == 2


async def test_a_worker_does_it(desk: Desk, sandbox_account: AddSandbox, tmp_path: Path) -> None:
    await sandbox_account("first")
    copied: list[str] = []
    plain = desk.store.checkpoint

    async def checkpoint() -> None:
        await plain()
        if desk.store.embedded:
            copied.extend(await names_in_file(desk, tmp_path / "copy.db"))
        worker.stopping.set()

    desk.store.checkpoint = checkpoint  # type: ignore[method-assign]
    async with working(desk, "worker") as worker:
        await worker.stopping.wait()
    assert copied == (["first"] if desk.store.embedded else [])
