"""Examining a pair of texts by the gate's checks, for whoever wants to measure them on any set.

Where the author's own text is there (`seed`), the gate's content checks hold the text against it.
Without it only what the text invents or turns into its contrary can be told: a text may leave out
whatever it likes. A model that reads texts is asked as in the gate, and without a seed wherever the
rules find nothing. How risky a text is, and how well it reads, says nothing about its faithfulness:
risk stands apart and never decides the verdict, style is not asked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from copydesk.core.checks import CheckResult, Evidence, RiskClass, Verdict
from copydesk.quality.calibration import signals_of, weighed
from copydesk.quality.checks import assistant_voice, combiner, contrary, nothing_new, risk, style
from copydesk.quality.comparison import Comparison
from copydesk.quality.doubts import is_about_wording
from copydesk.quality.gate import WEIGHED, run_gate
from copydesk.quality.policy import Policy

_BESIDE: Final = frozenset({risk.NAME, style.NAME})


@dataclass(frozen=True, slots=True, kw_only=True)
class Objection:
    """One thing that speaks against a text: the check, how grave, and where."""

    check: str
    severity: Verdict
    evidence: Evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """What the checks say about a text.

    `score` is the probability that it is good where one text in two is, by the calibration.
    An objection of a check that passed is a note: too light to decide by itself. `signals` is what
    the calibration weighs, `floor` the verdict of the checks that it does not weigh.
    """

    verdict: Verdict
    score: float
    objections: tuple[Objection, ...]
    risk: RiskClass
    categories: tuple[str, ...]
    signals: Mapping[str, int]
    floor: Verdict


def examine(
    text: str,
    *,
    source: str,
    monotonic: Callable[[], float],
    seed: str = "",
    context: str = "",
    language: str = "",
    policy: Policy | None = None,
    reads: Callable[[str, str], CheckResult] | None = None,
) -> Examined:
    """Hold `text` against `seed`, the author's text it was made from, and against what supports it.

    Args:
        text: what is judged.
        source: whatever supports facts of the text; without a seed all there is.
        monotonic: seconds from any origin, to measure what checks cost.
        seed: the author's text that was edited, "" when there is none.
        context: earlier messages and the like, which support facts too.
        language: BCP 47 tag of all of them, "" if unknown.
        policy: which checks run, and their calibration; all, by the standard one, if not given.
        reads: holds a text against a source with a faithfulness model, None where there is none.
    """
    policy = policy or Policy()
    support = "\n\n".join(part for part in (source, context) if part)
    if seed:
        gate = run_gate(
            seed, text, monotonic=monotonic, language=language, support=support, policy=policy
        )
        content = [result for result in gate.checks if result.check not in _BESIDE]
        badness, level, categories = gate.badness, gate.risk, gate.categories
        is_doubted = is_about_wording(content)
    else:
        comparison = Comparison(support, text, language=language)
        asked = (nothing_new, contrary, assistant_voice)
        content = [check.check(comparison) for check in asked]
        badness = weighed(content, policy.calibration)
        found = risk.check(comparison)[1]
        level, categories = found.risk, found.categories
        is_doubted = worst(content) is Verdict.PASSED
    signals = signals_of(content)
    floor = worst([r for r in content if r.check not in (*WEIGHED, combiner.NAME)])
    verdict = worst(content)
    if reads is not None and is_doubted:
        premise = "\n\n".join(part for part in (seed, support) if part)
        content.append(reads(premise, text))
        verdict = content[-1].verdict
    objections = tuple(
        Objection(check=result.check, severity=result.verdict, evidence=evidence)
        for result in content
        if result.check != combiner.NAME
        for evidence in _pieces(result)
    )
    return Examined(
        verdict=verdict,
        score=round(1 - badness, 4),
        objections=objections,
        risk=level,
        categories=categories,
        signals=signals,
        floor=floor,
    )


def _pieces(result: CheckResult) -> Sequence[Evidence]:
    if result.evidence or result.verdict is Verdict.PASSED:
        return result.evidence
    return (Evidence(message=f"{result.check} {result.verdict}"),)


def worst(results: Sequence[CheckResult]) -> Verdict:
    """Return the gravest verdict of some checks."""
    verdicts = {result.verdict for result in results}
    return next((v for v in (Verdict.FAILED, Verdict.FLAGGED) if v in verdicts), Verdict.PASSED)
