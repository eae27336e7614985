"""One round of having a text edited: the reply, and what the gate finds wrong with it."""

from __future__ import annotations

from dataclasses import dataclass

from copydesk.core.checks import Verdict
from copydesk.generation.attempts import Answered
from copydesk.generation.tasks import WrittenReply
from copydesk.quality.checks import risk
from copydesk.quality.examining import worst
from copydesk.quality.gate import GateResult
from copydesk.work.pipelines.transformed import GRAVITY


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A usable reply, and what the gate says about the text it edited (None where it edited
    none)."""

    answer: Answered[WrittenReply]
    gate: GateResult | None

    @property
    def objections(self) -> tuple[str, ...]:
        """Return what speaks against the edited text; how risky its subject is does not."""
        results = self.gate.checks if self.gate else ()
        return tuple(
            f"{result.check}: {piece.message}: {piece.span}"
            for result in results
            if result.check != risk.NAME and result.verdict is not Verdict.PASSED
            for piece in result.evidence
        )

    @property
    def faults(self) -> tuple[int, int]:
        """Return how bad the text is, to compare: by the gravest verdict, then by number."""
        results = [r for r in (self.gate.checks if self.gate else ()) if r.check != risk.NAME]
        return GRAVITY.index(worst(results)), len(self.objections)
