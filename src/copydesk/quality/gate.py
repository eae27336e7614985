"""The gate: runs the checks in order, stops early, and says whether a person must look.

Order: 0 completeness, 1 protected tokens, 2 what changed (fact diff, polarity, limits, exchange,
order, assistant voice), 3 omission and invention, 4 risk, 5 the combiner, 8 style. A failure at 0
or 1 ends the content checks, because what comes after would only describe the same damage; risk is
always assessed, because it decides who looks, and style decides nothing. All pure: the clock is
handed in.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from copydesk.core.checks import CheckResult, RiskClass, Verdict
from copydesk.core.post import Fate
from copydesk.quality.calibration import weighed
from copydesk.quality.checks import (
    assistant_voice,
    combiner,
    completeness,
    exchange,
    fact_diff,
    faithfulness,
    invention,
    judge,
    limits,
    omission,
    order,
    polarity,
    protected_tokens,
    risk,
    style,
)
from copydesk.quality.comparison import Comparison
from copydesk.quality.policy import Mode, Policy, observed

#: Checks whose evidence is weighed: what they see flags a text as far as the calibration says so.
WEIGHED: Final = frozenset(
    check.NAME for check in (fact_diff, polarity, limits, exchange, order, omission, invention)
)
#: Checks that always decide: what was cut is never published, and risk says who looks.
BINDING: Final = frozenset({completeness.NAME, risk.NAME})
#: Checks that may be turned off, or observe only.
OPTIONAL: Final = WEIGHED | {
    protected_tokens.NAME,
    assistant_voice.NAME,
    combiner.NAME,
    faithfulness.NAME,
    judge.NAME,
    style.NAME,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class GateResult:
    """What the gate concludes.

    `failed`: retry or a person, never publish. `flagged`: hold for a person. `passed`: may go on.
    `hold_reasons` says in words why it does not pass; it is empty exactly when it does. `badness`
    is the probability of the combiner, and no less than what fails where a check failed the text.
    """

    checks: tuple[CheckResult, ...]
    verdict: Verdict
    risk: RiskClass
    badness: float = 0.0
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
    policy: Policy | None = None,
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
        policy: which checks run, and their calibration; all, by the standard one, if not given.
    """
    policy = policy or Policy()
    comparison = Comparison(source, text, language=language, omitted=omitted, support=support)
    run = _Run(monotonic, policy)
    stages: tuple[tuple[tuple[str, Callable[[], CheckResult]], ...], ...] = (
        (
            (
                completeness.NAME,
                lambda: completeness.check(
                    comparison, segments=segments, fates=fates, truncated_because=truncated_because
                ),
            ),
        ),
        ((protected_tokens.NAME, lambda: protected_tokens.check(comparison)),),
        (
            (fact_diff.NAME, lambda: fact_diff.check(comparison)),
            (polarity.NAME, lambda: polarity.check(comparison)),
            (limits.NAME, lambda: limits.check(comparison)),
            (exchange.NAME, lambda: exchange.check(comparison)),
            (order.NAME, lambda: order.check(comparison)),
            (assistant_voice.NAME, lambda: assistant_voice.check(comparison)),
        ),
        (
            (omission.NAME, lambda: omission.check(comparison)),
            (invention.NAME, lambda: invention.check(comparison)),
        ),
    )
    for stage in stages:
        if run.has_failed:
            break
        for name, check in stage:
            run.take(name, check)
    content = tuple(run.results)
    badness = weighed(content, policy.calibration)
    if run.has_failed:
        badness = max(badness, policy.calibration.fail)
    assessed = _Assessing(comparison)
    run.take(risk.NAME, assessed)
    if not run.has_failed:
        run.take(combiner.NAME, lambda: combiner.check(content, policy.calibration))
        run.take(style.NAME, lambda: style.check(comparison))
    level = risk.higher(risk_input, assessed.found.risk)
    held = level in risk.HELD and policy.mode(risk.NAME) is Mode.ON
    return GateResult(
        checks=tuple(run.results),
        verdict=_worst(run.results, held=held),
        risk=level,
        badness=round(badness, 4),
        categories=assessed.found.categories,
        hold_reasons=_reasons(run.results, level, held=held),
    )


class _Run:
    """The checks of one text, each with its cost and in its mode."""

    def __init__(self, monotonic: Callable[[], float], policy: Policy) -> None:
        self.results: list[CheckResult] = []
        self._monotonic = monotonic
        self._policy = policy

    @property
    def has_failed(self) -> bool:
        return any(result.verdict is Verdict.FAILED for result in self.results)

    def take(self, name: str, check: Callable[[], CheckResult]) -> None:
        mode = self._policy.mode(name)
        if mode is Mode.OFF and name != risk.NAME:
            return
        began = self._monotonic()
        result = check()
        result = replace(result, cost_ms=(self._monotonic() - began) * 1000)
        if mode is not Mode.ON:
            result = observed(result)
        elif name in WEIGHED:
            result = self._weighed(result)
        self.results.append(result)

    def _weighed(self, result: CheckResult) -> CheckResult:
        """Let a check pass whose evidence alone is too light; the evidence stays."""
        if result.verdict is Verdict.PASSED:
            return result
        calibration = self._policy.calibration
        alone = calibration.band(weighed([result], calibration))
        return replace(
            result, verdict=Verdict.PASSED if alone is Verdict.PASSED else result.verdict
        )


class _Assessing:
    """The risk check, which finds a class and categories beside its result."""

    def __init__(self, comparison: Comparison) -> None:
        self._comparison = comparison
        self.found = risk.Risk(RiskClass.LOW, (), ())

    def __call__(self) -> CheckResult:
        result, self.found = risk.check(self._comparison)
        return result


def _worst(results: Sequence[CheckResult], *, held: bool) -> Verdict:
    verdicts = {result.verdict for result in results}
    if Verdict.FAILED in verdicts:
        return Verdict.FAILED
    return Verdict.FLAGGED if held or Verdict.FLAGGED in verdicts else Verdict.PASSED


def _reasons(results: Sequence[CheckResult], level: RiskClass, *, held: bool) -> tuple[str, ...]:
    """Return why a person must look; the combiner speaks only where no single check does."""
    bad = [result for result in results if result.verdict is not Verdict.PASSED]
    single = [result for result in bad if result.check in WEIGHED]
    reasons = [_reason(r) for r in bad if r.check != combiner.NAME or not single]
    if held and not any(result.check == risk.NAME for result in bad):
        reasons.append(f"risk: {level.value}, as it was classed before")
    return tuple(reasons)


def _reason(result: CheckResult) -> str:
    said = list(dict.fromkeys(_phrase(e.message, e.span) for e in result.evidence))
    more = f" and {len(said) - 3} more" if len(said) > 3 else ""
    return f"{result.check}: {'; '.join(said[:3])}{more}"


def _phrase(message: str, span: str) -> str:
    return f"{message}: {span}" if 0 < len(span) <= 40 else message
