"""`copydesk transform`: put a text through stages. Needs a project only for its model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from copydesk.cli.options import AsJson, Home
from copydesk.cli.output import describe, emit, fail, hint, run

if TYPE_CHECKING:
    from copydesk.generation.capabilities import Capability
    from copydesk.generation.material import ContextMessage
    from copydesk.work.pipelines.transformed import Ask, Transformed


def transform(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A text or a message; - for standard input.")
    ] = Path("-"),
    pipeline: Annotated[
        list[str] | None,
        typer.Option(
            "--pipeline",
            help="Stages in order, separated by commas: parse, rewrite, polish, "
            "rewrite_and_polish, improve, story, social, summarize, reply.",
        ),
    ] = None,
    instruction: Annotated[
        str, typer.Option("--instruction", help="Your wish, for improve, story and reply.")
    ] = "",
    context: Annotated[
        Path | None,
        typer.Option(
            "--context",
            metavar="FILE",
            help="What was said before: a text, or a JSON list of texts or {author, text}.",
        ),
    ] = None,
    source: Annotated[
        str, typer.Option(help="What kind of message it is: auto, email, form, chat or community.")
    ] = "auto",
    max_tokens: Annotated[
        int | None, typer.Option(min=1, help="An output cap; one that would cut is refused.")
    ] = None,
    characters: Annotated[
        int, typer.Option(min=40, max=10_000, help="How long a social post may get.")
    ] = 280,
    rounds: Annotated[
        int, typer.Option(min=1, max=5, help="How often improve is asked while the gate objects.")
    ] = 1,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Put a text through stages and print what comes out. Keeps and sends nothing.

    Adjacent stages share one call to the model that the project or COPYDESK_MODEL names. Without a
    model rules parse, clean up and take extracts; improve, story and reply end with exit code 3.
    Notes and what the gate found go to standard error; a text that failed the gate ends with exit
    code 4 after it was printed.
    """
    from copydesk.core.checks import Verdict
    from copydesk.core.submission import Source
    from copydesk.work.pipelines.transformed import Ask

    if source != "auto" and source not in set(Source):
        raise typer.BadParameter(f"one of: auto, {', '.join(Source)}", param_hint="--source")
    ask = Ask(
        pipeline=_stages(pipeline),
        raw=_read(file),
        source=None if source == "auto" else Source(source),
        filename="" if file == Path("-") else file.name,
        context=_context(context),
        instruction=instruction,
        max_tokens=max_tokens,
        characters=characters,
        rounds=rounds,
    )
    done = run(_transformed(ask, home))
    if as_json:
        emit(_data(done))
    else:
        typer.echo(done.text)
        for line in _words(done):
            hint(line)
    if done.verdict is Verdict.FAILED:
        raise typer.Exit(4)


async def _transformed(ask: Ask, home: Path | None) -> Transformed:
    import random

    from copydesk.config import find_home, load_settings
    from copydesk.core.clock import SystemClock
    from copydesk.work.desk import is_project, open_desk
    from copydesk.work.models.opening import models_of
    from copydesk.work.pipelines.bench import Bench, opened_bench
    from copydesk.work.pipelines.transforming import transform
    from copydesk.work.writing.gating import policy_of

    clock, chance = SystemClock(), random.SystemRandom()
    settings = load_settings(find_home(home))
    if is_project(settings):
        async with open_desk(settings, clock=clock) as desk, opened_bench(desk, ask.raw) as bench:
            return await transform(ask, bench)
    # without a project there are no books, no memory and no budget
    async with models_of(settings, clock) as model:
        bench = Bench(
            model=model,
            monotonic=clock.monotonic,
            delimiter=lambda: f"{chance.getrandbits(128):032x}",
            policy=policy_of(settings),
        )
        return await transform(ask, bench)


def _stages(given: list[str] | None) -> tuple[Capability, ...]:
    from copydesk.generation.capabilities import Capability

    stages = [part.strip() for option in given or () for part in option.split(",") if part.strip()]
    unknown = [stage for stage in stages if stage not in set(Capability)]
    if unknown or not stages:
        problem = f"there is no stage {unknown[0]!r}" if unknown else "name at least one stage"
        raise typer.BadParameter(
            f"{problem}; there are: {', '.join(Capability)}", param_hint="--pipeline"
        )
    return tuple(map(Capability, stages))


def _read(path: Path) -> bytes:
    from copydesk.core.errors import NotFound
    from copydesk.work.incoming.folder import read_file

    try:
        return read_file(path)
    except OSError as error:
        fail(NotFound(f"The file {path} cannot be read: {error.strerror}."))


def _context(path: Path | None) -> tuple[ContextMessage, ...]:
    from copydesk.generation.material import ContextMessage
    from copydesk.intake.charsets import decode

    if path is None:
        return ()
    text = decode(_read(path)).text.strip()
    try:
        given = json.loads(text)
    except ValueError:
        given = None
    if not isinstance(given, list):
        return (ContextMessage(author="", text=text),) if text else ()
    messages = []
    for one in given:
        entry = {"text": one} if isinstance(one, str) else one
        if not isinstance(entry, dict) or not isinstance(entry.get("text"), str):
            raise typer.BadParameter(
                "the list holds something that is neither a text nor {author, text}",
                param_hint="--context",
            )
        messages.append(ContextMessage(author=str(entry.get("author", "")), text=entry["text"]))
    return tuple(messages)


def _data(done: Transformed) -> dict[str, Any]:
    return {
        "text": done.text,
        "stages": done.stages,
        "calls": done.calls,
        "input_tokens": done.input_tokens,
        "output_tokens": done.output_tokens,
        "cost_usd": done.cost_usd,
        "omitted": done.omitted,
        "open_questions": done.open_questions,
        "checks": done.checks,
        "verdict": done.verdict,
        "risk": done.risk,
        "notes": done.notes,
    }


def _words(done: Transformed) -> list[str]:
    cost = "" if done.cost_usd is None else f", {done.cost_usd:.4f} USD"
    return [
        *(f"note: {describe(note)}" for note in done.notes),
        *(f"left out: {fact}" for fact in done.omitted),
        *(f"open question: {question}" for question in done.open_questions),
        *(
            f"{check.stage}: {check.check} {check.verdict}: {piece.message}: {piece.span}"
            for check in done.checks
            if check.verdict != "passed"
            for piece in check.evidence
        ),
        f"{done.verdict}, {done.risk} risk; {len(done.calls)} calls, {done.input_tokens} tokens "
        f"in, {done.output_tokens} out{cost}.",
    ]
