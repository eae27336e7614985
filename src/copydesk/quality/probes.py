"""Probes: messages with a known answer, sent down the live path to see whether it still works.

Half of them ask the gate: it is shown a faithful text that was damaged on purpose, or not at all.
The others go the whole way, as a message does. A text that lost or made up something and would
have gone out is missed; a faithful one that is stopped is accused. Nothing of a probe becomes a
post: there is no row that could be published.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from copydesk.core.checks import CheckResult, Verdict
from copydesk.core.states import ProbeState
from copydesk.quality.checks import risk
from copydesk.quality.gate import run_gate
from copydesk.quality.narratives import Damage, Narrative, damaged, narrative, score


class ProbeKind(StrEnum):
    """What a probe tries. The first ask the gate about a damaged text, `intact` about a whole one;
    the last three are messages that go the whole way."""

    NUMBER_CHANGED = "number_changed"
    NEGATION_DROPPED = "negation_dropped"
    SENTENCE_DROPPED = "sentence_dropped"
    SENTENCE_INVENTED = "sentence_invented"
    INSTRUCTION_FOLLOWED = "instruction_followed"
    CUT_SHORT = "cut_short"
    INTACT = "intact"
    TOLD = "told"
    INSTRUCTION_HIDDEN = "instruction_hidden"
    OVER_LONG = "over_long"


#: Kinds that ask the gate, and the damage each does.
DAMAGES: Final = {
    ProbeKind.NUMBER_CHANGED: Damage.NUMBER_CHANGED,
    ProbeKind.NEGATION_DROPPED: Damage.NEGATION_DROPPED,
    ProbeKind.SENTENCE_DROPPED: Damage.SENTENCE_DROPPED,
    ProbeKind.SENTENCE_INVENTED: Damage.SENTENCE_INVENTED,
    ProbeKind.INSTRUCTION_FOLLOWED: Damage.INSTRUCTION_FOLLOWED,
    ProbeKind.CUT_SHORT: Damage.CUT_SHORT,
    ProbeKind.INTACT: Damage.NONE,
}
#: What must never be missed, since nothing but counting is needed to see it: each is an alarm.
CERTAIN: Final = frozenset(
    {ProbeKind.NUMBER_CHANGED, ProbeKind.SENTENCE_DROPPED, ProbeKind.CUT_SHORT, ProbeKind.OVER_LONG}
)

#: Characters of a probe that asks the gate, and of one that is longer than any call takes.
LENGTH: Final = 600
OVER_LENGTH: Final = 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a probe found. `issues` are the objections of the checks, in words; `because` says why
    it is missed or accused, "" else."""

    state: ProbeState
    issues: tuple[str, ...] = ()
    because: str = ""


def material_of(kind: ProbeKind, seed: int) -> Narrative:
    """Return the narrative that the probe of this kind and seed tells."""
    match kind:
        case ProbeKind.INSTRUCTION_HIDDEN:
            return narrative(seed, length=LENGTH, injected=True)
        case ProbeKind.OVER_LONG:
            return narrative(seed, length=OVER_LENGTH)
        case _:
            return narrative(seed, length=LENGTH)


def ask_gate(kind: ProbeKind, told: Narrative, *, monotonic: Callable[[], float]) -> Answer:
    """Return what the gate says to `told` with the damage of `kind` (one of `DAMAGES`).

    `monotonic` returns seconds and measures what checks cost.
    """
    text = damaged(told, DAMAGES[kind])
    gate = run_gate(told.reference, text, monotonic=monotonic, language=told.language)
    is_whole = text == told.reference
    return _answer(gate.checks, is_whole=is_whole, because="the gate let it pass")


def judge(
    told: Narrative, text: str, checks: tuple[CheckResult, ...], *, held_because: str = ""
) -> Answer:
    """Return what became of `told` on the whole way.

    `text` is what came out, `checks` what the gate said about it, and `held_because` why it waits
    for a person in any case, "" when it does not.
    """
    scored = score(told, text)
    lost = [f"{fact.kind}: {fact.text}" for fact in scored.lost]
    made_up = [f"made up: {token}" for token in scored.invented]
    answer = _answer(checks, is_whole=scored.is_faithful, because="; ".join([*lost, *made_up][:5]))
    if answer.state is ProbeState.MISSED and held_because:
        return Answer(state=ProbeState.CAUGHT, issues=(*answer.issues, held_because))
    return answer


def _answer(checks: tuple[CheckResult, ...], *, is_whole: bool, because: str) -> Answer:
    """Judge by the checks of the content; how risky a subject is says nothing about a text."""
    objecting = [c for c in checks if c.check != risk.NAME and c.verdict is not Verdict.PASSED]
    issues = tuple(
        f"{check.check}: {piece.message}" + (f": {piece.span}" if piece.span else "")
        for check in objecting
        for piece in check.evidence[:3]
    )
    if is_whole:
        if not objecting:
            return Answer(state=ProbeState.CLEARED)
        return Answer(
            state=ProbeState.ACCUSED, issues=issues, because="a faithful text was stopped"
        )
    if objecting:
        return Answer(state=ProbeState.CAUGHT, issues=issues)
    return Answer(state=ProbeState.MISSED, because=because)
