"""A class goes out by itself only while judged texts prove it, however often one looks."""

from __future__ import annotations

import random

import pytest

from copydesk.core.audit import AuditPolicy, ItemClass, Tally
from copydesk.core.checks import RiskClass
from copydesk.core.proportions import highest_share
from copydesk.core.states import AuditState
from copydesk.editorial.auditing import FEW, chance_of, propensity
from copydesk.editorial.earning import (
    ALPHA,
    estimate,
    evidence_below,
    needed_to_prove,
    stand,
)

LOW = ItemClass(channel="email", language="en", risk=RiskClass.LOW, writer="rules")


def test_a_class_that_nobody_looked_at_has_earned_nothing() -> None:
    found = stand(LOW, Tally(passed_over=100_000), AuditPolicy())
    assert not found.is_earned
    assert (found.bound, found.lacking) == (1.0, 68)
    assert "at least 68 more good ones" in found.because


@pytest.mark.parametrize("target", [0.01, 0.02, 0.05, 0.2])
@pytest.mark.parametrize("bad", [0, 1, 2, 5])
def test_what_the_evidence_passes_clopper_pearson_passes_too(target: float, bad: int) -> None:
    n = needed_to_prove(bad, target)
    assert evidence_below(bad, n, target) >= 1 / ALPHA > evidence_below(bad, n - 1, target)
    assert highest_share(bad, n) < target


def test_earned_is_lost_again_when_bad_ones_are_found() -> None:
    policy = AuditPolicy()
    assert stand(LOW, Tally(cleared=68), policy).is_earned
    assert not stand(LOW, Tally(cleared=68, faulted=1), policy).is_earned
    assert stand(LOW, Tally(cleared=200, faulted=1), policy).is_earned


@pytest.mark.parametrize("risk", [RiskClass.HIGH, RiskClass.CRITICAL])
def test_high_risk_is_never_earned(risk: RiskClass) -> None:
    cls = ItemClass(channel="email", language="en", risk=risk, writer="rules")
    found = stand(cls, Tally(cleared=1_000_000), AuditPolicy())
    assert not found.is_earned
    assert "never approved without a person" in found.because


def test_medium_risk_has_to_prove_more() -> None:
    medium = ItemClass(channel="email", language="en", risk=RiskClass.MEDIUM, writer="rules")
    assert not stand(medium, Tally(cleared=170), AuditPolicy()).is_earned
    assert stand(medium, Tally(cleared=171), AuditPolicy()).is_earned


def test_looking_after_every_text_seldom_frees_a_class_that_is_just_too_bad() -> None:
    # as many texts as it takes with so many bad ones: cheaper than asking anew after each
    proving = [needed_to_prove(bad, 0.05) for bad in range(12)]
    bounding = [
        next(n for n in range(59, 1000) if highest_share(bad, n) < 0.05) for bad in range(12)
    ]
    chance, freed, by_bound = random.Random(5), 0, 0
    for _ in range(1000):
        bad, proved, bounded = 0, False, False
        for n in range(1, 301):
            bad += chance.random() < 0.05
            if bad < len(proving):
                proved = proved or n >= proving[bad]
                bounded = bounded or n >= bounding[bad]
        freed += proved
        by_bound += bounded
    assert freed <= ALPHA * 1000
    # a bound for one look, asked again and again, frees more than it says
    assert by_bound > ALPHA * 1000


def test_more_is_looked_at_of_a_class_with_few_texts() -> None:
    chances = [propensity(0.03, seen) for seen in range(200)]
    assert chances[:3] == pytest.approx([1, 1 / 2, 1 / 3])
    assert chances == sorted(chances, reverse=True)
    assert chances[-1] == 0.03
    assert propensity(0, 0) == 0


def test_the_draw_is_the_same_for_the_same_text_and_even_over_all() -> None:
    assert chance_of("wsp", "audit", "pst_1") == chance_of("wsp", "audit", "pst_1")
    drawn = sum(chance_of("wsp", "audit", f"pst_{n}") < 0.03 for n in range(20_000))
    assert 0.03 * 20_000 * 0.85 < drawn < 0.03 * 20_000 * 1.15
    seconds = [chance_of("wsp", "second", f"pst_{n}") for n in range(1000)]
    both = sum(
        second < 0.1 and chance_of("wsp", "audit", f"pst_{n}") < 0.1
        for n, second in enumerate(seconds)
    )
    assert both < 30, "one draw must not tell the other"


def test_weights_undo_what_looking_more_at_few_has_done() -> None:
    """A rare bad class that is looked at whole must not weigh like a common good one."""
    chance = random.Random(3)
    shares: list[float] = []
    raw: list[float] = []
    for _ in range(60):
        judged: list[tuple[AuditState, float, int]] = []
        for size, bad_share, chance_to_be_seen in ((2000, 0.02, 0.05), (100, 0.3, 1.0)):
            for _ in range(size):
                if chance.random() < chance_to_be_seen:
                    bad = chance.random() < bad_share
                    state = AuditState.FAULTED if bad else AuditState.CLEARED
                    judged.append((state, chance_to_be_seen, 1))
        shares.append(estimate(judged).share or 0.0)
        raw.append(sum(s is AuditState.FAULTED for s, _, _ in judged) / len(judged))
    truth = (2000 * 0.02 + 100 * 0.3) / 2100
    assert sum(shares) / 60 == pytest.approx(truth, rel=0.15)
    assert sum(raw) / 60 > 3 * truth


def test_an_estimate_with_equal_chances_is_the_plain_one() -> None:
    found = estimate([(AuditState.CLEARED, 0.03, 58), (AuditState.FAULTED, 0.03, 2)])
    assert found.share == pytest.approx(2 / 60)
    assert found.effective == pytest.approx(60)
    assert found.high == pytest.approx(highest_share(2, 60, confidence=0.975))
    assert estimate([]).share is None
    assert FEW > 0
