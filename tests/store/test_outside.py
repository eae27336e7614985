"""What outsiders call things is kept whatever it is like, and found again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from copydesk.core.delivery import parts_out
from copydesk.core.states import DeliveryState
from copydesk.store.codec import as_kept, to_json_text
from copydesk.store.deliveries import Change
from copydesk.store.tables import storable
from copydesk.work.desk import Desk
from tests.store.outside import ODD, noise
from tests.store.test_journal import intent, leased, receipt, write

NAMES = {
    "short": "r-1",
    "at the bound of the index": noise(255),
    "one more": noise(256),
    "longer than an index takes": noise(3_000),
    "longer than a page": noise(9_000),
    "of what no database keeps": ODD,
}


async def test_a_delivery_is_found_by_whatever_the_platform_calls_it(desk: Desk) -> None:
    ids = {}
    for number, (what, name) in enumerate(NAMES.items()):
        lease, delivery = await leased(desk, f"a{number}")
        sent = intent(desk, lease, delivery)
        got = receipt(desk, sent)
        changes = [replace(one, values={**one.values, "remote_id": name}) for one in got.changes]
        receipts = [replace(one, remote_id=name) for one in got.receipts]
        answered = replace(got, changes=changes, receipts=receipts)
        assert await write(desk, [sent, answered]) == [None, None], what
        ids[what] = lease.account_id, delivery.id
    for what, (account_id, id) in ids.items():
        name = NAMES[what]
        async with desk.store.read() as unit:
            found = await unit.callbacks.delivery(account_id, key="", remote_id=name)
            assert found is not None, what
            assert (found.id, found.remote_id) == (id, storable(name)), what
            (tried,) = await unit.deliveries.tries(id)
            assert tried["remote_id"] == storable(name), what
            # the same beginning is not the same id
            other = await unit.callbacks.delivery(account_id, key="", remote_id=f"{name}x")
            assert other is None, what


async def test_a_part_is_found_by_whatever_the_platform_calls_it(desk: Desk) -> None:
    for number, (what, name) in enumerate(NAMES.items()):
        lease, delivery = await leased(desk, f"a{number}")
        handles = {"parts": [{"id": "first", "url": ""}, {"id": name, "url": ""}], "of": 3}
        told = {"part": 2, "of": 3, "remote_id": name, "url": "", "key": "k"}
        async with desk.store.begin("test") as unit:
            sending = Change(delivery=delivery, to=DeliveryState.SENDING)
            await unit.deliveries.move(sending)
            await unit.deliveries.move(
                Change(
                    delivery=replace(delivery, state=DeliveryState.SENDING),
                    to=DeliveryState.SCHEDULED,
                    values={"handles": handles, "remote_id": "first"},
                    evidence=told,
                )
            )
        async with desk.store.read() as unit:
            found = await unit.callbacks.delivery(lease.account_id, key="", remote_id=name)
            other = await unit.callbacks.delivery(lease.account_id, key="", remote_id=f"{name}x")
        assert found is not None, what
        assert parts_out(found.handles)[1].id == storable(name), what
        assert other is None, what


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"share": float("nan")}, {"share": "nan"}),
        (
            [1.5, float("-inf"), {"deep": (float("inf"), "\0")}],
            [1.5, "-inf", {"deep": ["inf", "␀"]}],
        ),
    ],
)
def test_numbers_that_are_none_become_words(given: Any, kept: Any) -> None:
    assert as_kept(given) == kept
    assert "NaN" not in to_json_text(given)
