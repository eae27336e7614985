"""A quality record says where a platform stands, and cannot claim more than it says."""

from __future__ import annotations

from copydesk.platforms.kit.quality import RULES, Quality, Rule, Tier

DONE = {name: Rule(status="done") for rules in RULES.values() for name in rules}


def problems(tier: Tier, **rules: Rule) -> list[str]:
    return Quality(tier=tier, rules={**DONE, **rules}).problems()


def test_everything_done_is_platinum() -> None:
    assert problems(Tier.PLATINUM) == []


def test_a_tier_needs_its_rules_but_not_those_above() -> None:
    todo = Rule(status="todo", reason="later")
    assert problems(Tier.SILVER, metrics=todo) == []
    assert problems(Tier.GOLD, metrics=todo) == ["tier gold needs 'metrics', which is still to do"]


def test_todo_and_exempt_need_a_reason() -> None:
    assert problems(Tier.BRONZE, metrics=Rule(status="exempt")) == [
        "rule 'metrics' is exempt without a reason"
    ]


def test_unknown_and_missing_rules_are_named() -> None:
    assert problems(Tier.BRONZE, fast=Rule(status="done")) == ["there is no rule 'fast'"]
    missing = Quality(tier=Tier.BRONZE, rules={}).problems()
    assert "rule 'preview' is not mentioned" in missing
