"""`copydesk drift`: what is watched for getting worse, and alarms about it."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from copydesk.cli.options import AsJson, Home
from copydesk.cli.output import columns, run, shortened, show


def drift(
    close: Annotated[
        str, typer.Option(metavar="ALARM", help="Close this alarm: somebody has dealt with it.")
    ] = "",
    reason: Annotated[str, typer.Option(help="With --close: what was found.")] = "",
    all_: Annotated[bool, typer.Option("--all", help="Closed alarms too.")] = False,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Show alarms, and every stream of results with how near it is to one.

    While an alarm is open a person looks at everything of its channel and language.
    """
    from copydesk.config import find_home, load_settings
    from copydesk.work.desk import open_desk
    from copydesk.work.drift.drifting import Drifting, close_alarm, report_drift

    async def work() -> Drifting:
        async with (
            open_desk(load_settings(find_home(home))) as desk,
            desk.store.begin("cli") as unit,
        ):
            if close:
                await close_alarm(unit, desk.workspace_id, close, reason)
            return await report_drift(unit, desk.workspace_id, closed_too=all_)

    report = run(work())
    data = {
        "alarms": [
            {
                "id": a.id,
                "state": a.state,
                "watched": a.watched,
                "channel": a.channel,
                "language": a.language,
                "prompt_version": a.prompt_version,
                "model": a.model,
                "message": a.message,
                "opened_at": a.opened_at,
                "closed_at": a.closed_at,
                "closed_by": a.closed_by,
                "closed_because": a.closed_because,
            }
            for a in report.alarms
        ],
        "streams": [
            {
                "watched": w.stream.watched,
                "channel": w.stream.channel,
                "language": w.stream.language,
                "prompt_version": w.stream.prompt_version,
                "model": w.stream.model,
                "checks": w.stream.checks,
                "items": w.stream.items,
                "level": w.level,
                "depth": w.depth,
                "changed_at": w.stream.changed_at,
            }
            for w in report.streams
        ],
    }
    show(data, as_json, lambda: _words(report))


def _words(report: Any) -> list[str]:
    lines = [
        f"{a.state}  {a.id}  {a.opened_at:%Y-%m-%d %H:%M} UTC  {a.message}" for a in report.alarms
    ] or ["No alarms."]
    if not report.streams:
        return [*lines, "Nothing is watched yet: it begins with the first message."]
    rows = [
        (
            w.stream.watched,
            w.stream.channel,
            w.stream.language or "?",
            shortened(f"{w.stream.prompt_version} {w.stream.model}".strip(), 40),
            str(w.stream.items),
            "learning" if w.level is None else f"{w.level:.3f}",
            f"{w.depth:.0%}",
        )
        for w in report.streams
    ]
    heads = ("watched", "channel", "language", "writer", "items", "level", "towards an alarm")
    return [*lines, "", *columns(rows, heads)]
