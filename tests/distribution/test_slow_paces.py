"""A platform that takes little: what is written grows with what is sent, not with what waits."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from copydesk.core.account import Account
from copydesk.core.delivery import Action, Outgoing, Rendition
from copydesk.core.outcomes import Outcome, Pending, Ready
from copydesk.core.post import Media
from copydesk.core.states import DeliveryState
from copydesk.distribution.budget_lumps import Budgets
from copydesk.platforms.kit.contract import Subject
from copydesk.platforms.kit.transport import Reply
from copydesk.store.deliveries import Change
from copydesk.store.tables import events
from copydesk.testing.clocks import StoppedClock
from copydesk.work.deliveries.unpublishing import unpublish
from copydesk.work.desk import Desk
from tests.distribution.carrying import add_posts, carry, deliveries
from tests.distribution.scripted import Scripted
from tests.distribution.strict import HttpClient, StrictPlatform, add, pace

OF_POSTS: dict[str, Any] = {"of": ({"method": "POST", "path": "/v1/posts"},)}
ENDPOINT: dict[str, Any] = {"scope": "endpoint", **OF_POSTS}

A_MINUTE = [
    pytest.param(OF_POSTS, id="of posts"),
    pytest.param(ENDPOINT, id="of an endpoint"),
    pytest.param({}, id="of all calls"),
    pytest.param({"scope": "app"}, id="of an app"),
]


@contextmanager
def statements(desk: Desk) -> Iterator[list[str]]:
    """What the database is asked within the body."""
    asked: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *more: Any) -> None:
        asked.append(statement)

    engine = desk.store.engine.sync_engine
    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)


async def sweep(desk: Desk, account: Account, owner: str = "worker/1") -> None:
    """Carry if there is something to carry, as a worker's sweep does."""
    async with desk.store.read() as unit:
        found = await unit.deliveries.accounts_with_work(unit.now)
    if account.id in found:
        await carry(desk, account, owner)


async def steps(desk: Desk) -> Counter[str]:
    """How often deliveries came into each state."""
    async with desk.store.read() as unit:
        rows = await unit.connection.execute(
            sa.select(events.c.to_state).where(events.c.noun == "delivery")
        )
    return Counter(row.to_state for row in rows)


@pytest.mark.parametrize("counted", A_MINUTE)
async def test_what_waits_for_its_minute_is_left_alone(
    desk: Desk,
    platform: Scripted,
    strict: StrictPlatform,
    clock: StoppedClock,
    counted: dict[str, Any],
) -> None:
    platform.declare(pace=(pace(1, 60, **counted),))
    strict.limit = 1
    account = await add(desk, "one")
    await add_posts(desk, *(f"Post {number:02}" for number in range(25)))
    spent: list[int] = []
    for minute in range(25):
        with statements(desk) as asked:
            await sweep(desk, account, f"worker/{minute}")
        spent.append(len(asked))
        clock.advance(62)
    found = await deliveries(desk)
    assert {d.state for d in found} == {DeliveryState.DELIVERED}
    assert {d.attempts for d in found} == {1}
    assert await steps(desk) == {"planned": 25, "scheduled": 25, "sending": 25, "delivered": 25}
    assert max(spent) <= 25, "as much for the first, behind which many wait, as for the last"
    assert strict.keys == [d.key for d in found], "in their order"
    assert strict.over == 0


@pytest.mark.parametrize("counted", A_MINUTE)
async def test_while_many_wait_a_sweep_asks_once_whether_there_is_work(
    desk: Desk,
    platform: Scripted,
    strict: StrictPlatform,
    clock: StoppedClock,
    counted: dict[str, Any],
) -> None:
    platform.declare(pace=(pace(1, 60, **counted),))
    account = await add(desk, "one")
    await add_posts(desk, *(f"Post {number:03}" for number in range(200)))
    await sweep(desk, account)
    before = await steps(desk)
    with statements(desk) as asked:
        for _ in range(10):
            clock.advance(5)
            await sweep(desk, account)
    assert len(asked) <= 10 * 2
    assert await steps(desk) == before
    assert len(strict.calls) == 1


async def test_three_processes_in_turn_send_one_a_minute_in_order(
    desk: Desk,
    platform: Scripted,
    strict: StrictPlatform,
    processes: list[Budgets],
    clock: StoppedClock,
) -> None:
    platform.declare(pace=(pace(1, 60, **ENDPOINT),))
    strict.limit = 1
    account = await add(desk, "one")
    desks = [replace(desk, budgets=budgets) for budgets in processes]
    await add_posts(desk, *(f"Post {number:02}" for number in range(9)))
    for turn in range(30):
        await asyncio.gather(*(sweep(one, account, f"{n}/{turn}") for n, one in enumerate(desks)))
        clock.advance(31)
    found = await deliveries(desk)
    assert {d.state for d in found} == {DeliveryState.DELIVERED}
    assert strict.keys == [d.key for d in found]
    assert strict.over == 0
    # each process finds out for itself, with one delivery, what publishing takes
    assert (await steps(desk))["sending"] <= 9 + 3


async def test_what_needs_no_upload_does_not_wait_for_uploads(
    desk: Desk,
    platform: Scripted,
    strict: StrictPlatform,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An endpoint that some posts take and others do not keeps back none that does without."""
    platform.declare(pace=(pace(1, 60, scope="endpoint", name="media", of=({"path": "/media"},)),))

    class Uploading(HttpClient):
        async def commit(self, outgoing: Outgoing) -> Outcome:
            if "picture" in outgoing.payload["title"]:
                answer = await self._wire.write("POST", "/media", json_body={})
                if not isinstance(answer, Reply):
                    return answer
            return await super().commit(outgoing)

    monkeypatch.setattr(platform, "connect", Uploading)
    account = await add(desk, "one")
    await add_posts(desk, "Plain 1", "A picture 1", "Plain 2", "A picture 2", "Plain 3")
    await carry(desk, account)
    states = [d.state for d in await deliveries(desk)]
    sent, waits = DeliveryState.DELIVERED, DeliveryState.SNOOZED
    assert states == [sent, sent, sent, waits, sent]


class UploadsFirst(HttpClient):
    """Uploads a post's pictures before the commit, and asks for each whether it is processed."""

    async def prepare(self, outgoing: Outgoing) -> Ready | Pending | Outcome:
        for media in outgoing.media:
            answer = await self._wire.write("POST", "/media", json_body={"of": media.name})
            if not isinstance(answer, Reply):
                return answer
        return Ready({"uploaded": len(outgoing.media)} if outgoing.media else {})

    async def check(self, outgoing: Outgoing) -> Ready | Pending | Outcome:
        for _ in outgoing.media:
            answer = await self._wire.read("GET", "/media")
            if not isinstance(answer, Reply):
                return answer
        return Ready(outgoing.handles)


@pytest.fixture
async def uploading(
    desk: Desk, platform: Scripted, strict: StrictPlatform, monkeypatch: pytest.MonkeyPatch
) -> Scripted:
    """The platform takes pictures first: a post has as many as its title says."""
    async with desk.store.begin("test") as unit:
        sha256 = await unit.workspaces.keep(b"a picture")
    picture = Media(name="lamp.png", content_type="image/png", sha256=sha256, size=9)
    rendered = platform.render

    def render(subject: Subject, account: Account, recipient: str = "") -> Rendition:
        found = rendered(subject, account, recipient)
        return replace(found, media=(picture,) * found.text.count("picture"))

    monkeypatch.setattr(platform, "render", render)
    monkeypatch.setattr(platform, "connect", UploadsFirst)
    return platform


UPLOADS: dict[str, Any] = {"scope": "endpoint", "name": "media", "of": ({"path": "/media"},)}


@pytest.mark.parametrize(
    ("calls", "counted"),
    [
        pytest.param(1, UPLOADS, id="of uploads"),
        pytest.param(2, {}, id="of all calls"),
        pytest.param(3, {}, id="of all calls, one and a half posts"),
        pytest.param(5, {"scope": "app"}, id="of an app"),
    ],
)
async def test_what_cannot_be_uploaded_yet_is_left_alone(
    desk: Desk,
    uploading: Scripted,
    strict: StrictPlatform,
    clock: StoppedClock,
    calls: int,
    counted: dict[str, Any],
) -> None:
    uploading.declare(pace=(pace(calls, 60, **counted),))
    account = await add(desk, "one")
    await add_posts(desk, *(f"A picture {number:02}" for number in range(12)))
    for minute in range(24):
        await sweep(desk, account, f"worker/{minute}")
        clock.advance(62)
    found = await deliveries(desk)
    assert {d.state for d in found} == {DeliveryState.DELIVERED}
    assert strict.keys == [d.key for d in found], "in their order"
    assert await steps(desk) == {"planned": 12, "scheduled": 12, "sending": 12, "delivered": 12}
    uploads = [path for _, method, path in strict.calls if method == "POST" and "media" in path]
    assert len(uploads) == 12, "each once"


async def test_what_has_no_picture_does_not_wait_for_uploads(
    desk: Desk, uploading: Scripted, strict: StrictPlatform, clock: StoppedClock
) -> None:
    uploading.declare(pace=(pace(2, 60, **UPLOADS),))
    account = await add(desk, "one")
    titles = ("One picture", "Plain 1", "A picture, a picture", "Plain 2", "Last picture")
    await add_posts(desk, *titles)
    await carry(desk, account)
    states = [d.state for d in await deliveries(desk)]
    sent, waits = DeliveryState.DELIVERED, DeliveryState.SCHEDULED
    assert states == [sent, sent, waits, sent, waits]
    waiting = (await deliveries(desk))[2]
    assert waiting.reason_code == "rate_limited"
    assert "the rate budget is used up: media" in waiting.reason
    for _ in range(2):
        clock.advance(62)
        await carry(desk, account)
    assert {d.state for d in await deliveries(desk)} == {sent}
    assert await steps(desk) == {"planned": 5, "scheduled": 5, "sending": 5, "delivered": 5}


class Batches(HttpClient):
    """Publishes many by one call."""

    async def commit_batch(self, batch: Sequence[Outgoing]) -> Sequence[Outcome]:
        return [await self.commit(batch[0])] * len(batch)


async def test_batches_that_wait_for_their_minute_are_left_alone(
    desk: Desk,
    platform: Scripted,
    strict: StrictPlatform,
    clock: StoppedClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(platform, "connect", Batches)
    platform.declare(pace=(pace(1, 60),), batch=5)
    strict.limit = 1
    account = await add(desk, "one")
    await add_posts(desk, *(f"Post {number:02}" for number in range(25)))
    for minute in range(5):
        await sweep(desk, account, f"worker/{minute}")
        clock.advance(62)
    assert {d.state for d in await deliveries(desk)} == {DeliveryState.DELIVERED}
    assert await steps(desk) == {"planned": 25, "scheduled": 25, "sending": 25, "delivered": 25}
    assert (len(strict.calls), strict.over) == (5, 0)


async def test_another_action_goes_on_while_one_waits_for_its_endpoint(
    desk: Desk, platform: Scripted, strict: StrictPlatform, clock: StoppedClock
) -> None:
    platform.declare(pace=(pace(1, 600, **ENDPOINT),), can_delete=True)
    account = await add(desk, "one")
    first, *_ = await add_posts(desk, "First", "Second", "Third")
    await carry(desk, account)
    clock.advance(1)
    async with desk.store.begin("test") as unit:
        await unpublish(unit, await unit.posts.get(first))
    await carry(desk, account)
    found = await deliveries(desk)
    taken_down = [d for d in found if d.action is Action.DELETE]
    assert [d.state for d in taken_down] == [DeliveryState.DELIVERED]
    waiting = [d for d in found if d.state is DeliveryState.SCHEDULED]
    assert len(waiting) == 2
    assert all("the rate budget is used up" in d.reason for d in waiting)


async def test_what_is_called_off_while_it_waits_stays_called_off(
    desk: Desk, platform: Scripted, strict: StrictPlatform, clock: StoppedClock
) -> None:
    account = await add(desk, "one")
    await add_posts(desk, "First")
    (delivery,) = await deliveries(desk)
    async with desk.store.begin("test") as unit:
        await unit.deliveries.move(
            Change(delivery=delivery, to=DeliveryState.CANCELLED, reason="called off")
        )
        await unit.schedules.wait([delivery.id], clock.now(), "rate_limited", "the minute")
    (delivery,) = await deliveries(desk)
    assert delivery.wake_at is None
    assert await carry(desk, account) == 0
