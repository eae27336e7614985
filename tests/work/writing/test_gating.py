"""The operator decides which checks take part and by what calibration; some always do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from copydesk.config import Settings, load_settings
from copydesk.core.checks import Verdict
from copydesk.core.errors import ConfigError
from copydesk.quality.calibration import standard
from copydesk.quality.gate import GateResult, run_gate
from copydesk.quality.policy import Policy
from copydesk.work.writing.gating import policy_of

SOURCE, TURNED = "Please do not delete the report.", "Please delete the report."


def settings(home: Path, text: str) -> Settings:
    (home / "copydesk.toml").write_text(text, encoding="utf-8")
    return load_settings(home)


def judged(policy: Policy, text: str = TURNED) -> GateResult:
    return run_gate(SOURCE, text, monotonic=lambda: 0.0, language="en", policy=policy)


def test_an_observed_check_says_what_it_would_have_said_and_decides_nothing(tmp_path: Path) -> None:
    policy = policy_of(settings(tmp_path, 'checks_observed = ["polarity"]'))
    result = judged(policy)
    (polarity,) = (check for check in result.checks if check.check == "polarity")
    assert polarity.verdict is Verdict.PASSED
    assert polarity.evidence[0].message == "only observed: would be flagged"
    assert len(polarity.evidence) > 1, "its evidence is kept"
    assert result.verdict is Verdict.PASSED
    assert judged(policy_of(settings(tmp_path, ""))).verdict is not Verdict.PASSED


def test_a_check_that_is_off_does_not_run(tmp_path: Path) -> None:
    result = judged(policy_of(settings(tmp_path, 'checks_off = ["polarity", "combiner"]')))
    assert {"polarity", "combiner"}.isdisjoint(check.check for check in result.checks)
    assert result.verdict is Verdict.PASSED


@pytest.mark.parametrize("name", ["completeness", "risk", "polarty"])
def test_what_always_decides_and_what_is_not_there_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match=name):
        policy_of(settings(tmp_path, f'checks_off = ["{name}"]'))


def test_an_own_calibration_is_used(tmp_path: Path) -> None:
    mild = replace(standard(), version="mild", uncertain=1.0, fail=1.0)
    (tmp_path / "mild.json").write_text(mild.to_json(), encoding="utf-8")
    policy = policy_of(settings(tmp_path, 'calibration = "mild.json"'))
    assert judged(policy).verdict is Verdict.PASSED
    with pytest.raises(ConfigError, match=r"gone\.json"):
        policy_of(settings(tmp_path, 'calibration = "gone.json"'))
