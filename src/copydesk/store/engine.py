"""Opening a store: engine settings for SQLite and PostgreSQL, migrations, units of work."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from collections.abc import AsyncIterator
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
    nullcontext,
)
from datetime import timedelta
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from copydesk.core.clock import Clock
from copydesk.core.errors import ConfigError, Conflict, CopydeskError, StoreUnavailable
from copydesk.core.ids import IdFactory
from copydesk.core.json_text import read_json
from copydesk.core.review import ReviewTimes
from copydesk.store.codec import to_json_text
from copydesk.store.postgres import LONGEST_SILENCE, check_ssl_mode, last_for_long, only_usable
from copydesk.store.postgres import connect as connect_postgres
from copydesk.store.sqlite import connect as connect_sqlite
from copydesk.store.sqlite import copy_log_back
from copydesk.store.unit import Outbox, SilentOutbox, UnitOfWork

if TYPE_CHECKING:
    from copydesk.store.journal import Journal

#: After how many pages of SQLite's log a commit copies them back itself (of 4 KiB each).
LONGEST_LOG = 10_000

#: What SQLite answers for a file that is none of its own, or is damaged.
_SPOILT = frozenset({sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT})

MIGRATIONS = Path(__file__).parent / "migrations"

#: The newest migration; they are numbered files.
NEWEST = max(path.name.partition("_")[0] for path in (MIGRATIONS / "versions").glob("0*.py"))


class Store:
    """A database with its units of work. The same semantics on SQLite and PostgreSQL.

    SQLite has one writer at a time: writing units queue up here in arrival order instead of
    running into the database's busy handler.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        clock: Clock,
        ids: IdFactory,
        review_times: ReviewTimes | None = None,
    ) -> None:
        self.engine = engine
        self.clock = clock
        self.ids = ids
        #: What units of work take deadlines and claims of reviews from.
        self.review_times = review_times or ReviewTimes()
        self.outbox: Outbox = SilentOutbox()
        #: Held by whoever writes: SQLite has one writer at a time.
        self.writer: AbstractAsyncContextManager[Any] = (
            asyncio.Lock() if self.embedded else nullcontext()
        )

    @property
    def embedded(self) -> bool:
        """Whether this is the embedded (SQLite) store."""
        return self.engine.dialect.name == "sqlite"

    @cached_property
    def journal(self) -> Journal:
        """Return the writer that all couriers of this process share."""
        from copydesk.store.journal import Journal

        return Journal(self)

    @property
    def dsn(self) -> str:
        """Return the database's address in the driver's own form, password included."""
        return address_of(self.engine).render_as_string(hide_password=False)

    @property
    def address(self) -> str:
        """Return the database's address as settings name it, without its password."""
        return address_of(self.engine).render_as_string(hide_password=True)

    @asynccontextmanager
    async def begin(self, actor: str) -> AsyncIterator[UnitOfWork]:
        """Open a writing unit of work for `actor`; commits on success, rolls back on error.

        Job hints given to the unit leave through the outbox: inside the transaction on PostgreSQL,
        after the commit when embedded. Raises as `connect` does; nothing was changed then.
        """
        async with self.writer, self.connect(write=True) as connection:
            work = UnitOfWork(connection, self.clock, self.ids, actor, self.review_times)
            yield work
            await work.events.write()
            hints = tuple(work.hints)
            await self.outbox.before_commit(work, hints)
            await connection.commit()
        await self.outbox.after_commit(hints)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[UnitOfWork]:
        """Open a reading unit of work: one consistent snapshot on SQLite, never commits."""
        async with self.connect(write=False) as connection:
            yield UnitOfWork(connection, self.clock, self.ids, "reader", self.review_times)

    @asynccontextmanager
    async def connect(self, *, write: bool) -> AsyncIterator[AsyncConnection]:
        """Open a connection in a transaction that is rolled back unless committed.

        Raises `StoreUnavailable` when the database is not there, `Conflict` when it ended the
        transaction in favour of another one.
        """
        try:
            async with AsyncExitStack() as stack:
                try:
                    connection = await stack.enter_async_context(self.engine.connect())
                except (sa.exc.DBAPIError, sa.exc.TimeoutError) as error:
                    raise unavailable(self.engine, error) from error
                except Exception as error:
                    # before there is a connection the driver speaks for itself
                    if not (is_gone(error) or _sqlstate(error)):
                        raise
                    raise unavailable(self.engine, error) from error
                if self.embedded:
                    _say_how_to_begin(connection, write=write)
                yield connection
        except CopydeskError:
            # what the work itself refuses is no fault of the database; NotAllowed is an OSError too
            raise
        except OSError as error:
            raise unavailable(self.engine, error) from error
        except sa.exc.DBAPIError as error:
            if gave_way(error.orig):
                raise outrun() from error
            away = isinstance(error, sa.exc.OperationalError | sa.exc.InterfaceError)
            if away or error.connection_invalidated or is_gone(error.orig):
                raise unavailable(self.engine, error) from error
            raise

    async def migrate(self) -> None:
        """Bring the schema to the newest version."""
        async with self.connect(write=False) as connection:
            if await connection.run_sync(_version) == NEWEST:
                return  # the migration library costs more to load than most commands take
        async with self.connect(write=True) as connection:
            await connection.run_sync(_upgrade)
            await connection.commit()

    async def checkpoint(self) -> None:
        """Copy what SQLite's log holds back into the database; nobody waits for it meanwhile.

        Else the commit that fills the log does it, with every other commit behind it: a thousand
        pages from all over a large database, and a second wait for the disk.
        """
        if self.embedded and self.engine.url.database:
            await asyncio.to_thread(copy_log_back, self.engine.url.database)

    async def close(self) -> None:
        """Write what still waits and close every connection."""
        await self.journal.close()
        await self.engine.dispose()


async def open_store(
    url: str,
    clock: Clock,
    ids: IdFactory,
    *,
    migrate: bool = True,
    review_times: ReviewTimes | None = None,
    longest_silence: timedelta = LONGEST_SILENCE,
) -> Store:
    """Open the database at `url` (`sqlite:///FILE` or `postgresql://…`).

    PostgreSQL undoes a transaction whose process has said nothing for `longest_silence`.

    Raises `ConfigError` for an address we cannot use, `StoreUnavailable` when it does not answer.
    """
    engine = _make_engine(url, longest_silence, clock)
    store = Store(engine, clock, ids, review_times)
    if migrate:
        try:
            await store.migrate()
        except BaseException:
            await store.close()
            raise
    return store


def _make_engine(url: str, longest_silence: timedelta, clock: Clock) -> AsyncEngine:
    try:
        address = sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError) as error:
        shown = re.sub(r"//.*@", "//***@", url)  # there may be a password in it
        raise ConfigError([f"database: {shown!r} is not a database address"]) from error
    backend = address.get_backend_name()
    if backend == "sqlite":
        engine = create_async_engine(
            address.set(drivername="sqlite+aiosqlite"),
            async_creator=partial(connect_sqlite, address.database or ":memory:"),
            json_serializer=to_json_text,
            json_deserializer=read_json,
            # none beyond these: an overflow connection is opened and closed for a single use, and
            # each has a thread
            pool_size=16,
            max_overflow=0,
            # the one used last has its statements compiled and its pages at hand
            pool_use_lifo=True,
        )
        sa.event.listen(engine.sync_engine, "connect", _prepare_sqlite)
        return engine
    if backend == "postgresql":
        check_ssl_mode(address)
        plain = address.set(drivername="postgresql")
        engine = create_async_engine(
            address.set(drivername="postgresql+asyncpg"),
            # in the driver's own form, as for the queue: it knows what PostgreSQL's programs know
            async_creator=partial(
                connect_postgres, plain.render_as_string(hide_password=False), longest_silence
            ),
            json_serializer=to_json_text,
            json_deserializer=read_json,
            pool_size=20,
            max_overflow=0,
            pool_use_lifo=True,
        )
        only_usable(engine.sync_engine, clock)
        return engine
    raise ConfigError(
        [f"database: {backend} is not supported"], remedy="Use sqlite:///FILE or postgresql://…"
    )


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # transactions are begun by us (`WholeStatements.begun`), not by the driver
    connection.isolation_level = None
    cursor = connection.cursor()
    try:
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "busy_timeout=30000",
            "foreign_keys=ON",
            "temp_store=MEMORY",
            # whoever commits copies the log back only where no worker does it meanwhile
            f"wal_autocheckpoint={LONGEST_LOG}",
        ):
            cursor.execute(f"PRAGMA {pragma}")
    except sqlite3.Error:
        connection.close()  # the pool does not know it yet, and it has a thread
        raise
    cursor.close()


def _say_how_to_begin(connection: AsyncConnection, *, write: bool) -> None:
    # no listener of the engine's for this: with any, it looks for listeners at every statement
    driver: Any = connection.sync_connection.connection.driver_connection  # type: ignore[union-attr]
    # a deferred transaction that turns into a writer fails at once instead of waiting
    driver.begins_with = "BEGIN IMMEDIATE" if write else "BEGIN"


def _version(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    version: str | None = connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
    return version


def _upgrade(connection: sa.Connection) -> None:
    from alembic import command
    from alembic.config import Config

    if connection.dialect.name == "postgresql":
        last_for_long(connection)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def is_gone(error: BaseException | None) -> bool:
    """Whether the server, not the statement, is the reason: connection, resources, operator or
    system by the classes of SQLSTATE, a session ended for its silence in a transaction or for the
    length of that (25P03, 25P04), or the driver cannot speak to it."""
    state = _sqlstate(error)
    gone = state[:2] in {"08", "53", "57", "58"} or state in {"25P03", "25P04"}
    if gone or isinstance(error, OSError):
        return True
    return type(error).__name__ in {"InterfaceError", "InternalClientError"}


def gave_way(error: BaseException | None) -> bool:
    """Whether the database undid a transaction because of another one, so that it may be repeated:
    a deadlock or a serialization failure (class 40), a lock that is not given (55P03), a statement
    prepared before the schema changed."""
    state = _sqlstate(error)
    stale = type(error).__name__ == "InvalidCachedStatementError"
    return state[:2] == "40" or state == "55P03" or stale


def outrun() -> Conflict:
    """Return what to raise when a transaction had to give way."""
    return Conflict(
        "The database put another transaction first.",
        remedy="Nothing was changed; try again.",
    )


def _sqlstate(error: BaseException | None) -> str:
    return str(getattr(error, "sqlstate", None) or "")


def unavailable(engine: AsyncEngine, error: BaseException) -> StoreUnavailable:
    """Return what to raise when the database cannot be used, with the driver's own reason."""
    where = address_of(engine).render_as_string(hide_password=True)
    reason = getattr(error, "orig", error)
    detail = str(reason).strip().splitlines()
    remedy = "Nothing was changed. Check that it runs, has space and accepts us, then try again."
    if getattr(reason, "sqlite_errorcode", 0) & 0xFF in _SPOILT:
        remedy = "Nothing was changed. Restore the file from a backup, or name the right one."
    elif engine.dialect.name == "sqlite":
        remedy = (
            "Nothing was changed. Check that its folder is there, has space and lets us write, "
            "then try again."
        )
    return StoreUnavailable(
        f"The database {where} cannot be used: {detail[0] if detail else type(error).__name__}.",
        remedy=remedy,
    )


def address_of(engine: AsyncEngine) -> sa.URL:
    """Return the address of a database in the form of the settings, which names no driver."""
    return engine.url.set(drivername=engine.dialect.name)
