"""The queue: a hint is never lost for good, a worker drains, and a broken queue mends itself."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest
import sqlalchemy as sa
from pgqueuer import AsyncpgPoolDriver, Queries, QueueManager
from pgqueuer.domain.errors import FailingListenerError

from copydesk.core.clock import SystemClock
from copydesk.core.ids import IdFactory
from copydesk.core.post import Content, Tier
from copydesk.core.states import DeliveryState, PostState, SubmissionState
from copydesk.store import Hint, open_store
from copydesk.testing.clocks import StoppedClock
from copydesk.work.desk import Desk
from copydesk.work.health import LATE_AFTER, SILENT_AFTER, measure
from copydesk.work.incoming.submitting import submit
from copydesk.work.jobs import Handlers, Kind
from copydesk.work.repairing import repair
from copydesk.work.runtime import Runtime, open_runtime
from copydesk.work.runtime.embedded import EmbeddedRuntime
from copydesk.work.share import Share
from copydesk.work.sweep import rest_before_next, sweep
from copydesk.work.worker import Worker, working
from tests.distribution.carrying import add_posts, deliveries, sandbox_has
from tests.store.leasing import take
from tests.store_fixtures import AddSandbox

LETTER = (
    b"From: Ada <ada@example.org>\r\nMessage-ID: <a@example.org>\r\nSubject: The lamp\r\n\r\n"
    b"The lamp looks lovely in our hall. It fits well.\r\n"
)


class Kept(EmbeddedRuntime):
    """A runtime that only remembers what it was offered."""

    def __init__(self) -> None:
        super().__init__()
        self.hints: list[Hint] = []

    async def offer(self, hints: Sequence[Hint]) -> None:
        self.hints += hints


@pytest.fixture
async def moving(desk: Desk) -> AsyncIterator[Desk]:
    """The desk on a clock that runs: workers wait in real time."""
    clock = SystemClock()
    store = await open_store(desk.settings.database, clock, IdFactory(clock), migrate=False)
    yield replace(desk, store=store, clock=clock, ids=store.ids)
    await store.close()


@asynccontextmanager
async def running(runtime: Runtime, handlers: Handlers) -> AsyncIterator[None]:
    stopping = asyncio.Event()
    task = asyncio.create_task(runtime.run(handlers, stopping))
    try:
        async with asyncio.timeout(60):
            yield
    finally:
        stopping.set()
        async with asyncio.timeout(60):
            await task
        await runtime.close()


def only(handler: Callable[[str], Awaitable[None]]) -> Handlers:
    return dict.fromkeys(Kind, handler)


async def until(true: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(60):
        while not await true():  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def queued(desk: Desk) -> list[str]:
    """The jobs PostgreSQL holds, as kind and subject."""
    connection = await asyncpg.connect(dsn=desk.store.dsn)
    try:
        rows = await connection.fetch("SELECT entrypoint, payload FROM pgqueuer ORDER BY id")
    finally:
        await connection.close()
    return [f"{row['entrypoint']}:{bytes(row['payload']).decode()}" for row in rows]


async def drop_queue(desk: Desk) -> None:
    connection = await asyncpg.connect(dsn=desk.store.dsn)
    try:
        await connection.execute("DROP TABLE IF EXISTS pgqueuer, pgqueuer_log CASCADE")
    finally:
        await connection.close()


async def let_heartbeats_go_stale(desk: Desk) -> None:
    """Make the jobs in hand look forsaken, and wait until the queue has given them out again."""
    connection = await asyncpg.connect(dsn=desk.store.dsn)
    try:
        await connection.execute("UPDATE pgqueuer SET updated = NOW() - INTERVAL '1 hour'")

        async def given_out_again() -> bool:
            forsaken = "updated < NOW() - INTERVAL '30 minutes'"
            return not await connection.fetch(
                "UPDATE pgqueuer SET heartbeat = NOW() - INTERVAL '1 hour'"
                f" WHERE {forsaken} RETURNING id"
            )

        await until(given_out_again)
    finally:
        await connection.close()


# ---------------------------------------------------------------- both queues


async def test_a_hint_that_comes_while_its_row_is_worked_on_is_not_lost(moving: Desk) -> None:
    runtime = await open_runtime(moving.store)
    first, go_on, second = asyncio.Event(), asyncio.Event(), asyncio.Event()
    runs = 0

    async def handle(subject: str) -> None:
        nonlocal runs
        runs += 1
        if runs == 1:
            first.set()
            await go_on.wait()
        else:
            second.set()

    async with running(runtime, only(handle)):
        await runtime.offer([Hint("courier", "acc_1")])
        await first.wait()
        await runtime.offer([Hint("courier", "acc_1")])
        go_on.set()

        async def swept() -> bool:
            # in PostgreSQL a job's key is taken while it runs: there the next sweep says it again
            if not moving.store.embedded:
                await runtime.offer([Hint("courier", "acc_1")])
            return second.is_set()

        await until(swept)


async def test_a_stopping_worker_finishes_what_it_has_in_hand(moving: Desk) -> None:
    runtime = await open_runtime(moving.store)
    started, go_on, finished = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def handle(subject: str) -> None:
        started.set()
        await go_on.wait()
        finished.set()

    stopping = asyncio.Event()
    task = asyncio.create_task(runtime.run(only(handle), stopping))
    async with asyncio.timeout(60):
        await runtime.offer([Hint("courier", "acc_1")])
        await started.wait()
        stopping.set()
        go_on.set()
        await task
    assert finished.is_set()
    await runtime.close()


async def test_working_carries_a_message_all_the_way_and_signs_off(
    moving: Desk, sandbox_account: AddSandbox
) -> None:
    account = await sandbox_account()
    submission = (await submit(moving, LETTER, filename="a.eml", actor="test")).submission

    async def delivered() -> bool:
        return [d.state for d in await deliveries(moving)] == [DeliveryState.DELIVERED]

    async with working(moving, "test") as worker:
        assert (await measure(moving)).workers in {0, 1}
        await until(delivered)
    assert worker.jobs_done >= 3, "one to write it up, one to plan it, one to carry it"
    async with moving.store.read() as unit:
        assert (await unit.submissions.get(submission.id)).state is SubmissionState.COMPOSED
        assert await unit.workers.all() == [], "it has signed off"
    assert list(sandbox_has(moving, account).values()) == [1]


async def test_work_left_by_a_process_that_never_hinted_is_found(
    moving: Desk, sandbox_account: AddSandbox
) -> None:
    """`copydesk ingest` and `publish` leave rows and go; whoever works finds them."""
    await sandbox_account()
    await add_posts(moving, "one", "two")

    async def delivered() -> bool:
        return {d.state for d in await deliveries(moving)} == {DeliveryState.DELIVERED}

    async with working(moving, "test"):
        await until(delivered)


async def test_a_crashing_handler_stops_nobody(
    moving: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = Worker(desk=moving, runtime=await open_runtime(moving.store))

    async def crash(subject: str) -> None:
        raise ZeroDivisionError

    await worker._counted(crash)("sub_1")
    assert worker.jobs_done == 1
    assert worker.last_job_at is not None
    await worker.runtime.close()


# ---------------------------------------------------------------- the sweep


async def test_the_sweep_finds_every_due_row_and_no_other(
    desk: Desk, sandbox_account: AddSandbox
) -> None:
    account = await sandbox_account()
    submission = (await submit(desk, LETTER, filename="a.eml", actor="test")).submission
    await add_posts(desk, "one")
    await sandbox_account("idle", inbox=False)
    async with desk.store.begin("test") as unit:
        post, _ = await unit.posts.add(
            workspace_id=desk.workspace_id,
            source_key="approved",
            content=Content(title="two", body="Words.", slug="two"),
            tier=Tier.PERSON,
        )
        await unit.posts.move(post, PostState.APPROVED, wake_at=unit.now)
    kept = Kept()
    count = await sweep(desk, kept)
    assert {(hint.kind, hint.subject_id) for hint in kept.hints} == {
        (Kind.COMPOSE, submission.id),
        (Kind.DISTRIBUTE, post.id),
        (Kind.COURIER, account.id),
    }
    assert count == 3
    assert all(hint.at is None for hint in kept.hints)


async def test_the_sweep_leaves_paused_and_leased_accounts_until_they_are_free(
    desk: Desk, clock: StoppedClock, sandbox_account: AddSandbox
) -> None:
    paused, leased = await sandbox_account("paused"), await sandbox_account("leased")
    await add_posts(desk, "one")
    async with desk.store.begin("test") as unit:
        await unit.accounts.pause(paused.id, unit.now + timedelta(seconds=30))
    await take(desk.store, leased.id, "dead/1")
    kept = Kept()
    assert await sweep(desk, kept) == 0
    clock.advance(10)
    await sweep(desk, kept)
    assert [hint.subject_id for hint in kept.hints] == [leased.id]
    clock.advance(20)
    await sweep(desk, kept)
    assert {hint.subject_id for hint in kept.hints} == {paused.id, leased.id}


async def test_a_sweep_counts_couriers_only_while_an_account_waits_for_one_of_several_workers(
    desk: Desk, sandbox_account: AddSandbox
) -> None:
    """Counting walks through all accounts, and an idle worker sweeps every second."""
    asked: list[str] = []

    async def counts() -> bool:
        asked.clear()
        await sweep(desk, Kept(), share=Share())
        return any("lease_until >" in statement for statement in asked)

    def hear(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    sa.event.listen(desk.store.engine.sync_engine, "before_cursor_execute", hear)
    await sandbox_account()
    for number in (1, 2):
        async with desk.store.begin("test") as unit:
            await unit.workers.add(f"wrk_{number}", "worker", "here", number)
    assert not await counts()
    await add_posts(desk, "one")
    assert await counts()
    async with desk.store.begin("test") as unit:
        await unit.workers.remove("wrk_2", older_than=timedelta(hours=1))
    assert not await counts()


async def test_the_sweep_rests_until_the_next_row_wakes_within_bounds(
    desk: Desk, clock: StoppedClock
) -> None:
    assert await rest_before_next(desk) == 1.0
    submission = (await submit(desk, LETTER, filename="a.eml", actor="test")).submission
    for seconds, rest in ((0.3, 0.3), (0.001, 0.02), (60, 1.0)):
        async with desk.store.begin("test") as unit:
            await unit.submissions.claim(submission.id, unit.now + timedelta(seconds=seconds))
        assert await rest_before_next(desk) == pytest.approx(rest)


# ---------------------------------------------------------------- health


async def test_health_tells_working_from_idle_from_dead_from_late(
    desk: Desk, clock: StoppedClock
) -> None:
    nobody = await measure(desk)
    assert not nobody.working
    assert "no worker" in nobody.problems[0]
    async with desk.store.begin("test") as unit:
        await unit.workers.add("wrk_1", "up", "here", 1)
    assert (await measure(desk)).working
    await submit(desk, LETTER, filename="a.eml", actor="test")
    clock.advance(LATE_AFTER.total_seconds() + 1)
    async with desk.store.begin("test") as unit:
        await unit.workers.seen("wrk_1", None, 0)
    late = await measure(desk)
    assert (late.working, late.workers, late.due) == (False, 1, 1)
    assert "61 s" in late.problems[0]
    clock.advance(SILENT_AFTER.total_seconds() + 1)
    assert (await measure(desk)).workers == 0


# ---------------------------------------------------------------- in memory


async def test_in_memory_a_row_waits_once_however_often_it_is_hinted_at() -> None:
    runtime = EmbeddedRuntime()
    seen: Counter[str] = Counter()
    every = asyncio.Event()

    async def handle(subject: str) -> None:
        seen[subject] += 1
        if len(seen) == 50:
            every.set()

    for _ in range(20):
        await runtime.offer([Hint("compose", f"sub_{n}") for n in range(50)])
    async with running(runtime, only(handle)):
        await every.wait()
    assert set(seen.values()) == {1}


async def test_in_memory_nothing_is_kept_of_what_is_done() -> None:
    runtime = EmbeddedRuntime()
    done = 0
    every = asyncio.Event()

    async def handle(subject: str) -> None:
        nonlocal done
        done += 1
        if done == 1000:
            every.set()

    async with running(runtime, only(handle)):
        for start in range(0, 1000, 100):
            await runtime.offer([Hint("compose", f"sub_{start + n}") for n in range(100)])
        await every.wait()
    assert runtime._waiting == set()
    assert runtime._running == set()
    assert runtime._again == {}


async def test_in_memory_later_work_waits_in_its_row() -> None:
    runtime = EmbeddedRuntime()
    await runtime.offer([Hint("compose", "sub_1", StoppedClock().now())])
    assert runtime._waiting == set()


# ---------------------------------------------------------------- on PostgreSQL


@pytest.fixture
def distributed(moving: Desk) -> Desk:
    if moving.store.embedded:
        pytest.skip("this is about the queue in PostgreSQL")
    return moving


async def test_a_job_commits_and_rolls_back_with_its_row(distributed: Desk) -> None:
    desk = distributed
    runtime = await open_runtime(desk.store)
    desk.store.outbox = runtime.outbox
    with pytest.raises(ZeroDivisionError):  # noqa: PT012
        async with desk.store.begin("test") as unit:
            unit.hint("compose", "sub_gone")
            raise ZeroDivisionError
    assert await queued(desk) == []
    submission = (await submit(desk, LETTER, filename="a.eml", actor="test")).submission
    await submit(desk, LETTER + b"more", filename="b.eml", source_key="b", actor="test")
    assert (await queued(desk))[0] == f"compose:{submission.id}"
    assert len(await queued(desk)) == 2
    await runtime.close()


async def test_a_worker_leaves_couriers_beyond_its_share_to_others(distributed: Desk) -> None:
    """A courier keeps its account while it has work: who woke first must not take them all."""
    taken: Counter[str] = Counter()
    came, over = asyncio.Condition(), asyncio.Event()

    def carrying(worker: str) -> Handlers:
        async def carry(_: str) -> None:
            async with came:
                taken[worker] += 1
                came.notify_all()
            await over.wait()

        return only(carry)

    async def wait_for(**expected: int) -> None:
        async with came:
            await came.wait_for(lambda: taken == expected)

    first, second = [await open_runtime(distributed.store) for _ in range(2)]
    first.share(6)
    async with running(first, carrying("first")):
        await first.offer([Hint(Kind.COURIER, f"acc_{number}") for number in range(10)])
        await wait_for(first=6)
        # what is no courier is not kept back by the couriers that nobody takes
        await first.offer([Hint(Kind.NOTIFY, "whk_1")])
        await wait_for(first=7)
        async with running(second, carrying("second")):
            await wait_for(first=7, second=4)
            over.set()


async def test_couriers_whose_heartbeats_come_late_are_counted_once(distributed: Desk) -> None:
    """The queue gives a stalled worker its own jobs again; what ends then makes room again."""
    first, second = (asyncio.Semaphore(0) for _ in range(2))
    over = asyncio.Event()

    async def carry(subject: str) -> None:
        if subject.startswith("acc_late"):
            first.release()
            await over.wait()
        else:
            second.release()

    runtime = await open_runtime(distributed.store)
    runtime.share(4)
    async with running(runtime, only(carry)):
        await runtime.offer([Hint(Kind.COURIER, f"acc_late_{number}") for number in range(4)])
        for _ in range(4):
            await first.acquire()
        runtime.share(8)  # room to be given something
        await let_heartbeats_go_stale(distributed)
        runtime.share(4)
        over.set()
        await runtime.offer([Hint(Kind.COURIER, "acc_next")])
        await second.acquire()


async def test_rows_are_written_although_the_queue_is_gone(distributed: Desk) -> None:
    desk = distributed
    runtime = await open_runtime(desk.store)
    desk.store.outbox = runtime.outbox
    await drop_queue(desk)
    submission = (await submit(desk, LETTER, filename="a.eml", actor="test")).submission
    async with desk.store.read() as unit:
        assert (await unit.submissions.get(submission.id)).state is SubmissionState.RECEIVED
    await runtime.close()


async def test_a_queue_dropped_under_a_worker_is_put_back_by_itself(
    distributed: Desk, sandbox_account: AddSandbox
) -> None:
    desk = distributed
    account = await sandbox_account()

    async def delivered(count: int) -> bool:
        found = await deliveries(desk)
        return len(found) == count and {d.state for d in found} == {DeliveryState.DELIVERED}

    async with working(desk, "test") as worker:
        await submit(desk, LETTER, filename="a.eml", actor="test")
        await until(lambda: delivered(1))
        await drop_queue(desk)
        await submit(desk, LETTER, filename="b.eml", source_key="b", actor="test")
        await until(lambda: delivered(2))
        assert worker.running is not None
        assert not worker.running.done()
    assert sorted(sandbox_has(desk, account).values()) == [1, 1]


@pytest.mark.parametrize(
    "trouble",
    [
        FailingListenerError(),
        ConnectionResetError(),
        asyncpg.InterfaceError("closed"),
        asyncpg.InternalClientError("cannot switch to state 15; another operation is in progress"),
    ],
)
async def test_a_queue_that_is_interrupted_goes_on(
    trouble: Exception, distributed: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = QueueManager.run
    troubles = [trouble]

    async def interrupted(manager: QueueManager, **options: Any) -> None:
        if troubles:
            raise troubles.pop()
        await run(manager, **options)

    monkeypatch.setattr(QueueManager, "run", interrupted)
    runtime = await open_runtime(distributed.store)
    done = asyncio.Event()

    async def handle(subject: str) -> None:
        done.set()

    async with running(runtime, only(handle)):
        await runtime.offer([Hint("compose", "sub_1")])
        await done.wait()


@pytest.mark.parametrize("part", ["fetch", "listener_healthy"])
async def test_a_broken_queue_does_not_wait_for_what_is_in_hand(
    part: str, distributed: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A courier carries for as long as there is a backlog: other accounts must not wait for it."""
    breaks, broke = asyncio.Event(), asyncio.Event()
    owner = AsyncpgPoolDriver if part == "fetch" else QueueManager
    works = getattr(owner, part)

    async def may_break(self: object, *rest: Any, **named: Any) -> Any:
        if breaks.is_set() and not broke.is_set():
            broke.set()
            raise FailingListenerError if part == "listener_healthy" else ConnectionResetError
        if part == "listener_healthy":
            await breaks.wait()
        return await works(self, *rest, **named)

    monkeypatch.setattr(owner, part, may_break)
    runtime = await open_runtime(distributed.store)
    taken: list[str] = []
    over = asyncio.Event()

    async def carry(subject: str) -> None:
        taken.append(subject)
        await over.wait()

    async def both() -> bool:
        # as the sweep does
        await runtime.offer([Hint(Kind.COURIER, "acc_next")])
        return taken == ["acc_long", "acc_next"]

    async with running(runtime, only(carry)):
        await runtime.offer([Hint(Kind.COURIER, "acc_long")])
        await until(lambda: asyncio.sleep(0, bool(taken)))
        breaks.set()
        await broke.wait()
        await until(both)
        over.set()


async def test_a_listener_is_asked_only_once_it_listens(
    distributed: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is said before nobody hears: a worker that had just begun was taken for deaf."""
    happened: list[str] = []
    listen, ask = asyncpg.Connection.add_listener, Queries.notify_health_check

    async def listening(*of: Any) -> None:
        await listen(*of)
        happened.append("listens")

    async def asking(*of: Any) -> None:
        happened.append("is asked")
        await ask(*of)

    monkeypatch.setattr(asyncpg.Connection, "add_listener", listening)
    monkeypatch.setattr(Queries, "notify_health_check", asking)
    async with running(await open_runtime(distributed.store), only(lambda _: asyncio.sleep(0))):
        await until(lambda: asyncio.sleep(0, len(happened) == 2))
    assert happened == ["listens", "is asked"]


async def test_repair_queues_what_is_due_anew(distributed: Desk) -> None:
    desk = distributed
    submission = (await submit(desk, LETTER, filename="a.eml", actor="test")).submission
    runtime = await open_runtime(desk.store)
    await drop_queue(desk)
    await runtime.close()
    for _ in range(2):
        done = await repair(desk)
        assert done.queued == 1
        assert await queued(desk) == [f"compose:{submission.id}"]


async def test_queue_and_store_reach_a_server_by_its_socket(distributed: Desk) -> None:
    address = urlsplit(distributed.store.dsn)
    assert parse_qs(address.query)["host"][0].startswith("/")
    runtime = await open_runtime(distributed.store)
    await runtime.offer([Hint("compose", "sub_1")])
    await runtime.close()
    assert await queued(distributed) == ["compose:sub_1"]
