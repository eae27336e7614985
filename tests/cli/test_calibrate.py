"""`copydesk calibrate` fits the gate to a user's own texts, and `check` uses what it wrote."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from copydesk.cli.main import app

REWRITES = Path(__file__).parents[1] / "quality/rewrites"
DEVELOPMENT, REPORT = REWRITES / "development.jsonl", REWRITES / "report.jsonl"


def run(*arguments: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == code, result.output
    return result.output


def test_it_chooses_on_one_set_and_reports_on_another(tmp_path: Path) -> None:
    out = tmp_path / "own.json"
    found = json.loads(
        run("calibrate", str(DEVELOPMENT), "--report", str(REPORT), "--out", str(out), "--json")
    )
    assert found["development"]["texts"] == {"good": 32, "bad": 64}
    assert found["development"]["false_alarms"]["share"] <= 0.05
    assert found["report"]["texts"] == {"good": 24, "bad": 48}
    assert found["report"]["recall"]["at_least"] <= found["report"]["recall"]["share"]
    assert set(found["baselines"]) == {"always_flag", "length", "words"}
    line = json.dumps({"seed": "Do not cancel my plan.", "text": "Cancel my plan."})
    texts = tmp_path / "texts.jsonl"
    texts.write_text(line, encoding="utf-8")
    (row,) = run("check", "--jsonl", str(texts), "--calibration", str(out)).splitlines()
    assert json.loads(row)["verdict"] != "pass"


def test_it_says_in_words_what_the_calibration_is_worth() -> None:
    words = run("calibrate", str(DEVELOPMENT), "--bad-rate", "0.02")
    assert "false alarms" in words
    assert "Where 2.0% of your texts are bad" in words
    assert "--report" in words, "what it was fitted to says nothing about its worth"


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ('{"seed": "a", "text": "b"}', "label"),
        ('{"seed": "a", "text": "b", "label": "good"}', "good and bad"),
        ("no", "not JSON"),
    ],
)
def test_texts_that_cannot_be_used_are_refused(tmp_path: Path, line: str, why: str) -> None:
    path = tmp_path / "texts.jsonl"
    path.write_text(line, encoding="utf-8")
    assert why in run("calibrate", str(path), code=4)
