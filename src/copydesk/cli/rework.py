"""`copydesk rework`: have written up again what no model could write."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from copydesk.cli.options import AsJson, Home
from copydesk.cli.output import columns, hint, run, shortened, show

if TYPE_CHECKING:
    from copydesk.work.writing.reworking import Reworked


def rework(
    ids: Annotated[
        list[str] | None,
        typer.Argument(metavar="POST", help="These; else all that no model could write."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would happen; change nothing.")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, help="Take at most this many.")] = 1000,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Write up again what the rules had to write while models were away or the money was spent.

    A running worker does it. The new text is checked like any other: where nothing speaks against
    it the question about it is taken back, else it is put anew. What a person has decided or
    changed is left alone. With POST anything held that came from a message is written up anew.
    """
    from copydesk.config import find_home, load_settings
    from copydesk.work.desk import open_desk
    from copydesk.work.writing.reworking import rework as rework_posts

    async def work() -> Reworked:
        async with open_desk(load_settings(find_home(home))) as desk:
            return await rework_posts(
                desk, tuple(ids or ()), dry_run=dry_run, limit=limit, actor="cli"
            )

    done = run(work())
    show(_data(done), as_json, lambda: _words(done))
    if done.more:
        hint(f"There are more than {limit}; run it again for the rest.")


def _data(done: Reworked) -> dict[str, Any]:
    return {
        "dry_run": done.dry_run,
        "queued": done.queued,
        "more": done.more,
        "posts": [
            {
                "post": one.post_id,
                "title": one.title,
                "because": one.because,
                "verdict": one.verdict,
            }
            for one in done.looked
        ],
    }


def _words(done: Reworked) -> list[str]:
    if not done.looked:
        return ["Nothing waits that a model should have written."]
    would = "would be" if done.dry_run else "are"
    rows = [
        (one.post_id, one.verdict.words, shortened(one.title, 40), shortened(one.because, 60))
        for one in done.looked
    ]
    return [
        *columns(rows, ("post", "what", "title", "why no model wrote it")),
        f"{done.queued} {would} written up again.",
    ]
