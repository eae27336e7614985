"""Everything that happens is told: once where all goes well, again under the same id where not."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from email.utils import format_datetime
from typing import Any

import pytest
import sqlalchemy as sa
from aiohttp import web

from copydesk.core.states import AccountState, WebhookState
from copydesk.distribution.notifying import Horizon, Notifier, notifier
from copydesk.distribution.notifying.answers import FAILURES_BEFORE_REST, SCHEDULE, read_answer
from copydesk.platforms.kit.transport import Reply
from copydesk.store import Store
from copydesk.store.tables import accounts
from copydesk.testing.clocks import NOON, StoppedClock
from copydesk.work.desk import Desk
from copydesk.work.webhooks import replay_exhausted, rotate_secret, webhook_secret
from tests.distribution.notifying.receiving import (
    Receiver,
    happen,
    log,
    notify,
    now,
    subscribe,
    tools,
)
from tests.store_fixtures import AddSandbox

pytest.importorskip("standardwebhooks", reason="standardwebhooks is not installed")


async def due(desk: Desk) -> list[str]:
    async with desk.store.read() as unit:
        return (await unit.workers.due(unit.now))["webhooks"]


async def rest_until_next(desk: Desk, clock: StoppedClock, webhook_id: str) -> float:
    """Move the clock to when the webhook wants a look; returns how many seconds that was."""
    async with desk.store.read() as unit:
        webhook = await unit.webhooks.get(webhook_id)
    assert webhook.wake_at is not None
    seconds = (webhook.wake_at - clock.now()).total_seconds()
    clock.advance(seconds)
    return seconds


# ---------------------------------------------------------------- what is told


async def test_only_what_was_asked_for_is_told(calling: Desk, receiver: Receiver) -> None:
    webhook = await subscribe(calling, receiver, "account.blocked", "post.*")
    await happen(calling, "dlv_1")
    await happen(calling, "acc_1", noun="account", to="connected")
    await happen(calling, "acc_1", noun="account", to="blocked")
    await happen(calling, "pst_1", noun="post", to="held")
    assert await notify(calling, webhook) == 2
    assert receiver.types == ["account.blocked", "post.held"]
    assert await due(calling) == [], "what it does not want lies behind it all the same"


async def test_a_webhook_hears_nothing_of_what_was_before_it(
    calling: Desk, receiver: Receiver
) -> None:
    await happen(calling, "dlv_1")
    webhook = await subscribe(calling, receiver, "delivery.*")
    await happen(calling, "dlv_2")
    await notify(calling, webhook)
    assert receiver.subjects == ["dlv_2"]


async def test_other_workspaces_are_none_of_its_business(calling: Desk, receiver: Receiver) -> None:
    webhook = await subscribe(calling, receiver)
    async with calling.store.begin("test") as unit:
        other = await unit.workspaces.ensure("other", "automatic")
        await unit.events.append(other.id, "delivery", "dlv_9", "", "planned")
    await notify(calling, webhook)
    assert "dlv_9" not in receiver.subjects


async def test_no_secret_of_an_account_is_told(
    calling: Desk, receiver: Receiver, sandbox_account: AddSandbox, clock: StoppedClock
) -> None:
    webhook = await subscribe(calling, receiver)
    account = await sandbox_account("newsroom")
    async with calling.store.begin("test") as unit:
        secret = await webhook_secret(unit, calling, webhook)
        await unit.accounts.move(account, AccountState.BLOCKED, "credential refused")
    await notify(calling, webhook)
    told = json.dumps(receiver.messages)
    assert "credential refused" in told
    assert secret not in told


# ---------------------------------------------------------------- order and concurrency


async def test_a_subject_that_fails_keeps_its_order_and_holds_up_nobody_else(
    calling: Desk, receiver: Receiver, clock: StoppedClock
) -> None:
    webhook = await subscribe(calling, receiver, "delivery.*")
    receiver.refuses = {"bad"}
    await happen(calling, "a", "bad", "b", "bad", "c")
    await notify(calling, webhook)
    assert sorted(receiver.subjects) == ["a", "b", "c"]
    assert receiver.tried.count("bad") == 1, "the second waits behind the first"
    await happen(calling, "d", "bad", to="held")
    await notify(calling, webhook)
    assert receiver.subjects[-1] == "d"
    receiver.refuses = set()
    waited = await rest_until_next(calling, clock, webhook.id)
    assert SCHEDULE[0] <= waited <= SCHEDULE[0] * 1.2
    await notify(calling, webhook)
    mine = [m["data"] for m in receiver.messages if m["data"]["id"] == "bad"]
    assert [data["sequence"] for data in mine] == sorted(data["sequence"] for data in mine)
    assert len(mine) == 3
    assert (await now(calling, webhook)).wake_at is None


async def test_a_long_backlog_is_told_whole_with_few_at_once(
    calling: Desk, receiver: Receiver
) -> None:
    webhook = await subscribe(calling, receiver, "delivery.*")
    async with calling.store.begin("test") as unit:
        await unit.events.append_all(
            [
                unit.events.row(calling.workspace_id, "delivery", f"d{n % 300}", "", "planned")
                for n in range(900)
            ]
        )
    assert await notify(calling, webhook) == 900
    assert len(receiver.count()) == 900
    assert 1 < receiver.most_at_once <= notifier.AT_ONCE
    for subject in ("d0", "d299"):
        mine = [m["data"]["sequence"] for m in receiver.messages if m["data"]["id"] == subject]
        assert mine == sorted(mine)
    assert len(await log(calling, webhook)) == 500, "the log can be read in parts"


# ---------------------------------------------------------------- receivers that lie


@pytest.mark.parametrize(
    ("step", "status"),
    [
        (500, 500),
        (404, 404),
        (web.Response, 302),
        ("reset", None),
        ("hang", None),
        ("drip", 200),
    ],
)
async def test_whatever_goes_wrong_is_tried_again_under_the_same_id(
    calling: Desk,
    receiver: Receiver,
    clock: StoppedClock,
    monkeypatch: pytest.MonkeyPatch,
    step: Any,
    status: int | None,
) -> None:
    if step is web.Response:
        step = web.Response(status=302, headers={"Location": f"{receiver.url}/elsewhere"})
    # an answer lost at once is asked for once more in the same try
    receiver.script = [step] * (2 if step in ("reset", "hang", "drip") else 1)
    webhook = await subscribe(calling, receiver, "delivery.*")
    await happen(calling, "dlv_1")
    with monkeypatch.context() as short:
        if step in ("hang", "drip"):
            short.setattr(notifier, "TIMEOUT", 0.3)
        await notify(calling, webhook)
    (first,) = await log(calling, webhook)
    assert (first.outcome, first.status) == ("failed", None if step == "drip" else status)
    assert first.answer or first.status in {404, 500}
    assert receiver.messages == []
    await rest_until_next(calling, clock, webhook.id)
    await notify(calling, webhook)
    _, second = await log(calling, webhook)
    assert (second.outcome, second.attempt) == ("delivered", 2)
    assert first.message_id == second.message_id == receiver.ids[0]
    assert len({hit.headers["webhook-id"] for hit in receiver.hits}) == 1
    assert (
        receiver.hits[0].headers["webhook-timestamp"]
        < (receiver.hits[-1].headers["webhook-timestamp"])
    )


async def test_every_try_sends_the_same_bytes_whatever_has_changed_meanwhile(
    calling: Desk, receiver: Receiver, sandbox_account: AddSandbox, clock: StoppedClock
) -> None:
    webhook = await subscribe(calling, receiver, "account.*")
    receiver.script = [500] * 10
    account = await sandbox_account("newsroom")

    async def rename(name: str) -> None:
        async with calling.store.begin("test") as unit:
            await unit.connection.execute(
                sa.update(accounts).where(accounts.c.id == account.id).values(name=name)
            )

    await notify(calling, webhook)
    for number in range(9):
        await rename(f"newsroom {number}")
        await rest_until_next(calling, clock, webhook.id)
        await notify(calling, webhook)
    async with calling.store.read() as unit:
        assert await unit.messages.counts(webhook.id) == (0, 1), "all its tries are used up"
    async with calling.store.begin("test") as unit:
        await replay_exhausted(unit, await unit.webhooks.get(webhook.id))
    await notify(calling, webhook)
    assert len(receiver.hits) == 11
    assert {hit.body for hit in receiver.hits} == {receiver.hits[0].body}
    assert b'"newsroom"' in receiver.hits[0].body


async def test_a_huge_answer_is_read_no_further_than_needed(
    calling: Desk, receiver: Receiver
) -> None:
    receiver.script = [web.Response(status=500, body=b"x" * 5_000_000)]
    webhook = await subscribe(calling, receiver, "delivery.*")
    await happen(calling, "dlv_1")
    await notify(calling, webhook)
    (attempt,) = await log(calling, webhook)
    assert attempt.answer == "x" * 500


@pytest.mark.parametrize("asked", ["seconds", "date"])
async def test_retry_after_is_honoured(
    calling: Desk, receiver: Receiver, clock: StoppedClock, asked: str
) -> None:
    wait = "900"
    if asked == "date":
        receiver.clock = clock
        wait = (clock.now() + timedelta(seconds=900)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    receiver.script = [web.Response(status=429, headers={"Retry-After": wait})]
    webhook = await subscribe(calling, receiver, "delivery.*")
    await happen(calling, "dlv_1")
    await notify(calling, webhook)
    await happen(calling, "dlv_2")
    clock.advance(899)
    assert await due(calling) == []
    assert await notify(calling, webhook) == 0, "nothing at all is sent while it is to be left"
    clock.advance(1)
    assert await due(calling) == [webhook.id]
    await notify(calling, webhook)
    assert sorted(receiver.subjects) == ["dlv_1", "dlv_2"]


async def test_gone_means_gone_at_once(calling: Desk, receiver: Receiver) -> None:
    receiver.script = [410]
    webhook = await subscribe(calling, receiver, "delivery.*")
    await happen(calling, "dlv_1")
    await notify(calling, webhook)
    found = await now(calling, webhook)
    assert found.state is WebhookState.DISABLED
    assert "410" in found.reason
    assert await due(calling) == []
    async with calling.store.read() as unit:
        history = await unit.events.history([webhook.id])
    assert [event.to_state for event in history] == ["enabled", "disabled"]


async def test_a_dead_receiver_costs_one_try_at_a_time_and_is_given_up_after_five_days(
    calling: Desk, receiver: Receiver, clock: StoppedClock
) -> None:
    webhook = await subscribe(calling, receiver, "delivery.*")
    url = receiver.url
    await receiver.stop()
    began = clock.now()
    for number in range(30):
        await happen(calling, f"dlv_{number}")
    await notify(calling, webhook)
    tried = len(await log(calling, webhook))
    under_way = notifier.AT_ONCE + FAILURES_BEFORE_REST - 1
    assert tried <= under_way, "it is not hammered"
    waits = []
    while (await now(calling, webhook)).state is WebhookState.ENABLED:
        waits.append(await rest_until_next(calling, clock, webhook.id))
        assert await notify(calling, webhook) <= 1
    assert clock.now() - began >= timedelta(days=5)
    assert len(waits) < 40
    assert "every try has failed since" in (await now(calling, webhook)).reason
    assert all("not reached" in attempt.answer for attempt in await log(calling, webhook))
    assert all(url not in a.answer or a.status is None for a in await log(calling, webhook))
    async with calling.store.read() as unit:
        waiting, exhausted = await unit.messages.counts(webhook.id)
    assert 1 <= exhausted <= 3
    assert waiting + exhausted <= 30, "the history keeps the rest"


async def test_a_receiver_that_comes_back_gets_all_it_missed(
    calling: Desk, receiver: Receiver, clock: StoppedClock
) -> None:
    webhook = await subscribe(calling, receiver, "delivery.*")
    receiver.script = [503] * 8
    for number in range(40):
        await happen(calling, f"dlv_{number}")
    await notify(calling, webhook)
    while (await now(calling, webhook)).wake_at is not None:
        await rest_until_next(calling, clock, webhook.id)
        await notify(calling, webhook)
    assert sorted(receiver.count().values()) == [1] * 40
    found = await now(calling, webhook)
    assert (found.failures, found.failing_since, found.resting) == (0, None, False)


async def test_a_private_address_is_not_called_unless_that_was_allowed(
    calling: Desk, receiver: Receiver
) -> None:
    webhook = await subscribe(calling, receiver, "delivery.*")
    async with calling.store.begin("test") as unit:
        await unit.webhooks.change(webhook.id, allow_private=False)
    await happen(calling, "dlv_1")
    await notify(calling, webhook)
    assert receiver.hits == []
    (attempt,) = await log(calling, webhook)
    assert "not a public address" in attempt.answer


# ---------------------------------------------------------------- secrets


async def test_after_a_rotation_both_secrets_sign_for_a_day(
    calling: Desk, receiver: Receiver, clock: StoppedClock
) -> None:
    webhook = await subscribe(calling, receiver, "delivery.*")
    async with calling.store.begin("test") as unit:
        await rotate_secret(unit, calling, webhook)
        fresh = await webhook_secret(unit, calling, webhook)
    assert fresh != receiver.secret
    await happen(calling, "dlv_1")
    await notify(calling, webhook)
    assert receiver.subjects == ["dlv_1"], "the old secret is still good"
    clock.advance(86_400)
    await happen(calling, "dlv_2")
    await notify(calling, webhook)
    assert receiver.subjects == ["dlv_1"], "now it is not"
    receiver.secret = fresh
    await rest_until_next(calling, clock, webhook.id)
    await notify(calling, webhook)
    assert receiver.subjects == ["dlv_1", "dlv_2"]


async def test_nothing_leaves_unsigned(calling: Desk, receiver: Receiver) -> None:
    webhook = await subscribe(calling, receiver, "delivery.*")
    async with calling.store.begin("test") as unit:
        await unit.webhooks.change(webhook.id, secrets=b"sealed with another key")
    await happen(calling, "dlv_1")
    assert await notify(calling, webhook) == 0
    assert receiver.hits == []
    found = await now(calling, webhook)
    assert "secret" in found.reason
    assert found.resting


# ---------------------------------------------------------------- crashes and rivals


async def test_dying_between_sending_and_recording_repeats_the_same_ids(
    calling: Desk, receiver: Receiver, clock: StoppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook = await subscribe(calling, receiver, "delivery.*")
    await happen(calling, "dlv_1", "dlv_2")

    async def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as killed:
        killed.setattr(Notifier, "_record", die)
        killed.setattr("copydesk.store.webhooks.Webhooks.release", die)
        with pytest.raises(BaseException):  # noqa: B017, PT011
            await notify(calling, webhook)
    assert sorted(receiver.subjects) == ["dlv_1", "dlv_2"]
    assert await due(calling) == [], "its lease is still held by the dead"
    clock.advance(notifier.LEASE + 1)
    assert await due(calling) == [webhook.id]
    await notify(calling, webhook)
    assert sorted(receiver.count().values()) == [2, 2], "told again, under the same two ids"
    assert len(await log(calling, webhook)) == 2


async def test_of_two_notifiers_one_works_and_neither_loses_anything(
    calling: Desk, receiver: Receiver
) -> None:
    webhook = await subscribe(calling, receiver, "delivery.*")
    await happen(calling, *(f"dlv_{number}" for number in range(50)))
    sent = await asyncio.gather(
        *(Notifier(tools(calling, owner=f"worker/{n}"), webhook.id).run() for n in range(4))
    )
    assert sum(sent) == 50
    assert sorted(receiver.count().values()) == [1] * 50


async def test_who_was_overtaken_changes_nothing(
    calling: Desk, receiver: Receiver, clock: StoppedClock
) -> None:
    webhook = await subscribe(calling, receiver, "delivery.*")
    await happen(calling, "dlv_1")
    async with calling.store.begin("test") as unit:
        slow = await unit.webhooks.take(webhook.id, "slow/1", 30)
    assert slow is not None
    clock.advance(31)
    await notify(calling, webhook)
    cursor = (await now(calling, webhook)).cursor
    from copydesk.core.errors import Conflict

    with pytest.raises(Conflict):
        async with calling.store.begin("test") as unit:
            await unit.webhooks.keep(slow, 30, cursor=0)
    assert (await now(calling, webhook)).cursor == cursor


# ---------------------------------------------------------------- late committers


async def test_a_transaction_that_commits_late_is_not_skipped(
    calling: Desk, receiver: Receiver
) -> None:
    """Two transactions commit in the reverse order of their sequences."""
    if calling.store.embedded:
        pytest.skip("SQLite has one writer at a time: there is no such order")
    webhook = await subscribe(calling, receiver, "delivery.*")
    horizon = Horizon(calling.store)
    store: Store = calling.store
    async with store.begin("late") as late:
        await late.events.append(calling.workspace_id, "delivery", "late", "", "planned")
        await late.events.write()
        (early,) = await happen(calling, "early")
        await notify(calling, webhook, horizon)
        await notify(calling, webhook, horizon)
        assert receiver.subjects == [], "what is before it may still appear"
    await notify(calling, webhook, horizon)
    assert receiver.subjects == ["late", "early"]
    assert [m["data"]["sequence"] for m in receiver.messages] == [early - 1, early]


async def test_a_transaction_that_is_rolled_back_holds_up_nobody(
    calling: Desk, receiver: Receiver
) -> None:
    webhook = await subscribe(calling, receiver, "delivery.*")
    with pytest.raises(ZeroDivisionError):  # noqa: PT012
        async with calling.store.begin("rolled back") as unit:
            await unit.events.append(calling.workspace_id, "delivery", "never", "", "planned")
            raise ZeroDivisionError
    await happen(calling, "dlv_1")
    await notify(calling, webhook)
    assert receiver.subjects == ["dlv_1"]


async def test_a_busy_history_is_told_all_the_same(calling: Desk, receiver: Receiver) -> None:
    """There is always somebody writing, but never the same for long."""
    if calling.store.embedded:
        pytest.skip("SQLite has one writer at a time")
    webhook = await subscribe(calling, receiver, "delivery.*")
    horizon = Horizon(calling.store)
    writers = [calling.store.begin(f"writer {n}") for n in range(4)]
    for number, writer in enumerate(writers):
        unit = await writer.__aenter__()
        await unit.events.append(calling.workspace_id, "delivery", f"dlv_{number}", "", "planned")
        await unit.events.write()
        if number:
            await writers[number - 1].__aexit__(None, None, None)
        await horizon.look()
    await notify(calling, webhook, horizon)
    told = list(receiver.subjects)
    await writers[-1].__aexit__(None, None, None)
    assert told, "the first are told although somebody is writing"
    await notify(calling, webhook, horizon)
    assert receiver.subjects == ["dlv_0", "dlv_1", "dlv_2", "dlv_3"]


@pytest.mark.parametrize(("status", "told"), [(401, True), (400, True), (500, False)])
def test_a_signature_refused_by_another_clock_says_so(status: int, told: bool) -> None:
    date = format_datetime(NOON + timedelta(minutes=12), usegmt=True)
    reply = Reply(status=status, headers={"date": date}, body=b"bad signature")
    said = read_answer(reply, NOON).said
    assert ("12 minutes behind the receiver's" in said) is told
    assert said.endswith("bad signature")
