"""What durability alone costs: the rows and requests of a delivery with no engine between.

`python -m bench._by_hand HOME URL` carries what is due in a project, on SQLite where URL is "",
else in that database of PostgreSQL: it reads due deliveries, commits their intents, makes the
signed calls and commits the receipts, with the statements, the transport and the threads that the
engine has. Nothing is judged, budgeted, leased or tried again, and nobody would find out what a
crash has left. Prints the seconds of wall time and of CPU it took.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import sqlalchemy as sa
from sqlalchemy.engine import make_url

from bench._backlog import SECRET
from copydesk.core.clock import SystemClock
from copydesk.core.delivery import Action
from copydesk.core.ids import IdFactory
from copydesk.platforms.kit.http_transport import HttpTransport, load_http
from copydesk.platforms.kit.signature import signed_headers, signing_keys
from copydesk.platforms.webhook.render import event_body
from copydesk.store.bulk import Bulk
from copydesk.store.prepared import Question
from copydesk.store.tables import deliveries, events, intents, receipts, renditions
from copydesk.work.memory import keep_what_is_loaded

#: Connections to PostgreSQL that read.
_READERS = 4

#: How many deliveries share a transaction, as in the engine's longest rounds.
_ROUND = 100

_ACCOUNTS = "SELECT id, settings FROM accounts"

#: What is written together: rows by statement.
Rows = list[tuple[Bulk, list[Sequence[Any]]]]

_DUE = (
    sa.select(
        deliveries.c.id,
        deliveries.c.workspace_id,
        deliveries.c.key,
        renditions.c.payload,
        renditions.c.payload_sha256,
    )
    .join(renditions, renditions.c.id == deliveries.c.rendition_id)
    .where(
        deliveries.c.account_id == sa.bindparam("account"),
        deliveries.c.wake_at.is_not(None),
        deliveries.c.due_at <= sa.bindparam("now"),
    )
    .order_by(deliveries.c.due_at, deliveries.c.id)
    .limit(_ROUND)
)


class Statements:
    """What is asked and written, as one driver takes it."""

    def __init__(self, driver: str) -> None:
        dialect = make_url(f"{driver}://").get_dialect()()
        self.due = Question(_DUE, dialect)
        self.event = Bulk(events, [c.name for c in events.c if c.name != "sequence"], dialect)
        self.intent = Bulk(intents, [c.name for c in intents.c], dialect)
        self.receipt = Bulk(receipts, [c.name for c in receipts.c], dialect)
        moved = ["id", "state", "changed_at", "wake_at", "attempts", "remote_id"]
        self.move = Bulk(deliveries, moved, dialect, key="id")


class Database(ABC):
    """One connection for writing and others for reading."""

    statements: Statements

    def __init__(self) -> None:
        self._waiting: list[tuple[Rows, asyncio.Future[None]]] = []
        self._is_writing = False

    @abstractmethod
    async def accounts(self) -> dict[str, str]:
        """Return where the events of each account go to."""

    @abstractmethod
    async def due(self, account_id: str) -> list[list[Any]]:
        """Return the next deliveries of an account that are due."""

    async def write(self, rows: Rows) -> None:
        """Commit `rows`, together with what the other lanes hand in meanwhile."""
        done = asyncio.get_running_loop().create_future()
        self._waiting.append((rows, done))
        if not self._is_writing:
            self._is_writing = True
            while self._waiting:
                group, self._waiting = self._waiting, []
                together: dict[Bulk, list[Sequence[Any]]] = {}
                for entry, _ in group:
                    for statement, more in entry:
                        together.setdefault(statement, []).extend(more)
                await self._commit(together)
                for _, waits in group:
                    waits.set_result(None)
            self._is_writing = False
        await done

    @abstractmethod
    async def _commit(self, rows: dict[Bulk, list[Sequence[Any]]]) -> None: ...


class Sqlite(Database):
    """SQLite's connections, each in a thread of its own."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.statements = Statements("sqlite")
        self._writer, self._reader = _connected(path), _connected(path)
        self._writing, self._reading = ThreadPoolExecutor(1), ThreadPoolExecutor(1)

    async def accounts(self) -> dict[str, str]:
        """Return where the events of each account go to."""
        found = self._reader.execute(_ACCOUNTS).fetchall()
        return {id: json.loads(settings)["url"] for id, settings in found}

    async def due(self, account_id: str) -> list[list[Any]]:
        """Return the next deliveries of an account that are due."""
        question = self.statements.due
        parameters = question.parameters(account=account_id, now=datetime.now(UTC))
        ask = partial(self._reader.execute, question.sql, parameters)
        found = await _in(self._reading, lambda: ask().fetchall())
        return list(question.rows(found))

    async def _commit(self, rows: dict[Bulk, list[Sequence[Any]]]) -> None:
        await _in(self._writing, partial(self._commit_now, rows))

    def _commit_now(self, rows: dict[Bulk, list[Sequence[Any]]]) -> None:
        self._writer.execute("BEGIN IMMEDIATE")
        for statement, theirs in rows.items():
            for sql, parameters in statement.steps(theirs):
                self._writer.execute(sql, parameters)
        self._writer.execute("COMMIT")


class Postgres(Database):
    """PostgreSQL's connections."""

    def __init__(self, writer: asyncpg.Connection, readers: asyncpg.Pool) -> None:
        super().__init__()
        self.statements = Statements("postgresql+asyncpg")
        self._writer, self._readers = writer, readers

    async def accounts(self) -> dict[str, str]:
        """Return where the events of each account go to."""
        found = await self._readers.fetch(_ACCOUNTS)
        return {id: json.loads(settings)["url"] for id, settings in found}

    async def due(self, account_id: str) -> list[list[Any]]:
        """Return the next deliveries of an account that are due."""
        question = self.statements.due
        parameters = question.parameters(account=account_id, now=datetime.now(UTC))
        return list(question.rows(await self._readers.fetch(question.sql, *parameters)))

    async def _commit(self, rows: dict[Bulk, list[Sequence[Any]]]) -> None:
        async with self._writer.transaction():
            for statement, theirs in rows.items():
                await self._writer.execute(statement.sql, *statement.lists(theirs))


class Lane:
    """One account: round by round until nothing is due."""

    def __init__(self, database: Database, transport: HttpTransport, ids: IdFactory) -> None:
        self._database = database
        self._to = database.statements
        self._transport = transport
        self._ids = ids
        self._keys = signing_keys(SECRET)

    async def run(self, account_id: str, url: str) -> None:
        """Carry what is due for an account whose events go to `url`."""
        while due := await self._database.due(account_id):
            now = datetime.now(UTC)
            intended = [self._ids.new("intent") for _ in due]
            await self._database.write(self._intents(due, intended, now))
            answers = [
                await self._call(url, key, json.loads(payload), now)
                for _, _, key, payload, _ in due
            ]
            await self._database.write(self._receipts(due, intended, answers, datetime.now(UTC)))

    async def _call(self, url: str, key: str, payload: Any, now: datetime) -> str:
        body = event_body(payload, Action.CREATE)
        headers = signed_headers(self._keys, id=key, sent_at=now, body=body)
        reply = await self._transport.call(
            "POST", url, headers={"Content-Type": "application/json", **headers}, body=body
        )
        return reply.body.decode()

    def _intents(self, due: Sequence[Any], intended: Sequence[str], now: datetime) -> Rows:
        to = self._to
        rows = zip(due, intended, strict=True)
        return [
            (to.intent, [to.intent.row((i, d[0], 1, d[2], d[4], 1, now)) for d, i in rows]),
            (to.move, [to.move.row((d[0], "sending", now, now, 1, "")) for d in due]),
            (to.event, [self._event(d, now, "scheduled", "sending", "try 1") for d in due]),
        ]

    def _receipts(
        self, due: Sequence[Any], intended: Sequence[str], answers: Sequence[str], now: datetime
    ) -> Rows:
        to = self._to
        received = [
            to.receipt.row((intent, d[0], "published", d[2], "", raw, now))
            for d, intent, raw in zip(due, intended, answers, strict=True)
        ]
        return [
            (to.receipt, received),
            (to.move, [to.move.row((d[0], "delivered", now, None, 1, d[2])) for d in due]),
            (to.event, [self._event(d, now, "sending", "delivered", "published") for d in due]),
        ]

    def _event(
        self, due: Sequence[Any], at: datetime, was: str, to: str, reason: str
    ) -> Sequence[Any]:
        return self._to.event.row((at, due[1], "delivery", due[0], "courier", was, to, reason, {}))


async def main(home: Path, url: str) -> None:
    load_http()
    database: Database
    if url:
        readers = await asyncpg.create_pool(url, min_size=1, max_size=_READERS)
        database = Postgres(await asyncpg.connect(url), readers)
    else:
        database = Sqlite(home / "copydesk.db")
    transport = HttpTransport(user_agent="copydesk-bench")
    ids = IdFactory(SystemClock())
    accounts = await database.accounts()
    keep_what_is_loaded()
    wall, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(Lane(database, transport, ids).run(*one) for one in accounts.items()))
    result = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    await transport.close()
    print(json.dumps(result))


def _connected(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")
    return connection


async def _in(thread: ThreadPoolExecutor, call: Callable[[], Any]) -> Any:
    return await asyncio.get_running_loop().run_in_executor(thread, call)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
