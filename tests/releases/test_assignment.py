"""Who gets which version, and which items are compared."""

from __future__ import annotations

import subprocess
import sys

from hypothesis import given, settings
from hypothesis import strategies as st

from copydesk.core.release import Arm, Outcome, Unpaired, Version
from copydesk.releases.assignment import arm_of
from copydesk.releases.pairing import MOST_WAITING, pair

CONVERSATIONS = [f"thr_{n:026d}" for n in range(2000)]


def test_shares_are_what_they_say() -> None:
    for share in (5, 25, 50):
        new = sum(arm_of(c, "rel_1", share) is Arm.NEW for c in CONVERSATIONS)
        assert abs(new / len(CONVERSATIONS) - share / 100) < 0.03


def test_nobody_is_on_trial_at_0_and_everybody_at_100() -> None:
    assert {arm_of(c, "rel_1", 0) for c in CONVERSATIONS} == {Arm.OLD}
    assert {arm_of(c, "rel_1", 100) for c in CONVERSATIONS} == {Arm.NEW}


@given(st.text(max_size=40), st.integers(0, 100), st.integers(0, 100))
@settings(max_examples=100, deadline=None)
def test_a_larger_share_keeps_whom_it_had(unit: str, one: int, other: int) -> None:
    small, large = sorted((one, other))
    if arm_of(unit, "rel_1", small) is Arm.NEW:
        assert arm_of(unit, "rel_1", large) is Arm.NEW


def test_another_process_says_the_same() -> None:
    here = [arm_of(c, "rel_1", 50).value for c in CONVERSATIONS[:50]]
    script = (
        "from copydesk.releases.assignment import arm_of\n"
        "print(*(arm_of(f'thr_{n:026d}', 'rel_1', 50) for n in range(50)))"
    )
    there = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert there.stdout.split() == here


def test_another_release_deals_anew() -> None:
    first = [arm_of(c, "rel_1", 50) for c in CONVERSATIONS]
    second = [arm_of(c, "rel_2", 50) for c in CONVERSATIONS]
    both = sum(a is Arm.NEW and b is Arm.NEW for a, b in zip(first, second, strict=True))
    assert abs(both / len(CONVERSATIONS) - 0.25) < 0.05


def test_items_are_paired_within_a_channel_and_once_each() -> None:
    mail, chat, other = (Outcome(latency_ms=n) for n in (1.0, 2.0, 3.0))
    waiting = Unpaired()
    for arm, channel, outcome, completes in (
        (Arm.NEW, "email", mail, None),
        (Arm.OLD, "chat", chat, None),
        (Arm.OLD, "email", other, (other, mail)),
        (Arm.OLD, "email", other, None),
        (Arm.NEW, "chat", mail, (chat, mail)),
    ):
        waiting, found = pair(waiting, arm, channel, outcome)
        assert found == completes


def test_of_too_many_that_wait_the_latest_are_kept() -> None:
    waiting = Unpaired()
    for n in range(100):
        waiting, _ = pair(waiting, Arm.OLD, "email", Outcome(latency_ms=float(n)))
    assert len(waiting.old["email"]) == MOST_WAITING[Arm.OLD]
    _, found = pair(waiting, Arm.NEW, "email", Outcome())
    assert found is not None
    assert found[0].latency_ms == 80.0


def test_a_version_is_known_by_what_it_does_and_not_by_who_made_it() -> None:
    one = Version(prompt="rewrite_and_polish.v1", model="openai:a", code="1.0")
    assert one.digest == Version(prompt=one.prompt, model=one.model, code="2.0").digest
    other = Version(prompt="rewrite_and_polish.v2", model="openai:a", temperature=0.4)
    assert one.digest != other.digest
    assert one.differences(other) == (
        "prompt rewrite_and_polish.v1 → rewrite_and_polish.v2",
        "temperature as configured → 0.4",
    )
