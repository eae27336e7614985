"""Followed feeds: how each is doing, when it is looked at next, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from copydesk.core.feed import Changes, Skips
from copydesk.core.states import FeedState
from copydesk.server.views.badges import Badge, badge
from copydesk.server.views.frame import Frame
from copydesk.server.views.inbox import Line, line_of
from copydesk.store.listings import InboxLine
from copydesk.work.feeds.subscribing import EVERY, FeedStatus

#: What the forms offer; the command line takes any length.
PACES: Final = tuple(
    timedelta(minutes=minutes) for minutes in (15, 30, 60, 3 * 60, 6 * 60, 12 * 60, 24 * 60)
)
_DAYS: Final = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """One choice of how often a feed is looked at."""

    seconds: int
    words: str
    chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedLine:
    """One feed in the list; `doing` is how it is going, `problem` and `notice` what is wrong."""

    page_url: str
    heading: str
    address: str
    badge: Badge
    doing: tuple[str, ...]
    problem: str
    notice: str
    next_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedsView:
    """The page of all feeds, with the form for another one."""

    frame: Frame
    lines: tuple[FeedLine, ...]
    paces: tuple[Pace, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedView:
    """The page of one feed. `quiet` says when its publisher wishes not to be asked; `lines` are
    the newest submissions that came of it, `told` what a poll came to just now."""

    frame: Frame
    line: FeedLine
    id: str
    looked_at: datetime | None
    quiet: str
    is_followed: bool
    takes_changes: bool
    paces: tuple[Pace, ...]
    lines: tuple[Line, ...]
    told: str


def feed_line(status: FeedStatus) -> FeedLine:
    """Return one feed as a line."""
    feed = status.feed
    failing = {0: "", 1: "the last poll failed"}.get(
        feed.failures, f"the last {feed.failures} polls failed"
    )
    doing = (f"{status.taken} of {status.seen} entries taken in", _every(feed.every), failing)
    return FeedLine(
        page_url=f"/settings/feeds/{feed.id}",
        heading=feed.title or feed.url,
        address=feed.url,
        badge=badge(feed.state),
        doing=tuple(filter(None, doing)),
        problem=feed.problem or feed.reason,
        notice=feed.notice,
        next_at=feed.wake_at,
    )


def feeds_view(statuses: Sequence[FeedStatus]) -> FeedsView:
    """Return the page of all feeds, oldest first."""
    return FeedsView(
        frame=Frame(title="Feeds", section="Feeds"),
        lines=tuple(map(feed_line, statuses)),
        paces=_paces(EVERY),
    )


def feed_view(status: FeedStatus, rows: Sequence[InboxLine], told: str) -> FeedView:
    """Return the page of one feed."""
    feed = status.feed
    return FeedView(
        frame=Frame(title=feed.title or feed.url, section="Feeds"),
        line=feed_line(status),
        id=feed.id,
        looked_at=feed.polled_at,
        quiet=_quiet(feed.skips),
        is_followed=feed.state is FeedState.FOLLOWED,
        takes_changes=feed.changes is Changes.TAKE,
        paces=_paces(feed.every),
        lines=tuple(map(line_of, rows)),
        told=told,
    )


def _paces(chosen: timedelta) -> tuple[Pace, ...]:
    return tuple(
        Pace(seconds=int(pace.total_seconds()), words=_every(pace), chosen=pace == chosen)
        for pace in sorted({*PACES, chosen})
    )


def _every(length: timedelta) -> str:
    minutes = round(length.total_seconds() / 60)
    for size, one in ((24 * 60, "day"), (60, "hour")):
        if minutes % size == 0:
            number = minutes // size
            return f"every {one}" if number == 1 else f"every {number} {one}s"
    return f"every {minutes} minutes"


def _quiet(skips: Skips) -> str:
    hours = ", ".join(f"{hour:02}:00" for hour in sorted(skips.hours))
    days = ", ".join(_DAYS[day] for day in sorted(skips.days))
    named = (f"on {days}" if days else "", f"in the hours from {hours}" if hours else "")
    return f"{' and '.join(filter(None, named))} (UTC)" if skips else ""
