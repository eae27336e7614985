"""Doubts that a model may put aside, and what its word changes: stages 6 and 7 of the gate.

Both take a model, so whoever runs the gate has it asked: a local one that reads both texts
(`work.faithfulness`), and a judge that votes (`work.voting`). They decide about wording alone.
Values, names, kinds and order are compared exactly: there no opinion counts, and none about what is
missing, what a machine said, or what is at stake.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from copydesk.core.checks import CheckResult, Verdict
from copydesk.quality.checks import (
    combiner,
    faithfulness,
    invention,
    limits,
    omission,
    polarity,
    protected_tokens,
    risk,
)
from copydesk.quality.gate import WEIGHED, GateResult
from copydesk.quality.policy import Mode, observed

#: Checks whose doubts a model may put aside.
WORDING: Final = frozenset(check.NAME for check in (polarity, limits, omission, invention))
#: Checks of which not even a sign may be there: it weighs in where it flags nothing by itself.
#: What the local model found without any support is such a sign for the judge.
FACTS: Final = (WEIGHED - WORDING) | {protected_tokens.NAME, faithfulness.NAME}

_SETTLES: Final = WORDING | {combiner.NAME, faithfulness.NAME}
#: How many pieces of evidence a reason tells: a count, and three votes or statements.
_TOLD: Final = 4


def is_uncertain(gate: GateResult) -> bool:
    """Whether a model can decide: the combiner is uncertain, by doubts about the wording alone."""
    return (
        gate.verdict is Verdict.FLAGGED
        and gate.risk not in risk.HELD
        and is_about_wording(gate.checks)
    )


def is_about_wording(checks: Sequence[CheckResult]) -> bool:
    """Whether the combiner doubts a text, and nothing but wording speaks against it."""
    doubted = {r.check for r in checks if r.verdict is not Verdict.PASSED}
    signed = {r.check for r in checks if any(e.signal for e in r.evidence)}
    return combiner.NAME in doubted <= _SETTLES and not signed & FACTS


def with_judgement(gate: GateResult, judged: CheckResult, mode: Mode = Mode.ON) -> GateResult:
    """Return `gate` with the result of a model, which passes the text or leaves it flagged.

    The other checks keep their results as evidence, and `badness` stays the combiner's: it is
    watched for drift. Raises `ValueError` where a model has nothing to decide.
    """
    if not is_uncertain(gate):
        raise ValueError("the gate is not uncertain: there is nothing for a judge to decide")
    if mode is not Mode.ON:
        return replace(gate, checks=(*gate.checks, observed(judged)))
    gate = replace(gate, checks=(*gate.checks, judged))
    if judged.verdict is Verdict.PASSED:
        return replace(gate, verdict=Verdict.PASSED, hold_reasons=())
    said = "; ".join(evidence.message for evidence in judged.evidence[:_TOLD])
    return replace(gate, hold_reasons=(*gate.hold_reasons, f"{judged.check}: {said}"))
