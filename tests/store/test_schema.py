"""The schema: migrated up and down, the same as the tables in code, and a history set in stone."""

from __future__ import annotations

import asyncio

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext

from copydesk.core.errors import ConfigError, StoreUnavailable
from copydesk.store import Store, open_store
from copydesk.store.engine import MIGRATIONS, NEWEST
from copydesk.store.tables import SEARCH_INDEX, metadata
from copydesk.store.tables.deliveries import REMOTE_INDEX
from copydesk.store.tables.history import PART_INDEXES
from copydesk.testing.clocks import StoppedClock
from copydesk.work.desk import Desk
from tests.store.test_rows import add_submission
from tests.store_fixtures import PostgresServer, ordered_ids


def config(connection: sa.Connection) -> Config:
    found = Config()
    found.set_main_option("script_location", str(MIGRATIONS))
    found.set_main_option("path_separator", "os")
    found.attributes["connection"] = connection
    return found


async def tables(store: Store) -> set[str]:
    async with store.connect(write=False) as connection:
        names = await connection.run_sync(lambda c: sa.inspect(c).get_table_names())
    return {name for name in names if is_ours(name, "table", {})} - {"alembic_version"}


def is_ours(name: str | None, kind: str, _: object) -> bool:
    """Whether code has it among its tables: each database has its search index in its own kind,
    and indexes of expressions in its own words."""
    if kind == "index":
        return name not in {*PART_INDEXES, REMOTE_INDEX}
    return kind != "table" or not (name or "").startswith(SEARCH_INDEX)


@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index")
async def test_migrated_schema_is_the_one_in_code(store: Store) -> None:
    def differences(connection: sa.Connection) -> list[object]:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "include_name": is_ours}
        )
        return list(compare_metadata(context, metadata))

    async with store.connect(write=False) as connection:
        assert await connection.run_sync(differences) == []


async def test_migrations_go_down_and_up_again(store: Store) -> None:
    assert await tables(store) == set(metadata.tables)
    async with store.connect(write=True) as connection:
        await connection.run_sync(lambda c: command.downgrade(config(c), "base"))
        await connection.commit()
    assert await tables(store) == set()
    await store.migrate()
    await store.migrate()
    assert await tables(store) == set(metadata.tables)


async def test_what_was_filed_under_a_long_name_is_known_again_after_the_migration(
    desk: Desk,
) -> None:
    names = [f"{'n' * 600}{end}" for end in "ab"]
    async with desk.store.begin("test") as unit:
        known = [await add_submission(unit, desk, end) for end in "ab"]
    filed = sa.text("UPDATE submissions SET source_key = :name WHERE id = :id")
    async with desk.store.connect(write=True) as connection:
        await connection.run_sync(lambda c: command.downgrade(config(c), "0024"))
        await connection.execute(
            filed, [{"id": one.id, "name": name} for one, name in zip(known, names, strict=True)]
        )
        await connection.commit()
    await desk.store.migrate()
    async with desk.store.read() as unit:
        found = [await unit.submissions.find_by_key(desk.workspace_id, name) for name in names]
    assert [one and one.id for one in found] == [one.id for one in known]


@pytest.mark.parametrize(
    "statement", ["UPDATE events SET reason = 'never happened'", "DELETE FROM events"]
)
async def test_history_cannot_be_rewritten(store: Store, statement: str) -> None:
    async with store.begin("ada") as unit:
        await unit.events.append("wsp_1", "post", "pst_1", "", "drafted", reason="first")
    with pytest.raises(sa.exc.DBAPIError, match="append-only"):
        async with store.connect(write=True) as connection:
            await connection.execute(sa.text(statement))
    async with store.read() as unit:
        assert [e.reason for e in await unit.events.history(["pst_1"])] == ["first"]


async def test_a_database_that_is_not_there_is_one_typed_error(
    clock: StoppedClock, tmp_path_factory: pytest.TempPathFactory
) -> None:
    missing = tmp_path_factory.mktemp("empty") / "no" / "such" / "folder" / "copydesk.db"
    with pytest.raises(StoreUnavailable, match="cannot be used") as caught:
        await open_store(f"sqlite:///{missing}", clock, ordered_ids(clock))
    assert caught.value.exit_code == 8


async def test_a_database_from_a_newer_copydesk_is_left_as_it_is(
    store: Store, clock: StoppedClock
) -> None:
    version = sa.text("UPDATE alembic_version SET version_num = :version")
    address = store.engine.url.render_as_string(hide_password=False)

    async def mark(number: str) -> None:
        async with store.connect(write=True) as connection:
            await connection.execute(version, {"version": number})
            await connection.commit()

    before = await tables(store)
    await mark("9999")
    try:
        with pytest.raises(ConfigError) as told:
            await open_store(address, clock, ordered_ids(clock))
    finally:
        await mark(NEWEST)
    assert "newer copydesk (version 9999)" in told.value.message
    assert "Install that copydesk" in told.value.remedy
    assert await tables(store) == before


async def test_a_file_that_is_no_database_is_one_typed_error(
    clock: StoppedClock, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("noise") / "copydesk.db"
    path.write_bytes(b"this was never a database, whatever its name says" * 40)
    with pytest.raises(StoreUnavailable, match="not a database"):
        await open_store(f"sqlite:///{path}", clock, ordered_ids(clock))


@pytest.mark.postgres
async def test_a_server_that_does_not_answer_is_one_typed_error(
    postgres: PostgresServer, clock: StoppedClock
) -> None:
    for url in (
        postgres.url("no_such_database"),
        "postgresql://ada:hunter2@127.0.0.1:1/copydesk",
        "postgresql://postgres@/x?host=/no/such/folder",
    ):
        with pytest.raises(StoreUnavailable) as caught:
            await open_store(url, clock, ordered_ids(clock))
        assert "hunter2" not in str(caught.value)


@pytest.mark.postgres
async def test_an_address_says_how_to_encrypt_as_it_does_elsewhere(
    postgres: PostgresServer, clock: StoppedClock
) -> None:
    # a socket of this machine needs no encryption, whatever the address asks for
    opened = await open_store(
        f"{postgres.url('migrated')}&sslmode=require", clock, ordered_ids(clock)
    )
    await opened.close()


async def test_without_the_encryption_asked_for_there_is_no_database(clock: StoppedClock) -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(8)
        writer.write(b"N")  # what PostgreSQL answers where it does not encrypt
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(refuse, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    address = f"postgresql://ada@127.0.0.1:{port}/desk?sslmode=require"
    async with server:
        with pytest.raises(StoreUnavailable, match="SSL"):
            await open_store(address, clock, ordered_ids(clock))


async def test_an_encryption_that_there_is_not_is_a_configuration_error(
    clock: StoppedClock,
) -> None:
    address = "postgresql://ada:hunter2@127.0.0.1:1/desk?sslmode=requre"
    with pytest.raises(ConfigError) as told:
        await open_store(address, clock, ordered_ids(clock))
    assert "database: there is no sslmode 'requre'" in told.value.message
    assert "require, verify-ca, verify-full" in told.value.message
    assert "hunter2" not in str(told.value)


async def test_an_unknown_kind_of_database_is_a_configuration_error(clock: StoppedClock) -> None:
    port = "postgresql://ada:hunter2@localhost:port/x"
    for url in ("mysql://root@localhost/x", "not an address", port):
        with pytest.raises(ConfigError) as told:
            await open_store(url, clock, ordered_ids(clock))
        assert "hunter2" not in str(told.value)


async def test_a_full_disk_is_one_typed_error_and_changes_nothing(store: Store) -> None:
    """SQLite's page limit stands in for the disk; PostgreSQL reports its own in the same class."""
    if not store.embedded:
        pytest.skip("the server's disk cannot be filled here")
    async with store.begin("test") as unit:
        await unit.workspaces.keep(b"first")
        # for this connection, which the pool hands out again
        pages = await unit.connection.scalar(sa.text("PRAGMA page_count"))
        await unit.connection.execute(sa.text(f"PRAGMA max_page_count = {pages}"))
    with pytest.raises(StoreUnavailable, match="full"):
        async with store.begin("test") as unit:
            await unit.workspaces.keep(b"x" * 2_000_000)
    async with store.read() as unit:
        count = await unit.connection.scalar(sa.text("SELECT count(*) FROM blobs"))
    assert count == 1
