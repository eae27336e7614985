"""What couriers write together is written as if each had written alone."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from copydesk.core.account import Lease
from copydesk.core.delivery import Delivery, Intent, Receipt
from copydesk.core.errors import Conflict, StoreUnavailable, TransitionNotAllowed
from copydesk.core.states import DeliveryState
from copydesk.store import transactions
from copydesk.store.accounts import LeaseLost
from copydesk.store.deliveries import Change
from copydesk.store.journal import Entry
from copydesk.testing.clocks import StoppedClock
from copydesk.work.desk import Desk
from tests.store.leasing import hold, take
from tests.store.test_rows import add_account, add_delivery


async def leased(desk: Desk, name: str, owner: str = "a") -> tuple[Lease, Delivery]:
    """An account held by `owner`, with a scheduled delivery."""
    async with desk.store.begin("test") as unit:
        account = await add_account(unit, desk, name)
        delivery = await add_delivery(unit, desk, account, f"post-{name}")
        await unit.deliveries.move(
            Change(
                delivery=delivery, to=DeliveryState.SCHEDULED, values={"wake_at": delivery.due_at}
            )
        )
    lease = await take(desk.store, account.id, owner)
    assert lease is not None
    return lease, replace(delivery, state=DeliveryState.SCHEDULED)


def intent(desk: Desk, lease: Lease, delivery: Delivery) -> Entry:
    now = desk.clock.now()
    values = {"wake_at": now + timedelta(seconds=10), "attempts": 1}
    return Entry(
        actor="courier",
        at=now,
        proves=replace(lease, until=now + timedelta(seconds=10)),
        changes=[
            Change(delivery=delivery, to=DeliveryState.SENDING, reason="try 1", values=values)
        ],
        intents=[
            Intent(
                id=desk.ids.new("intent"),
                delivery_id=delivery.id,
                attempt=1,
                key=delivery.key,
                payload_sha256="0" * 64,
                fence=lease.fence,
                started_at=now,
            )
        ],
    )


def receipt(desk: Desk, entry: Entry) -> Entry:
    made = entry.intents[0]
    now = desk.clock.now()
    sending = replace(entry.changes[0].delivery, state=DeliveryState.SENDING)
    return Entry(
        actor="courier",
        at=now,
        changes=[
            Change(
                delivery=sending,
                to=DeliveryState.DELIVERED,
                values={"remote_id": "r-1", "url": "https://example.org/\0"},
                evidence={"answer": "Published", "note": "\ud800"},
            )
        ],
        receipts=[
            Receipt(
                intent_id=made.id,
                delivery_id=made.delivery_id,
                outcome="published",
                remote_id="r-1",
                url="",
                raw="\0 answer",
                received_at=now,
            )
        ],
    )


async def write(desk: Desk, entries: Sequence[Entry]) -> list[BaseException | None]:
    return await asyncio.gather(
        *(desk.store.journal.write(entry) for entry in entries), return_exceptions=True
    )


async def states(desk: Desk, deliveries: Sequence[Delivery]) -> list[str]:
    async with desk.store.read() as unit:
        return [(await unit.deliveries.get(d.id)).state.value for d in deliveries]


@pytest.fixture
def transactions_made(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One entry for each transaction of the journal."""
    made: list[int] = []
    for name in ("_on_sqlite", "_on_postgres"):
        real = getattr(transactions, name)

        def counted(connection: object, steps: object, real: object = real) -> object:
            made.append(1)
            return real(connection, steps)  # type: ignore[operator]

        monkeypatch.setattr(transactions, name, counted)
    return made


async def test_what_is_handed_in_together_is_one_transaction_and_all_of_it_is_there(
    desk: Desk, transactions_made: list[int]
) -> None:
    held = [await leased(desk, f"a{n}") for n in range(5)]
    transactions_made.clear()
    entries = [intent(desk, *one) for one in held]
    assert await write(desk, entries) == [None] * 5
    assert await write(desk, [receipt(desk, entry) for entry in entries]) == [None] * 5
    assert len(transactions_made) == 2
    async with desk.store.read() as unit:
        for _, before in held:
            after = await unit.deliveries.get(before.id)
            assert (after.state, after.remote_id, after.attempts) == ("delivered", "r-1", 1)
            assert after.url == "https://example.org/\N{SYMBOL FOR NULL}"
            assert after.wake_at is None
            (tried,) = await unit.deliveries.tries(before.id)
            assert tried["outcome"] == "published"
            assert tried["raw"] == "\N{SYMBOL FOR NULL} answer"
            history = await unit.events.history([before.id])
            assert [event.to_state for event in history][-2:] == ["sending", "delivered"]
            assert history[-1].data == {"answer": "Published", "note": "\ufffd"}
            assert history[-2].actor == "courier"


async def test_who_lost_a_lease_or_a_race_takes_nobody_along(
    desk: Desk, clock: StoppedClock, transactions_made: list[int]
) -> None:
    held = [await leased(desk, f"a{n}") for n in range(4)]
    clock.advance(11)
    assert await take(desk.store, held[1][0].account_id, "b") is not None
    async with desk.store.begin("ada") as unit:
        await unit.deliveries.move(Change(delivery=held[2][1], to=DeliveryState.CANCELLED))
    transactions_made.clear()
    outcomes = await write(desk, [intent(desk, *one) for one in held])
    assert outcomes[0] is None
    assert isinstance(outcomes[1], LeaseLost)
    assert isinstance(outcomes[2], Conflict)
    assert outcomes[3] is None
    assert len(transactions_made) == 1
    assert await states(desk, [d for _, d in held]) == [
        "sending",
        "scheduled",
        "cancelled",
        "sending",
    ]
    async with desk.store.read() as unit:
        assert [len(await unit.deliveries.tries(d.id)) for _, d in held] == [1, 0, 0, 1]


async def test_an_entry_is_written_whole_or_not_at_all(desk: Desk) -> None:
    lease, first = await leased(desk, "a")
    async with desk.store.begin("test") as unit:
        account = await unit.accounts.get(lease.account_id)
        second = await add_delivery(unit, desk, account, "second")
    entry = intent(desk, lease, first)
    moved = replace(entry.changes[0], delivery=replace(second, state=DeliveryState.SCHEDULED))
    (outcome,) = await write(desk, [replace(entry, changes=[*entry.changes, moved])])
    assert isinstance(outcome, Conflict)
    assert await states(desk, [first, second]) == ["scheduled", "planned"]


async def test_an_illegal_step_is_refused_before_anything_is_asked(
    desk: Desk, transactions_made: list[int]
) -> None:
    lease, delivery = await leased(desk, "a")
    transactions_made.clear()
    entry = intent(desk, lease, replace(delivery, state=DeliveryState.DELIVERED))
    (outcome,) = await write(desk, [entry])
    assert isinstance(outcome, TransitionNotAllowed)
    assert transactions_made == []


async def test_a_row_the_database_refuses_fails_its_own_entry_alone(desk: Desk) -> None:
    held = [await leased(desk, f"a{n}") for n in range(3)]
    entries = [intent(desk, *one) for one in held]
    entries[2] = replace(entries[2], intents=entries[0].intents)  # the same id twice
    outcomes = await write(desk, entries)
    assert outcomes[:2] == [None, None]
    assert isinstance(outcomes[2], Exception)
    assert await states(desk, [d for _, d in held]) == ["sending", "sending", "scheduled"]


async def test_two_steps_of_one_delivery_are_taken_in_order(desk: Desk) -> None:
    lease, delivery = await leased(desk, "a")
    entry = intent(desk, lease, delivery)
    assert await write(desk, [entry, receipt(desk, entry)]) == [None, None]
    assert await states(desk, [delivery]) == ["delivered"]


async def test_of_many_who_want_an_account_one_gets_it_and_whoever_gave_it_back_keeps_nothing(
    desk: Desk,
) -> None:
    lease, _ = await leased(desk, "a", "first")
    released = Entry(actor="courier", at=desk.clock.now(), releases=lease)
    outcomes = await asyncio.gather(
        desk.store.journal.write(released),
        *(take(desk.store, lease.account_id, f"worker/{n}") for n in range(5)),
    )
    (got,) = [outcome for outcome in outcomes if outcome is not None]
    assert got.fence == lease.fence + 1
    await desk.store.journal.write(released)
    assert await take(desk.store, lease.account_id, "late") is None, (
        "an old lease gives back nothing"
    )
    await hold(desk.store, got)
    assert await take(desk.store, "acc_nobody", "a") is None


async def test_one_that_no_longer_waits_is_not_written(desk: Desk) -> None:
    lease, delivery = await leased(desk, "a")
    async with desk.store.begin("somebody") as unit:
        waiting = asyncio.create_task(desk.store.journal.write(intent(desk, lease, delivery)))
        await unit.connection.execute(sa.text("SELECT 1"))
        waiting.cancel()
        with suppress(asyncio.CancelledError):  # PostgreSQL may have been quicker
            await waiting
    await desk.store.journal.close()
    assert await states(desk, [delivery]) in (["scheduled"], ["sending"])
    async with desk.store.read() as unit:
        tries = await unit.deliveries.tries(delivery.id)
        (state,) = await states(desk, [delivery])
        assert len(tries) == (state == "sending"), "whole, or not at all"


async def test_what_a_platform_answered_is_written_although_nobody_waits(desk: Desk) -> None:
    lease, delivery = await leased(desk, "a")
    entry = intent(desk, lease, delivery)
    assert await write(desk, [entry]) == [None]
    waiting = asyncio.create_task(desk.store.journal.write(receipt(desk, entry)))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await desk.store.journal.close()
    assert await states(desk, [delivery]) == ["delivered"]


async def test_a_database_that_is_away_is_said_and_the_journal_goes_on_when_it_is_back(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = [await leased(desk, f"a{n}") for n in range(3)]
    await desk.store.journal.close()

    def away(*_: object, **__: object) -> None:
        raise OSError("no route to the database")

    with monkeypatch.context() as broken:
        broken.setattr(desk.store.engine.pool, "connect", away)
        outcomes = await write(desk, [intent(desk, *one) for one in held])
    assert all(isinstance(outcome, StoreUnavailable) for outcome in outcomes), outcomes
    assert await states(desk, [d for _, d in held]) == ["scheduled"] * 3
    assert await write(desk, [intent(desk, *one) for one in held]) == [None] * 3
