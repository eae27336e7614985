"""Probes: damage of every kind is told from a whole text, and a wrong answer is told as such."""

from __future__ import annotations

import time

import pytest

from copydesk.core.checks import CheckResult, Evidence, Verdict
from copydesk.core.states import ProbeState
from copydesk.quality.checks import risk
from copydesk.quality.probes import CERTAIN, DAMAGES, ProbeKind, ask_gate, judge, material_of

SEEDS = range(12)
FLAG = CheckResult(
    check="fact_diff",
    version=1,
    verdict=Verdict.FLAGGED,
    evidence=(Evidence(message="a name is new", span="Ada"),),
)
RISK = CheckResult(check=risk.NAME, version=1, verdict=Verdict.FLAGGED)


@pytest.mark.parametrize("kind", sorted(CERTAIN & DAMAGES.keys()))
def test_what_only_needs_counting_is_always_caught(kind: ProbeKind) -> None:
    for seed in SEEDS:
        answer = ask_gate(kind, material_of(kind, seed), monotonic=time.monotonic)
        assert answer.state is ProbeState.CAUGHT, (seed, answer)
        assert answer.issues


def test_a_whole_text_is_cleared() -> None:
    for seed in SEEDS:
        told = material_of(ProbeKind.INTACT, seed)
        answer = ask_gate(ProbeKind.INTACT, told, monotonic=time.monotonic)
        assert answer.state is ProbeState.CLEARED, (seed, answer)


def test_a_message_that_came_out_whole_is_cleared_however_risky_it_is() -> None:
    told = material_of(ProbeKind.TOLD, 1)
    assert judge(told, told.reference, (RISK,)).state is ProbeState.CLEARED


def test_a_whole_text_that_was_stopped_is_accused() -> None:
    told = material_of(ProbeKind.TOLD, 1)
    answer = judge(told, told.reference, (FLAG, RISK))
    assert answer.state is ProbeState.ACCUSED
    assert answer.issues == ("fact_diff: a name is new: Ada",)


def test_a_text_that_lost_something_and_would_go_out_is_missed() -> None:
    told = material_of(ProbeKind.TOLD, 1)
    cut = told.reference[:200]
    answer = judge(told, cut, ())
    assert answer.state is ProbeState.MISSED
    assert str(told.facts[-1].kind) in answer.because or "order" in answer.because
    assert judge(told, cut, (FLAG,)).state is ProbeState.CAUGHT
    held = judge(told, cut, (), held_because="the model is away")
    assert held.state is ProbeState.CAUGHT
    assert "the model is away" in held.issues


def test_an_over_long_message_is_longer_than_any_call_takes() -> None:
    assert len(material_of(ProbeKind.OVER_LONG, 1).raw) > 50_000
