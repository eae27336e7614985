"""`copydesk metrics`: what platforms count about what was published."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from copydesk.cli.options import AsJson, Home
from copydesk.cli.output import columns, run, show

if TYPE_CHECKING:
    from copydesk.work.deliveries.measuring import Measured


def metrics(
    subject: Annotated[
        str, typer.Argument(metavar="POST|DELIVERY", help="A post (id or file), or a delivery.")
    ],
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Ask platforms for their numbers about a post: views, reactions, replies and so on.

    Asks now and keeps nothing. A thread has a line for each of its parts. Where a platform gives no
    numbers, that is said. --json has the platform's own answer as well.
    """
    from copydesk.config import find_home, load_settings
    from copydesk.work.deliveries.measuring import measure_delivery, measure_post
    from copydesk.work.deliveries.unpublishing import find_post
    from copydesk.work.desk import open_desk

    async def work() -> list[dict[str, Any]]:
        async with open_desk(load_settings(find_home(home))) as desk:
            if subject.startswith("dlv_"):
                found = [await measure_delivery(desk, subject, actor="cli")]
            else:
                post = await find_post(desk, subject)
                found = await measure_post(desk, post.id, actor="cli")
            return [_row(one) for one in found]

    rows = run(work())
    show(rows, as_json, lambda: _table(rows))


def _table(rows: list[dict[str, Any]]) -> list[str]:
    if not rows:
        return ["It stands nowhere, so there are no numbers."]
    lines: list[tuple[str, ...]] = []
    for row in rows:
        parts = row["parts"]
        if row["problem"] or not parts:
            lines.append((row["account"], "", row["problem"]))
        for number, part in enumerate(parts, start=1):
            which = f"{number} of {len(parts)}" if len(parts) > 1 else ""
            said = part["problem"] or _counted(part["counts"])
            lines.append((row["account"], which, said))
        if len(parts) > 1 and row["counts"]:
            lines.append((row["account"], "together", _counted(row["counts"])))
    return columns(lines, ("account", "part", "numbers"))


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{number} {name}" for name, number in counts.items()) or "none"


def _row(one: Measured) -> dict[str, Any]:
    return {
        "delivery": one.delivery.id,
        "post_id": one.delivery.post_id,
        "account": one.account.name,
        "platform": one.account.platform,
        "url": one.delivery.url,
        "counts": {kind.value: number for kind, number in one.counts.items()},
        "parts": [
            {
                "id": part.id,
                "url": part.url,
                "counts": {kind.value: number for kind, number in part.counts.items()},
                "raw": dict(part.raw),
                "problem": part.problem,
            }
            for part in one.parts
        ],
        "problem": one.problem,
    }
