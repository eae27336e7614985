"""The gate: runs the checks in order, stops early, and says whether a person must look.

Order: 0 completeness, 1 protected tokens, 2 fact diff and assistant voice, 4 risk. A failed check
ends the content checks, because what comes after would only describe the same damage; risk is
always assessed, because it decides who looks. All pure: the clock is handed in.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from copydesk.core.checks import CheckResult, RiskClass, Verdict
from copydesk.core.post import Fate
from copydesk.quality.checks import (
    assistant_voice,
    completeness,
    exchange,
    fact_diff,
    invention,
    limits,
    omission,
    order,
    polarity,
    protected_tokens,
    risk,
)
from copydesk.quality.comparison import Comparison


@dataclass(frozen=True, slots=True, kw_only=True)
class GateResult:
    """What the gate concludes.

    `failed`: retry or a person, never publish. `flagged`: hold for a person. `passed`: may go on.
    `hold_reasons` says in words why it does not pass; it is empty exactly when it does.
    """

    checks: tuple[CheckResult, ...]
    verdict: Verdict
    risk: RiskClass
    categories: tuple[str, ...] = ()
    hold_reasons: tuple[str, ...] = ()


def run_gate(
    source: str,
    text: str,
    *,
    monotonic: Callable[[], float],
    language: str = "",
    segments: Sequence[str] = (),
    fates: Sequence[Fate] | None = None,
    omitted: Sequence[str] = (),
    truncated_because: str = "",
    risk_input: RiskClass = RiskClass.LOW,
    support: str = "",
) -> GateResult:
    """Hold a rewrite against the author's own text.

    Args:
        source: the author's own text (the kept segments), before any clean-up.
        text: the rewrite.
        monotonic: seconds from any origin, to measure what each check costs.
        language: BCP 47 tag of both, "" if unknown (medium risk at least).
        segments: the authored segments of the source; a fate refers to them by index.
        fates: what the rewrite says became of each; None if it was made by rules, without a map.
        omitted: what the rewrite says it left out, in words; excuses the tokens it names.
        truncated_because: why the reply is taken for cut off, "" for a proved natural stop.
        risk_input: a class given to the item before, by a person or at intake; never lowered here.
        support: whatever else may support facts of the rewrite.
    """
    comparison = Comparison(source, text, language=language, omitted=omitted, support=support)
    results: list[CheckResult] = []

    def timed(check: Callable[[], CheckResult]) -> CheckResult:
        began = monotonic()
        result = check()
        results.append(replace(result, cost_ms=(monotonic() - began) * 1000))
        return result

    stages: tuple[tuple[Callable[[], CheckResult], ...], ...] = (
        (
            lambda: completeness.check(
                comparison, segments=segments, fates=fates, truncated_because=truncated_because
            ),
        ),
        (lambda: protected_tokens.check(comparison),),
        (
            lambda: fact_diff.check(comparison),
            lambda: polarity.check(comparison),
            lambda: limits.check(comparison),
            lambda: exchange.check(comparison),
            lambda: order.check(comparison),
            lambda: assistant_voice.check(comparison),
        ),
        (lambda: omission.check(comparison), lambda: invention.check(comparison)),
    )
    for stage in stages:
        verdicts = [timed(check).verdict for check in stage]
        if Verdict.FAILED in verdicts:
            break
    began = monotonic()
    result, found = risk.check(comparison)
    results.append(replace(result, cost_ms=(monotonic() - began) * 1000))
    level = risk.higher(risk_input, found.risk)
    reasons = [_reason(r) for r in results if r.verdict is not Verdict.PASSED]
    if level in risk.HELD and result.verdict is Verdict.PASSED:
        reasons.append(f"risk: {level.value}, as it was classed before")
    return GateResult(
        checks=tuple(results),
        verdict=_worst(results, held=level in risk.HELD),
        risk=level,
        categories=found.categories,
        hold_reasons=tuple(reasons),
    )


def _worst(results: Sequence[CheckResult], *, held: bool) -> Verdict:
    verdicts = {result.verdict for result in results}
    if Verdict.FAILED in verdicts:
        return Verdict.FAILED
    return Verdict.FLAGGED if held or Verdict.FLAGGED in verdicts else Verdict.PASSED


def _reason(result: CheckResult) -> str:
    said = list(dict.fromkeys(_phrase(e.message, e.span) for e in result.evidence))
    more = f" and {len(said) - 3} more" if len(said) > 3 else ""
    return f"{result.check}: {'; '.join(said[:3])}{more}"


def _phrase(message: str, span: str) -> str:
    return f"{message}: {span}" if 0 < len(span) <= 40 else message
