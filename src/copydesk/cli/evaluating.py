"""`copydesk eval`: replay what went wrong once against any version; keep cases, retire them."""

from __future__ import annotations

import re
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from copydesk.cli.opened import reading, writing
from copydesk.cli.options import AsJson, Home
from copydesk.cli.output import CASES_FAILED, emit, hint, run, shortened, show, show_table

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from copydesk.core.release import Version
    from copydesk.store import UnitOfWork
    from copydesk.work.desk import Desk
    from copydesk.work.feedback.evaluating import CaseResult, Compared, Evaluation, Replayed

app = typer.Typer(help="Replay what went wrong once against any version.")

STORED = "stored"
_PROMPT = re.compile(r"[a-z_]+\.v\d+")


@app.callback(invoke_without_command=True)
def evaluate(
    context: typer.Context,
    prompt: Annotated[
        str, typer.Option("--prompt", help="A prompt version such as rewrite_and_polish.v1.")
    ] = "",
    model: Annotated[
        str,
        typer.Option(
            "--model",
            help="A model line, `none` for the rules, `scripted` for a model that keeps every "
            "word; default: as the settings say.",
        ),
    ] = "",
    corpus: Annotated[
        str, typer.Option("--corpus", help="A folder of cases, or those that are `stored`.")
    ] = STORED,
    stories: Annotated[
        int,
        typer.Option("--narratives", min=0, help="So many made-up stories with known facts too."),
    ] = 0,
    seed: Annotated[int, typer.Option("--seed", help="Which stories.")] = 0,
    compared: Annotated[
        tuple[str, str] | None,
        typer.Option(
            "--compare",
            metavar="A B",
            help="Two versions, each PROMPT, MODEL or PROMPT@MODEL: is B worse than A?",
        ),
    ] = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Replay cases against a version and say which pass, and why not.

    Without a subcommand this replays. Stored cases need a project; with --corpus FOLDER or
    --narratives alone none is needed. Calls to a model are paid from the project's budget. Exit
    code 12: a case failed, or with --compare B is shown to be worse than A.
    """
    if context.invoked_subcommand is not None:
        return
    if compared and (prompt or model):
        raise typer.BadParameter("give --compare, or --prompt and --model, and not both")
    names = list(compared) if compared else ["@".join(part for part in (prompt, model) if part)]
    found = run(_evaluated(home, names, corpus, stories, seed))
    if not found[0].results:
        hint(
            "There are no cases yet: copydesk eval add ID keeps one, --narratives N makes some up."
        )
    if compared:
        _show_comparison(found, as_json)
        return
    (one,) = found
    if not one.results and not as_json:
        return
    show(_data(one), as_json, lambda: _words(one))
    if one.failed:
        raise typer.Exit(CASES_FAILED)


@app.command()
def add(
    subject: Annotated[str, typer.Argument(metavar="ID", help="A review, post or submission.")],
    because: Annotated[str, typer.Option("--because", help="What went wrong.")] = "",
    must_say: Annotated[
        list[str] | None,
        typer.Option("--must-say", help="What a text about it has to say; may be repeated."),
    ] = None,
    must_not_say: Annotated[
        list[str] | None,
        typer.Option("--must-not-say", help="What it must not say; may be repeated."),
    ] = None,
    verdict: Annotated[
        str, typer.Option("--verdict", help="What the gate has to say: passed, flagged or failed.")
    ] = "",
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Keep a message as a case. Its facts and questions are expected of any text without saying."""
    from copydesk.core.checks import Verdict
    from copydesk.work.feedback.corpus import Wishes, keep_case

    if verdict and verdict not in set(Verdict):
        raise typer.BadParameter(f"one of: {', '.join(Verdict)}", param_hint="--verdict")
    wishes = Wishes(
        must_say=must_say or [],
        must_not_say=must_not_say or [],
        verdict=Verdict(verdict) if verdict else None,
    )

    async def work(unit: UnitOfWork, workspace_id: str) -> dict[str, Any]:
        kept = await keep_case(unit, workspace_id, subject, because=because, wishes=wishes)
        return {"id": kept.id, "submission_id": kept.submission_id, "because": kept.because}

    done = run(writing(home, work))
    show(done, as_json, lambda: [f"{done['id']} is replayed from now on: copydesk eval"])


@app.command("list")
def list_(
    all_: Annotated[bool, typer.Option("--all", help="Retired ones too.")] = False,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """List the cases that are kept, oldest first, at most 1,000."""

    async def work(unit: UnitOfWork, workspace_id: str) -> list[dict[str, Any]]:
        return [
            {
                "id": kept.id,
                "state": kept.state.value,
                "submission_id": kept.submission_id,
                "review_id": kept.review_id,
                "because": kept.because,
                "wishes": dict(kept.wishes),
                "kept_at": kept.kept_at,
                "kept_by": kept.kept_by,
            }
            for kept in await unit.cases.page(workspace_id, all_=all_, limit=1000)
        ]

    rows = run(reading(home, work))
    show_table(
        rows,
        as_json,
        ("case", "state", "message", "because"),
        lambda r: (r["id"], r["state"], r["submission_id"], shortened(r["because"], 70)),
        none="No cases yet. Messages that people find wrong become cases by themselves.",
    )


@app.command()
def retire(
    id: Annotated[str, typer.Argument(metavar="CASE", help="The case, or its submission.")],
    because: Annotated[str, typer.Option("--because", help="Why, for the history.")] = "",
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Take a case out of the corpus; `eval add` with its message puts it back."""
    from copydesk.core.states import CaseState

    async def work(unit: UnitOfWork, workspace_id: str) -> dict[str, Any]:
        kept = await unit.cases.get(workspace_id, id)
        kept = await unit.cases.move(kept, CaseState.RETIRED, because)
        return {"id": kept.id, "state": kept.state.value}

    done = run(writing(home, work))
    show(done, as_json, lambda: [f"{done['id']} is {done['state']}."])


@app.command()
def export(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Made if it is not there.")],
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Write the stored cases as files, for a repository: placeholders stand for personal data.

    `copydesk eval --corpus FOLDER` replays them anywhere.
    """
    from copydesk.config import find_home, load_settings
    from copydesk.work.desk import open_desk
    from copydesk.work.feedback.corpus import stored_cases, write_case

    async def work() -> list[str]:
        async with open_desk(load_settings(find_home(home))) as desk:
            return [str(write_case(case, folder)) async for case in stored_cases(desk)]

    written = run(work())
    show(written, as_json, lambda: [*written, f"{len(written)} cases."])


# -- evaluating -----------------------------------------------------------------------------------


async def _evaluated(
    home: Path | None, names: list[str], corpus: str, stories: int, seed: int
) -> list[Evaluation]:
    from copydesk.work.feedback.evaluating import evaluate as evaluated
    from copydesk.work.models.opening import opened_models

    versions = [read_version(name) for name in names]
    is_stored = corpus == STORED
    async with _opened(home, needed=is_stored and not stories) as desk:
        cases = await _cases(desk, corpus, stories, seed)
        if any(version.model == "" for version in versions):
            async with opened_models(desk) as ready:
                if ready.model is None:
                    hint("No model is configured: the rules are evaluated.")
                return [
                    await evaluated(ready, version, cases, name=name or _standing(ready))
                    for version, name in zip(versions, names, strict=True)
                ]
        return [
            await evaluated(desk, version, cases, name=name)
            for version, name in zip(versions, names, strict=True)
        ]


def read_version(name: str) -> Version:
    """Return the version that PROMPT, MODEL or PROMPT@MODEL names; "" is what the settings say."""
    from copydesk.core.release import NO_MODEL, Version

    prompt, _, line = name.partition("@")
    if not _PROMPT.fullmatch(prompt):
        prompt, line = "", name
    if line in {"rules", NO_MODEL}:
        return Version(prompt=prompt, model=NO_MODEL, light_model=NO_MODEL)
    # one model does all the work, so that the figures are its own
    return Version(prompt=prompt, model=line, light_model=NO_MODEL if line else "")


def _standing(desk: Desk) -> str:
    return desk.settings.model or "rules"


async def _cases(desk: Desk, corpus: str, stories: int, seed: int) -> list[Replayed]:
    from copydesk.quality.narratives import narratives
    from copydesk.work.feedback.corpus import read_folder, stored_cases

    if corpus != STORED:
        found: list[Replayed] = list(read_folder(Path(corpus)))
    else:
        found = [case async for case in stored_cases(desk)]
    return [*found, *narratives(stories, seed=seed)]


@asynccontextmanager
async def _opened(home: Path | None, *, needed: bool) -> AsyncIterator[Desk]:
    """Give the project's desk; where there is none and none is needed, one that is gone after."""
    import tempfile

    from copydesk.config import find_home, load_settings
    from copydesk.work.desk import open_desk

    settings = load_settings(find_home(home))
    if needed or settings.home.is_dir():
        async with open_desk(settings) as desk:
            yield desk
        return
    with tempfile.TemporaryDirectory(prefix="copydesk-eval-") as folder:
        elsewhere = replace(settings, home=Path(folder), database=f"sqlite:///{folder}/copydesk.db")
        async with open_desk(elsewhere, approve="person") as desk:
            yield desk


# -- rows and words -------------------------------------------------------------------------------


def _show_comparison(found: list[Evaluation], as_json: bool) -> None:
    from copydesk.work.feedback.evaluating import compare

    compared = compare(*found)
    if as_json:
        emit(_comparison(compared))
    else:
        for line in _comparison_words(compared):
            typer.echo(line)
    if compared.is_worse:
        raise typer.Exit(CASES_FAILED)


def _data(one: Evaluation) -> dict[str, Any]:
    return {
        "version": one.version,
        "cases": len(one.results),
        "passed": one.passed,
        "failed": one.failed,
        "most_failing": one.most_failing,
        "properties": {
            name: {"holds": held, "asked": asked} for name, (held, asked) in one.properties.items()
        },
        "cost_usd": one.cost_usd,
        "latency_ms": {"p50": one.latency_ms(0.5), "p95": one.latency_ms(0.95)},
        "results": [_result(result) for result in one.results],
    }


def _result(result: CaseResult) -> dict[str, Any]:
    return {
        "id": result.id,
        "passed": result.passed,
        "because": result.because,
        "properties": {
            one.name: {"holds": one.holds, "detail": one.detail} for one in result.properties
        },
        "tier": result.tier.value,
        "model": result.model,
        "prompt_version": result.prompt_version,
        "verdict": result.verdict,
        "cost_usd": result.cost_usd,
        "latency_ms": round(result.latency_ms, 1),
        "text": result.text,
    }


def _comparison(found: Compared) -> dict[str, Any]:
    return {
        "first": _data(found.first),
        "second": _data(found.second),
        "only_second_fails": found.tally.worse,
        "only_first_fails": found.tally.better,
        "both_fail": found.tally.both,
        "both_pass": found.tally.neither,
        "mcnemar_p": found.p_value,
        "evidence_of_worse": found.evidence,
        "worse": found.is_worse,
    }


def _words(one: Evaluation) -> list[str]:
    lines = []
    for result in one.results:
        lines.append(f"{'pass' if result.passed else 'FAIL'}  {result.id}  {result.tier}")
        lines += [f"      {p.name}: {p.detail}" for p in result.properties if not p.holds]
    cost = "unknown" if one.cost_usd is None else f"{one.cost_usd:.4f} USD"
    return [
        *lines,
        *(f"{name}: {held} of {asked}" for name, (held, asked) in one.properties.items()),
        f"{one.version}: {one.passed} of {len(one.results)} cases passed; at most "
        f"{one.most_failing:.1%} of such messages fail (95 %).",
        f"Cost {cost}; latency p50 {one.latency_ms(0.5):.0f} ms, "
        f"p95 {one.latency_ms(0.95):.0f} ms.",
    ]


def _comparison_words(found: Compared) -> list[str]:
    differing = [
        (new.id, "A" if old.passed else "B")
        for old, new in zip(found.first.results, found.second.results, strict=True)
        if old.passed != new.passed
    ]
    verdict = "B is not shown to be worse."
    if found.is_worse:
        verdict = "B is shown to be worse."
    if found.is_worse and not found.is_proved:
        verdict = (
            "B is shown to be worse, if this is the only look at these cases; the evidence that "
            "counts for many does not prove it yet."
        )
    return [
        *(f"only {name} passes {id}" for id, name in differing),
        f"A {found.first.version}: {found.first.passed} of {len(found.first.results)} passed",
        f"B {found.second.version}: {found.second.passed} of {len(found.second.results)} passed",
        f"only A passes {found.tally.worse}, only B passes {found.tally.better}, both "
        f"{found.tally.neither}, neither {found.tally.both}",
        f"McNemar p = {found.p_value:.3f} (for one look); evidence that B is worse "
        f"{found.evidence:.2f} (20 proves it, look as often as you like)",
        verdict,
    ]
