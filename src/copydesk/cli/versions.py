"""`copydesk accounts version` and `wait-for-link`: how one account goes about its work."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from copydesk.cli.options import AsJson, Home
from copydesk.cli.output import columns, run, show


def version(
    name: Annotated[str, typer.Argument(help="The account's name.")],
    to: Annotated[str, typer.Option(metavar="VERSION", help="Use this one from now on.")] = "",
    back: Annotated[bool, typer.Option("--back", help="Use the pinned one again.")] = False,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Show which versions of its platform's API an account can use, or move it to one.

    Move one account first and watch it; --back takes it back. What was prepared already is sent
    with the version it was prepared for.
    """
    from copydesk.config import find_home, load_settings
    from copydesk.work.accounts.versions import known_versions, move_to_version
    from copydesk.work.desk import open_desk

    if to and back:
        raise typer.BadParameter("say --to VERSION or --back")

    async def work() -> list[dict[str, Any]]:
        async with open_desk(load_settings(find_home(home))) as desk:
            if to or back:
                await move_to_version(desk, name, to, actor="cli")
            return [
                {
                    "version": entry.version.version,
                    "in_use": entry.in_use,
                    "pinned": entry.pinned,
                    "released": entry.version.released,
                    "sunset": entry.version.sunset,
                    "source": entry.version.source,
                }
                for entry in await known_versions(desk, name)
            ]

    rows = run(work())
    show(
        rows,
        as_json,
        lambda: columns(
            [
                (
                    r["version"],
                    "in use" if r["in_use"] else "",
                    "pinned" if r["pinned"] else "",
                    str(r["sunset"] or "not announced"),
                )
                for r in rows
            ],
            ("version", "", "", "ends"),
        ),
    )


def wait_for_link(
    name: Annotated[str, typer.Argument(help="The account's name.")],
    wait: Annotated[bool, typer.Argument(help="true or false.")],
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Say whether an account's posts wait until the page they link to is there."""
    from copydesk.config import find_home, load_settings
    from copydesk.work.desk import open_desk

    async def work() -> dict[str, Any]:
        async with (
            open_desk(load_settings(find_home(home))) as desk,
            desk.store.begin("cli") as unit,
        ):
            account = await unit.accounts.by_name(desk.workspace_id, name)
            reason = "waits for links" if wait else "waits for no link"
            account = await unit.accounts.adjust(account, wait_for_link=wait, reason=reason)
            return {"name": account.name, "wait_for_link": account.wait_for_link}

    done = run(work())
    words = "waits until pages are there" if done["wait_for_link"] else "waits for no page"
    show(done, as_json, lambda: [f"{name} {words}."])
