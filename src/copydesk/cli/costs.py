"""`copydesk costs`: what models cost, how long they took, and what is left of their budgets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from copydesk.cli.options import AsJson, Home
from copydesk.cli.output import columns, run, show

if TYPE_CHECKING:
    from datetime import datetime

    from copydesk.work.models.costs import CostReport


def costs(
    by: Annotated[str, typer.Option(help="tier, model, capability or day.")] = "tier",
    since: Annotated[
        str, typer.Option(help="From this time (UTC) on; default: 30 days before --until.")
    ] = "",
    until: Annotated[str, typer.Option(help="Up to this time (UTC); default: now.")] = "",
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Show what calls to models cost: made, refused by the checks, failed, answered from memory.

    A cost in brackets is not all of it: the price of some calls is not known (`model_facts` states
    it). Budgets are set with `copydesk budgets set --models`.
    """
    from copydesk.config import find_home, load_settings
    from copydesk.work.desk import open_desk
    from copydesk.work.models.costs import By, report_costs

    if by not in set(By):
        raise typer.BadParameter(f"one of: {', '.join(By)}", param_hint="--by")

    async def work() -> CostReport:
        async with open_desk(load_settings(find_home(home))) as desk, desk.store.read() as unit:
            return await report_costs(
                unit,
                desk.workspace_id,
                by=By(by),
                since=_moment(since, "since"),
                until=_moment(until, "until"),
            )

    report = run(work())
    show(_data(report), as_json, lambda: _words(report))


def _moment(text: str, field: str) -> datetime | None:
    """Return the time given for `field`, None for none.

    Without a zone it is meant in UTC, as the days are that costs add up by.
    """
    from datetime import UTC, datetime

    from copydesk.core.errors import ContentInvalid
    from copydesk.core.findings import Finding

    if not text:
        return None
    try:
        # a day alone begins at midnight
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.utcoffset() is None else moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:  # what is no time, or beyond the calendar in UTC
        finding = Finding(
            code="time_invalid",
            field=field,
            message=f"{text!r} is neither a day nor an ISO 8601 time",
            remedy="Write it as 2026-11-01 or 2026-11-01T09:00+01:00.",
        )
        raise ContentInvalid([finding]) from error


def _data(report: CostReport) -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "since": report.since,
        "until": report.until,
        "by": report.by,
        "calls": report.calls,
        "remembered": report.saved,
        "cost_usd": report.cost_usd,
        "unpriced": report.unpriced,
        "lines": [asdict(line) for line in report.lines],
        "latency_ms": [asdict(line) for line in report.latencies],
        "budgets": [
            {
                "period": purse.period,
                "limit_usd": purse.limit / 1e6,
                "spent_usd": purse.spent / 1e6,
                "runs_low": purse.runs_low,
                "resets_at": purse.resets_at,
            }
            for purse in report.budgets
        ],
    }


def _words(report: CostReport) -> list[str]:
    from copydesk.core.money import dollars

    span = f"from {report.since:%Y-%m-%d %H:%M} to {report.until:%Y-%m-%d %H:%M} UTC"
    if not report.lines:
        lines = [f"No model was asked {span}."]
    else:
        lines = [
            f"{report.calls} calls {span}, {report.saved} more answered from memory.",
            "",
            *columns(
                [
                    (
                        line.key,
                        str(line.answered),
                        str(line.rejected),
                        str(line.failed),
                        str(line.remembered),
                        str(line.under_way),
                        f"{line.input_tokens:,} ({line.cached_tokens:,} kept by the server)",
                        f"{line.output_tokens:,}",
                        _cost(line.cost_usd, line.unpriced),
                    )
                    for line in report.lines
                ],
                (
                    report.by,
                    "used",
                    "rejected",
                    "failed",
                    "memory",
                    "open",
                    "tokens in",
                    "out",
                    "cost",
                ),
            ),
            "",
            f"together {_cost(report.cost_usd, report.unpriced)}"
            + (f"; the price of {report.unpriced} calls is not known" if report.unpriced else ""),
        ]
    if limited := sum(line.limited for line in report.lines):
        lines.append(f"{limited} of those that failed: the server wanted no calls just then")
    if report.latencies:
        rows = [
            (
                line.tier,
                str(line.calls),
                *(f"{ms:,.0f} ms" for ms in (line.p50, line.p95, line.p99)),
            )
            for line in report.latencies
        ]
        lines += ["", *columns(rows, ("tier", "answers", "half within", "95 %", "99 %"))]
    for purse in report.budgets:
        low = " (runs low)" if purse.runs_low else ""
        lines.append(
            f"{dollars(purse.spent)} of {purse.name}, are spent{low}; it begins anew at "
            f"{purse.resets_at:%Y-%m-%d %H:%M} UTC"
        )
    return lines


def _cost(known: float, unpriced: int) -> str:
    words = f"${known:,.4f}"
    return f"({words})" if unpriced else words
