"""`copydesk probe`: send messages with a known answer down the live path, or a text of your own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from copydesk.cli.given import read_bytes
from copydesk.cli.options import AsJson, Home
from copydesk.cli.output import NOT_HEALTHY, columns, hint, run, show

if TYPE_CHECKING:
    from copydesk.core.probe import Probe
    from copydesk.quality.probes import ProbeKind
    from copydesk.work.drift.probing import Passed

app = typer.Typer(
    help="Send messages with a known answer down the live path, or a text of your own.",
    no_args_is_help=True,
)


@app.command("send")
def send(
    kinds: Annotated[
        list[str] | None,
        typer.Argument(metavar="KIND", help="What to try, such as number_changed; default: all."),
    ] = None,
    count: Annotated[int, typer.Option(min=1, max=1000, help="How many of each kind.")] = 1,
    seed: Annotated[int, typer.Option(min=0, help="Makes the same messages again.")] = 1,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Send probes now, and say what was caught and missed, cleared and accused.

    Some are faithful texts with known damage that the gate has to notice; some are messages that go
    the whole way, to the model too where one is configured. Nothing of them can be published. Ends
    with exit code 11 when damage was missed that only needs counting to be seen.
    """
    from copydesk.quality.probes import CERTAIN, ProbeKind

    unknown = [kind for kind in kinds or () if kind not in set(ProbeKind)]
    if unknown:
        raise typer.BadParameter(
            f"there is no kind {unknown[0]!r}; there are: {', '.join(ProbeKind)}",
            param_hint="KIND",
        )
    wanted = [ProbeKind(kind) for kind in kinds or ProbeKind]
    found = run(_send([(kind, seed + n) for n in range(count) for kind in wanted], home))
    show(found, as_json, lambda: _table(found))
    if any(probe.state == "missed" and probe.kind in CERTAIN for probe in found):
        raise typer.Exit(NOT_HEALTHY)


async def _send(wanted: list[tuple[ProbeKind, int]], home: Path | None) -> list[Probe]:
    from copydesk.config import find_home, load_settings
    from copydesk.work.desk import open_desk
    from copydesk.work.drift.probing import send_probe
    from copydesk.work.models.opening import opened_models

    async with (
        open_desk(load_settings(find_home(home))) as desk,
        opened_models(desk) as opened,
    ):
        return [await send_probe(opened, kind, seed) for kind, seed in wanted]


@app.command("text")
def text(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A text or a message; - for standard input.")
    ] = Path("-"),
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Send a text of your own down the live path and say what comes out. Keeps nothing of it."""
    raw = read_bytes(file)
    name = "" if file == Path("-") else file.name
    passed = run(_pass(raw, name, home))
    show(_data(passed), as_json, lambda: [passed.text])
    if not as_json:
        for line in _words(passed):
            hint(line)


@app.command("write")
def write(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where the files go.")],
    count: Annotated[int, typer.Option(min=1, max=100_000, help="How many messages.")] = 10,
    seed: Annotated[int, typer.Option(min=0, help="Makes the same messages again.")] = 1,
    channel: Annotated[
        str, typer.Option(help="email, chat, form or community; default: all.")
    ] = "",
    language: Annotated[str, typer.Option(help="en, de, fr or es; default: all.")] = "",
    length: Annotated[
        int | None, typer.Option(min=100, max=100_000, help="Characters that each tells at least.")
    ] = None,
) -> None:
    """Write messy messages with known facts as files, to try things out. Needs no project.

    Put the folder in front of `copydesk up --inbox`, or of a system of your own. Standard output
    has a JSON line for each file: what a faithful editor would write, and every fact in it.
    """
    import json

    from copydesk.core.submission import Source
    from copydesk.quality.narratives import CHANNELS, LANGUAGES, narratives

    if channel and channel not in CHANNELS:
        raise typer.BadParameter(f"one of: {', '.join(CHANNELS)}", param_hint="--channel")
    if language and language not in LANGUAGES:
        raise typer.BadParameter(f"one of: {', '.join(LANGUAGES)}", param_hint="--language")
    folder.mkdir(parents=True, exist_ok=True)
    for told in narratives(
        count,
        seed=seed,
        channel=Source(channel) if channel else None,
        language=language or None,
        length=length,
    ):
        (folder / told.filename).write_bytes(told.raw)
        about = {
            "file": told.filename,
            "language": told.language,
            "channel": told.channel,
            "reference": told.reference,
            "facts": [{"kind": fact.kind, "text": fact.text} for fact in told.facts],
        }
        typer.echo(json.dumps(about, ensure_ascii=False))


async def _pass(raw: bytes, name: str, home: Path | None) -> Passed:
    from copydesk.config import find_home, load_settings
    from copydesk.work.desk import open_desk
    from copydesk.work.drift.probing import pass_through
    from copydesk.work.models.opening import opened_models

    async with (
        open_desk(load_settings(find_home(home))) as desk,
        opened_models(desk) as opened,
    ):
        return await pass_through(opened, raw, filename=name)


@app.command("list")
def list_(
    state: Annotated[
        str, typer.Option(help="Only those: sent, caught, missed, cleared or accused.")
    ] = "",
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 50,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """List what probes have found, newest first."""
    from copydesk.config import find_home, load_settings
    from copydesk.core.states import ProbeState
    from copydesk.work.desk import open_desk

    if state and state not in set(ProbeState):
        raise typer.BadParameter(f"one of: {', '.join(ProbeState)}", param_hint="--state")

    async def work() -> list[Probe]:
        async with open_desk(load_settings(find_home(home))) as desk, desk.store.read() as unit:
            return await unit.probes.newest(desk.workspace_id, state=state, limit=limit)

    found = run(work())
    show(found, as_json, lambda: _table(found) or ["No probe was sent yet."])


def _table(probes: list[Probe]) -> list[str]:
    rows = [
        [p.state, p.kind, p.language, p.channel, str(p.seed), p.because or "; ".join(p.issues[:1])]
        for p in probes
    ]
    heads = ["state", "kind", "language", "channel", "seed", "what was found"]
    return columns(rows, heads) if rows else []


def _data(passed: Passed) -> dict[str, Any]:
    from dataclasses import asdict

    data = asdict(passed)
    del data["checks"]
    return {**data, "issues": [asdict(issue) for issue in passed.issues]}


def _words(passed: Passed) -> list[str]:
    lines = [
        f"written by {passed.tier} in {passed.latency_ms:.0f} ms, "
        f"similarity {passed.similarity:.2f}, {passed.risk} risk, {passed.verdict}"
    ]
    lines += [
        f"  {i.check}: {i.message}" + (f": {i.span}" if i.span else "") for i in passed.issues
    ]
    if passed.waits_because:
        lines.append(f"a person would be asked: {'; '.join(passed.waits_because)}")
    return lines
