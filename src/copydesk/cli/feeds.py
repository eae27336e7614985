"""`copydesk feeds`: feeds that are followed, each new entry a message."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from copydesk.cli.opened import at_desk
from copydesk.cli.options import AsJson, Home
from copydesk.cli.output import NOT_HEALTHY, fail, run, shortened, show, show_table
from copydesk.core.feed import Changes
from copydesk.core.timetable import read_length

if TYPE_CHECKING:
    from copydesk.core.feed import FollowedFeed
    from copydesk.store import UnitOfWork
    from copydesk.work.desk import Desk
    from copydesk.work.feeds.subscribing import FeedStatus

app = typer.Typer(
    help="Follow RSS, Atom and JSON feeds: each new entry becomes a message.", no_args_is_help=True
)

Name = Annotated[str, typer.Argument(metavar="FEED", help="Its id, fed_…, or its address.")]


Every = Annotated[
    str,
    typer.Option(
        metavar="LENGTH",
        help="How often to look: 30m (the default), 6h, 1d; 5m to 7d. Later where the feed or its "
        "server asks for that.",
    ),
]
Newest = Annotated[
    int | None,
    typer.Option(
        metavar="NUMBER",
        help="Take this many of the newest entries that are there already; 0 takes none.",
    ),
]
Since = Annotated[
    str,
    typer.Option(metavar="TIME", help="Take the entries dated from this time on, with its zone."),
]
OnChanges = Annotated[
    Changes | None,
    typer.Option(
        help="An entry that is changed later: take it as a new message that waits for a person, "
        "or leave it."
    ),
]


@app.command()
def add(
    url: Annotated[str, typer.Argument(metavar="URL", help="Where the feed is, https://…")],
    every: Every = "",
    newest: Newest = None,
    since: Since = "",
    changes: OnChanges = None,
    title: Annotated[
        str, typer.Option(metavar="WORDS", help="What to call it until it says so itself.")
    ] = "",
    allow_private: Annotated[
        bool,
        typer.Option("--allow-private", help="It may be on this machine or a private network."),
    ] = False,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Follow a feed. A running `copydesk up` or worker looks at it at once and from then on.

    Of the entries that are there already the newest one is taken, unless --newest or --since say
    otherwise; all that come later are.
    """
    from copydesk.work.feeds.subscribing import EVERY, feed_status, follow_feed

    begin, pace = _time(since), _length(every)

    async def work(desk: Desk) -> dict[str, Any]:
        async with desk.store.begin("cli") as unit:
            feed = await follow_feed(
                unit,
                desk,
                url,
                every=pace or EVERY,
                newest=newest,
                since=begin,
                changes=changes or Changes.TAKE,
                allow_private=allow_private,
                title=title,
            )
            return _row(await feed_status(unit, feed))

    row = run(at_desk(home, work))
    show(
        row,
        as_json,
        lambda: [f"Following {row['id']}. Look at once: copydesk feeds poll {row['id']}"],
    )


@app.command("list")
def list_(home: Home = None, as_json: AsJson = False) -> None:
    """List the feeds and how they are doing."""
    from copydesk.work.feeds.subscribing import feed_status

    async def work(desk: Desk) -> list[dict[str, Any]]:
        async with desk.store.read() as unit:
            return [
                _row(await feed_status(unit, feed))
                for feed in await unit.feeds.all(desk.workspace_id)
            ]

    rows = run(at_desk(home, work))
    show_table(
        rows,
        as_json,
        ("id", "state", "taken", "doing", "url"),
        lambda r: (r["id"], r["state"], str(r["taken"]), _doing(r), shortened(r["url"], 60)),
        none="No feeds yet. copydesk feeds add https://…",
    )


@app.command("show")
def show_(name: Name, home: Home = None, as_json: AsJson = False) -> None:
    """Show one feed: how it is doing, and when it is looked at next."""
    from copydesk.work.feeds.subscribing import feed_status, find_feed

    async def work(desk: Desk) -> dict[str, Any]:
        async with desk.store.read() as unit:
            return _row(await feed_status(unit, await find_feed(unit, desk, name)))

    found = run(at_desk(home, work))

    def words() -> list[str]:
        lines = [f"{found['id']}  {found['state']}  {found['title']}".rstrip(), f"  {found['url']}"]
        lines += [f"  {found['reason']}"] if found["reason"] else []
        lines += [f"  {_doing(found)}"]
        lines += [f"  {found['problem']}"] if found["problem"] else []
        lines += [f"  {found['notice']}"] if found["notice"] else []
        return [
            *lines,
            f"  {found['taken']} taken in of {found['seen']} versions of entries seen; every "
            f"{found['every']}; entries that change: {found['changes']}",
        ]

    show(found, as_json, words)


@app.command()
def poll(name: Name, home: Home = None, as_json: AsJson = False) -> None:
    """Look at a feed now, here, and say what came of it."""
    from copydesk.work.feeds.polling import Outcome, poll_now
    from copydesk.work.feeds.subscribing import find_feed

    async def work(desk: Desk) -> Any:
        async with desk.store.read() as unit:
            feed = await find_feed(unit, desk, name)
        return await poll_now(desk, feed)

    polled = run(at_desk(home, work))

    def words() -> list[str]:
        if polled.because:
            return [f"{polled.outcome}: {polled.because}"]
        changed = f", {polled.changed} of them changed since" if polled.changed else ""
        return [
            f"{polled.outcome}: {len(polled.taken)} taken in{changed}, {polled.left} left",
            *polled.taken,
        ]

    show(polled, as_json, words)
    if polled.outcome not in (Outcome.READ, Outcome.UNCHANGED):
        raise typer.Exit(NOT_HEALTHY)


@app.command()
def change(
    name: Name,
    every: Every = "",
    changes: OnChanges = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Look at a feed more or less often, or do something else with entries that change."""
    from copydesk.work.feeds.subscribing import change_feed, feed_status

    pace = _length(every)
    if pace is None and changes is None:
        raise typer.BadParameter("say --every LENGTH, --changes take|leave, or both")

    async def act(unit: UnitOfWork, feed: FollowedFeed) -> dict[str, Any]:
        return _row(
            await feed_status(unit, await change_feed(unit, feed, every=pace, changes=changes))
        )

    row = run(at_desk(home, _changing(name, act)))
    show(
        row,
        as_json,
        lambda: [f"{row['id']}: every {row['every']}; entries that change: {row['changes']}."],
    )


@app.command()
def pause(
    name: Name,
    reason: Annotated[str, typer.Option(metavar="WORDS", help="Why, for the history.")] = "",
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Do not look at a feed until it is resumed."""
    from copydesk.work.feeds.subscribing import feed_status, pause_feed

    async def act(unit: UnitOfWork, feed: FollowedFeed) -> dict[str, Any]:
        return _row(await feed_status(unit, await pause_feed(unit, feed, reason)))

    row = run(at_desk(home, _changing(name, act)))
    show(row, as_json, lambda: [f"{row['id']} is {row['state']}."])


@app.command()
def resume(
    name: Name,
    newest: Newest = None,
    since: Since = "",
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Look at a paused or ended feed again, with all that came meanwhile or with what you say."""
    from copydesk.work.feeds.subscribing import feed_status, resume_feed

    begin = _time(since)

    async def act(unit: UnitOfWork, feed: FollowedFeed) -> dict[str, Any]:
        feed = await resume_feed(unit, feed, newest=newest, since=begin)
        return _row(await feed_status(unit, feed))

    row = run(at_desk(home, _changing(name, act)))
    show(row, as_json, lambda: [f"{row['id']} is {row['state']}."])


@app.command()
def remove(name: Name, home: Home = None, as_json: AsJson = False) -> None:
    """Stop following a feed for good; what was taken in stays."""
    from copydesk.work.feeds.subscribing import remove_feed

    async def act(unit: UnitOfWork, feed: FollowedFeed) -> dict[str, Any]:
        removed = await remove_feed(unit, feed)
        return {"id": removed.id, "state": removed.state}

    row = run(at_desk(home, _changing(name, act)))
    show(row, as_json, lambda: [f"{row['id']} is {row['state']}."])


def _time(text: str) -> datetime | None:
    from copydesk.core.errors import CopydeskError
    from copydesk.work.deliveries.times import parse_time

    try:
        return parse_time(text, "since") if text else None
    except CopydeskError as error:
        fail(error)


def _length(text: str) -> timedelta | None:
    from copydesk.core.errors import CopydeskError

    try:
        return read_length(text, "every") if text else None
    except CopydeskError as error:
        fail(error)


def _changing(
    name: str, act: Callable[[UnitOfWork, FollowedFeed], Awaitable[dict[str, Any]]]
) -> Callable[[Desk], Awaitable[dict[str, Any]]]:
    from copydesk.work.feeds.subscribing import find_feed

    async def work(desk: Desk) -> dict[str, Any]:
        async with desk.store.begin("cli") as unit:
            return await act(unit, await find_feed(unit, desk, name))

    return work


def _row(status: FeedStatus) -> dict[str, Any]:
    feed = status.feed
    return {
        "id": feed.id,
        "url": feed.url,
        "title": feed.title,
        "state": feed.state,
        "reason": feed.reason,
        "every": str(feed.every),
        "changes": feed.changes,
        "allow_private": feed.allow_private,
        "polled_at": feed.polled_at,
        "next_poll_at": feed.wake_at,
        "failures": feed.failures,
        "failing_since": feed.failing_since,
        "problem": feed.problem,
        "notice": feed.notice,
        "seen": status.seen,
        "taken": status.taken,
    }


def _doing(row: dict[str, Any]) -> str:
    words = []
    if row["failing_since"]:
        words.append(f"failing since {row['failing_since']:%Y-%m-%d %H:%M} UTC")
    elif row["polled_at"]:
        words.append(f"looked at {row['polled_at']:%Y-%m-%d %H:%M} UTC")
    if row["next_poll_at"]:
        words.append(f"next {row['next_poll_at']:%Y-%m-%d %H:%M} UTC")
    return ", ".join(words) or "not looked at"
