"""What becomes of a release next, and that a good one is seldom taken back on any ground."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from copydesk.core.errors import ContentInvalid
from copydesk.core.release import Guard, Outcome, Policy, Tally
from copydesk.core.states import ReleaseState
from copydesk.releases.guards import added, compare, slow_from
from copydesk.releases.ruling import Move, Standing, rule

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
SHADOW = Standing(state=ReleaseState.SHADOWED, share=0, ends_at=NOW + timedelta(days=28))
CANARY = replace(SHADOW, state=ReleaseState.CANARIED, share=5)
POLICY = Policy()


def tallies(**counts: Tally) -> dict[Guard, Tally]:
    return {Guard(name): tally for name, tally in counts.items()}


def test_it_waits_for_the_fewest_pairs_of_its_stage() -> None:
    ruling = rule(replace(SHADOW, stage_pairs=199), POLICY, NOW)
    assert (ruling.move, ruling.because) == (Move.WAIT, "199 of 200 pairs seen in shadow")


@pytest.mark.parametrize(
    ("standing", "share"),
    [(SHADOW, 5), (CANARY, 25), (replace(CANARY, share=25), 50)],
    ids=["shadow", "5 %", "25 %"],
)
def test_it_takes_a_larger_share_when_nothing_looks_worse(standing: Standing, share: int) -> None:
    seen = replace(
        standing, stage_pairs=200, tallies=tallies(failed=Tally(worse=2, better=2, neither=196))
    )
    ruling = rule(seen, POLICY, NOW)
    assert (ruling.move, ruling.share) == (Move.ADVANCE, share)


def test_it_waits_while_a_guard_looks_worse_and_is_not_proved_to_be() -> None:
    seen = replace(SHADOW, stage_pairs=200, tallies=tallies(flagged=Tally(worse=9, neither=191)))
    seen = replace(seen, tallies=tallies(flagged=Tally(worse=11, better=5, neither=184)))
    ruling = rule(seen, POLICY, NOW)
    assert ruling.move is Move.WAIT
    assert "flagged looks worse: 2.5% → 5.5%" in ruling.because


def test_evidence_on_any_guard_rolls_back_at_once() -> None:
    seen = replace(CANARY, stage_pairs=20, tallies=tallies(slowed=Tally(worse=12, neither=8)))
    ruling = rule(seen, POLICY, NOW)
    assert ruling.move is Move.ROLL_BACK
    assert "slowed: 0.0% → 60.0%" in ruling.because


def test_everybody_gets_it_only_when_it_is_shown_to_be_no_worse() -> None:
    last = replace(CANARY, share=50, stage_pairs=60)
    little = replace(last, tallies=tallies(failed=Tally(neither=120), flagged=Tally(neither=120)))
    ruling = rule(little, POLICY, NOW)
    assert ruling.move is Move.WAIT
    assert "failed may still be up to" in ruling.because
    much = replace(last, tallies=tallies(failed=Tally(neither=700), flagged=Tally(neither=700)))
    ruling = rule(much, POLICY, NOW)
    assert ruling.move is Move.PROMOTE
    assert "shown to be no worse: failed at most" in ruling.because


def test_what_was_never_compared_is_not_taken_for_good() -> None:
    last = replace(CANARY, share=50, stage_pairs=60)
    ruling = rule(replace(last, tallies=tallies(failed=Tally(neither=700))), POLICY, NOW)
    assert ruling.move is Move.WAIT
    assert "flagged may still be up to" in ruling.because


def test_without_an_answer_in_time_the_old_version_stays() -> None:
    ruling = rule(replace(CANARY, stage_pairs=60), POLICY, CANARY.ends_at)
    assert ruling.move is Move.GIVE_UP
    assert ruling.because.startswith("inconclusive after 28 days: failed may still be up to")


def test_a_release_that_is_no_worse_is_seldom_rolled_back_on_any_guard_at_any_look() -> None:
    """Five guards at once, in shadow and in every stage, ruled on after every pair."""
    randomness = random.Random(23)
    runs, wrong = 60, 0
    for _ in range(runs):
        counted: dict[Guard, Tally] = {}
        for _ in range(400):
            old, new = (
                Outcome(
                    failed=randomness.random() < 0.03,
                    flagged=randomness.random() < 0.2,
                    edited=randomness.random() < 0.1,
                    latency_ms=randomness.lognormvariate(6, 0.5),
                    cost_usd=randomness.lognormvariate(-5, 0.3),
                )
                for _ in range(2)
            )
            counted = added(counted, compare(old, new, slow_over_ms=900))
            if rule(replace(SHADOW, tallies=counted), POLICY, NOW).move is Move.ROLL_BACK:
                wrong += 1
                break
    print(f"rolled back although no worse: {wrong} of {runs} releases, five guards each")
    assert wrong <= 0.05 * runs


def test_what_one_side_does_not_know_is_not_compared() -> None:
    old = Outcome(failed=False, flagged=True, cost_usd=None, latency_ms=10)
    new = Outcome(failed=True, flagged=True, cost_usd=1.0, latency_ms=90)
    faults = compare(old, new, slow_over_ms=None)
    assert set(faults) == {Guard.FAILED, Guard.FLAGGED}
    assert faults[Guard.FAILED] == Tally(worse=1)
    assert faults[Guard.FLAGGED] == Tally(both=1)


def test_a_cost_within_a_tenth_is_the_same_cost() -> None:
    same = compare(Outcome(cost_usd=1.0), Outcome(cost_usd=1.09), slow_over_ms=None)
    assert same[Guard.DEARER] == Tally(neither=1)
    more = compare(Outcome(cost_usd=1.0), Outcome(cost_usd=1.2), slow_over_ms=None)
    assert more[Guard.DEARER] == Tally(worse=1)
    free = compare(Outcome(cost_usd=0.0), Outcome(cost_usd=0.0), slow_over_ms=None)
    assert free[Guard.DEARER] == Tally(neither=1)


def test_how_slow_slow_is_takes_enough_items_to_say() -> None:
    assert slow_from([1.0] * 39) is None
    assert slow_from([float(n) for n in range(1, 101)]) == 95.0


@pytest.mark.parametrize(
    "policy",
    [
        Policy(alpha=0.0),
        Policy(stages=(25, 5)),
        Policy(stages=(0, 50)),
        Policy(days=0),
        Policy(shadow_items=0),
        Policy(margins={Guard.FAILED: 1.5}),
    ],
    ids=["alpha", "order", "zero", "days", "items", "margin"],
)
def test_a_policy_that_makes_no_rule_is_refused(policy: Policy) -> None:
    with pytest.raises(ContentInvalid):
        policy.check()
