"""`copydesk publish`: send a Markdown file to accounts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from copydesk.cli.options import (
    AsJson,
    At,
    Grace,
    Home,
    Late,
    Queue,
    Timeout,
    To,
    Wait,
    Zone,
    names,
    wish_of,
)
from copydesk.cli.output import (
    NOT_DELIVERED,
    NOT_SETTLED,
    columns,
    describe,
    hint,
    log_to_stderr,
    run,
    show,
)

if TYPE_CHECKING:
    from copydesk.core.delivery import Delivery
    from copydesk.core.timing import Timing
    from copydesk.store import UnitOfWork


def publish(
    file: Annotated[Path, typer.Argument(metavar="FILE.md", help="A Markdown file.")],
    to: To = None,
    at: At = None,
    zone: Zone = None,
    queue: Queue = None,
    now: Annotated[
        bool, typer.Option("--now", help="Now, whatever the file's front matter says.")
    ] = False,
    late: Late = None,
    grace: Grace = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace even what was changed or removed there.")
    ] = False,
    wait: Wait = False,
    timeout: Timeout = 120.0,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Send a Markdown file to accounts, each exactly once.

    If any account would refuse it, nothing is sent anywhere. The same file again sends only what
    has changed. With --wait the work is done here; else `copydesk up` or `copydesk worker` does it.
    """
    from copydesk.config import find_home, load_settings
    from copydesk.core.states import SETTLED, DeliveryState
    from copydesk.work.deliveries.manuscripts import read_manuscript
    from copydesk.work.deliveries.publishing import publish as publish_manuscript
    from copydesk.work.deliveries.publishing import settled
    from copydesk.work.desk import open_desk
    from copydesk.work.health import measure
    from copydesk.work.worker import working

    log_to_stderr(verbose=False)

    async def work() -> list[dict[str, Any]]:
        wish = wish_of(at=at, zone=zone, queue=queue, late=late, grace=grace, now=now)
        manuscript = await read_manuscript(file)
        async with open_desk(load_settings(find_home(home))) as desk:
            done = await publish_manuscript(
                desk, manuscript, names(to), wish=wish, overwrite=overwrite, actor="cli"
            )
            for finding in done.findings:
                typer.echo(f"{finding.severity}: {describe(finding)}", err=True)
            deliveries = list(done.deliveries)
            if wait:
                async with working(desk, "cli"):
                    deliveries = await settled(desk, [d.id for d in deliveries], timeout=timeout)
            elif all(delivery.state is DeliveryState.DELIVERED for delivery in deliveries):
                hint("All of it is out as it stands: nothing is sent again.")
            elif not (await measure(desk)).workers:
                hint("No worker is running: `copydesk up` sends what is due, and so does --wait.")
            async with desk.store.read() as unit:
                timings = await unit.schedules.timings([d.id for d in deliveries])
                for note in dict.fromkeys(t.note for t in timings.values() if t.note):
                    hint(f"note: {note}")
                return [
                    await delivery_row(unit, delivery, timings.get(delivery.id))
                    for delivery in deliveries
                ]

    rows = run(work())
    show(
        rows,
        as_json,
        lambda: columns(
            [(r["account"], r["state"], r["url"] or r["id"], _when(r), r["reason"]) for r in rows],
            ("account", "state", "url or delivery", "when", "reason"),
        ),
    )
    if wait and any(row["state"] not in set(SETTLED) for row in rows):
        raise typer.Exit(NOT_SETTLED)
    if wait and any(row["state"] != DeliveryState.DELIVERED for row in rows):
        raise typer.Exit(NOT_DELIVERED)


def _when(row: dict[str, Any]) -> str:
    from copydesk.core.zones import written

    # not the time as asked for: the clocks may skip it
    return written(row["due_at"], row["zone"]) if row["asked"] else ""


async def delivery_row(
    unit: UnitOfWork, delivery: Delivery, timing: Timing | None = None
) -> dict[str, Any]:
    """Return a delivery as the JSON row that `publish` and `status` print.

    `timing` is what is known of how its time was asked for.
    """
    from copydesk.core.delivery import part_total, parts_out

    account = await unit.accounts.get(delivery.account_id)
    return {
        "id": delivery.id,
        "post_id": delivery.post_id,
        "account": account.name,
        "platform": account.platform,
        "recipient": delivery.recipient,
        "action": delivery.action,
        "state": delivery.state,
        "due_at": delivery.due_at,
        "asked": timing.asked if timing else "",
        "zone": timing.zone if timing else "",
        "note": timing.note if timing else "",
        "queue": timing.queue if timing else "",
        "remote_id": delivery.remote_id,
        "url": delivery.url,
        "parts": [{"id": part.id, "url": part.url} for part in parts_out(delivery.handles)],
        "parts_total": part_total(delivery.handles),
        "attempts": delivery.attempts,
        "reason_code": delivery.reason_code,
        "reason": delivery.reason,
        "remedy": delivery.remedy,
        "standing": delivery.standing,
        "standing_note": delivery.standing_note,
        "inspected_at": delivery.inspected_at,
    }
