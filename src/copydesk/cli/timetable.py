"""`copydesk timetable`: when an account may be posted to."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from copydesk.cli.options import AsJson, Home
from copydesk.cli.output import run, show
from copydesk.core.timetable import LatePolicy

app = typer.Typer(help="When an account may be posted to.", no_args_is_help=True)

Account = Annotated[str, typer.Argument(metavar="ACCOUNT", help="The account's name.")]


@app.command("show")
def show_(account: Account, home: Home = None, as_json: AsJson = False) -> None:
    """Show an account's timetable."""
    from copydesk.config import find_home, load_settings
    from copydesk.core.timetable import Timetable
    from copydesk.work.deliveries.timetables import in_words
    from copydesk.work.desk import open_desk

    async def work() -> dict[str, Any]:
        async with open_desk(load_settings(find_home(home))) as desk, desk.store.read() as unit:
            found = await unit.accounts.by_name(desk.workspace_id, account)
            return {"account": found.name, **in_words(found.timetable or Timetable())}

    found = run(work())
    show(found, as_json, lambda: _lines(found))


@app.command("set")
def set_(
    account: Account,
    zone: Annotated[
        str | None, typer.Option("--zone", help="The IANA zone of its clock, as Europe/Berlin.")
    ] = None,
    window: Annotated[
        list[str] | None,
        typer.Option("--window", help="Open at `mon-fri 09:00-17:30`; may be repeated."),
    ] = None,
    quiet: Annotated[
        list[str] | None,
        typer.Option("--quiet", help="Quiet at `daily 22:00-07:00`; may be repeated."),
    ] = None,
    blackout: Annotated[
        list[str] | None,
        typer.Option(
            "--blackout", help="Shut at `2026-12-24..2026-12-27 reason`; may be repeated."
        ),
    ] = None,
    spacing: Annotated[
        str | None, typer.Option("--spacing", help="The least time between posts, as 30m.")
    ] = None,
    late: Annotated[
        LatePolicy | None,
        typer.Option("--late", help="What gets late is posted all the same, skipped, or asked."),
    ] = None,
    grace: Annotated[
        str | None, typer.Option("--grace", help="How late is still in time, as 15m.")
    ] = None,
    queue: Annotated[
        list[str] | None,
        typer.Option("--queue", help="Slots as `news: mon-fri 09:00,17:30`; may be repeated."),
    ] = None,
    clear: Annotated[
        list[str] | None,
        typer.Option("--clear", help="Take away windows, quiet, blackouts or queues."),
    ] = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Change an account's timetable; what is not given stays.

    A list that is given replaces the one before. What waits for the account is looked at again.
    """
    from copydesk.config import find_home, load_settings
    from copydesk.work.deliveries.timetables import TimetableForm, in_words, set_timetable
    from copydesk.work.desk import open_desk

    lists = {"windows": window, "quiet": quiet, "blackouts": blackout, "queues": queue}
    for name in clear or []:
        if name not in lists:
            raise typer.BadParameter(f"--clear takes {', '.join(lists)}")
        lists[name] = lists[name] or []
    form = TimetableForm(zone=zone, spacing=spacing, late=late, grace=grace, **lists)

    async def work() -> dict[str, Any]:
        async with (
            open_desk(load_settings(find_home(home))) as desk,
            desk.store.begin("cli") as unit,
        ):
            changed = await set_timetable(unit, desk.workspace_id, account, form)
            assert changed.timetable is not None
            return {"account": changed.name, **in_words(changed.timetable)}

    found = run(work())
    show(found, as_json, lambda: _lines(found))


def _lines(found: dict[str, Any]) -> list[str]:
    lines = [f"{found['account']}: {found['zone']}"]
    for name in ("windows", "quiet", "blackouts", "queues"):
        lines += [f"  {name}: {line}" for line in found[name]]
    lines += [] if found["windows"] else ["  windows: always"]
    lines += [f"  spacing: {found['spacing']}"] if found["spacing"] != "0" else []
    lines.append(f"  late: {found['late']}, after {found['grace']}")
    return lines
