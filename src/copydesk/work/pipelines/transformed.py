"""What a pipeline is asked for, what comes out of it, and the record it keeps on its way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from copydesk.core.checks import CheckResult, Evidence, RiskClass, Verdict
from copydesk.core.errors import CopydeskError
from copydesk.core.findings import Finding, Severity
from copydesk.core.post import Tier
from copydesk.core.submission import Source
from copydesk.generation.capabilities import Capability, Step
from copydesk.generation.material import ContextMessage
from copydesk.generation.port import Usage
from copydesk.generation.rewrite import Attempt
from copydesk.quality.checks import risk

#: How many characters a social post has unless asked otherwise.
POST_CHARACTERS: Final = 280

#: Verdicts, the gravest last.
GRAVITY: Final = (Verdict.PASSED, Verdict.FLAGGED, Verdict.FAILED)


class ModelNeeded(CopydeskError):
    """A stage needs a model, and none is configured."""

    status = 422
    code = "model_needed"
    exit_code = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A pipeline and what goes into it.

    `raw` is the input as it came: a text, or with `source` (or the stage `parse`) a whole message.
    `context` is what was said before, oldest first. `instruction` is the caller's own wish for
    `improve`, `story` and `reply`. `max_tokens` is an output cap the caller insists on for every
    call. `characters` bounds a social post, `rounds` how often `improve` may be asked when the gate
    objects.
    """

    pipeline: tuple[Capability, ...]
    raw: bytes
    source: Source | None = None
    filename: str = ""
    context: tuple[ContextMessage, ...] = ()
    instruction: str = ""
    max_tokens: int | None = None
    characters: int = POST_CHARACTERS
    rounds: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What one stage of the pipeline gave.

    `text` is None where the stage was done together with `fused_into`, which has the text. `data`
    is what else there is to say: how a message was read, a title, tags. `tier` says what wrote it.
    """

    stage: Capability
    text: str | None
    tier: Tier
    data: Mapping[str, Any] = field(default_factory=dict)
    fused_into: Capability | None = None
    model: str = ""
    prompt_version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call to a model: for which stages, and what it took. `cost_usd` is None where no price is
    known. `rejected_because` is "" for the reply that was used. With `remembered` no call was made:
    the same question had been answered before."""

    stages: tuple[Capability, ...]
    tier: Tier | None
    model: str
    prompt_version: str
    max_tokens: int
    input_tokens: int
    output_tokens: int
    cost_usd: float | None
    latency_ms: float
    rejected_because: str
    remembered: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What one check of the gate said about the text of one stage."""

    stage: Capability
    check: str
    version: int
    verdict: Verdict
    evidence: Sequence[Evidence]


@dataclass(frozen=True, slots=True, kw_only=True)
class Transformed:
    """What came out: `text` is the last stage's; `verdict` and `risk` the gravest of all stages."""

    text: str
    stages: Sequence[Stage]
    calls: Sequence[Call]
    omitted: Sequence[str]
    open_questions: Sequence[str]
    checks: Sequence[Checked]
    verdict: Verdict
    risk: RiskClass
    notes: Sequence[Finding]

    @property
    def input_tokens(self) -> int:
        """Return what all calls read."""
        return sum(call.input_tokens for call in self.calls)

    @property
    def output_tokens(self) -> int:
        """Return what all calls wrote."""
        return sum(call.output_tokens for call in self.calls)

    @property
    def cost_usd(self) -> float | None:
        """Return what all calls cost; None where the price of one is not known."""
        costs = [call.cost_usd for call in self.calls]
        return None if None in costs else sum(cost for cost in costs if cost is not None)


class Record:
    """Collects what a pipeline does."""

    def __init__(self) -> None:
        self.stages: list[Stage] = []
        self.calls: list[Call] = []
        self.omitted: list[str] = []
        self.questions: list[str] = []
        self.checks: list[Checked] = []
        self.notes: list[Finding] = []
        self.risk = RiskClass.LOW

    def note(self, code: str, stages: Sequence[Capability], message: str, remedy: str = "") -> None:
        """Remember what a caller should know; what it can do something about is a warning."""
        severity = Severity.WARNING if remedy else Severity.NOTE
        self.notes.append(
            Finding(
                code=code,
                field="+".join(stages),
                message=message,
                remedy=remedy,
                severity=severity,
            )
        )

    def count(self, step: Step, attempts: Sequence[Attempt]) -> None:
        """Remember the calls a step took."""
        for attempt in attempts:
            if not attempt.made:
                continue
            done = attempt.completion
            remembered = done is not None and done.remembered
            sent = done.usage if done and not remembered else Usage()
            self.calls.append(
                Call(
                    stages=step.stages,
                    tier=done.tier if done else None,
                    model=done.model if done else "",
                    prompt_version=done.prompt_version if done else "",
                    max_tokens=attempt.max_tokens,
                    input_tokens=sent.input_tokens or 0,
                    output_tokens=sent.output_tokens or 0,
                    cost_usd=attempt.cost_usd,
                    latency_ms=done.latency_ms if done else 0.0,
                    rejected_because=attempt.rejected_because,
                    remembered=remembered,
                )
            )

    def disown(self, because: str) -> None:
        """Remember that the reply of the last call was not used after all."""
        self.calls[-1] = replace(self.calls[-1], rejected_because=because)

    def check(self, stage: Capability, results: Sequence[CheckResult], level: RiskClass) -> None:
        """Remember what the gate said about the text of `stage`."""
        self.checks += [
            Checked(
                stage=stage,
                check=result.check,
                version=result.version,
                verdict=result.verdict,
                evidence=result.evidence,
            )
            for result in results
        ]
        self.risk = risk.higher(self.risk, level)

    def conclude(self, text: str) -> Transformed:
        """Return the whole."""
        verdicts = [check.verdict for check in self.checks]
        if self.risk in risk.HELD:
            verdicts.append(Verdict.FLAGGED)
        return Transformed(
            text=text,
            stages=tuple(self.stages),
            calls=tuple(self.calls),
            omitted=tuple(dict.fromkeys(self.omitted)),
            open_questions=tuple(dict.fromkeys(self.questions)),
            checks=tuple(self.checks),
            verdict=max(verdicts, key=GRAVITY.index, default=Verdict.PASSED),
            risk=self.risk,
            notes=tuple(self.notes),
        )
