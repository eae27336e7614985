"""What outsiders call things is kept whatever it is like, and found again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from copydesk.core.delivery import parts_out
from copydesk.core.keys import LONGEST, key_of
from copydesk.core.states import DeliveryState
from copydesk.distribution.closing import app_key
from copydesk.editorial.consent import read_subject
from copydesk.platforms.kit.registry import load_platform
from copydesk.store.codec import as_kept, to_json_text
from copydesk.store.deliveries import Change
from copydesk.store.tables import Text, metadata, storable
from copydesk.work.desk import Desk
from copydesk.work.incoming.submitting import submit
from tests.store.outside import ODD, noise
from tests.store.test_journal import intent, leased, receipt, write
from tests.store.test_rows import add_account, add_post, letter, receive

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


# ---------------------------------------------------------------- what rows are filed under


def test_the_key_of_a_long_name_is_short_its_own_and_the_key_of_itself() -> None:
    names = [noise(length) for length in (1, LONGEST, LONGEST + 1, 9_000)]
    names += [f"{noise(9_000)}{end}" for end in "ab"]
    keys = [key_of(name) for name in names]
    assert keys[:2] == names[:2]
    assert len(set(keys)) == len(names)
    assert max(map(len, keys)) == LONGEST
    assert [key_of(key) for key in keys] == keys
    assert len(key_of("a\ud800" * 300, 255)) == 255


@pytest.mark.parametrize("what", ["longer than a page", "of what no database keeps"])
async def test_what_comes_in_is_kept_and_known_again_whatever_it_is_called(
    desk: Desk, what: str
) -> None:
    name = NAMES[what]
    first = await submit(desk, b"Hello.", source_key=name, actor="test")
    again = await submit(desk, b"Hello.", source_key=name, actor="test")
    other = await submit(desk, b"Hello.", source_key=f"{name}x", actor="test")
    assert (first.is_new, again.is_new, other.is_new) == (True, False, True)
    async with desk.store.begin("test") as unit:
        post = await add_post(unit, desk, name)
        await unit.chats.remember(first.submission, name)
        await unit.conversations.move(first.submission.id, {name: ""})
    async with desk.store.read() as unit:
        found = await unit.posts.find_by_key(desk.workspace_id, name)
        assert (found and found.id) == post.id
        assert await unit.posts.find_by_key(desk.workspace_id, f"{name}x") is None
        assert await unit.conversations.logs_with_moves(other.submission, [name])


async def test_answers_find_their_thread_whatever_its_messages_are_called(desk: Desk) -> None:
    name = noise(9_000)
    root = await receive(desk, letter(name, "ada@example.org"))
    answer = await receive(desk, letter("answer", "ada@example.org", name))
    other = await receive(desk, letter("other", "ada@example.org", f"{name}x"))
    threads = [one.thread_id for one in (root, answer, other)]
    assert threads[0] == threads[1] != threads[2]


async def test_a_message_that_refers_to_more_than_a_question_can_name_is_read(desk: Desk) -> None:
    root = await receive(desk, letter("root", "ada@example.org"))
    many = [f"{number}" for number in range(40_000)]
    answer = await receive(desk, letter("answer", "ada@example.org", *many, "root"))
    assert answer.thread_id == root.thread_id


async def test_two_callbacks_whose_ids_begin_alike_are_two(desk: Desk) -> None:
    async with desk.store.begin("test") as unit:
        account = await add_account(unit, desk)
        for name in (*NAMES.values(), f"{NAMES['longer than a page']}x"):
            taken = [
                await unit.callbacks.remember(
                    account.id, name, effect="", raw="", lasts=timedelta(days=1)
                )
                for _ in range(2)
            ]
            assert taken == [True, False]
            await unit.callbacks.conclude(account.id, name, effect="noted", raw=ODD)
        kept = await unit.callbacks.of_account(account.id)
    assert len(kept) == len(NAMES) + 1
    assert {one.effect for one in kept} == {"noted"}


async def test_an_app_of_whatever_name_has_its_budget(desk: Desk) -> None:
    sandbox = load_platform("sandbox")
    async with desk.store.begin("test") as unit:
        made = await add_account(unit, desk)
        accounts = [
            replace(made, settings={"client_id": f"{noise(9_000)}{end}"}) for end in ("", "x")
        ]
        keys = [app_key(sandbox, account) for account in accounts]
        for key in keys:
            await unit.budgets.lock(key, "app")
        assert set(await unit.budgets.all(keys)) == set(keys)


def test_two_authors_whose_addresses_begin_alike_answer_for_themselves() -> None:
    address = f"{noise(9_000)}@example.org"
    asked = [read_subject(f"author:{one}") for one in (address, f"{address}.uk")]
    assert len(set(asked)) == 2
    assert max(map(len, asked)) <= 255


#: Text of any length in an index that is kept short elsewhere, and by what.
BOUNDED = {
    ("workspaces", "name"): "config: the operator's own setting",
    ("accounts", "name"): "work.accounts.connecting",
    ("series", "name"): "work.deliveries.recurring",
    ("buckets", "key"): "distribution.closing",
    ("decisions", "key"): "server.api.suggestions",
}


def test_no_index_is_asked_to_hold_what_may_be_of_any_length() -> None:
    found = set()
    for table in metadata.tables.values():
        held = [*table.primary_key.columns]
        for index in table.indexes:
            held += list(index.columns)
        for constraint in table.constraints:
            if isinstance(constraint, sa.UniqueConstraint):
                held += list(constraint.columns)
        found |= {(table.name, column.name) for column in held if isinstance(column.type, Text)}
    assert found == set(BOUNDED)
