"""`copydesk unpublish`: take down what was published."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from copydesk.cli.options import AsJson, Home, Timeout, Wait, names
from copydesk.cli.output import (
    NOT_DELIVERED,
    NOT_SETTLED,
    hint,
    log_to_stderr,
    run,
    show_table,
)

if TYPE_CHECKING:
    from copydesk.work.deliveries.unpublishing import Withdrawal


def unpublish(
    subject: Annotated[
        str, typer.Argument(metavar="FILE|POST", help="The Markdown file, or the post's id.")
    ],
    on: Annotated[
        list[str] | None,
        typer.Option("--on", help="Only there: account names, separated by commas."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what it would do.")] = False,
    wait: Wait = False,
    timeout: Timeout = 120.0,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Take a post down wherever it is, or on some accounts.

    What was not sent yet is cancelled; what stands is deleted, exactly once. If any account cannot
    delete it, nothing is changed anywhere. Publishing it again later makes a new post.
    """
    from copydesk.config import find_home, load_settings
    from copydesk.core.states import SETTLED, DeliveryState
    from copydesk.work.deliveries.publishing import settled
    from copydesk.work.deliveries.unpublishing import find_post, plan_withdrawals
    from copydesk.work.deliveries.unpublishing import unpublish as unpublish_post
    from copydesk.work.desk import open_desk
    from copydesk.work.health import measure
    from copydesk.work.worker import working

    log_to_stderr(verbose=False)

    async def work() -> list[dict[str, Any]]:
        async with open_desk(load_settings(find_home(home))) as desk:
            post = await find_post(desk, subject)
            if dry_run:
                async with desk.store.read() as unit:
                    return [_row(plan) for plan in await plan_withdrawals(unit, post, names(on))]
            async with desk.store.begin("cli") as unit:
                done = await unpublish_post(unit, post, names(on))
            rows = [_row(plan) for plan in done]
            ids = [plan.delivery.id for plan in done if plan.delivery]
            if wait and ids:
                async with working(desk, "cli"):
                    found = {d.id: d for d in await settled(desk, ids, timeout=timeout)}
                for row in rows:
                    if delivery := found.get(row["delivery"]):
                        row |= {"state": delivery.state, "reason": delivery.reason or row["reason"]}
            elif ids and not (await measure(desk)).workers:
                hint("No worker is running: `copydesk up` does what is due, and so does --wait.")
            return rows

    rows = run(work())
    show_table(
        rows,
        as_json,
        ("account", "change", "state", "about"),
        lambda r: (r["account"], r["change"], r["state"], r["reason"]),
        none="It never went to any account.",
    )
    if dry_run and any(row["change"] == "refuse" for row in rows):
        raise typer.Exit(4)
    if wait and any(row["delivery"] and row["state"] not in set(SETTLED) for row in rows):
        raise typer.Exit(NOT_SETTLED)
    if wait and any(row["delivery"] and row["state"] != DeliveryState.DELIVERED for row in rows):
        raise typer.Exit(NOT_DELIVERED)


def _row(plan: Withdrawal) -> dict[str, Any]:
    remedy = f" {plan.finding.remedy}" if plan.finding and plan.finding.remedy else ""
    return {
        "account": plan.account.name,
        "recipient": plan.recipient,
        "change": plan.taken.value,
        "cancelled": [delivery.id for delivery in plan.pending],
        "delivery": plan.delivery.id if plan.delivery else "",
        "state": plan.delivery.state if plan.delivery else "",
        "reason": f"{plan.note}{remedy}",
    }
