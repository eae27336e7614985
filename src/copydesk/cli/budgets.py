"""`copydesk budgets`: how many calls and how much money are left, and until when."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from copydesk.cli.options import AsJson, Home
from copydesk.cli.output import columns, run, show

app = typer.Typer(
    help="Show rate budgets and what is closed; show and set what may be spent.",
    no_args_is_help=True,
)


@app.command("list")
def list_(home: Home = None, as_json: AsJson = False) -> None:
    """List what is used and left of every rate limit, what is closed and why, and the money."""
    from copydesk.config import find_home, load_settings
    from copydesk.work.accounts.budgeting import report_budgets
    from copydesk.work.desk import open_desk

    async def work() -> Any:
        async with open_desk(load_settings(find_home(home))) as desk, desk.store.read() as unit:
            return await report_budgets(unit, desk.workspace_id)

    report = run(work())
    show(report, as_json, lambda: [*_rates(report.rates), *_money(report.money)])


@app.command("set")
def change(
    account: Annotated[
        str, typer.Option("--account", help="The account; without it the whole workspace.")
    ] = "",
    daily: Annotated[
        str, typer.Option(help="Dollars a day (UTC), such as 5 or 0.50; `none`: no limit.")
    ] = "",
    monthly: Annotated[
        str, typer.Option(help="Dollars a calendar month (UTC); `none`: no limit.")
    ] = "",
    models: Annotated[
        bool, typer.Option("--models", help="What may be spent on models, not on platforms.")
    ] = False,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Set what may be spent on platforms that charge for posts, or on models.

    Without a budget spending is only recorded. A post that a budget does not cover waits for the
    next period; raising it lets that go on at once. A message that could not be sent to a model is
    left to the rules and a person; `copydesk rework` has it written again.
    """
    from copydesk.config import find_home, load_settings
    from copydesk.core.money import Period
    from copydesk.work.accounts.budgeting import SpentOn, report_budgets, set_budget
    from copydesk.work.desk import open_desk

    amounts = {Period.DAY: daily, Period.MONTH: monthly}
    given = {period: amount for period, amount in amounts.items() if amount}
    spent_on = SpentOn.MODELS if models else SpentOn.PLATFORMS
    if not given:
        raise typer.BadParameter("give --daily or --monthly, in dollars or `none`")

    async def work() -> Any:
        async with open_desk(load_settings(find_home(home))) as desk:
            async with desk.store.begin("cli") as unit:
                for period, amount in given.items():
                    wanted = None if amount == "none" else amount
                    await set_budget(unit, desk.workspace_id, account, period, wanted, spent_on)
            async with desk.store.read() as unit:
                return (await report_budgets(unit, desk.workspace_id)).money

    money = run(work())
    show(money, as_json, lambda: _money(money) or ["No budget: spending is only recorded."])


def _rates(lines: Any) -> list[str]:
    if not lines:
        return ["No account is on a platform that names a rate limit, and nothing is closed."]
    return columns(
        [
            (
                ", ".join(line.accounts),
                line.scope,
                line.name,
                f"{line.used} of {line.calls} in {line.seconds} s" if line.calls else "",
                str(line.left) if line.calls else "",
                _time(line.resets_at),
                f"{_time(line.closed_until)}: {line.closed_because}" if line.closed_until else "",
            )
            for line in lines
        ],
        ("accounts", "scope", "limit", "used", "left", "resets", "closed until"),
    )


def _money(lines: Any) -> list[str]:
    from copydesk.core.money import dollars

    if not lines:
        return []
    rows = [
        (
            line.account or "(workspace)",
            line.spent_on,
            line.period,
            dollars(line.spent),
            "no limit" if line.limit is None else dollars(line.limit),
            "" if line.left is None else dollars(line.left),
            _time(line.resets_at),
        )
        for line in lines
    ]
    return ["", *columns(rows, ("account", "on", "period", "spent", "budget", "left", "resets"))]


def _time(moment: Any) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC" if moment else ""
