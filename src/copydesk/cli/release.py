"""`copydesk release`: try a prompt, model or setting on real messages before everybody gets it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from copydesk.cli.options import AsJson, Home
from copydesk.cli.output import columns, hint, run, show
from copydesk.cli.trial import described, summary, version_words, words

if TYPE_CHECKING:
    from copydesk.core.release import Policy, Release
    from copydesk.store import UnitOfWork
    from copydesk.work.desk import Desk
    from copydesk.work.releases.trials import Shown

app = typer.Typer(
    help="Try a prompt, a model or settings on real messages, and take them back.",
    no_args_is_help=True,
)

Name = Annotated[str, typer.Argument(metavar="NAME", help="The release: its name or id.")]
Why = Annotated[str, typer.Option("--reason", help="Why, for the history.")]


@app.command("create")
def create_(
    name: Annotated[str, typer.Argument(help="What to call it, such as shorter-titles.")],
    prompt: Annotated[
        str, typer.Option(help="A prompt version such as rewrite_and_polish.v3.")
    ] = "",
    model: Annotated[
        str, typer.Option(help="A model line such as openai:NAME; `none`: rules alone.")
    ] = "",
    light_model: Annotated[str, typer.Option(help="The same for light work.")] = "",
    temperature: Annotated[
        float | None, typer.Option(help="0 to 2; else the prompt's own.")
    ] = None,
    note: Annotated[str, typer.Option(help="What it is about, for people.")] = "",
    manual: Annotated[
        bool, typer.Option("--manual", help="Only going back happens by itself.")
    ] = False,
    days: Annotated[int, typer.Option(help="Give up after this many days without an answer.")] = 28,
    alpha: Annotated[
        float, typer.Option(help="Chance of taking a good release back, over all guards and looks.")
    ] = 0.05,
    margin: Annotated[
        float, typer.Option(help="How much worse is not worth minding: a difference of shares.")
    ] = 0.02,
    shadow_items: Annotated[int, typer.Option(help="Fewest pairs in shadow.")] = 200,
    stage_items: Annotated[int, typer.Option(help="Fewest pairs at each share.")] = 50,
    stages: Annotated[str, typer.Option(help="Percentages on the way.")] = "5,25,50",
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Make a release. What is not named is taken from the settings, by name. It never changes."""
    from copydesk.core.release import Version
    from copydesk.work.releases import releasing, trials

    policy = _policy(alpha, margin, shadow_items, stage_items, stages, days, automatic=not manual)
    version = Version(prompt=prompt, model=model, light_model=light_model, temperature=temperature)

    async def work(desk: Desk, unit: UnitOfWork) -> Shown:
        release = await releasing.create(unit, desk, name, version, policy=policy, note=note)
        return await trials.show(unit, desk, release.id)

    shown = _done(work, home)
    show(
        described(shown),
        as_json,
        lambda: [*words(shown), "", f"`copydesk release start {name}` puts it on trial."],
    )


@app.command("list")
def list_(home: Home = None, as_json: AsJson = False) -> None:
    """List releases, newest first."""

    async def work(desk: Desk, unit: UnitOfWork) -> list[Release]:
        return await unit.releases.newest(desk.workspace_id, limit=200)

    releases = _done(work, home)
    show(
        [summary(release) for release in releases],
        as_json,
        lambda: (
            columns(
                [(r.name, r.state, f"{r.share} %", version_words(r), r.reason) for r in releases],
                ("release", "state", "share", "version", "because"),
            )
            if releases
            else ["No releases. Messages are written up as the settings say."]
        ),
    )


@app.command("show")
def show_(name: Name, home: Home = None, as_json: AsJson = False) -> None:
    """Show what a release is, what its trial can find out, what was counted, and what is next."""
    from copydesk.work.releases import trials

    async def work(desk: Desk, unit: UnitOfWork) -> Shown:
        return await trials.show(unit, desk, name)

    shown = _done(work, home)
    show(described(shown), as_json, lambda: words(shown))


@app.command("start")
def start_(
    name: Name,
    replay: Annotated[
        int, typer.Option(help="Begin with this many past messages, one a conversation.")
    ] = 200,
    skip_shadow: Annotated[
        bool, typer.Option("--skip-shadow", help="Give it to its first share at once.")
    ] = False,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Put a release on trial: write messages up under it too, unpublished, and compare."""
    from copydesk.work.releases import releasing, trials

    async def work(desk: Desk, unit: UnitOfWork) -> Shown:
        release = await releasing.start(unit, desk, name, replayed=replay, skip_shadow=skip_shadow)
        return await trials.show(unit, desk, release.id)

    shown = _done(work, home)
    show(described(shown), as_json, lambda: words(shown))
    if not as_json:
        hint("A worker (`copydesk up`) does the work; `copydesk release show` tells how it stands.")


@app.command("replay")
def replay_(
    name: Name,
    last: Annotated[int, typer.Option(help="How many past messages, one a conversation.")] = 200,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Shadow further past messages under a release that is in shadow."""
    from copydesk.work.releases import releasing

    async def work(desk: Desk, unit: UnitOfWork) -> int:
        return await releasing.shadow_more(unit, desk, name, last)

    added = _done(work, home)
    show({"added": added}, as_json, lambda: [f"{added} messages will be written up under it too."])


@app.command("advance")
def advance_(name: Name, reason: Why = "", home: Home = None, as_json: AsJson = False) -> None:
    """Give a release its next share of conversations without waiting for the evidence."""
    from copydesk.work.releases import releasing

    async def work(desk: Desk, unit: UnitOfWork) -> Release:
        return await releasing.advance(unit, desk, name, reason)

    _moved(_done(work, home), as_json)


@app.command("promote")
def promote_(name: Name, reason: Why = "", home: Home = None, as_json: AsJson = False) -> None:
    """Give a release to everybody without waiting for the evidence."""
    from copydesk.work.releases import releasing

    async def work(desk: Desk, unit: UnitOfWork) -> Release:
        return await releasing.promote(unit, desk, name, reason)

    _moved(_done(work, home), as_json)


@app.command("rollback")
def rollback_(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="Else what is on trial, else in force.")
    ] = "",
    reason: Why = "",
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Take a release back: the next message is written up with the version before it."""
    from copydesk.work.releases import releasing

    async def work(desk: Desk, unit: UnitOfWork) -> Release:
        return await releasing.roll_back(unit, desk, name, reason)

    _moved(_done(work, home), as_json)


@app.command("simulate")
def simulate_(
    old: Annotated[float, typer.Option(help="Share of bad items now, such as 0.10.")] = 0.10,
    new: Annotated[
        float, typer.Option(help="Share of bad items to be found, such as 0.15.")
    ] = 0.15,
    pairs: Annotated[int, typer.Option(help="Pairs a trial has at most.")] = 2000,
    per_day: Annotated[float | None, typer.Option(help="Pairs a day, to say how long.")] = None,
    shared: Annotated[
        float,
        typer.Option(
            help="Part of the faults that both versions share: 0 split, about 0.8 shadow."
        ),
    ] = 0.0,
    alpha: Annotated[float, typer.Option(help="As for `create`.")] = 0.05,
    runs: Annotated[int, typer.Option(help="How many trials to play.")] = 400,
    as_json: AsJson = False,
) -> None:
    """Play trials through with the test that decides: how soon a worse version is found, and how
    often one that is no worse is taken back. Needs no project."""
    import asyncio

    from copydesk.core.release import Policy
    from copydesk.releases.forecast import smallest_change
    from copydesk.work.releases.trials import Simulation, play_through

    async def work() -> Simulation:
        return await asyncio.to_thread(
            play_through,
            old=old,
            new=new,
            pairs=pairs,
            policy=Policy(alpha=alpha),
            runs=runs,
            shared=shared,
            per_day=per_day,
        )

    found = run(work())
    least = smallest_change(old, pairs)
    data = {
        "old": old,
        "new": new,
        "pairs": pairs,
        "alpha_per_guard": found.alpha,
        "runs": runs,
        "rolled_back": found.worse.rolled_back,
        "median_pairs": found.worse.median,
        "pairs_for_80_percent": found.worse.four_in_five,
        "median_days": found.days,
        "false_rollbacks": found.alike.rolled_back,
        "shown_no_worse_if_alike": found.alike.shown_no_worse,
        "smallest_change_fixed_n": least,
    }

    def words() -> list[str]:
        median = "more" if found.worse.median is None else str(found.worse.median)
        four = "more" if found.worse.four_in_five is None else str(found.worse.four_in_five)
        days = "" if found.days is None else f", {found.days:.1f} days at {per_day:g} a day"
        return [
            f"{old:.1%} → {new:.1%}, at most {pairs} pairs, {runs} trials, one guard of five",
            f"  rolled back       {found.worse.rolled_back:.1%}",
            f"  half of them by   {median} pairs{days}; four in five by {four}",
            f"  no worse, yet rolled back   {found.alike.rolled_back:.1%}",
            f"  no worse, and shown to be   {found.alike.shown_no_worse:.1%}",
            f"  smallest change a fixed test of {pairs} finds 8 times in 10: {least:+.1%}",
        ]

    show(data, as_json, words)


def _moved(release: Release, as_json: bool) -> None:
    show(
        summary(release),
        as_json,
        lambda: [f"{release.name} is {release.state}, {release.share} % of conversations."],
    )


def _policy(
    alpha: float,
    margin: float,
    shadow_items: int,
    stage_items: int,
    stages: str,
    days: int,
    *,
    automatic: bool,
) -> Policy:
    from copydesk.core.release import PROVED, Policy

    try:
        shares = tuple(int(part) for part in stages.split(",") if part.strip())
    except ValueError:
        raise typer.BadParameter("percentages such as 5,25,50", param_hint="--stages") from None
    usual = Policy()
    return Policy(
        alpha=alpha,
        margins={**usual.margins, **dict.fromkeys(PROVED, margin)},
        shadow_items=shadow_items,
        stage_items=stage_items,
        stages=shares,
        days=days,
        automatic=automatic,
    )


def _done(work: Any, home: Any) -> Any:
    from copydesk.config import find_home, load_settings
    from copydesk.work.desk import open_desk

    async def in_unit() -> Any:
        async with (
            open_desk(load_settings(find_home(home))) as desk,
            desk.store.begin("cli") as unit,
        ):
            return await work(desk, unit)

    return run(in_unit())
