"""`copydesk redrive`: send again what had stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from copydesk.cli.options import AsJson, Home, names
from copydesk.cli.output import columns, hint, run, shortened, show

if TYPE_CHECKING:
    from copydesk.work.deliveries.redriving import Redriven

_VERDICTS = {
    "sent": "sent again",
    "may-have-landed": "left alone: it may have landed; say --did-not-land of each by itself",
    "account-blocked": "left alone: its account is blocked; mend it, then test it",
    "account-removed": "left alone: its account was removed",
    "in-review": "left alone: its post is in review; decide that",
    "not-waiting": "left alone: it does not wait for anybody",
}


def redrive(
    ids: Annotated[
        list[str] | None, typer.Argument(metavar="DELIVERY", help="These; else all that fit.")
    ] = None,
    state: Annotated[
        list[str] | None,
        typer.Option(help="failed (the default), held, blocked, expired; may be repeated."),
    ] = None,
    account: Annotated[str, typer.Option(help="Only those of this account.")] = "",
    platform: Annotated[str, typer.Option(help="Only those of this platform.")] = "",
    reason_code: Annotated[str, typer.Option(help="Only with this reason code.")] = "",
    post: Annotated[str, typer.Option(help="Only those of this post.")] = "",
    since: Annotated[str, typer.Option(help="Only what stopped from this time on.")] = "",
    until: Annotated[str, typer.Option(help="Only what stopped before this time.")] = "",
    did_not_land: Annotated[
        bool,
        typer.Option("--did-not-land", help="You have looked: this one delivery is not there."),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would happen; change nothing.")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, help="Send at most this many.")] = 1000,
    reason: Annotated[str, typer.Option(help="Why, for the history.")] = "",
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Send again what had stopped, one or many, at the pace of its platform.

    What may have landed already is never sent with others: look at the platform, then name it with
    --did-not-land. `copydesk redrive --dry-run` lists what failed.
    """
    from copydesk.config import find_home, load_settings
    from copydesk.core.states import DeliveryState
    from copydesk.store.letters import Wanted
    from copydesk.work.deliveries.redriving import redrive as redrive_deliveries
    from copydesk.work.deliveries.times import parse_time
    from copydesk.work.desk import open_desk

    try:
        states = tuple(DeliveryState(name) for name in names(state))
    except ValueError as error:
        told = "say failed, held, blocked or expired"
        raise typer.BadParameter(told, param_hint="--state") from error

    async def work() -> Redriven:
        wanted = Wanted(
            states=states,
            account=account,
            platform=platform,
            reason_code=reason_code,
            post_id=post,
            since=parse_time(since, "since") if since else None,
            until=parse_time(until, "until") if until else None,
        )
        async with open_desk(load_settings(find_home(home))) as desk:
            return await redrive_deliveries(
                desk,
                wanted,
                ids=ids or (),
                did_not_land=did_not_land,
                dry_run=dry_run,
                limit=limit,
                reason=reason,
                actor="cli",
            )

    done = run(work())
    show(_row(done), as_json, lambda: _words(done))
    if not as_json and done.more:
        hint("There is more: run it again for the rest.")


def _row(done: Redriven) -> dict[str, Any]:
    return {
        "dry_run": done.dry_run,
        "counts": dict(done.counts),
        "more": done.more,
        "items": [
            {
                "id": one.delivery.id,
                "account": one.account,
                "platform": one.platform,
                "state": one.delivery.state,
                "reason_code": one.delivery.reason_code,
                "reason": one.delivery.reason,
                "verdict": one.verdict,
                "wake_at": one.wake_at,
            }
            for one in done.looked
        ],
    }


def _words(done: Redriven) -> list[str]:
    if not done.counts:
        return ["Nothing waits that fits."]
    table = columns(
        [
            (
                one.delivery.id,
                one.account,
                one.delivery.state,
                one.verdict,
                f"{one.wake_at:%Y-%m-%d %H:%M:%S}Z" if one.wake_at else "",
                shortened(one.delivery.reason, 80),
            )
            for one in done.looked
        ],
        ("delivery", "account", "state", "verdict", "goes out", "reason"),
    )
    would = "would be " if done.dry_run else ""
    totals = [f"{n} {would}{_VERDICTS[verdict]}" for verdict, n in done.counts.items()]
    hidden = sum(done.counts.values()) - len(done.looked)
    return [*table, *([f"… and {hidden} more"] if hidden else []), *totals]
