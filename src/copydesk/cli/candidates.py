"""`copydesk review candidates` and `acceptance`: what people decide again and again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from copydesk.cli.opened import reading
from copydesk.cli.options import AsJson, Home
from copydesk.cli.output import run, shortened, show_table

if TYPE_CHECKING:
    from copydesk.store import UnitOfWork


def candidates(home: Home = None, as_json: AsJson = False) -> None:
    """List changes that may become a rule: accepted alike by 3 people, or 10 times."""
    from copydesk.editorial.candidates import candidates as found_in

    async def work(unit: UnitOfWork, workspace_id: str) -> list[dict[str, Any]]:
        return [
            {
                "before": one.change.before,
                "after": one.change.after,
                "intent": one.change.intent,
                "people": one.change.people,
                "accepted": one.change.accepted,
                "rejected": one.change.rejected,
                "because": one.because,
            }
            for one in await found_in(unit, workspace_id)
        ]

    rows = run(reading(home, work))
    show_table(
        rows,
        as_json,
        ("instead of", "always", "intent", "because"),
        lambda r: (
            shortened(repr(r["before"]), 40),
            shortened(repr(r["after"]), 40),
            r["intent"],
            r["because"],
        ),
        none="Nothing was accepted alike by 3 people, or 10 times, yet.",
    )


def acceptance(home: Home = None, as_json: AsJson = False) -> None:
    """Show how people take suggestions, by intent, origin and channel."""
    from copydesk.editorial.candidates import acceptance as found_in

    async def work(unit: UnitOfWork, workspace_id: str) -> list[dict[str, Any]]:
        return [
            {
                "intent": one.count.intent,
                "origin": one.count.origin,
                "channel": one.count.channel,
                "accepted": one.count.accepted,
                "edited": one.count.edited,
                "rejected": one.count.rejected,
                "share": one.share,
                "low": one.low,
                "high": one.high,
            }
            for one in await found_in(unit, workspace_id)
        ]

    rows = run(reading(home, work))
    show_table(
        rows,
        as_json,
        ("intent", "origin", "channel", "accepted", "edited", "rejected", "accepted as is"),
        lambda r: (
            r["intent"],
            r["origin"],
            r["channel"] or "?",
            str(r["accepted"]),
            str(r["edited"]),
            str(r["rejected"]),
            f"{r['share']:.0%} ({r['low']:.0%} to {r['high']:.0%})",
        ),
        none="Nobody has decided on a suggestion yet.",
    )
