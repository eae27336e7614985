"""What an operator does with feeds: follow, change, pause, resume, stop following."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from copydesk.core.errors import Conflict, ContentInvalid, NotFound
from copydesk.core.feed import Changes, FollowedFeed
from copydesk.core.findings import Finding
from copydesk.core.states import FeedState
from copydesk.intake.feed import MAX_ENTRIES
from copydesk.store import UnitOfWork
from copydesk.work.addresses import check_address
from copydesk.work.desk import Desk
from copydesk.work.feeds.pace import LONGEST, SHORTEST

#: How often a feed is polled where nobody says, and what its first poll takes: one entry, so that
#: one sees what becomes of them, and no desk is flooded.
EVERY: Final = timedelta(minutes=30)
NEWEST: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedStatus:
    """A feed with how many versions of entries were seen, and how many of them taken in."""

    feed: FollowedFeed
    seen: int
    taken: int


async def follow_feed(
    unit: UnitOfWork,
    desk: Desk,
    url: str,
    *,
    every: timedelta = EVERY,
    newest: int | None = None,
    since: datetime | None = None,
    changes: Changes = Changes.TAKE,
    allow_private: bool = False,
    title: str = "",
) -> FollowedFeed:
    """Follow a feed; its first poll is due at once.

    Of the entries that poll finds it takes those dated from `since` (aware) on, else the `newest`
    so many (one, where neither is said); all later ones are taken whole. Raises `ContentInvalid`
    naming the field, `Conflict` for a feed that is followed already.
    """
    url = url.strip()
    if since is None and newest is None:
        newest = NEWEST
    findings = [
        *check_address(
            url,
            allow_private=allow_private,
            example="https://example.org/feed.xml",
            without_password="Feeds that want a password cannot be followed.",
        ),
        *_check_every(every),
        *_check_choice(newest, since),
    ]
    if findings:
        raise ContentInvalid(findings)
    for other in await unit.feeds.all(desk.workspace_id):
        if other.url == url:
            raise Conflict(
                f"{url} is followed already, as {other.id} ({other.state}).",
                remedy=f"`copydesk feeds show {other.id}` says how it is doing.",
            )
    return await unit.feeds.add(
        workspace_id=desk.workspace_id,
        url=url,
        title=title.strip(),
        every=every,
        changes=changes,
        allow_private=allow_private,
        newest=newest,
        since=since,
    )


async def find_feed(unit: UnitOfWork, desk: Desk, name: str) -> FollowedFeed:
    """Return the workspace's feed by its id or its address; raises `NotFound`."""
    for feed in await unit.feeds.all(desk.workspace_id):
        if name in (feed.id, feed.url):
            return feed
    raise NotFound.of(f"feed {name}")


async def feed_status(unit: UnitOfWork, feed: FollowedFeed) -> FeedStatus:
    """Return how a feed is doing."""
    seen, taken = await unit.feeds.counts(feed.id)
    return FeedStatus(feed=feed, seen=seen, taken=taken)


async def change_feed(
    unit: UnitOfWork,
    feed: FollowedFeed,
    *,
    every: timedelta | None = None,
    changes: Changes | None = None,
) -> FollowedFeed:
    """Poll a feed at another pace, or do something else with entries that change.

    What is None stays. Raises `ContentInvalid` naming the field.
    """
    values: dict[str, Any] = {}
    if every is not None:
        if findings := _check_every(every):
            raise ContentInvalid(findings)
        values["every"] = every
        if feed.wake_at is not None:
            values["wake_at"] = min(feed.wake_at, unit.now + every)
    if changes is not None:
        values["changes"] = changes
    if values:
        await unit.feeds.change(feed.id, **values)
    return await unit.feeds.get(feed.id)


async def pause_feed(unit: UnitOfWork, feed: FollowedFeed, reason: str = "") -> FollowedFeed:
    """Do not poll a feed until it is resumed."""
    await unit.feeds.move(feed, FeedState.PAUSED, reason.strip() or "an operator paused it")
    return await unit.feeds.get(feed.id)


async def resume_feed(
    unit: UnitOfWork,
    feed: FollowedFeed,
    *,
    newest: int | None = None,
    since: datetime | None = None,
) -> FollowedFeed:
    """Poll a paused or ended feed again, at once.

    Without `newest` and `since` all entries are taken that came meanwhile; with them as at the
    first poll. Raises `ContentInvalid` naming the field.
    """
    if findings := _check_choice(newest, since):
        raise ContentInvalid(findings)
    fresh = {"failures": 0, "failing_since": None, "problem": "", "wake_at": unit.now}
    if newest is not None or since is not None:
        fresh |= {"newest": newest, "since": since}
    if feed.state is FeedState.FOLLOWED:
        await unit.feeds.change(feed.id, **fresh)
    else:
        await unit.feeds.move(feed, FeedState.FOLLOWED, "", **fresh)
    unit.hint("poll", feed.id)
    return await unit.feeds.get(feed.id)


async def remove_feed(unit: UnitOfWork, feed: FollowedFeed) -> FollowedFeed:
    """Stop following a feed for good; what was taken in stays."""
    await unit.feeds.move(feed, FeedState.REMOVED, "an operator removed it")
    return replace(feed, state=FeedState.REMOVED)


def _check_every(every: timedelta) -> list[Finding]:
    if SHORTEST <= every <= LONGEST:
        return []
    return [
        Finding(
            code="pace_out_of_bounds",
            field="every",
            message=f"{every.total_seconds():,.0f} seconds are not between five minutes and a week",
            remedy="Publishers block those who ask more often; say 30m, 6h or 1d.",
        )
    ]


def _check_choice(newest: int | None, since: datetime | None) -> list[Finding]:
    if newest is not None and since is not None:
        return [
            Finding(
                code="choice_twice",
                field="newest",
                message="both newest and since say what to take",
                remedy="Say one of them.",
            )
        ]
    if newest is not None and not 0 <= newest <= MAX_ENTRIES:
        return [
            Finding(
                code="newest_out_of_bounds",
                field="newest",
                message=f"{newest} is not between 0 and {MAX_ENTRIES:,}",
                remedy="Take 0 for only what is published from now on.",
            )
        ]
    if since is not None and since.tzinfo is None:
        return [
            Finding(
                code="zone_missing",
                field="since",
                message=f"{since.isoformat()} names no time zone",
                remedy="Say 2026-11-01T00:00Z or with an offset.",
            )
        ]
    return []
