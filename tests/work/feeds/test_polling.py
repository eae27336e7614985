"""Feeds that are followed, against servers that lie about everything they can."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web

from copydesk.core.errors import Conflict, ContentInvalid
from copydesk.core.feed import Changes, FollowedFeed, Skips
from copydesk.core.states import FeedState, SubmissionState
from copydesk.core.submission import Submission
from copydesk.platforms.kit.http_transport import HttpTransport
from copydesk.testing.clocks import StoppedClock
from copydesk.testing.loopback import LoopbackServer
from copydesk.work.desk import Desk
from copydesk.work.feeds.answers import Trouble, ask
from copydesk.work.feeds.pace import next_poll, next_rest, rest_after_failure
from copydesk.work.feeds.polling import Outcome, Polled, poll, poll_now
from copydesk.work.feeds.subscribing import (
    change_feed,
    follow_feed,
    pause_feed,
    remove_feed,
    resume_feed,
)
from copydesk.work.incoming.submitting import submit
from copydesk.work.writing.composing import compose

HALF_AN_HOUR = timedelta(minutes=30)

#: What has nothing to do with the store is proved on one.
EMBEDDED = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def item(number: int | str, text: str = "", *, guid: str | None = None, day: int = 1) -> str:
    words = text or f"The pool opens at {number} o'clock, says the town."
    return (
        f"<item><guid>{number if guid is None else guid}</guid><title>Entry {number}</title>"
        f"<description>{words}</description>"
        f"<pubDate>{day:02} Nov 2026 10:00:00 GMT</pubDate></item>"
    )


def rss(items: Iterable[str], extra: str = "") -> bytes:
    return (
        f"<?xml version='1.0'?><rss version='2.0'><channel><title>Town</title>{extra}"
        f"{''.join(items)}</channel></rss>"
    ).encode()


class Publisher(LoopbackServer):
    """Serves one feed as a test says, and counts who asks."""

    body: bytes = rss([item(1)])
    status: int = 200
    sent: dict[str, str]

    def routes(self) -> list[web.RouteDef]:
        self.sent = {}
        return [
            web.get("/feed", self._feed),
            web.get("/moved/{times}", self._moved),
            web.get("/for-now", self._for_now),
            web.get("/inside", self._inside),
        ]

    async def _feed(self, request: web.Request) -> web.Response:
        etag = self.sent.get("ETag")
        if etag and request.headers.get("If-None-Match") == etag:
            return web.Response(status=304, headers=self.sent)
        return web.Response(body=self.body, status=self.status, headers=self.sent)

    async def _moved(self, request: web.Request) -> web.Response:
        times = int(request.match_info["times"])
        target = f"/moved/{times - 1}" if times else "/feed"
        return web.Response(status=301, headers={"Location": target})

    async def _for_now(self, _: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": "/feed"})

    async def _inside(self, _: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": "http://169.254.169.254/feed"})


@pytest.fixture
async def publisher() -> AsyncIterator[Publisher]:
    async with Publisher() as server:
        yield server


@pytest.fixture
async def reading(desk: Desk) -> AsyncIterator[Desk]:
    """A desk whose way to private feeds leads to loopback."""
    private = HttpTransport(user_agent="tests", most_bytes=200_000, follows=False)
    public = HttpTransport(user_agent="tests", public_only=True, follows=False)
    yield replace(desk, feeds=public, private_feeds=private)
    await private.close()
    await public.close()


async def follow(
    desk: Desk, url: str, *, newest: int | None = 20, changes: Changes = Changes.TAKE
) -> FollowedFeed:
    async with desk.store.begin("test") as unit:
        return await follow_feed(
            unit, desk, url, newest=newest, changes=changes, allow_private=True
        )


async def again(desk: Desk, feed: FollowedFeed) -> Polled:
    """Poll a feed as it stands now."""
    async with desk.store.read() as unit:
        feed = await unit.feeds.get(feed.id)
    return await poll_now(desk, feed)


async def standing(desk: Desk, feed: FollowedFeed) -> FollowedFeed:
    async with desk.store.read() as unit:
        return await unit.feeds.get(feed.id)


async def taken(desk: Desk) -> list[Submission]:
    """Return what was taken in, composed, oldest first."""
    async with desk.store.read() as unit:
        found = list(reversed(await unit.submissions.newest(desk.workspace_id, limit=200)))
    for submission in found:
        await compose(desk, submission.id)
    async with desk.store.read() as unit:
        return [await unit.submissions.get(submission.id) for submission in found]


# ---------------------------------------------------------------- entries, once


async def test_each_entry_becomes_one_message_once(reading: Desk, publisher: Publisher) -> None:
    publisher.body = rss([item(2, day=2), item(1)])
    feed = await follow(reading, f"{publisher.url}/feed")
    assert len((await again(reading, feed)).taken) == 2
    publisher.body = rss([item(1), item(3, day=3), item(2, day=2)])
    assert len((await again(reading, feed)).taken) == 1
    found = await taken(reading)
    assert [one.parsed.subject for one in found if one.parsed] == ["Entry 1", "Entry 2", "Entry 3"]
    assert {one.state for one in found} == {SubmissionState.COMPOSED}
    assert (await standing(reading, feed)).title == "Town"


async def test_the_first_poll_takes_what_was_asked_for(reading: Desk, publisher: Publisher) -> None:
    publisher.body = rss([item(day, day=day) for day in (9, 8, 7, 6)])
    feed = await follow(reading, f"{publisher.url}/feed", newest=None)
    polled = await again(reading, feed)
    assert (len(polled.taken), polled.left) == (1, 3)
    publisher.body = rss([item(day, f"changed {day}", day=day) for day in (8, 7)])
    polled = await again(reading, feed)
    assert (len(polled.taken), polled.left) == (0, 2), "what was left stays left when it changes"


@EMBEDDED
async def test_since_takes_what_is_dated_from_then_on(reading: Desk, publisher: Publisher) -> None:
    undated = "<item><guid>u</guid><title>No date</title></item>"
    publisher.body = rss([*(item(day, day=day) for day in (9, 8, 7)), undated])
    since = reading.clock.now().replace(year=2026, month=11, day=8, hour=0)
    async with reading.store.begin("test") as unit:
        feed = await follow_feed(
            unit, reading, f"{publisher.url}/feed", since=since, allow_private=True
        )
    polled = await again(reading, feed)
    assert (len(polled.taken), polled.left) == (2, 2)
    assert "1 entries have no date" in (await standing(reading, feed)).notice


@EMBEDDED
@pytest.mark.parametrize(
    "lie",
    [
        pytest.param([item(2, guid="new-2", day=2), item(1, guid="new-1")], id="other ids"),
        pytest.param([item(1), item(2, day=2)], id="other order"),
        pytest.param([item(1, day=28), item(2, day=29)], id="other dates"),
        pytest.param(
            [
                item(2, "<![CDATA[<p>The pool opens at 2 o'clock,\n says the town.</p>]]>", day=2),
                item(1),
            ],
            id="other markup",
        ),
    ],
)
async def test_what_is_no_news_is_not_taken_twice(
    reading: Desk, publisher: Publisher, lie: list[str]
) -> None:
    publisher.body = rss([item(2, day=2), item(1)])
    feed = await follow(reading, f"{publisher.url}/feed")
    await again(reading, feed)
    publisher.body = rss(lie)
    polled = await again(reading, feed)
    assert (polled.outcome, polled.taken) == (Outcome.READ, ())
    # and once more, now that the other ids are known too
    publisher.body = rss(lie, "<description>other bytes</description>")
    assert (await again(reading, feed)).taken == ()


@EMBEDDED
async def test_one_id_for_all_entries_loses_none(reading: Desk, publisher: Publisher) -> None:
    publisher.body = rss([item(n, guid="https://town.example/") for n in (1, 2, 3)])
    feed = await follow(reading, f"{publisher.url}/feed")
    assert len((await again(reading, feed)).taken) == 3
    publisher.body = rss([item(n, guid="https://town.example/") for n in (2, 3, 4)])
    assert len((await again(reading, feed)).taken) == 1
    publisher.body = rss([item(4, guid="https://town.example/")])
    assert (await again(reading, feed)).taken == ()
    publisher.body = rss([item(5, guid="https://town.example/")])
    assert len((await again(reading, feed)).taken) == 1


async def test_a_changed_entry_comes_again_and_waits_for_a_person(
    reading: Desk, publisher: Publisher
) -> None:
    feed = await follow(reading, f"{publisher.url}/feed")
    (first,) = (await again(reading, feed)).taken
    publisher.body = rss([item(1, "The pool opens at 7 o'clock, says the town.")])
    polled = await again(reading, feed)
    assert (len(polled.taken), polled.changed) == (1, 1)
    publisher.body = rss([item(1)])
    assert (await again(reading, feed)).taken == (), "the earlier words are known"
    _, second = await taken(reading)
    assert second.parsed is not None
    assert "7 o'clock" in second.parsed.reply
    assert first in second.parsed.doubts[0]
    assert second.parsed.meta["changed since"] == first
    async with reading.store.read() as unit:
        assert (await unit.posts.get(str(second.post_id))).state == "held"


@EMBEDDED
async def test_changes_can_be_left(reading: Desk, publisher: Publisher) -> None:
    feed = await follow(reading, f"{publisher.url}/feed", changes=Changes.LEAVE)
    await again(reading, feed)
    publisher.body = rss([item(1, "Seen by 5 people."), item(2, day=2)])
    polled = await again(reading, feed)
    assert (len(polled.taken), polled.changed, polled.left) == (1, 0, 1)


async def test_a_saved_feed_and_the_followed_one_are_the_same_items(
    reading: Desk, publisher: Publisher
) -> None:
    feed = await follow(reading, f"{publisher.url}/feed")
    link = f"<link>{publisher.url}/feed</link>"
    publisher.body = rss([item(2, day=2), item(1)], link)
    await again(reading, feed)
    saved = await submit(reading, publisher.body, filename="saved.rss", actor="test")
    await compose(reading, saved.submission.id)
    async with reading.store.read() as unit:
        assert await unit.submissions.parts(saved.submission.id) == []


async def test_another_feed_cannot_take_the_place_of_an_entry(
    reading: Desk, publisher: Publisher
) -> None:
    link = "<link>https://town.example/</link>"
    publisher.body = rss([item(1, "What somebody else says is in there.")], link)
    await again(reading, await follow(reading, f"{publisher.url}/feed?other"))
    publisher.body = rss([item(1)], link)
    feed = await follow(reading, f"{publisher.url}/feed")
    assert len((await again(reading, feed)).taken) == 1
    texts = [one.parsed.reply for one in await taken(reading) if one.parsed]
    assert any("1 o'clock" in text for text in texts)


# ---------------------------------------------------------------- floods


async def test_a_flood_pauses_the_feed_and_takes_nothing(
    reading: Desk, publisher: Publisher
) -> None:
    feed = await follow(reading, f"{publisher.url}/feed")
    await again(reading, feed)
    publisher.body = rss(item(n) for n in range(2, 60))
    polled = await again(reading, feed)
    assert (polled.outcome, polled.taken) == (Outcome.PAUSED, ())
    assert "58 entries are new" in polled.because
    feed = await standing(reading, feed)
    assert (feed.state, feed.wake_at) == (FeedState.PAUSED, None)
    with pytest.raises(Conflict, match="paused"):
        await poll_now(reading, feed)
    async with reading.store.begin("test") as unit:
        feed = await resume_feed(unit, feed, newest=55)
    polled = await again(reading, feed)
    assert (len(polled.taken), polled.left) == (55, 3)
    assert (await again(reading, feed)).outcome is Outcome.UNCHANGED


async def test_an_entry_with_a_counter_in_it_pauses_the_feed(
    reading: Desk, publisher: Publisher
) -> None:
    feed = await follow(reading, f"{publisher.url}/feed")
    outcomes = []
    for seen in range(12):
        publisher.body = rss([item(1, f"Seen by {seen} people.")])
        outcomes.append((await again(reading, feed)).outcome)
        if outcomes[-1] is Outcome.PAUSED:
            break
    assert outcomes == [*[Outcome.READ] * 10, Outcome.PAUSED]
    assert "--changes leave" in (await standing(reading, feed)).reason
    async with reading.store.begin("test") as unit:
        await change_feed(unit, feed, changes=Changes.LEAVE)
        await resume_feed(unit, await unit.feeds.get(feed.id))
    assert (await again(reading, feed)).left == 1


# ---------------------------------------------------------------- what servers do


@EMBEDDED
async def test_what_has_not_changed_is_not_sent_again(reading: Desk, publisher: Publisher) -> None:
    feed = await follow(reading, f"{publisher.url}/feed")
    publisher.sent = {"ETag": '"v1"', "Last-Modified": "Sat, 21 Nov 2026 10:00:00 GMT"}
    await again(reading, feed)
    assert (await again(reading, feed)).outcome is Outcome.UNCHANGED
    asked = publisher.hits[-1].headers
    assert asked["if-none-match"] == '"v1"'
    assert asked["if-modified-since"] == "Sat, 21 Nov 2026 10:00:00 GMT"


@EMBEDDED
async def test_a_server_that_says_unchanged_for_ever_is_not_believed_for_ever(
    reading: Desk, publisher: Publisher, clock: StoppedClock
) -> None:
    feed = await follow(reading, f"{publisher.url}/feed")
    publisher.sent = {"ETag": '"always"'}
    await again(reading, feed)
    publisher.body = rss([item(2, day=2), item(1)])
    assert (await again(reading, feed)).outcome is Outcome.UNCHANGED
    clock.advance((timedelta(days=1, minutes=1)).total_seconds())
    assert len((await again(reading, feed)).taken) == 1


@EMBEDDED
async def test_a_feed_that_breaks_off_is_read_whole_the_next_time(
    reading: Desk, publisher: Publisher
) -> None:
    feed = await follow(reading, f"{publisher.url}/feed")
    whole = rss([item(2, day=2), item(1)])
    publisher.sent = {"ETag": '"v1"'}
    publisher.body = whole[: whole.rindex(b"<item>") + 20]
    assert len((await again(reading, feed)).taken) == 1
    assert "broken" in (await standing(reading, feed)).notice
    publisher.body = whole
    assert len((await again(reading, feed)).taken) == 1
    assert (await standing(reading, feed)).notice == ""


@EMBEDDED
async def test_the_wrong_charset_is_read_and_said(reading: Desk, publisher: Publisher) -> None:
    feed = await follow(reading, f"{publisher.url}/feed")
    words = "Die Bücherei schließt früher, größere Gruppen rufen an."
    publisher.body = (
        rss([item(1, words)])
        .decode()
        .replace("<?xml version='1.0'?>", "<?xml version='1.0' encoding='utf-8'?>")
        .encode("cp1252")
    )
    await again(reading, feed)
    (one,) = await taken(reading)
    assert one.parsed is not None
    assert words in one.parsed.reply
    assert "utf-8" in (await standing(reading, feed)).notice


@EMBEDDED
@pytest.mark.parametrize(
    ("path", "ends_at"),
    [
        pytest.param("/moved/2", "/feed", id="for good"),
        pytest.param("/for-now", "/for-now", id="for now"),
    ],
)
async def test_a_permanent_redirect_changes_the_address(
    reading: Desk, publisher: Publisher, path: str, ends_at: str
) -> None:
    feed = await follow(reading, publisher.url + path)
    assert len((await again(reading, feed)).taken) == 1
    assert (await standing(reading, feed)).url == publisher.url + ends_at


async def test_a_feed_that_moves_to_another_we_follow_ends(
    reading: Desk, publisher: Publisher
) -> None:
    await follow(reading, f"{publisher.url}/feed")
    old = await follow(reading, f"{publisher.url}/moved/0")
    await again(reading, old)
    ended = await standing(reading, old)
    assert ended.state is FeedState.ENDED
    assert "followed as fed_" in ended.reason


@EMBEDDED
@pytest.mark.parametrize(
    ("path", "status", "body", "problem"),
    [
        ("/moved/9", 200, b"", "more than 5 times"),
        ("/feed", 404, b"", "nothing at this address"),
        ("/feed", 401, b"", "somebody it knows"),
        ("/feed", 304, b"", "answered 304"),
        ("/feed", 200, b"", "sent nothing"),
        ("/feed", 200, b"x" * 300_000, "more than 200,000 bytes"),
        (
            "/feed",
            200,
            b"<!doctype html><link rel=alternate type=application/rss+xml href=/real.xml>",
            "/real.xml",
        ),
        ("/feed", 200, b"<!DOCTYPE r [<!ENTITY a 'x'>]><rss>&a;</rss>", "entities"),
    ],
    ids=["ring", "missing", "closed", "304", "empty", "large", "page", "bomb"],
)
async def test_what_is_wrong_stands_on_the_feed_and_it_rests_longer_each_time(
    reading: Desk, publisher: Publisher, path: str, status: int, body: bytes, problem: str
) -> None:
    publisher.status, publisher.body = status, body
    feed = await follow(reading, publisher.url + path)
    assert (await again(reading, feed)).outcome is Outcome.FAILED
    first = await standing(reading, feed)
    assert problem in first.problem
    await again(reading, feed)
    second = await standing(reading, feed)
    assert (second.failures, second.failing_since) == (2, first.failing_since)
    assert first.wake_at is not None
    assert second.wake_at is not None
    assert second.wake_at - reading.clock.now() >= timedelta(hours=1)
    publisher.status, publisher.body = 200, rss([item(1)])
    async with reading.store.begin("test") as unit:
        await unit.feeds.change(feed.id, url=f"{publisher.url}/feed")
    await again(reading, feed)
    well = await standing(reading, feed)
    assert (well.failures, well.failing_since, well.problem) == (0, None, "")


@EMBEDDED
async def test_a_small_answer_that_unpacks_to_a_large_one_is_refused(
    reading: Desk, publisher: Publisher
) -> None:
    publisher.sent = {"Content-Encoding": "gzip"}
    publisher.body = gzip.compress(rss([item(1, "x" * 5_000_000)]))
    assert len(publisher.body) < 10_000
    feed = await follow(reading, f"{publisher.url}/feed")
    polled = await again(reading, feed)
    assert polled.outcome is Outcome.FAILED
    assert "bytes" in polled.because


@EMBEDDED
async def test_gone_ends_the_feed(reading: Desk, publisher: Publisher) -> None:
    publisher.status = 410
    feed = await follow(reading, f"{publisher.url}/feed")
    assert (await again(reading, feed)).outcome is Outcome.ENDED
    ended = await standing(reading, feed)
    assert (ended.state, ended.wake_at) == (FeedState.ENDED, None)
    assert "410" in ended.reason


@EMBEDDED
@pytest.mark.parametrize("status", [429, 503])
async def test_nobody_asks_before_retry_after_is_over(
    reading: Desk, publisher: Publisher, clock: StoppedClock, status: int
) -> None:
    publisher.status, publisher.sent = status, {"Retry-After": "7200"}
    feed = await follow(reading, f"{publisher.url}/feed")
    await poll(reading, feed.id)
    clock.advance((timedelta(minutes=119)).total_seconds())
    await poll(reading, feed.id)
    assert len(publisher.hits) == 1
    clock.advance((timedelta(minutes=15)).total_seconds())
    await poll(reading, feed.id)
    assert len(publisher.hits) == 2


@EMBEDDED
async def test_no_way_leads_into_a_private_network(reading: Desk, publisher: Publisher) -> None:
    async with reading.store.begin("test") as unit:
        with pytest.raises(ContentInvalid) as refused:
            await follow_feed(unit, reading, f"{publisher.url}/feed")
        # a name says nothing until it is resolved: the connection itself is guarded, too
        feed = await follow_feed(unit, reading, f"{publisher.url}/feed", allow_private=True)
        await unit.feeds.change(feed.id, allow_private=False)
    assert refused.value.findings[0].code == "address_private"
    polled = await again(reading, feed)
    assert polled.outcome is Outcome.FAILED
    assert "not a public address" in polled.because
    assert publisher.hits == []


@EMBEDDED
async def test_a_redirect_into_a_private_network_is_not_followed(
    reading: Desk, publisher: Publisher
) -> None:
    inside = await ask(reading.private_feeds, f"{publisher.url}/inside", allow_private=False)
    assert isinstance(inside, Trouble)
    assert "169.254.169.254" in inside.problem


# ---------------------------------------------------------------- when, and by whom


async def test_a_due_feed_is_polled_by_one_of_several_workers(
    reading: Desk, publisher: Publisher, clock: StoppedClock
) -> None:
    feed = await follow(reading, f"{publisher.url}/feed")
    await asyncio.gather(*(poll(reading, feed.id) for _ in range(4)))
    assert len(publisher.hits) == 1
    await poll(reading, feed.id)
    assert len(publisher.hits) == 1, "it is not due"
    async with reading.store.read() as unit:
        assert (await unit.workers.due(unit.now))["feeds"] == []
    clock.advance((HALF_AN_HOUR * 1.1).total_seconds())
    async with reading.store.read() as unit:
        assert (await unit.workers.due(unit.now))["feeds"] == [feed.id]


async def test_who_dies_while_polling_is_succeeded_and_nothing_comes_twice(
    reading: Desk, publisher: Publisher, clock: StoppedClock
) -> None:
    feed = await follow(reading, f"{publisher.url}/feed")
    async with reading.store.begin("test") as unit:
        dead = await unit.feeds.take(feed.id, 60)
    assert dead is not None
    await poll(reading, feed.id)
    assert publisher.hits == []
    clock.advance((timedelta(seconds=61)).total_seconds())
    await poll(reading, feed.id)
    assert len(await taken(reading)) == 1
    async with reading.store.begin("test") as unit:
        with pytest.raises(Conflict):
            await unit.feeds.keep(dead, title="late")


async def test_what_an_operator_decides_while_it_is_polled_stands(
    reading: Desk, publisher: Publisher
) -> None:
    feed = await follow(reading, f"{publisher.url}/feed")
    async with reading.store.begin("test") as unit:
        mine = await unit.feeds.take(feed.id, 60)
        assert mine is not None
        await pause_feed(unit, mine)
        with pytest.raises(Conflict):
            await unit.feeds.keep(mine, title="late")
        await remove_feed(unit, await unit.feeds.get(feed.id))
    async with reading.store.read() as unit:
        assert await unit.feeds.all(reading.workspace_id) == []


@EMBEDDED
@pytest.mark.parametrize(
    ("extra", "headers", "minutes"),
    [
        ("", {}, 30),
        ("<ttl>90</ttl>", {}, 90),
        ("<ttl>1</ttl>", {}, 30),
        ("<ttl>999999</ttl>", {}, 24 * 60),
        ("", {"Cache-Control": "public, max-age=7200", "Age": "3600"}, 60),
        (
            "<x:updatePeriod xmlns:x='http://purl.org/rss/1.0/modules/syndication/'>hourly"
            "</x:updatePeriod>",
            {},
            60,
        ),
    ],
    ids=["plain", "ttl", "impatient", "year", "cache", "syndication"],
)
async def test_a_feed_is_asked_as_rarely_as_it_wishes_within_bounds(
    reading: Desk,
    publisher: Publisher,
    extra: str,
    headers: dict[str, str],
    minutes: int,
) -> None:
    publisher.body, publisher.sent = rss([item(1)], extra), headers
    feed = await follow(reading, f"{publisher.url}/feed")
    for _ in range(2):  # the second time its document has not changed
        await again(reading, feed)
        wake_at = (await standing(reading, feed)).wake_at
        assert wake_at is not None
        rest = (wake_at - reading.clock.now()) / timedelta(minutes=1)
        assert minutes <= rest <= minutes * 1.1


async def test_a_feed_that_wishes_to_rest_for_centuries_is_read(
    reading: Desk, publisher: Publisher
) -> None:
    publisher.body = rss([item(1)], "<ttl>99999999</ttl>")
    feed = await follow(reading, f"{publisher.url}/feed")
    await again(reading, feed)
    found = await standing(reading, feed)
    assert (found.failures, found.rests) == (0, timedelta(days=365))


@EMBEDDED
async def test_a_feed_is_not_asked_at_hours_and_on_days_its_publisher_skips(
    reading: Desk, publisher: Publisher
) -> None:
    now = reading.clock.now()
    hours = "".join(f"<hour>{(now.hour + n) % 24}</hour>" for n in range(3))
    tomorrow = (now + timedelta(days=1)).strftime("%A")
    publisher.body = rss(
        [item(1)], f"<skipHours>{hours}</skipHours><skipDays><day>{tomorrow}</day></skipDays>"
    )
    feed = await follow(reading, f"{publisher.url}/feed")
    for _ in range(2):  # the second time its document has not changed
        await again(reading, feed)
        wake_at = (await standing(reading, feed)).wake_at
        assert wake_at is not None
        skips = (await standing(reading, feed)).skips
        assert (len(skips.hours), skips.days) == (3, frozenset({(now.weekday() + 1) % 7}))
        assert not skips.holds(wake_at)
        assert wake_at >= now.replace(minute=0) + timedelta(hours=3)


@pytest.mark.parametrize(
    ("due", "hours", "days", "expected"),
    [
        ("2026-11-20T10:20", {11}, set(), "2026-11-20T10:20"),
        ("2026-11-20T10:20", {10, 11}, set(), "2026-11-20T12:00"),
        ("2026-11-20T23:20", {23}, {5, 6}, "2026-11-23T00:00"),
        ("2026-11-20T10:20", set(range(24)), set(), "2026-11-20T10:20"),
        ("2026-11-20T10:20", set(), set(range(7)), "2026-11-20T10:20"),
    ],
    ids=["free", "hours", "weekend", "every hour", "every day"],
)
def test_the_next_poll_is_at_an_hour_that_is_not_skipped(
    due: str, hours: set[int], days: set[int], expected: str
) -> None:
    at, wanted = (datetime.fromisoformat(one).replace(tzinfo=UTC) for one in (due, expected))
    skips = Skips(hours=frozenset(hours), days=frozenset(days))
    assert next_poll(at, skips, 0) == wanted
    assert next_poll(at, skips, 0.99) < wanted + timedelta(minutes=10)


def test_rests_are_bounded() -> None:
    day = timedelta(days=1)
    assert next_rest(timedelta(seconds=1), None, {}, 0) == timedelta(minutes=5)
    assert next_rest(timedelta(days=3), None, {"cache-control": "max-age=60"}, 0) == 3 * day
    assert rest_after_failure(HALF_AN_HOUR, 1, {}, 0) == HALF_AN_HOUR
    assert rest_after_failure(HALF_AN_HOUR, 500, {}, 0) == day
    assert rest_after_failure(HALF_AN_HOUR, 1, {"retry-after": "9" * 9}, 0) == 7 * day


@EMBEDDED
@pytest.mark.parametrize(
    ("url", "every", "newest", "field"),
    [
        ("feed.xml", HALF_AN_HOUR, 1, "url"),
        ("https://a:b@example.org/feed", HALF_AN_HOUR, 1, "url"),
        ("https://example.org/feed", timedelta(seconds=10), 1, "every"),
        ("https://example.org/feed", HALF_AN_HOUR, -1, "newest"),
    ],
)
async def test_what_cannot_be_followed_is_refused_by_field(
    desk: Desk, url: str, every: timedelta, newest: int, field: str
) -> None:
    async with desk.store.begin("test") as unit:
        with pytest.raises(ContentInvalid) as refused:
            await follow_feed(unit, desk, url, every=every, newest=newest)
    assert {finding.field for finding in refused.value.findings} == {field}
