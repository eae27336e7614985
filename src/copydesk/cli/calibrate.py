"""`copydesk calibrate`: fit the gate to labelled texts, and say what it is worth on others."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from copydesk.cli.options import AsJson
from copydesk.cli.output import columns, fail, show

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from copydesk.quality.fitting import Labelled


def calibrate(
    development: Annotated[
        list[Path],
        typer.Argument(
            metavar="DEVELOPMENT…",
            help="Files of JSON lines {text, source or seed, label: good|bad, domain?, language?}.",
        ),
    ],
    report: Annotated[
        list[Path] | None,
        typer.Option("--report", metavar="FILE", help="Other labelled texts to measure it on."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write the calibration here.")
    ] = None,
    name: Annotated[str, typer.Option(help="The version of the calibration.")] = "own",
    false_alarms: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Good texts that may be flagged, at most.")
    ] = 0.05,
    failures: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Good texts that may be failed, at most.")
    ] = 0.01,
    bad_rate: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="The share of bad texts you expect.")
    ] = 0.05,
    as_json: AsJson = False,
) -> None:
    """Fit the weights and bands of the gate's checks to labelled texts.

    Thresholds are chosen on the development set; what they are worth is measured on the texts of
    --report, which must be others. Prints shares with one-sided 95 % bounds, precision at your own
    share of bad texts, trivial baselines beside it, and for each domain what a calibration reaches
    there that never saw it. Put the file into the setting `calibration`, or give it to
    `copydesk check --calibration`, to use it.
    """
    from copydesk.core.errors import InputRefused
    from copydesk.quality.fitting import fit
    from copydesk.quality.measuring import baselines, measure, without_each

    known = _texts(development)
    others = _texts(report or [])
    try:
        fitted = fit(known, version=name, false_alarms=false_alarms, failures=failures)
        found: dict[str, Any] = {
            "calibration": {
                "version": fitted.version,
                "uncertain": fitted.uncertain,
                "fail": fitted.fail,
                "weights": dict(fitted.weights),
                "intercept": fitted.intercept,
            },
            "development": measure(known, fitted, bad_rate=bad_rate),
            "without_each_domain": without_each(
                known, false_alarms=false_alarms, failures=failures, bad_rate=bad_rate
            ),
        }
        if others:
            found["report"] = measure(others, fitted, bad_rate=bad_rate)
            found["baselines"] = baselines(others, known)
    except ValueError as error:
        fail(InputRefused("bad_set", f"The texts cannot be used: {error}."))
    if out:
        from dataclasses import replace

        kept: dict[str, Any] = {
            key: found[key] for key in ("development", "report") if key in found
        }
        out.write_text(replace(fitted, fitted=kept).to_json(), encoding="utf-8")
    show(found, as_json, lambda: _words(found, out))


def _texts(paths: Sequence[Path]) -> list[Labelled]:
    from copydesk.cli.judged import read_lines
    from copydesk.core.clock import SystemClock
    from copydesk.intake.language import detect_language
    from copydesk.quality.examining import examine
    from copydesk.quality.fitting import Labelled

    clock = SystemClock()
    texts = []
    for path in paths:
        for line in read_lines(path, labelled=True):
            examined = examine(
                line.text,
                source=line.source,
                seed=line.seed,
                context=line.context,
                language=line.language or detect_language(line.text),
                monotonic=clock.monotonic,
            )
            texts.append(
                Labelled(
                    signals=examined.signals,
                    bad=line.label == "bad",
                    domain=line.domain or path.name,
                    floor=examined.floor,
                    text=line.text,
                )
            )
    return texts


def _words(found: dict[str, Any], out: Path | None) -> Iterable[str]:
    made = found["calibration"]
    yield f"Flags from {made['uncertain']:.3f}, fails from {made['fail']:.3f}."
    yield ""
    rows = [("on", found["development"])]
    rows += [("on the report", found["report"])] if "report" in found else []
    rows[0] = ("on the development set", rows[0][1])
    rows += [(f"on {name}, unseen", m) for name, m in found["without_each_domain"].items()]
    yield from columns(
        [
            [
                name,
                f"{m['texts']['good']} + {m['texts']['bad']}",
                _with_bounds(m["recall"]),
                _with_bounds(m["false_alarms"]),
                f"{m['recall_at_5%']:.3f}",
                f"{m['recall_at_2%']:.3f}",
                f"{m['auc']:.3f}",
                f"{m['balanced_accuracy']:.3f}",
            ]
            for name, m in rows
        ],
        ["", "good + bad", "recall", "false alarms", "at 5 %", "at 2 %", "AUC", "balanced"],
    )
    last = found.get("report", found["development"])["at_bad_rate"]
    yield ""
    yield (
        f"Where {last['bad_rate']:.1%} of your texts are bad: {last['precision']:.1%} of what is "
        f"flagged is bad, and {last['bad_among_passed']:.2%} of what passes (at most "
        f"{last['bad_among_passed_at_most']:.2%})."
    )
    if "baselines" in found:
        yield ""
        for name, m in found["baselines"].items():
            reached = f", recall {m['recall_at_5%']:.3f} at 5 %" if "recall_at_5%" in m else ""
            yield f"Without any source, {name.replace('_', ' ')}: AUC {m['auc']:.3f}{reached}."
    else:
        yield "Measured on the texts it was fitted to: give others with --report to know its worth."
    if out:
        yield f"Written to {out}."


def _with_bounds(share: dict[str, float]) -> str:
    return f"{share['share']:.3f} ({share['at_least']:.3f} to {share['at_most']:.3f})"
