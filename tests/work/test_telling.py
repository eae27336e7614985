"""A worker tells webhooks by itself; operators stop, resume and replay; nobody slows anybody."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from copydesk.core.clock import SystemClock
from copydesk.core.errors import Conflict, ContentInvalid, NotFound
from copydesk.core.ids import IdFactory
from copydesk.core.states import DeliveryState, WebhookState
from copydesk.distribution.notifying import notifier
from copydesk.store import open_store
from copydesk.testing.clocks import StoppedClock
from copydesk.work import worker as worker_module
from copydesk.work.desk import Desk
from copydesk.work.examining import examine
from copydesk.work.jobs import Kind
from copydesk.work.runtime import open_runtime
from copydesk.work.webhooks import (
    Backlog,
    disable_webhook,
    enable_webhook,
    remove_webhook,
    replay_exhausted,
    replay_messages,
    replay_range,
    webhook_secret,
)
from copydesk.work.worker import Worker, working
from tests.distribution.carrying import add_posts, deliveries
from tests.distribution.notifying.receiving import (
    Receiver,
    hang_up,
    happen,
    listening,
    log,
    notify,
    now,
    subscribe,
)
from tests.store_fixtures import AddSandbox

pytest.importorskip("standardwebhooks", reason="standardwebhooks is not installed")


@pytest.fixture
async def calling(desk: Desk) -> AsyncIterator[Desk]:
    opened = listening(desk)
    yield opened
    await hang_up(opened)


@pytest.fixture
async def moving(calling: Desk) -> AsyncIterator[Desk]:
    """The desk on a clock that runs: workers wait in real time."""
    clock = SystemClock()
    store = await open_store(calling.settings.database, clock, IdFactory(clock), migrate=False)
    yield replace(calling, store=store, clock=clock, ids=store.ids)
    await store.close()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver() as server:
        yield server


async def until(true: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(60):
        while not await true():  # noqa: ASYNC110
            await asyncio.sleep(0.05)


# ---------------------------------------------------------------- the worker


async def test_every_step_of_a_delivery_is_told_by_the_worker_without_being_asked(
    moving: Desk, receiver: Receiver, sandbox_account: AddSandbox
) -> None:
    await sandbox_account("newsroom")
    await sandbox_account("strict", fault="refused")
    webhook = await subscribe(moving, receiver, "delivery.*")
    await add_posts(moving, "one")

    async def told() -> bool:
        return {"delivery.delivered", "delivery.held"} <= set(receiver.types)

    async with working(moving, "test"):
        await until(told)
    steps = {
        account: [m["type"] for m in receiver.messages if m["data"]["account"] == account]
        for account in ("newsroom", "strict")
    }
    begin = ["delivery.planned", "delivery.scheduled", "delivery.sending"]
    assert steps == {
        "newsroom": [*begin, "delivery.delivered"],
        "strict": [*begin, "delivery.held"],
    }
    assert all(count == 1 for count in receiver.count().values())
    last = receiver.messages[-1]["data"]
    assert last["platform"] == "sandbox"
    assert last["post_id"].startswith("pst_")
    async with moving.store.read() as unit:
        assert await webhook_secret(unit, moving, webhook) not in json.dumps(receiver.messages)


async def test_webhooks_that_hang_slow_neither_each_other_nor_couriers(
    moving: Desk, receiver: Receiver, sandbox_account: AddSandbox
) -> None:
    await sandbox_account("newsroom")
    async with Receiver() as silent:
        silent.script = ["hang"] * 500
        for _ in range(5):
            await subscribe(moving, silent, "delivery.*")
        await subscribe(moving, receiver, "delivery.*")
        await add_posts(moving, *(f"post {number}" for number in range(10)))

        async def done() -> bool:
            found = {d.state for d in await deliveries(moving)}
            return (
                found == {DeliveryState.DELIVERED}
                and receiver.types.count("delivery.delivered") == 10
            )

        async with working(moving, "test"):
            await until(done)
            assert silent.messages == [], "they are hanging still"
            await silent.stop()


async def test_only_so_many_are_told_at_a_time(
    calling: Desk, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_module, "MOST_NOTIFIERS", 0)
    webhook = await subscribe(calling, receiver, "delivery.*")
    await happen(calling, "dlv_1")
    runtime = await open_runtime(calling.store)
    await Worker(desk=calling, runtime=runtime).handlers()[Kind.NOTIFY](webhook.id)
    assert receiver.messages == []
    monkeypatch.setattr(worker_module, "MOST_NOTIFIERS", 1)
    await Worker(desk=calling, runtime=runtime).handlers()[Kind.NOTIFY](webhook.id)
    assert receiver.subjects == ["dlv_1"], "the next sweep finds what was left"
    await runtime.close()


async def test_a_webhook_whose_notifier_crashes_rests_before_it_is_told_again(
    calling: Desk, receiver: Receiver, clock: StoppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def crash(self: object) -> int:
        raise ValueError("a fault of ours")

    webhook = await subscribe(calling, receiver, "delivery.*")
    await happen(calling, "dlv_1")
    monkeypatch.setattr(notifier.Notifier, "run", crash)
    runtime = await open_runtime(calling.store)
    await Worker(desk=calling, runtime=runtime).handlers()[Kind.NOTIFY](webhook.id)
    await runtime.close()

    async def due() -> list[str]:
        async with calling.store.read() as unit:
            return (await unit.workers.due(unit.now))["webhooks"]

    assert await due() == []
    clock.advance(worker_module.AFTER_FAULT.total_seconds() + 1)
    assert await due() == [webhook.id]


# ---------------------------------------------------------------- operators


async def test_a_disabled_webhook_resumes_with_what_it_missed_or_without(
    calling: Desk, receiver: Receiver
) -> None:
    webhook = await subscribe(calling, receiver, "delivery.*")
    for backlog, expected in ((Backlog.REPLAY, ["a", "b"]), (Backlog.SKIP, ["a", "b", "d"])):
        async with calling.store.begin("test") as unit:
            await disable_webhook(unit, await unit.webhooks.get(webhook.id))
        await happen(calling, *(["a", "b"] if backlog is Backlog.REPLAY else ["c"]))
        assert await notify(calling, webhook) == 0
        async with calling.store.begin("test") as unit:
            await enable_webhook(unit, await unit.webhooks.get(webhook.id), backlog)
        if backlog is Backlog.SKIP:
            await happen(calling, "d")
        await notify(calling, webhook)
        assert receiver.subjects == expected


async def test_messages_are_replayed_by_id_even_unasked_for_ones(
    calling: Desk, receiver: Receiver
) -> None:
    webhook = await subscribe(calling, receiver, "delivery.held")
    await happen(calling, "a", to="held")
    await happen(calling, "b", to="delivered")
    await notify(calling, webhook)
    async with calling.store.begin("test") as unit:
        events = await unit.events.history(["b"])
        from copydesk.distribution.notifying.message import message_id

        wanted = [receiver.ids[0], message_id(events[0])]
        assert await replay_messages(unit, await unit.webhooks.get(webhook.id), wanted) == 2
    await notify(calling, webhook)
    assert receiver.subjects == ["a", "a", "b"]
    assert receiver.ids[0] == receiver.ids[1]
    for wrong in ("evt_1_000000000000", "evt_99999_000000000000", "msg_1", ""):
        with pytest.raises(NotFound):
            async with calling.store.begin("test") as unit:
                await replay_messages(unit, await unit.webhooks.get(webhook.id), [wrong])


async def test_a_range_of_time_is_told_once_more_under_the_same_ids(
    calling: Desk, receiver: Receiver, clock: StoppedClock
) -> None:
    webhook = await subscribe(calling, receiver, "delivery.*")
    times = []
    for subject in ("a", "b", "c", "d"):
        clock.advance(60)
        times.append(clock.now())
        await happen(calling, subject)
        await happen(calling, "pst_1", noun="post", to="held")
    await notify(calling, webhook)
    first = dict(zip(receiver.subjects, receiver.ids, strict=True))
    async with calling.store.begin("test") as unit:
        found = await unit.webhooks.get(webhook.id)
        await replay_range(unit, found, times[1], times[3])
    with pytest.raises(Conflict):
        async with calling.store.begin("test") as unit:
            await replay_range(unit, await unit.webhooks.get(webhook.id), times[0])
    await happen(calling, "e")
    await notify(calling, webhook)
    assert sorted(receiver.subjects[4:]) == ["b", "c", "e"]
    assert {first["b"], first["c"]} <= set(receiver.ids[4:])
    assert not (await now(calling, webhook)).is_replaying
    with pytest.raises(ContentInvalid):
        async with calling.store.begin("test") as unit:
            await replay_range(unit, await unit.webhooks.get(webhook.id), times[1], times[0])


async def test_what_used_up_its_tries_can_be_asked_for(
    calling: Desk, receiver: Receiver, clock: StoppedClock
) -> None:
    webhook = await subscribe(calling, receiver, "delivery.*")
    receiver.refuses = {"bad"}
    await happen(calling, "bad")
    for _ in range(10):
        await notify(calling, webhook)
        # others get through meanwhile: the webhook itself is well
        await happen(calling, "good")
        await notify(calling, webhook)
        if (wake_at := (await now(calling, webhook)).wake_at) is not None:
            clock.advance((wake_at - clock.now()).total_seconds())
    tries = [a for a in await log(calling, webhook) if a.outcome != "delivered"]
    assert [a.attempt for a in tries] == list(range(1, 11))
    assert tries[-1].outcome == "exhausted"
    assert timedelta(days=3) < tries[-1].at - tries[0].at < timedelta(days=4)
    assert (await now(calling, webhook)).state is WebhookState.ENABLED
    receiver.refuses = set()
    async with calling.store.begin("test") as unit:
        assert await replay_exhausted(unit, await unit.webhooks.get(webhook.id)) == 1
    await notify(calling, webhook)
    assert receiver.subjects[-1] == "bad"


async def test_the_doctor_names_a_disabled_webhook_and_the_way_back(
    calling: Desk, receiver: Receiver
) -> None:
    receiver.script = [410]
    webhook = await subscribe(calling, receiver, "delivery.*")
    await happen(calling, "a")
    await notify(calling, webhook)
    (found,) = [one for one in await examine(calling) if one.check == f"webhook {webhook.id}"]
    assert not found.ok
    assert "410" in found.message
    assert f"copydesk webhooks enable {webhook.id}" in found.remedy
    async with calling.store.read() as unit:
        assert (await unit.workers.backlog()).due == 0, "it is not late: nobody waits for it"


async def test_a_removed_webhook_leaves_nothing_behind(calling: Desk, receiver: Receiver) -> None:
    receiver.script = [500]
    webhook = await subscribe(calling, receiver, "delivery.*")
    await happen(calling, "a")
    await notify(calling, webhook)
    async with calling.store.begin("test") as unit:
        await remove_webhook(unit, await unit.webhooks.get(webhook.id))
    async with calling.store.read() as unit:
        assert await unit.messages.attempts(webhook.id) == []
        assert await unit.messages.waiting(webhook.id) == []
        assert await unit.webhooks.sealed(webhook.id) == b""
        with pytest.raises(NotFound):
            await unit.webhooks.get(webhook.id)
