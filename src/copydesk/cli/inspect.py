"""`copydesk inspect`: look whether what was published still stands as published."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from copydesk.cli.options import AsJson, Home
from copydesk.cli.output import NOT_HEALTHY, run, show_table

if TYPE_CHECKING:
    from copydesk.distribution.inspection import Seen

#: How many posts are looked at in one go with --all.
_PAGE = 100


def inspect(
    ids: Annotated[
        list[str] | None,
        typer.Argument(metavar="DELIVERY…", help="Deliveries that went out, by id."),
    ] = None,
    all_: Annotated[bool, typer.Option("--all", help="Everything that is out.")] = False,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Look whether posts were changed or removed on their platforms. Changes nothing there.

    A running worker does this by itself an hour, a day and a week after publishing. Exits with 11
    when something was changed or removed.
    """
    from copydesk.config import find_home, load_settings
    from copydesk.core.standing import Stands
    from copydesk.work.deliveries.inspecting import inspect_now
    from copydesk.work.desk import open_desk

    if bool(ids) == all_:
        raise typer.BadParameter("name deliveries, or say --all")

    async def work() -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        async with open_desk(load_settings(find_home(home))) as desk:
            wanted = list(ids or ())
            before = ""
            while True:
                if all_:
                    async with desk.store.read() as unit:
                        wanted = await unit.aftercare.everything_out(
                            desk.workspace_id, before, _PAGE
                        )
                seen = await inspect_now(desk, wanted, actor="cli")
                async with desk.store.read() as unit:
                    names = {a.id: a.name for a in await unit.accounts.all(desk.workspace_id)}
                rows += [_row(one, names) for one in seen]
                if not all_ or len(wanted) < _PAGE:
                    return rows
                before = wanted[-1]

    rows = run(work())
    show_table(
        rows,
        as_json,
        ("delivery", "account", "standing", "about"),
        lambda r: (r["id"], r["account"], r["standing"], r["note"]),
        none="Nothing is out there to look at.",
    )
    if any(row["standing"] in {Stands.CHANGED, Stands.GONE} for row in rows):
        raise typer.Exit(NOT_HEALTHY)


def _row(seen: Seen, names: dict[str, str]) -> dict[str, Any]:
    from copydesk.core.standing import stands

    word, note = stands(seen.standing)
    delivery = seen.delivery
    return {
        "id": delivery.id,
        "post_id": delivery.post_id,
        "account": names.get(delivery.account_id, delivery.account_id),
        "url": delivery.url,
        "standing": word,
        "note": note,
        "inspected_at": delivery.inspected_at,
    }
