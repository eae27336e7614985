"""A list that is filtered until little is left reads so many rows at a time, and goes on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from copydesk.core.account import Account
from copydesk.core.ids import IdFactory, earliest
from copydesk.core.states import DeliveryState, PostState, SubmissionState
from copydesk.store import Store, UnitOfWork, slices
from copydesk.store.letters import Wanted
from copydesk.store.slices import Slice
from copydesk.store.tables import accounts, blobs, deliveries, posts, submissions
from copydesk.testing.clocks import NOON, StoppedClock
from tests.store.walking import PENDING, effort, selected

#: How many rows a look goes through here: in both windows together 500 of the `PENDING`.
WINDOWS = (100, 400)
LOOKS = PENDING // sum(WINDOWS) + 1

#: One step of SQLite's machine more than a window has to take; reading all rows takes 50,000.
STEPS = 12_000

#: What PostgreSQL may touch: a window, and each row of it held against a few accounts.
ROWS = 1_500

#: How many posts have how many deliveries each.
EACH = 200
POSTS = PENDING // EACH

Look = Callable[[UnitOfWork, str], Awaitable[Slice[Any]]]


@pytest.fixture(autouse=True)
def short_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slices, "WINDOWS", WINDOWS)


async def whole(
    store: Store, asked: list[tuple[str, Any]], look: Look, id_of: Callable[[Any], str]
) -> tuple[list[str], int]:
    """Return the ids of a list, page by page, and in how many looks; each has to be a short one."""
    found: list[str] = []
    before, looks = "", 0
    async with store.read() as unit:
        while True:
            asked.clear()
            page = await look(unit, before)
            looks += 1
            assert looks <= LOOKS + len(found), "it comes to an end"
            for statement, parameters in selected(asked):
                await effort(store, unit, statement, parameters, steps=STEPS, most=ROWS)
            found += [id_of(line) for line in page[:10]]
            before = page.next_after(10, id_of)
            if not before:
                return found, looks


def dlv(*numbers: int) -> list[str]:
    return [f"dlv_{number:026}" for number in numbers]


FILTERS: dict[str, tuple[Wanted, list[str]]] = {
    "a state few are in": (Wanted(states=(DeliveryState.HELD,)), dlv(9_000, 4_000)),
    "several": (
        Wanted(states=(DeliveryState.FAILED, DeliveryState.HELD, DeliveryState.BLOCKED)),
        dlv(9_000, 4_000, 3_999),
    ),
    "a state few are in, and a platform with nothing": (
        Wanted(states=(DeliveryState.HELD,), platform="mastodon"),
        [],
    ),
    "what is delivered": (Wanted(states=(DeliveryState.DELIVERED,)), dlv(9_999, 17)),
    "one of many and one of few states": (
        Wanted(states=(DeliveryState.DELIVERED, DeliveryState.FAILED)),
        dlv(9_999, 3_999, 17),
    ),
    "a reason": (Wanted(reason_code="odd"), dlv(4_000)),
    "a reason and a platform with nothing": (Wanted(reason_code="odd", platform="mastodon"), []),
    "an account with little": (Wanted(account="quiet"), dlv(5_000)),
    "a platform with little": (Wanted(platform="mastodon"), dlv(5_000)),
    "an account nobody has": (Wanted(account="nobody"), []),
    "a platform nobody uses": (Wanted(platform="bluesky"), []),
    "until long ago": (Wanted(until=NOON - timedelta(days=30)), dlv(6_000)),
    "since a moment to come": (Wanted(since=NOON + timedelta(days=1)), dlv(7_000)),
    "everything at once": (
        Wanted(account="quiet", platform="mastodon", until=NOON - timedelta(days=30)),
        [],
    ),
    "a post with nothing": (Wanted(post_id="pst_nobody"), []),
    "an old post": (Wanted(post_id="pst_1"), dlv(*range(399, 199, -1))),
    "a post and a state few are in": (
        Wanted(post_id="pst_20", states=(DeliveryState.HELD,)),
        dlv(4_000),
    ),
}


@pytest.fixture
async def mixed(store: Store, account: Account) -> Account:
    """Very many that wait, with a few others among them."""
    changes: dict[int, dict[str, object]] = {
        9_999: {"state": "delivered"},
        9_000: {"state": "held"},
        7_000: {"changed_at": NOON + timedelta(days=2)},
        6_000: {"changed_at": NOON - timedelta(days=60)},
        5_000: {"account_id": "acc_quiet"},
        4_000: {"state": "held", "reason_code": "odd"},
        3_999: {"state": "failed"},
        17: {"state": "delivered"},
    }
    async with store.begin("test") as unit:
        post = (await unit.connection.execute(sa.select(posts))).one()._mapping
        for number in range(POSTS):
            first, last = dlv(number * EACH, (number + 1) * EACH - 1)
            await unit.connection.execute(
                sa.insert(posts).values({**post, "id": f"pst_{number}", "source_key": f"{number}"})
            )
            await unit.connection.execute(
                sa.update(deliveries)
                .where(deliveries.c.id.between(first, last))
                .values(post_id=f"pst_{number}")
            )
        row = (await unit.connection.execute(sa.select(accounts))).one()
        for id, platform in (("quiet", "mastodon"), ("idle", "mastodon")):
            await unit.connection.execute(
                sa.insert(accounts).values(
                    {**row._mapping, "id": f"acc_{id}", "name": id, "platform": platform}
                )
            )
        for number, change in changes.items():
            await unit.connection.execute(
                sa.update(deliveries).where(deliveries.c.id == dlv(number)[0]).values(change)
            )
    async with store.connect(write=True) as connection:
        await connection.execute(sa.text("ANALYZE"))
        await connection.commit()
    return account


#: What an index or the accounts know is found in one look, however far back it is.
AT_ONCE = {
    "a state few are in",
    "several",
    "a state few are in, and a platform with nothing",
    "a reason",
    "a reason and a platform with nothing",
    "an account nobody has",
    "a platform nobody uses",
    "a post with nothing",
    "an old post",
    "a post and a state few are in",
}


async def test_filtered_deliveries_are_found_a_window_at_a_time(
    store: Store, mixed: Account, asked: list[tuple[str, Any]]
) -> None:
    def wanting(wanted: Wanted) -> Look:
        return lambda unit, before: unit.listings.deliveries(
            mixed.workspace_id, wanted, before=before, limit=11
        )

    for what, (wanted, expected) in FILTERS.items():
        look = wanting(wanted)
        found, looks = await whole(store, asked, look, lambda line: str(line.delivery.id))
        assert found == expected, what
        assert looks == (max(1, len(expected) // 10) if what in AT_ONCE else LOOKS), what


async def test_what_may_be_sent_again_is_found_a_window_at_a_time_the_oldest_first(
    store: Store, mixed: Account, asked: list[tuple[str, Any]]
) -> None:
    def wanting(wanted: Wanted) -> Look:
        return lambda unit, after: unit.letters.waiting(
            mixed.workspace_id, wanted, after=after, limit=11
        )

    for what, (wanted, expected) in FILTERS.items():
        look = wanting(wanted)
        found, _ = await whole(store, asked, look, lambda delivery: str(delivery.id))
        assert found == expected[::-1], what


async def test_what_stopped_in_several_states_comes_in_one_order(
    store: Store, account: Account, asked: list[tuple[str, Any]]
) -> None:
    """An index for each state: rows of one lie between those of another, and none is left out."""
    states = [DeliveryState.FAILED, DeliveryState.HELD, DeliveryState.EXPIRED]
    async with store.begin("test") as unit:
        for number, state in enumerate(states):
            await unit.connection.execute(
                sa.update(deliveries)
                .where(deliveries.c.id.in_(dlv(*range(number, PENDING, 5))))
                .values(state=state)
            )
        await unit.connection.execute(sa.text("ANALYZE deliveries"))

    async def look(unit: UnitOfWork, after: str) -> Slice[Any]:
        return await unit.letters.waiting(
            account.workspace_id, Wanted(states=tuple(states)), after=after, limit=1_001
        )

    found: list[str] = []
    after = ""
    async with store.read() as unit:
        while True:
            asked.clear()
            page = await look(unit, after)
            for statement, parameters in selected(asked):
                await effort(store, unit, statement, parameters, steps=60_000, most=ROWS)
            found += [one.id for one in page]
            after = page.further or (found[-1] if page else "")
            if not after:
                break
    assert found == dlv(*(n for n in range(PENDING) if n % 5 < 3))


async def test_what_came_into_its_state_before_a_moment_is_looked_for_before_it(
    store: Store, account: Account
) -> None:
    """Nothing newer than that is looked through: one look finds what a hundred would not."""
    long_ago = NOON - timedelta(days=400)
    old = IdFactory(StoppedClock(long_ago)).new("delivery")
    new = IdFactory(StoppedClock(NOON))
    async with store.begin("test") as unit:
        ids = (await unit.connection.scalars(sa.select(deliveries.c.id))).all()
        await unit.connection.execute(
            sa.update(deliveries)
            .where(deliveries.c.id == sa.bindparam("which"))
            .values(id=sa.bindparam("id_then")),
            [{"which": id, "id_then": new.new("delivery")} for id in ids if id > dlv(601)[0]],
        )
        await unit.connection.execute(
            sa.update(deliveries)
            .where(deliveries.c.id == dlv(601)[0])
            .values(id=old, changed_at=long_ago)
        )
    async with store.read() as unit:
        found = await unit.listings.deliveries(
            account.workspace_id, Wanted(until=long_ago + timedelta(days=1))
        )
    assert [line.delivery.id for line in found] == [old]


def test_the_earliest_id_of_a_moment() -> None:
    then = IdFactory(StoppedClock(NOON)).new("delivery")
    before = IdFactory(StoppedClock(NOON - timedelta(milliseconds=1))).new("delivery")
    assert before < earliest("delivery", NOON) < then


async def test_what_is_unfiltered_stops_where_it_is_full(
    store: Store, account: Account, asked: list[tuple[str, Any]]
) -> None:
    async with store.read() as unit:
        asked.clear()
        found = await unit.listings.deliveries(account.workspace_id, limit=50)
        assert len(found) == 50
        assert not found.further
        assert len(selected(asked)) == 2, "one window"


async def test_posts_in_a_state_none_is_in(
    store: Store, account: Account, asked: list[tuple[str, Any]]
) -> None:
    async with store.begin("test") as unit:
        row = (await unit.connection.execute(sa.select(posts))).one()._mapping
        for start in range(0, PENDING, 1000):
            await unit.connection.execute(
                sa.insert(posts),
                [
                    {**row, "id": f"pst_{number:026}", "source_key": f"{number}"}
                    for number in range(start, start + 1000)
                ],
            )
        await unit.connection.execute(
            sa.update(posts).where(posts.c.id == f"pst_{77:026}").values(state=PostState.REJECTED)
        )
        await unit.connection.execute(sa.text("ANALYZE posts"))

    async def look(unit: UnitOfWork, before: str) -> Slice[Any]:
        return await unit.posts.newest(
            account.workspace_id, state=PostState.REJECTED, before=before, limit=11
        )

    assert (await whole(store, asked, look, lambda pair: str(pair[0].id)))[0] == [f"pst_{77:026}"]


async def test_submissions_in_a_state_none_is_in(
    store: Store, account: Account, asked: list[tuple[str, Any]]
) -> None:
    async with store.begin("test") as unit:
        await unit.connection.execute(sa.insert(blobs).values(sha256="0" * 64, size=0, data=b""))
        for start in range(0, PENDING, 1000):
            await unit.connection.execute(
                sa.insert(submissions),
                [
                    {
                        "id": f"sub_{number:026}",
                        "workspace_id": account.workspace_id,
                        "source_key": f"{number}",
                        "filename": "a.eml",
                        "raw_sha256": "0" * 64,
                        "size": 0,
                        "state": "failed" if number == 77 else "composed",
                        "received_at": NOON,
                    }
                    for number in range(start, start + 1000)
                ],
            )
        await unit.connection.execute(sa.text("ANALYZE submissions"))

    async def look(unit: UnitOfWork, before: str) -> Slice[Any]:
        return await unit.listings.inbox(
            account.workspace_id, state=SubmissionState.FAILED, before=before, limit=11
        )

    assert (await whole(store, asked, look, lambda line: str(line.id)))[0] == [f"sub_{77:026}"]
