"""The next free slot: in order, once each, also for many who ask at once."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from copydesk.core.account import Account
from copydesk.core.delivery import Delivery
from copydesk.core.errors import ContentInvalid
from copydesk.core.states import PostState
from copydesk.distribution.moving import cancel
from copydesk.distribution.planning import plan, schedule
from copydesk.distribution.slots import next_free_slot
from copydesk.store import open_store
from copydesk.testing.clocks import StoppedClock
from copydesk.transformation.content import read_markdown_file
from copydesk.work.deliveries.manuscripts import Manuscript
from copydesk.work.deliveries.publishing import publish
from copydesk.work.deliveries.times import Wish
from copydesk.work.deliveries.timetables import TimetableForm, set_timetable
from copydesk.work.desk import Desk
from tests.store_fixtures import ordered_ids


@pytest.fixture
async def queued(desk: Desk, account: Account) -> Account:
    async with desk.store.begin("test") as unit:
        form = TimetableForm(zone="Europe/Berlin", queues=["news: mon,wed 09:00,17:30"])
        return await set_timetable(unit, desk.workspace_id, account.name, form)


async def put(desk: Desk, title: str, body: str = "Words.") -> Delivery:
    file = read_markdown_file(f"# {title}\n\n{body}", filename=f"{title}.md")
    manuscript = Manuscript(source_key=f"file:{title}", file=file, images=())
    done = await publish(desk, manuscript, ["scripted"], wish=Wish(queue="news"), actor="ada")
    return done.deliveries[0]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


async def test_slots_are_taken_in_order_and_given_back(desk: Desk, queued: Account) -> None:
    first, second, third = [await put(desk, title) for title in ("one", "two", "three")]
    assert [d.due_at for d in (first, second, third)] == [
        at("2026-11-23T08:00"),
        at("2026-11-23T16:30"),
        at("2026-11-25T08:00"),
    ]
    async with desk.store.begin("ada") as unit:
        await cancel(unit, second)
    assert (await put(desk, "four")).due_at == second.due_at


async def test_publishing_again_keeps_the_slot(desk: Desk, queued: Account) -> None:
    first = await put(desk, "one")
    await put(desk, "two")
    same = await put(desk, "one")
    assert (same.id, same.due_at) == (first.id, first.due_at)
    changed = await put(desk, "one", "Other words.")
    assert changed.id != first.id
    assert changed.due_at == first.due_at


async def test_nobody_gets_the_same_slot_at_the_same_moment(
    desk: Desk, queued: Account, database: str, clock: StoppedClock
) -> None:
    """Two processes with a store each, and ten who ask at once in both."""
    other = await open_store(database, clock, ordered_ids(clock), migrate=False)
    try:

        async def take(store: object, number: int) -> datetime:
            async with store.begin(f"worker {number}") as unit:  # type: ignore[attr-defined]
                timing = await next_free_slot(unit, queued, "news", unit.now)
                post = await unit.posts.get(posts[number])
                revision = await unit.posts.revision(post.revision_id)
                plans = await plan(unit, post, revision, [queued], unit.now)
                await schedule(unit, post, revision, plans, unit.now, {queued.id: timing})
                return timing.due_at

        posts = []
        for number in range(20):
            file = read_markdown_file(f"# P{number}\n\nWords.", filename=f"p{number}.md")
            async with desk.store.begin("test") as unit:
                from copydesk.work.deliveries.publishing import put_post

                manuscript = Manuscript(source_key=f"file:{number}", file=file, images=())
                post, _ = await put_post(unit, desk, manuscript)
                post = await unit.posts.move(post, PostState.APPROVED)
                await unit.posts.move(post, PostState.DISTRIBUTED)
            posts.append(post.id)
        other.ids = desk.store.ids  # ids are counted in tests, and must not meet
        stores = (desk.store, other)
        taken = await asyncio.gather(*(take(stores[n % 2], n) for n in range(20)))
    finally:
        await other.close()
    assert len(set(taken)) == 20


async def test_a_queue_whose_every_slot_is_shut_is_refused(desk: Desk, queued: Account) -> None:
    async with desk.store.begin("test") as unit:
        form = TimetableForm(
            queues=["rare: mon 09:00"], blackouts=["2026-11-01..2027-12-31 closed"]
        )
        shut = await set_timetable(unit, desk.workspace_id, queued.name, form)
        with pytest.raises(ContentInvalid) as caught:
            await next_free_slot(unit, shut, "rare", unit.now)
        assert [(f.code, f.field) for f in caught.value.findings] == [("queue_closed", "queue")]
        assert caught.value.findings[0].remedy
