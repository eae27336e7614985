"""The `copydesk` command: one function per verb, each a thin face of a use case."""

from __future__ import annotations

import typer

from copydesk.cli import (
    accounts,
    agreement,
    audit,
    budgets,
    calibrate,
    candidates,
    check,
    checking,
    consent,
    conversation,
    costs,
    counting,
    drift,
    estimate,
    evaluating,
    export,
    feeds,
    hints,
    ingest,
    inspect,
    metrics,
    operating,
    options,
    parse,
    platforms,
    probe,
    project,
    publish,
    redrive,
    release,
    removing,
    rendering,
    restored,
    review,
    rework,
    running,
    schedule,
    settle,
    status,
    style,
    timetable,
    transform,
    unpublish,
    vault,
    versions,
    webhooks,
)

EXIT_CODES = """
Exit codes: 0 done · 1 internal error · 2 wrong usage · 3 configuration · 4 content or input
refused · 5 not found · 6 conflict · 7 not allowed · 8 database unavailable · 9 not settled in
time · 10 settled, but not everything was delivered · 11 not healthy · 12 replayed cases failed.
"""

app = typer.Typer(
    name="copydesk",
    help="Carry content from messy messages to published pages, exactly once.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode=None,
)

for _group in (
    app,
    schedule.app,
    schedule.series_app,
    timetable.app,
    accounts.app,
    budgets.app,
    review.app,
    release.app,
    audit.app,
    consent.app,
    conversation.app,
    export.app,
    probe.app,
    style.app,
    project.config_app,
    webhooks.app,
    feeds.app,
):
    _group.callback()(options.take_home)

app.command()(project.init)
app.command()(running.up)
app.command()(running.worker)
app.command()(ingest.ingest)
app.command()(parse.parse)
app.command()(check.check)
app.command()(calibrate.calibrate)
app.command()(transform.transform)
app.add_typer(accounts.app, name="accounts")
app.add_typer(budgets.app, name="budgets")
app.add_typer(style.app, name="style")
app.command()(costs.costs)
app.command()(estimate.estimate)
app.command()(checking.validate)
app.command()(counting.count)
app.command()(rendering.render)
# what `render` was called before there was more than one form
app.command("preview", hidden=True)(rendering.render)
app.command()(checking.plan)
app.command()(publish.publish)
app.command()(unpublish.unpublish)
app.command()(inspect.inspect)
app.command()(metrics.metrics)
app.add_typer(schedule.app, name="schedule")
app.add_typer(timetable.app, name="timetable")
app.command()(status.status)
app.add_typer(review.app, name="review")
app.add_typer(release.app, name="release")
app.command()(drift.drift)
review.app.command("agreement")(agreement.agreement)
review.app.command("hints")(hints.hints)
review.app.command("candidates")(candidates.candidates)
review.app.command("acceptance")(candidates.acceptance)
app.add_typer(audit.app, name="audit")
app.add_typer(conversation.app, name="conversation")
app.add_typer(consent.app, name="consent")
app.add_typer(export.app, name="export")
app.add_typer(evaluating.app, name="eval")
app.add_typer(probe.app, name="probe")
app.command()(settle.settle)
app.command()(redrive.redrive)
app.command()(rework.rework)
app.add_typer(platforms.app, name="platform")
accounts.app.command("remove")(removing.remove)
accounts.app.command("version")(versions.version)
accounts.app.command("wait-for-link")(versions.wait_for_link)
app.add_typer(webhooks.app, name="webhooks")
app.add_typer(feeds.app, name="feeds")
app.command()(operating.repair)
app.command()(restored.restored)
app.command()(operating.doctor)
app.add_typer(vault.app, name="vault")
app.add_typer(project.config_app, name="config")


def main() -> None:
    """Run the command line."""
    app()
