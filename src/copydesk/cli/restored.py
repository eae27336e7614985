"""`copydesk restored`: say that the database is an older one, before anything is sent from it."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from copydesk.cli.options import AsJson, Home
from copydesk.cli.output import run, show


def restored(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would happen; change nothing.")
    ] = False,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Say that the database was restored from a backup. Before `copydesk up` or `worker`.

    What has come due since may have gone out already: it is looked up, not sent.
    """
    from copydesk.config import find_home, load_settings
    from copydesk.work.deliveries.restoring import declare_restored
    from copydesk.work.desk import open_desk

    async def work() -> dict[str, Any]:
        async with open_desk(load_settings(find_home(home))) as desk:
            done = await declare_restored(desk, actor="cli", dry_run=dry_run)
            return {
                "dry_run": dry_run,
                "backed_up_at": done.backed_up_at,
                "looked_up": done.looked_up,
                "held": done.held,
            }

    show(found := run(work()), as_json, lambda: _words(found))


def _words(done: dict[str, Any]) -> list[str]:
    at = done["backed_up_at"]
    lines = [
        f"The last thing this database knows of happened at {at:%Y-%m-%d %H:%M:%S} UTC."
        if at
        else "This database knows of nothing that happened."
    ]
    for account, count in sorted(done["looked_up"].items()):
        lines.append(f"{account}: {count} due since then; looked up before anything is sent.")
    for account, count in sorted(done["held"].items()):
        lines.append(
            f"{account}: {count} due since then in several parts; a person has to look there."
        )
    if not done["looked_up"] and not done["held"]:
        lines.append("Nothing has come due since.")
    if done["dry_run"]:
        lines.append("Nothing was changed.")
    return lines
