"""Options that many commands share, so that they read the same everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from copydesk.core.timetable import LatePolicy, read_length

if TYPE_CHECKING:
    from copydesk.work.deliveries.times import Wish


def _nearest_home(context: typer.Context, home: Path | None) -> Path | None:
    """Return --home of this command, or the one given before it."""
    outer = context.parent
    while home is None and outer is not None:
        home = outer.params.get("home")
        outer = outer.parent
    return home


Home = Annotated[
    Path | None,
    typer.Option(
        "--home",
        metavar="FOLDER",
        help="The project folder (or COPYDESK_HOME; default .copydesk).",
        callback=_nearest_home,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Wait = Annotated[bool, typer.Option("--wait", help="Do the work here and wait for the outcome.")]
Timeout = Annotated[
    float,
    typer.Option(metavar="SECONDS", help="With --wait: give up waiting after this many seconds."),
]
To = Annotated[
    list[str] | None,
    typer.Option(
        "--to", metavar="NAMES", help="Account names, separated by commas; may be repeated."
    ),
]
For = Annotated[
    list[str] | None,
    typer.Option(
        "--for",
        metavar="NAMES",
        help="Platform names, separated by commas, or `all`; may be repeated.",
    ),
]

At = Annotated[
    str | None,
    typer.Option(
        "--at",
        metavar="TIME",
        help="When: an ISO 8601 time such as 2026-12-01T09:00+01:00, or '2026-12-01 09:00' in "
        "--zone or else in each account's own zone.",
    ),
]
Zone = Annotated[
    str | None,
    typer.Option("--zone", metavar="ZONE", help="The IANA zone of --at, such as Europe/Berlin."),
]
Queue = Annotated[
    str | None,
    typer.Option(
        "--queue", metavar="NAME", help="At the next free slot of this queue of each account."
    ),
]
Late = Annotated[
    LatePolicy | None,
    typer.Option("--late", help="If it gets late: post it all the same, skip it, or ask."),
]
Grace = Annotated[
    str | None,
    typer.Option("--grace", metavar="LENGTH", help="How late is still in time, such as 15m or 2h."),
]


def wish_of(
    *,
    at: str | None,
    zone: str | None,
    queue: str | None = None,
    late: LatePolicy | None = None,
    grace: str | None = None,
    now: bool = False,
) -> Wish | None:
    """Return when something should go out, None when nothing was said about it."""
    from copydesk.work.deliveries.times import Wish

    if now and (at or queue):
        raise typer.BadParameter("say --now, --at or --queue, and not two of them")
    if now:
        return Wish()
    if not (at or zone or queue or late or grace):
        return None
    length = read_length(grace, "grace") if grace else None
    return Wish(at=at or "", zone=zone or "", queue=queue or "", late=late, grace=length)


def names(given: list[str] | None) -> list[str]:
    """Return the names in comma-separated, repeatable options, in order and once each."""
    parts = (part.strip() for option in given or () for part in option.split(","))
    return list(dict.fromkeys(part for part in parts if part))


def take_home(home: Home = None) -> None:
    """Let `--home` stand before the verb too; the verb finds it there."""
