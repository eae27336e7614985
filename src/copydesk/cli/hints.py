"""`copydesk review hints`: what would read better, and one step to have it so."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from copydesk.cli import reviewing as shared
from copydesk.cli.options import AsJson, Home
from copydesk.cli.output import run, show


def hints(
    id: Annotated[str, typer.Argument(metavar="ID", help="The review, or its post.")],
    accept: Annotated[
        int | None, typer.Option("--accept", help="Put this one right, by its number.")
    ] = None,
    as_: Annotated[str, typer.Option("--as", help="Who you are; default: your login name.")] = "",
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Show what would read better in the text as it is now; with --accept, have it so.

    What is put right is a suggestion of yours, which `undo` takes back.
    """
    from copydesk.config import find_home, load_settings
    from copydesk.work.desk import open_desk
    from copydesk.work.reviews.hinting import hints_of, take_hint
    from copydesk.work.reviews.reviewing import look_at

    async def work() -> list[dict[str, Any]]:
        async with open_desk(load_settings(find_home(home))) as desk:
            if accept is not None:
                made = await take_hint(desk, id, accept, actor=shared.actor(as_))
                return [shared.suggestion_row(one) for one in made]
            found = await hints_of(await look_at(desk, id))
            return [{name: getattr(h, name) for name in h.__dataclass_fields__} for h in found]

    rows = run(work())
    words = shared.suggestion_line if accept is not None else _line
    show(rows, as_json, lambda: [words(row) for row in rows] or ["Nothing would read better."])


def _line(row: dict[str, Any]) -> str:
    after = "" if row["after"] is None else f" → {row['after']!r}"
    return f"{row['number']:>4} {row['message']}: {row['before']!r}{after}"
