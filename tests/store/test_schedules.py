"""A million deliveries that wait cost nothing: what is asked again and again walks an index."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from copydesk.core.account import Account
from copydesk.core.states import DeliveryState
from copydesk.store import Store
from copydesk.store.letters import Wanted
from copydesk.store.tables import accounts, deliveries, intents
from copydesk.testing.clocks import NOON
from tests.store.walking import PENDING, effort, selected

QUESTIONS: dict[str, Callable[..., Any]] = {
    "accounts with work": lambda unit, _, now: unit.deliveries.accounts_with_work(now),
    "the next to wake": lambda unit, _, now: unit.workers.next_wake(now),
    "a courier's round": lambda unit, account, now: unit.deliveries.awake(account.id, now, 20),
    "taken slots": lambda unit, account, now: unit.schedules.taken(
        account.id, [now + timedelta(days=n) for n in range(50)]
    ),
    "what is coming up": lambda unit, account, now: unit.listings.upcoming(
        account.workspace_id, until=now + timedelta(days=30), limit=50
    ),
    "the calendar": lambda unit, account, now: unit.listings.timed(
        account.workspace_id, since=now, until=now + timedelta(days=30), limit=100
    ),
    **{
        f"deliveries that are {state}": lambda unit, account, _, state=state: (
            unit.listings.deliveries(account.workspace_id, Wanted(states=(state,)))
        )
        for state in DeliveryState
        if state not in {DeliveryState.SCHEDULED, DeliveryState.DELIVERED}
    },
    "deliveries with a reason": lambda unit, account, _: unit.listings.deliveries(
        account.workspace_id, Wanted(reason_code="retrying")
    ),
    "what a callback names by a key": lambda unit, account, _: unit.callbacks.delivery(
        account.id, key="f" * 32, remote_id=""
    ),
    "what a callback names by the platform's id": lambda unit, account, _: unit.callbacks.delivery(
        account.id, key="", remote_id="nobody's"
    ),
}


async def test_nothing_asked_often_walks_through_what_waits(
    store: Store, account: Account, asked: list[tuple[str, Any]]
) -> None:
    for question in QUESTIONS.values():
        async with store.read() as unit:
            asked.clear()
            await question(unit, account, NOON)
            statements = selected(asked)
            assert statements
            for statement, parameters in statements:
                await effort(store, unit, statement, parameters)
    # and the measure notices what does
    async with store.read() as unit:
        asked.clear()
        await unit.connection.execute(
            sa.select(deliveries.c.id).where(deliveries.c.recipient == "nobody")
        )
        with pytest.raises(AssertionError):
            await effort(store, unit, *selected(asked)[0])


async def tell(store: Store, account: Account, parts: Iterable[tuple[str, str, str]]) -> None:
    """Say of each delivery that a part of it is out: its id there, and the key of its call."""
    async with store.begin("test") as unit:
        await unit.events.append_all(
            [
                unit.events.row(
                    account.workspace_id, "delivery", delivery, "sending", "scheduled", "",
                    {"part": 2, "of": 3, "remote_id": id, "url": "", "key": key},
                )
                for delivery, id, key in parts
            ]
        )  # fmt: skip


async def call(store: Store, account: Account, parts: Iterable[tuple[str, str]]) -> None:
    """Say of each delivery that a part of it is being sent, and the key of the call."""
    async with store.begin("test") as unit:
        await unit.events.append_all(
            [
                unit.events.row(
                    account.workspace_id, "delivery", delivery, "scheduled", "sending", "",
                    {"part": 2, "key": key},
                )
                for delivery, key in parts
            ]
        )  # fmt: skip


async def test_a_callback_about_a_part_of_a_thread_walks_through_no_other_posts(
    store: Store, account: Account, asked: list[tuple[str, Any]]
) -> None:
    parts = [{"id": f"part-{number}", "url": ""} for number in range(3)]
    thread = f"dlv_{7:026}"
    await tell(store, account, [(thread, "part-2", "key-2")])
    async with store.begin("test") as unit:
        await unit.connection.execute(
            sa.update(deliveries).values(state="delivered", wake_at=None, remote_id=deliveries.c.id)
        )
        await unit.connection.execute(
            sa.update(deliveries)
            .where(deliveries.c.id == thread)
            .values(handles={"parts": parts, "of": 3}, remote_id="part-0")
        )
        tries = sa.select(
            sa.literal("int_") + deliveries.c.id, deliveries.c.id, sa.literal(1), deliveries.c.key,
            sa.literal(""), sa.literal(1), deliveries.c.due_at,
        )  # fmt: skip
        await unit.connection.execute(
            sa.insert(intents).from_select([column.name for column in intents.c], tries)
        )
    async with store.connect(write=True) as connection:
        await connection.execute(sa.text("ANALYZE"))
        await connection.commit()
    for key, remote_id, found in [
        ("key-2", "", thread),
        ("", "part-2", thread),
        ("nobody's", "", None),
        ("", "nobody's", None),
    ]:
        async with store.read() as unit:
            asked.clear()
            named = await unit.callbacks.delivery(account.id, key=key, remote_id=remote_id)
            assert (named and named.id) == found
            for statement, parameters in selected(asked):
                await effort(store, unit, statement, parameters)


async def test_a_callback_about_a_part_is_understood_however_old_its_thread_is(
    store: Store, account: Account, asked: list[tuple[str, Any]]
) -> None:
    oldest, newest = f"dlv_{0:026}", f"dlv_{PENDING - 1:026}"
    threads = [f"dlv_{number:026}" for number in range(PENDING)]
    await tell(store, account, [(id, f"part-{id}", f"out-{id}") for id in threads])
    await call(store, account, [(id, f"key-{id}") for id in threads])
    async with store.begin("test") as unit:
        await unit.connection.execute(
            sa.update(deliveries).values(state="delivered", wake_at=None, remote_id=deliveries.c.id)
        )
        await unit.connection.execute(
            sa.update(deliveries)
            .where(deliveries.c.id == sa.bindparam("which"))
            .values(handles=sa.bindparam("parts")),
            [
                {
                    "which": id,
                    "parts": {"parts": [{"id": id, "url": ""}, {"id": f"part-{id}", "url": ""}]},
                }
                for id in threads
            ],
        )
    async with store.connect(write=True) as connection:
        await connection.execute(sa.text("ANALYZE"))
        await connection.commit()
    for key, remote_id, found in [
        ("", f"part-{newest}", newest),
        ("", f"part-{oldest}", oldest),
        ("", "nobody's", None),
        (f"out-{newest}", "", newest),
        (f"out-{oldest}", "", oldest),
        ("nobody's", "", None),
        # of the call that is under way its beginning tells
        (f"key-{newest}", "", newest),
        (f"key-{oldest}", "", oldest),
    ]:
        async with store.read() as unit:
            asked.clear()
            named = await unit.callbacks.delivery(account.id, key=key, remote_id=remote_id)
            assert (named and named.id) == found
            for statement, parameters in selected(asked):
                await effort(store, unit, statement, parameters)


async def test_a_round_takes_what_is_due_and_leaves_the_rest(
    store: Store, account: Account
) -> None:
    async with store.read() as unit:
        awake = await unit.deliveries.awake(account.id, NOON, 100)
        later = await unit.deliveries.awake(account.id, NOON + timedelta(days=1, seconds=9), 100)
    assert len(awake) == 1
    assert len(later) == 11


IDLE = 3_000


async def test_a_sweep_walks_through_no_accounts_that_have_nothing_to_do(
    store: Store, account: Account, asked: list[tuple[str, Any]]
) -> None:
    async with store.begin("test") as unit:
        whole = (
            await unit.connection.execute(sa.select(accounts).where(accounts.c.id == account.id))
        ).one()
        later = NOON + timedelta(days=400)
        idle = {**whole._mapping, "renew_at": later, "notify_at": later}
        await unit.connection.execute(
            sa.insert(accounts),
            [{**idle, "id": f"acc_{n:07d}", "name": f"idle {n}"} for n in range(IDLE)],
        )
        await unit.connection.execute(sa.text("ANALYZE accounts"))
    async with store.read() as unit:
        asked.clear()
        assert await unit.deliveries.accounts_with_work(NOON) == [account.id]
        assert await unit.credentials.due(NOON) == []
        assert await unit.aftercare.accounts_to_inspect(NOON) == []
        statements = selected(asked)
        assert len(statements) == 4
        for statement, parameters in statements:
            await effort(store, unit, statement, parameters, steps=IDLE)


async def test_a_backlog_hides_no_account_behind_it(store: Store, account: Account) -> None:
    """Much is due for one account, and a single delivery, later than all of it, for another."""
    late = NOON + timedelta(days=PENDING)
    async with store.begin("test") as unit:
        whole = (await unit.connection.execute(sa.select(accounts))).one()
        other = {**whole._mapping, "id": "acc_other", "name": "other"}
        await unit.connection.execute(sa.insert(accounts), [other])
        last = (
            await unit.connection.execute(
                sa.select(deliveries).order_by(deliveries.c.wake_at.desc()).limit(1)
            )
        ).one()
        row = {**last._mapping, "id": "dlv_other", "key": "other", "account_id": "acc_other"}
        await unit.connection.execute(sa.insert(deliveries), [row])
    async with store.read() as unit:
        assert await unit.deliveries.accounts_with_work(late) == [account.id, "acc_other"]
        assert await unit.deliveries.accounts_with_work(late, limit=1) == [account.id]
