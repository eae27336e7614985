"""`copydesk review agreement`: how far people agree who decided without knowing of each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from copydesk.cli.opened import reading
from copydesk.cli.options import AsJson, Home
from copydesk.cli.output import columns, run, show

if TYPE_CHECKING:
    from copydesk.editorial.agreement import Agreement, AgreementReport
    from copydesk.store import UnitOfWork


def agreement(
    since: Annotated[
        str | None,
        typer.Option("--since", help="Only decisions from this day on, such as 2026-11-01 (UTC)."),
    ] = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Show how far people agree on texts and suggestions that two of them decided on.

    kappa and alpha take away what chance alone would give: 1 is agreement, 0 is chance. The
    interval is alpha's, at 95 %. No check can be shown better than reviewers agree.
    """
    from copydesk.editorial.agreement import agreement_report
    from copydesk.work.deliveries.times import read_time

    moment = read_time(since, "UTC") if since else None

    async def work(unit: UnitOfWork, workspace_id: str) -> AgreementReport:
        return await agreement_report(unit, workspace_id, since=moment)

    found = run(reading(home, work))
    show(found, as_json, lambda: _words(found))


def _words(found: AgreementReport) -> list[str]:
    if not found.texts.n:
        return ["No text has been decided on by two people yet."]
    rows = [("texts", "", found.texts)]
    rows += [
        (name, value or "?", one)
        for name, group in found.by.items()
        for value, one in group.items()
    ]
    rows += [("suggestions", intent, one) for intent, one in found.suggestions.items()]
    return columns(
        [
            (name, value, str(one.n), _share(one.agreed), _number(one.kappa), _alpha(one))
            for name, value, one in rows
        ],
        ("of", "", "decided twice", "the same", "kappa", "alpha"),
    )


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.0%}"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _alpha(found: Agreement) -> str:
    if found.alpha is None or found.low is None or found.high is None:
        return "-"
    return f"{found.alpha:.2f} ({found.low:.2f} to {found.high:.2f})"
