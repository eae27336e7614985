"""`copydesk check`: hold texts against their sources, as the gate does. Needs no project."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from copydesk.cli.output import fail

if TYPE_CHECKING:
    from collections.abc import Iterator

    from copydesk.quality.examining import Examined

#: How verdicts are written in the lines.
_WORDS = {"passed": "pass", "flagged": "flag", "failed": "fail"}
#: How grave a finding is; what a check saw and let pass is a note.
_SEVERITIES = {**_WORDS, "passed": "note"}


def check(
    jsonl: Annotated[
        Path,
        typer.Option(
            "--jsonl",
            metavar="FILE",
            help="JSON lines of {id, source, text, seed?, context?, language?}; - for standard "
            "input.",
        ),
    ],
) -> None:
    """Say of each text whether it stays with its source.

    `seed` is the author's text that was edited into `text`; `source` and `context` are whatever
    else supports facts. Without a seed only what the text invents is found. Prints a JSON line for
    each line read: {id, verdict: pass|flag|fail, score, findings, risk}. A line that is none ends
    the run with its number and exit code 4, after what came before it.
    """
    from copydesk.core.clock import SystemClock
    from copydesk.intake.language import detect_language
    from copydesk.quality.examining import examine

    clock = SystemClock()
    for number, line in _lines(jsonl):
        given = _given(number, line)
        examined = examine(
            given["text"],
            source=given["source"],
            seed=given["seed"],
            context=given["context"],
            language=given["language"] or detect_language(given["text"]),
            monotonic=clock.monotonic,
        )
        typer.echo(json.dumps(_row(given["id"], examined), ensure_ascii=False))


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    from copydesk.core.errors import NotFound

    if path == Path("-"):
        yield from ((n, x) for n, x in enumerate(typer.get_text_stream("stdin"), 1) if x.strip())
        return
    try:
        with path.open(encoding="utf-8") as file:
            yield from ((n, line) for n, line in enumerate(file, 1) if line.strip())
    except OSError as error:
        fail(NotFound(f"The file {path} cannot be read: {error.strerror}."))


def _given(number: int, line: str) -> dict[str, Any]:
    from copydesk.core.errors import InputRefused

    def refuse(why: str) -> NoReturn:
        fail(
            InputRefused(
                "bad_line",
                f"Line {number} {why}; the lines before it were checked.",
                remedy='A line looks like {"id": "1", "source": "…", "seed": "…", "text": "…"}.',
            )
        )

    try:
        given = json.loads(line)
    except ValueError:
        refuse("is not JSON")
    if not isinstance(given, dict):
        refuse("is not a JSON object")
    if "text" not in given or not ("source" in given or "seed" in given):
        refuse("lacks `text`, or both `source` and `seed`")
    fields = {
        key: "" if given.get(key) is None else given[key]
        for key in ("text", "source", "seed", "context", "language")
    }
    if isinstance(fields["context"], list):
        fields["context"] = "\n\n".join(map(str, fields["context"]))
    for key, value in fields.items():
        if not isinstance(value, str):
            refuse(f"has no text in `{key}`")
    return {**fields, "id": given.get("id", number)}


def _row(id: Any, examined: Examined) -> dict[str, Any]:
    return {
        "id": id,
        "verdict": _WORDS[examined.verdict],
        "score": examined.score,
        "findings": [
            {
                "check": objection.check,
                "severity": _SEVERITIES[objection.severity],
                "span": objection.evidence.span,
                "where": objection.evidence.where,
                "start": objection.evidence.start,
                "end": objection.evidence.end,
                "message": objection.evidence.message,
            }
            for objection in examined.objections
        ],
        "risk": {"class": examined.risk.value, "categories": list(examined.categories)},
    }
