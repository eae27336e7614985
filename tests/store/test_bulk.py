"""Many rows in one statement are the rows that one statement each would have written."""

from __future__ import annotations

from typing import Any

import asyncpg
import pytest
import sqlalchemy as sa

from copydesk.store.bulk import Bulk
from copydesk.store.tables import accounts, events
from copydesk.store.transactions import Put, Steps, speaking
from copydesk.testing.clocks import StoppedClock
from copydesk.work.desk import Desk
from tests.store.test_rows import add_account

NAMES = ("at", "workspace_id", "noun", "subject_id", "actor", "from_state", "to_state")


# around the sizes that statements are put together of on SQLite
@pytest.mark.parametrize("count", [1, 3, 5, 85, 257, 341])
async def test_every_row_is_written_once_as_it_was_given(desk: Desk, count: int) -> None:
    said: list[Any] = [{}, {"answer": "Published", "n": [1, {"ü": "é\0"}]}, {"status": 200}]
    reasons = ["", "nul\0 and \ud800 alone", "ordinary: 'quoted' $1 ? {braces}"]
    bulk = Bulk(events, (*NAMES, "reason", "data"), desk.store.engine.dialect)
    rows = [
        bulk.row(
            (
                *(desk.clock.now(), "wsp_1", "test", f"row-{n}", "me", "", "done"),
                reasons[n % 3],
                said[n % 3],
            )
        )
        for n in range(count)
    ]
    await _do(desk, Put(bulk, rows))

    async with desk.store.read() as unit:
        found = (
            await unit.connection.execute(sa.select(events).where(events.c.noun == "test"))
        ).all()
    assert sorted(row.subject_id for row in found) == sorted(f"row-{n}" for n in range(count))
    shown = ["", "nul\N{SYMBOL FOR NULL} and \ufffd alone", reasons[2]]
    kept = [{}, {"answer": "Published", "n": [1, {"ü": "é\N{SYMBOL FOR NULL}"}]}, {"status": 200}]
    for row in found:
        n = int(row.subject_id.removeprefix("row-"))
        assert (row.reason, row.data, row.at) == (shown[n % 3], kept[n % 3], desk.clock.now())


async def test_each_row_is_changed_to_its_own_values_and_no_other(
    desk: Desk, clock: StoppedClock
) -> None:
    async with desk.store.begin("test") as unit:
        ids = [(await add_account(unit, desk, f"account-{n}")).id for n in range(20)]
    bulk = Bulk(accounts, ("reason", "paused_until", "id"), desk.store.engine.dialect, key="id")
    changed = ids[:18]
    await _do(
        desk,
        Put(
            bulk,
            [
                bulk.row((f"reason {n}", clock.now() if n % 2 else None, id))
                for n, id in enumerate(changed)
            ],
        ),
    )

    async with desk.store.read() as unit:
        found = [await unit.accounts.get(id) for id in ids]
    assert [a.reason for a in found] == [f"reason {n}" for n in range(18)] + ["", ""]
    assert [a.paused_until for a in found] == [
        clock.now() if n % 2 and n < 18 else None for n in range(20)
    ]


ODD = [
    "",
    " ",
    "NULL",
    "null",
    '"',
    "\\",
    "\\\\",
    '\\"',
    "{}",
    "{a,b}",
    ",",
    "a, b",
    "line\nbreak\r\n\ttab",
    "\x01\x1f\x7f",
    "é ü 漢字 🙂\u200d",
    "'; DROP TABLE events; --",
    "$1 ${2} %s ?",
    "ends in \\",
]


async def test_texts_are_kept_to_the_letter(desk: Desk) -> None:
    bulk = Bulk(events, (*NAMES, "reason", "data"), desk.store.engine.dialect)
    now = desk.clock.now()
    rows = [
        bulk.row((now, "wsp_1", "odd", f"row-{n}", odd, "", "done", odd, {odd: odd}))
        for n, odd in enumerate(ODD)
    ]
    await _do(desk, Put(bulk, rows))
    async with desk.store.read() as unit:
        found = (
            await unit.connection.execute(sa.select(events).where(events.c.noun == "odd"))
        ).all()
    kept = {row.subject_id: (row.actor, row.reason, row.data) for row in found}
    assert kept == {f"row-{n}": (odd, odd, {odd: odd}) for n, odd in enumerate(ODD)}


async def test_a_nul_in_a_name_of_ours_is_refused_rather_than_read_as_two(desk: Desk) -> None:
    if desk.store.embedded:
        pytest.skip("SQLite keeps it")
    bulk = Bulk(events, NAMES, desk.store.engine.dialect)
    row = (desk.clock.now(), "wsp_1", "n", "a\0b", "me", "", "done")
    with pytest.raises(asyncpg.CharacterNotInRepertoireError):
        await _do(desk, Put(bulk, [bulk.row(row)]))


async def test_a_text_that_is_too_long_for_its_column_is_never_cut(desk: Desk) -> None:
    if desk.store.embedded:
        pytest.skip("SQLite's columns have no length")
    bulk = Bulk(events, NAMES, desk.store.engine.dialect)
    row = (desk.clock.now(), "wsp_1", "n" * 300, "row", "me", "", "done")
    with pytest.raises(asyncpg.StringDataRightTruncationError):
        await _do(desk, Put(bulk, [bulk.row(row)]))


async def _do(desk: Desk, *steps: Put) -> None:
    def transaction() -> Steps:
        yield from steps

    async with speaking(desk.store) as speak:
        await speak(transaction())
