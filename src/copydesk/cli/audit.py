"""`copydesk audit`: what chance sends to a person, what was found, what goes out by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from copydesk.cli.opened import reading, writing
from copydesk.cli.options import AsJson, Home
from copydesk.cli.output import columns, run, show
from copydesk.core.checks import RiskClass

if TYPE_CHECKING:
    from copydesk.core.audit import AuditPolicy
    from copydesk.editorial.earning import Estimate, Standing
    from copydesk.store import UnitOfWork

app = typer.Typer(
    help="See what audits found, and which texts have earned going out by themselves.",
    no_args_is_help=True,
)


@app.command()
def status(home: Home = None, as_json: AsJson = False) -> None:
    """Show every class of texts: what people found, and what it still takes to go out by itself.

    `at most` is the one-sided 95 % Clopper-Pearson bound, right for one look at a number of texts
    fixed beforehand. `evidence` may be looked at at any time: with 20 a class has earned it.
    """
    from copydesk.editorial.auditing import audit_report

    async def work(unit: UnitOfWork, workspace_id: str) -> dict[str, Any]:
        report = await audit_report(unit, workspace_id)
        return {
            "approve": report.approve,
            "policy": _policy(report.policy),
            "estimate": _estimate(report.estimate),
            "classes": [_standing(found) for found in report.standings],
        }

    found = run(reading(home, work))
    show(found, as_json, lambda: _status_words(found))


@app.command()
def policy(
    share: Annotated[
        float | None,
        typer.Option("--share", help="Which share of what goes out by itself is looked at."),
    ] = None,
    second: Annotated[
        float | None,
        typer.Option("--second", help="Which share of decisions another person takes as well."),
    ] = None,
    low: Annotated[
        float | None,
        typer.Option("--low", help="Share of bad ones put up with at low risk; default 0.05."),
    ] = None,
    medium: Annotated[
        float | None,
        typer.Option("--medium", help="The same at medium risk; default 0.02."),
    ] = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Show what is looked at, and change what is given. High risk always goes to a person."""
    from copydesk.editorial.auditing import change_policy

    targets = {
        risk: target
        for risk, target in ((RiskClass.LOW, low), (RiskClass.MEDIUM, medium))
        if target is not None
    }

    async def work(unit: UnitOfWork, workspace_id: str) -> dict[str, Any]:
        return _policy(
            await change_policy(
                unit, workspace_id, audit_share=share, second_share=second, targets=targets
            )
        )

    found = run(writing(home, work))
    show(found, as_json, lambda: _policy_words(found))


@app.command()
def restart(
    reason: Annotated[str, typer.Option("--reason", help="Why, for the history.")],
    channel: Annotated[str, typer.Option(help="Only texts of this channel.")] = "",
    language: Annotated[str, typer.Option(help="Only texts in this language.")] = "",
    risk: Annotated[RiskClass | None, typer.Option(help="Only texts of this risk.")] = None,
    writer: Annotated[str, typer.Option(help="Only texts by this writer, as status says.")] = "",
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Send classes back to a person and let them count anew; without options, all of them.

    For a changed style guide or check. A new prompt or model counts by itself.
    """
    from copydesk.editorial.auditing import restart_earning

    fitting = {
        "channel": channel,
        "language": language,
        "risk": risk.value if risk else "",
        "writer": writer,
    }

    async def work(unit: UnitOfWork, workspace_id: str) -> dict[str, Any]:
        await restart_earning(unit, workspace_id, reason, **fitting)
        return {"restarted": fitting, "reason": reason}

    done = run(writing(home, work))
    named = ", ".join(f"{key} {value}" for key, value in fitting.items() if value) or "everything"
    show(done, as_json, lambda: [f"Counting anew: {named}."])


# -- rows and words -------------------------------------------------------------------------------


def _policy(policy: AuditPolicy) -> dict[str, Any]:
    return {
        "audit_share": policy.audit_share,
        "second_share": policy.second_share,
        "targets": {risk.value: target for risk, target in policy.targets.items()},
    }


def _estimate(found: Estimate) -> dict[str, Any]:
    return {name: getattr(found, name) for name in found.__dataclass_fields__}


def _standing(standing: Standing) -> dict[str, Any]:
    cls, tally = standing.cls, standing.tally
    return {
        "channel": cls.channel,
        "language": cls.language,
        "risk": cls.risk.value,
        "writer": cls.writer,
        "earned": standing.is_earned,
        "judged": tally.judged,
        "bad": tally.faulted,
        "waiting": tally.waiting,
        "passed_over": tally.passed_over,
        "since": tally.since,
        "target": standing.target,
        "bound": standing.bound,
        "evidence": standing.evidence,
        "lacking": standing.lacking,
    }


def _policy_words(policy: dict[str, Any]) -> list[str]:
    return [
        f"{policy['audit_share']:.1%} of what goes out by itself is looked at, more of what is "
        "rare.",
        f"{policy['second_share']:.1%} of decisions another person takes as well.",
        *(
            f"At {risk} risk fewer than {target:.1%} bad ones have to be proved."
            for risk, target in policy["targets"].items()
        ),
    ]


def _status_words(found: dict[str, Any]) -> list[str]:
    lines = [f"Approval in this workspace: {found['approve']}.", *_policy_words(found["policy"])]
    whole = found["estimate"]
    if whole["share"] is not None:
        lines.append(
            f"Bad among what may go out by itself: {whole['share']:.1%} "
            f"(95 %: {whole['low']:.1%} to {whole['high']:.1%}), from {whole['judged']} judged "
            f"standing for {whole['standing_for']:.0f}."
        )
    if not found["classes"]:
        return [*lines, "No text has been one to go out by itself yet."]
    rows = [
        (
            row["channel"] or "?",
            row["language"] or "?",
            row["risk"],
            row["writer"],
            f"{row['bad']}/{row['judged']}",
            str(row["waiting"]),
            f"{row['bound']:.1%}",
            f"{min(row['evidence'], 999.0):.1f}",
            "yes" if row["earned"] else f"{row['lacking']} more good ones",
        )
        for row in found["classes"]
    ]
    heads = (
        "channel",
        "language",
        "risk",
        "writer",
        "bad",
        "waiting",
        "at most",
        "evidence",
        "earned",
    )
    return [*lines, "", *columns(rows, heads)]
