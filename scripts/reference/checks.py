"""The pages of quality checks: an index, and one for each, from its module and `checks.toml`."""

from __future__ import annotations

import importlib
import pkgutil
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from copydesk.quality import checks as check_modules
from copydesk.quality.calibration import standard
from reference.markdown import page, paragraphs

_SETS = {
    "abstracts": "edits of abstracts (public, 321 bad, 128 good)",
    "support": "rewrites of support messages (48 bad, 24 good)",
    "narratives": "generated stories and damage (300 bad, 60 good)",
    "denials": "denials dropped from generated stories, four languages (240 bad, 240 good)",
    "french": "of these in French (60 bad, 60 good)",
}


def pages() -> Iterator[tuple[str, str]]:
    """Yield the path below `docs/reference` and the text of each page.

    Raises `KeyError` for a check without facts, `ValueError` for facts without a check and for a
    version that the history does not tell.
    """
    facts = tomllib.loads((Path(__file__).parent / "checks.toml").read_text(encoding="utf-8"))
    found = {}
    for module in pkgutil.iter_modules(check_modules.__path__):
        check = importlib.import_module(f"{check_modules.__name__}.{module.name}")
        found[check.NAME] = check
    if strangers := facts.keys() - found.keys():
        raise ValueError(f"checks.toml tells of checks that are not there: {sorted(strangers)}")
    yield "checks.md", _index(found, facts)
    for name, check in sorted(found.items()):
        yield f"checks/{name}.md", _page(check, facts[name])


def _index(found: dict[str, Any], facts: dict[str, Any]) -> str:
    rows = [
        f"| [{name}](checks/{name}.md) | {facts[name]['stage']} | {found[name].VERSION} |"
        f" {_first(found[name])} |"
        for name in sorted(found, key=lambda name: (facts[name]["stage"], name))
    ]
    return page(
        "Quality checks",
        "src/copydesk/quality/checks and scripts/reference/checks.toml",
        "Every written-up message passes the gate. Each check leaves a verdict (`passed`,"
        " `flagged`, `failed`), its version, its cost and its evidence on the revision;"
        " `copydesk review show ID` prints them. Anything that is not passed waits for a person."
        " What a check saw and let pass, because it is too light by itself, stays as a note.",
        "\n".join(["| check | stage | version | |", "|---|---|---|---|", *rows]),
        "A failure at stage 0 or 1 ends the content checks. The checks of stages 2 and 3 are"
        f" weighed by a calibration (`{standard().version}`); `copydesk calibrate` fits one to your"
        " own texts. The setting `checks_observed` lets a check say what it would say and decide"
        " nothing, `checks_off` turns it off; completeness and risk always decide.",
        "## What the gate is worth",
        *_worth(),
    )


def _worth() -> Iterator[str]:
    for name, words in (
        ("development", "on the texts it was fitted to"),
        ("report", "on others: edits of abstracts, support messages, generated stories"),
    ):
        found = standard().fitted[name]
        recall, alarms, rate = found["recall"], found["false_alarms"], found["at_bad_rate"]
        yield (
            f"**{name.capitalize()}**, {words}: {found['texts']['bad']} bad and"
            f" {found['texts']['good']} good. Recall {recall['share']:.3f}"
            f" ({recall['at_least']:.3f} to {recall['at_most']:.3f}) at false alarms"
            f" {alarms['share']:.3f}"
            f" ({alarms['at_least']:.3f} to {alarms['at_most']:.3f}), one-sided 95 % bounds;"
            f" balanced accuracy {found['balanced_accuracy']:.3f}, area under the curve"
            f" {found['auc']:.3f}. Where {rate['bad_rate']:.0%} of texts are bad,"
            f" {rate['precision']:.0%} of what is flagged is bad, and at most"
            f" {rate['bad_among_passed_at_most']:.1%} of what passes."
        )
    yield (
        "Beside it, without looking at any source: to flag everything reaches a balanced accuracy"
        " of 0.5; the length of a text ranks with an area of 0.42, its words with 0.55."
    )
    yield (
        "The weights were fitted before polarity, omission and what authors take back were put"
        " right; the figures are those of the checks since then (2026-11-22). A new fit was tried"
        " and not taken: on the report texts it flags 0.765 of the bad and 0.019 of the good, these"
        " weights 0.749 and 0.009, and it ranks no better (area 0.877 both)."
    )


def _page(check: Any, facts: dict[str, Any]) -> str:
    told = [line.partition(":")[0] for line in facts["history"]]
    if told != [str(number) for number in range(1, check.VERSION + 1)]:
        raise ValueError(f"the history of {check.NAME} does not end at version {check.VERSION}")
    rows = [
        f"| {_SETS[name]} | {recall:.3f} | {alarms:.3f} |"
        for name, (recall, alarms) in facts["seen"].items()
    ]
    measured = ["| alone, on | recall | false alarms |", "|---|---|---|", *rows] if rows else []
    return page(
        f"{check.NAME}, version {check.VERSION}",
        f"src/copydesk/quality/checks/{check.NAME}.py and scripts/reference/checks.toml",
        paragraphs(check.__doc__),
        f"**Stage**: {facts['stage']}. **On failure**: {facts['failing']}",
        f"**Evidence**: {facts['evidence']}.",
        f"**Cost**: {facts['cost']:.2f} ms a message{_more(facts)}.",
        *(["\n".join(measured)] if measured else []),
        f"**Known misses**: {facts['misses']}",
        "\n".join(["**Versions**:", "", *(f"- {line}" for line in facts["history"])]),
    )


def _more(facts: dict[str, Any]) -> str:
    return f", and {facts['more']}" if "more" in facts else ""


def _first(check: Any) -> str:
    return " ".join(check.__doc__.strip().split("\n\n")[0].split()).partition(": ")[2]
