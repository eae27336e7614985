"""`copydesk check`: hold texts against their sources, as the gate does. Needs no project."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from copydesk.cli.output import fail

if TYPE_CHECKING:
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
    calibration: Annotated[
        Path | None,
        typer.Option(
            "--calibration", metavar="FILE", help="What `copydesk calibrate` wrote; else our own."
        ),
    ] = None,
    faithfulness: Annotated[
        Path | None,
        typer.Option(
            "--faithfulness",
            metavar="FOLDER",
            help="A faithfulness model of your own, asked where the rules are not sure.",
        ),
    ] = None,
) -> None:
    """Say whether each text keeps to its source.

    `seed` is the author's text that was edited into `text`; `source` and `context` are whatever
    else supports facts. Without a seed only what the text invents or turns into its contrary is
    found; there a faithfulness model is asked about every text in which rules find nothing. Prints
    a JSON line for each line read: {id, verdict: pass|flag|fail, score, findings, risk}. A line
    that is none ends the run with its number and exit code 4, after what came before it.
    """
    from copydesk.cli.judged import read_lines
    from copydesk.core.clock import SystemClock
    from copydesk.core.errors import ConfigError
    from copydesk.intake.language import detect_language
    from copydesk.quality.calibration import read_calibration, standard
    from copydesk.quality.examining import examine
    from copydesk.quality.policy import Policy

    clock = SystemClock()
    try:
        policy = Policy(calibration=read_calibration(calibration) if calibration else standard())
        reads = None
        if faithfulness is not None:
            from copydesk.work.writing.faithfulness import examiner

            reads = examiner(faithfulness, policy, clock.monotonic)
    except ConfigError as error:
        fail(error)
    for line in read_lines(jsonl):
        examined = examine(
            line.text,
            source=line.source,
            seed=line.seed,
            context=line.context,
            language=line.language or detect_language(line.text),
            monotonic=clock.monotonic,
            policy=policy,
            reads=reads,
        )
        typer.echo(json.dumps(_row(line.id, examined), ensure_ascii=False))


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
