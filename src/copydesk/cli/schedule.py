"""`copydesk schedule`: what is coming up, and series."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from copydesk.cli.options import AsJson, At, Grace, Home, Late, Queue, To, Zone, names, wish_of
from copydesk.cli.output import hint, run, show, show_table

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from copydesk.core.recurrence import Series
    from copydesk.store import UnitOfWork
    from copydesk.work.desk import Desk

app = typer.Typer(help="See, move and cancel what is coming up; series.", no_args_is_help=True)
series_app = typer.Typer(help="List, change, pause, resume and end series.", no_args_is_help=True)
app.add_typer(series_app, name="series")

Id = Annotated[str, typer.Argument(metavar="ID", help="A delivery, or a post: all of it.")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="The series' name.")]
Reason = Annotated[str, typer.Option("--reason", help="Why, for the history.")]


@app.command("list")
def list_(
    account: Annotated[str, typer.Option("--account", help="Of this account alone.")] = "",
    days: Annotated[int, typer.Option("--days", min=1, max=3660, help="How many days ahead.")] = 30,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """List what will go out, soonest first, at most 500."""
    from datetime import timedelta

    from copydesk.config import find_home, load_settings
    from copydesk.work.deliveries.scheduling import MOST, upcoming
    from copydesk.work.desk import open_desk

    async def work() -> list[dict[str, Any]]:
        async with open_desk(load_settings(find_home(home))) as desk, desk.store.read() as unit:
            until = unit.now + timedelta(days=days)
            found = await upcoming(unit, desk.workspace_id, account=account, until=until)
            return [_row(line, timing) for line, timing in found]

    rows = run(work())
    if len(rows) == MOST:
        hint(f"There are more than these {MOST}: --days or --account narrows the list.")
    show_table(
        rows,
        as_json,
        ("when", "account", "state", "delivery", "title", "note"),
        lambda r: (r["when"], r["account"], r["state"], r["id"], r["title"], r["why"]),
        none=f"Nothing goes out within {days} days; --days looks further.",
    )


@app.command("show")
def show_(id: Id, home: Home = None, as_json: AsJson = False) -> None:
    """Show when a delivery, or all of a post, goes out and why then."""
    from copydesk.config import find_home, load_settings
    from copydesk.work.deliveries.scheduling import scheduled
    from copydesk.work.desk import open_desk

    async def work() -> list[dict[str, Any]]:
        async with open_desk(load_settings(find_home(home))) as desk, desk.store.read() as unit:
            found = await scheduled(unit, desk.workspace_id, id)
            return [_row(line, timing) for line, timing in found]

    rows = run(work())

    def words() -> list[str]:
        lines: list[str] = []
        for r in rows:
            lines += [f"{r['id']} {r['title']}: {r['state']} on {r['account']}", f"  {r['when']}"]
            lines += [f"  asked for {r['asked']} {r['zone']}"] if r["asked"] else []
            lines += [f"  slot of queue {r['queue']}"] if r["queue"] else []
            lines += [f"  {r['why']}"] if r["why"] else []
        return lines

    show(rows, as_json, words)


@app.command()
def move(
    id: Id,
    at: At = None,
    zone: Zone = None,
    queue: Queue = None,
    now: Annotated[bool, typer.Option("--now", help="Let it go out now.")] = False,
    late: Late = None,
    grace: Grace = None,
    reason: Reason = "",
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Let a delivery, or all of a post, go out at another time.

    Only what was not sent can be moved. An occurrence of a series is taken out of it by that.
    """
    from copydesk.work.deliveries.scheduling import move_scheduled

    wish = wish_of(at=at, zone=zone, queue=queue, late=late, grace=grace, now=now)
    if wish is None or (wish.is_now and not now):
        raise typer.BadParameter("say when: --at TIME, --queue NAME or --now")

    async def moved(unit: UnitOfWork, desk: Desk) -> list[str]:
        done = await move_scheduled(unit, desk.workspace_id, id, wish, reason=reason)
        return [delivery.id for delivery in done]

    _changed(moved, home, as_json)


@app.command()
def cancel(id: Id, reason: Reason = "", home: Home = None, as_json: AsJson = False) -> None:
    """Call off a delivery, or all of a post that was not sent."""
    from copydesk.work.deliveries.scheduling import cancel_scheduled

    async def cancelled(unit: UnitOfWork, desk: Desk) -> list[str]:
        done = await cancel_scheduled(unit, desk.workspace_id, id, reason=reason)
        return [delivery.id for delivery in done]

    _changed(cancelled, home, as_json)


@app.command()
def feed(
    renew: Annotated[
        bool, typer.Option("--renew", help="Make addresses given out before invalid.")
    ] = False,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Make a secret address under which calendar programs read what is scheduled.

    It can be read by whoever knows it, and does nothing else.
    """
    from copydesk.config import find_home, load_settings
    from copydesk.work.deliveries.calendar import make_feed
    from copydesk.work.desk import open_desk

    async def work() -> dict[str, str]:
        async with open_desk(load_settings(find_home(home))) as desk:
            host, port = desk.settings.host, desk.settings.port
            async with desk.store.begin("cli") as unit:
                path = await make_feed(unit, desk.workspace_id, renew=renew)
            return {"url": f"http://{host}:{port or 'PORT'}{path}"}

    made = run(work())
    show(made, as_json, lambda: [made["url"]])
    hint("Host and port are those of the settings: if `copydesk up` prints others, write those.")


@app.command("add-series")
def add_series(
    name: Name,
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="FILE.md", help="Markdown files, in turn.")
    ] = None,
    rule: Annotated[
        str, typer.Option("--rule", help="RFC 5545, such as FREQ=WEEKLY;BYDAY=MO,TH.")
    ] = "",
    start: Annotated[
        str, typer.Option("--start", help="The first time, as '2026-12-01 09:00' in --zone.")
    ] = "",
    zone: Annotated[str, typer.Option("--zone", help="The IANA zone of the series.")] = "",
    to: To = None,
    post: Annotated[
        list[str] | None, typer.Option("--post", help="A post by its id; may be repeated.")
    ] = None,
    include: Annotated[
        list[str] | None,
        typer.Option("--include", help="Another series, whose posts are gone through too."),
    ] = None,
    except_: Annotated[
        list[str] | None,
        typer.Option("--except", help="A time to leave out, as '2026-12-24 09:00'."),
    ] = None,
    late: Late = None,
    grace: Grace = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Let posts come round again by a rule, by the clock on the wall of a zone."""
    from copydesk.config import find_home, load_settings
    from copydesk.core.timetable import read_length
    from copydesk.work.deliveries.manuscripts import read_manuscript
    from copydesk.work.deliveries.recurring import SeriesForm
    from copydesk.work.deliveries.recurring import add_series as add
    from copydesk.work.desk import open_desk

    async def work() -> dict[str, Any]:
        form = SeriesForm(
            name=name,
            rule=rule,
            start=start,
            zone=zone,
            accounts=names(to),
            posts=post or (),
            include=include or (),
            exceptions=except_ or (),
            late=late,
            grace=read_length(grace, "grace") if grace else None,
        )
        manuscripts = [await read_manuscript(file) for file in files or ()]
        async with open_desk(load_settings(find_home(home))) as desk:
            made = await add(desk, form, manuscripts, actor="cli")
            async with desk.store.read() as unit:
                return await _series_row(unit, made)

    row = run(work())
    show(row, as_json, lambda: _series_lines(row))


@series_app.command("list")
def list_series(home: Home = None, as_json: AsJson = False) -> None:
    """List the series with when each happens next."""
    from copydesk.config import find_home, load_settings
    from copydesk.work.desk import open_desk

    async def work() -> list[dict[str, Any]]:
        async with open_desk(load_settings(find_home(home))) as desk, desk.store.read() as unit:
            found = await unit.series.all(desk.workspace_id)
            return [await _series_row(unit, one) for one in found]

    rows = run(work())
    show(
        rows,
        as_json,
        lambda: [line for row in rows for line in _series_lines(row)] or ["No series yet."],
    )


@series_app.command("set")
def set_series(
    name: Name,
    post: Annotated[
        list[str] | None, typer.Option("--post", help="A post by its id; may be repeated.")
    ] = None,
    include: Annotated[
        list[str] | None, typer.Option("--include", help="Another series; may be repeated.")
    ] = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Let a series go through other posts, from the occurrences on that are not planned yet."""
    from copydesk.work.deliveries.recurring import change_sources

    async def changed(unit: UnitOfWork, desk: Desk) -> Series:
        return await change_sources(
            unit, desk.workspace_id, name, posts=post or (), include=include or ()
        )

    _series_changed(changed, home, as_json)


@series_app.command()
def pause(name: Name, reason: Reason = "", home: Home = None, as_json: AsJson = False) -> None:
    """Pause a series; its occurrences that were not sent are called off."""
    from copydesk.work.deliveries.recurring import pause_series

    _series_changed(
        lambda unit, desk: pause_series(unit, desk.workspace_id, name, reason), home, as_json
    )


@series_app.command()
def resume(name: Name, home: Home = None, as_json: AsJson = False) -> None:
    """Let a paused series go on from now."""
    from copydesk.work.deliveries.recurring import resume_series

    _series_changed(lambda unit, desk: resume_series(unit, desk.workspace_id, name), home, as_json)


@series_app.command()
def end(name: Name, reason: Reason = "", home: Home = None, as_json: AsJson = False) -> None:
    """End a series for good; its occurrences that were not sent are called off."""
    from copydesk.work.deliveries.recurring import end_series

    _series_changed(
        lambda unit, desk: end_series(unit, desk.workspace_id, name, reason), home, as_json
    )


def _changed(
    change: Callable[[UnitOfWork, Desk], Awaitable[list[str]]], home: Path | None, as_json: bool
) -> None:
    from copydesk.config import find_home, load_settings
    from copydesk.work.deliveries.scheduling import scheduled
    from copydesk.work.desk import open_desk

    async def work() -> list[dict[str, Any]]:
        async with open_desk(load_settings(find_home(home))) as desk:
            async with desk.store.begin("cli") as unit:
                ids = await change(unit, desk)
            async with desk.store.read() as unit:
                found = [
                    pair for id in ids for pair in await scheduled(unit, desk.workspace_id, id)
                ]
            return [_row(line, timing) for line, timing in found]

    rows = run(work())
    for note in dict.fromkeys(row["note"] for row in rows if row["note"]):
        hint(f"note: {note}")
    show(rows, as_json, lambda: [f"{r['id']} is {r['state']}: {r['when']}" for r in rows])


def _series_changed(
    change: Callable[[UnitOfWork, Desk], Awaitable[Series]], home: Path | None, as_json: bool
) -> None:
    from copydesk.config import find_home, load_settings
    from copydesk.work.desk import open_desk

    async def work() -> dict[str, Any]:
        async with (
            open_desk(load_settings(find_home(home))) as desk,
            desk.store.begin("cli") as unit,
        ):
            return await _series_row(unit, await change(unit, desk))

    row = run(work())
    show(row, as_json, lambda: _series_lines(row))


def _row(line: Any, timing: Any) -> dict[str, Any]:
    from copydesk.core.zones import written

    delivery = line.delivery
    goes_out = delivery.wake_at or delivery.due_at
    return {
        "id": delivery.id,
        "post_id": delivery.post_id,
        "title": line.title,
        "account": line.account,
        "platform": line.platform,
        "state": delivery.state,
        "due_at": delivery.due_at,
        "goes_out_at": goes_out,
        "when": written(goes_out, timing.zone),
        "asked": timing.asked,
        "zone": timing.zone,
        "note": timing.note,
        "queue": timing.queue,
        "series_id": timing.series_id,
        "late": timing.late,
        "why": "; ".join(part for part in (timing.note, delivery.reason) if part),
    }


async def _series_row(unit: UnitOfWork, one: Series) -> dict[str, Any]:
    from copydesk.work.deliveries.occurrences import coming, ending_credentials

    return {
        "id": one.id,
        "name": one.name,
        "state": one.state,
        "rule": one.rule.text,
        "zone": one.rule.zone,
        "start": f"{one.rule.start:%Y-%m-%d %H:%M}",
        "sources": list(one.sources),
        "reason": one.reason,
        "planned": one.planned,
        "next": [
            {"at": found.moment, "local": f"{found.local:%a %Y-%m-%d %H:%M}", "note": found.note}
            for found in coming(one, unit.now)
        ],
        "notes": [f"{n.message}. {n.remedy}" for n in await ending_credentials(unit, one)],
    }


def _series_lines(row: dict[str, Any]) -> list[str]:
    lines = [f"{row['name']}: {row['state']}, {row['rule']} from {row['start']} {row['zone']}"]
    lines += [f"  {row['reason']}"] if row["reason"] else []
    lines += [f"  next {found['local']}  {found['note']}".rstrip() for found in row["next"]]
    return lines + [f"  {note}" for note in row["notes"]]
