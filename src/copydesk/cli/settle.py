"""`copydesk settle`: say what became of a delivery that only a person can tell."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from copydesk.cli.options import AsJson, Home
from copydesk.cli.output import run, show
from copydesk.cli.publish import delivery_row


def settle(
    id: Annotated[str, typer.Argument(metavar="DELIVERY", help="A held, failed or blocked one.")],
    landed: Annotated[
        str | None, typer.Option(metavar="URL", help="It is there, at this address.")
    ] = None,
    send: Annotated[
        bool, typer.Option("--send", help="It is not there: send it. Look first: it may be.")
    ] = False,
    give_up: Annotated[bool, typer.Option("--give-up", help="Do not send it any more.")] = False,
    attempts: Annotated[
        int | None,
        typer.Option(
            min=0,
            metavar="N",
            help="How many tries `copydesk status` showed you: after another one nothing is done. "
            "Sending what may be there already asks for it.",
        ),
    ] = None,
    reason: Annotated[str, typer.Option(help="Why, for the history.")] = "",
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Settle a delivery: it landed, send it, or give it up."""
    from copydesk.config import find_home, load_settings
    from copydesk.core.errors import Conflict
    from copydesk.core.states import MAY_HAVE_LANDED
    from copydesk.work.deliveries.settling import WAITING, Decision, decide_delivery
    from copydesk.work.desk import open_desk

    if (landed is not None) + send + give_up != 1:
        raise typer.BadParameter("say one of --landed URL, --send, --give-up")
    decision = Decision.LANDED if landed is not None else Decision.SEND
    if give_up:
        decision = Decision.GIVE_UP

    async def work() -> dict[str, Any]:
        async with open_desk(load_settings(find_home(home))) as desk:
            async with desk.store.begin("cli") as unit:
                found = await unit.deliveries.get(id)
                may_be_there = found.state in WAITING and found.reason_code in MAY_HAVE_LANDED
                if send and attempts is None and may_be_there:
                    raise Conflict(
                        f"Delivery {id} may be there already: it was tried "
                        f"{found.attempts} {'time' if found.attempts == 1 else 'times'}, "
                        "and sending it again would make a duplicate. Nothing was done.",
                        remedy="Look at the platform. If it is not there: "
                        f"copydesk settle {id} --send --attempts {found.attempts}",
                    )
                await decide_delivery(
                    unit, id, decision, url=landed or "", reason=reason, attempts=attempts
                )
            async with desk.store.read() as unit:
                return await delivery_row(unit, await unit.deliveries.get(id))

    row = run(work())
    show(row, as_json, lambda: [f"{row['id']} is {row['state']}."])
