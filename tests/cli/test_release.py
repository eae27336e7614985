"""Releases and drift at the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from copydesk.cli.main import app

NEW = ["--model", "openai:small@http://127.0.0.1:9/v1"]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    assert CliRunner().invoke(app, ["init", "--home", str(home)]).exit_code == 0
    return home


def call(home: Path, *words: str, exit_code: int = 0) -> str:
    done = CliRunner().invoke(app, [*words, "--home", str(home)])
    assert done.exit_code == exit_code, done.output
    return done.output


def test_a_release_goes_on_trial_and_back(home: Path) -> None:
    made = call(home, "release", "create", "small", *NEW, "--note", "cheaper")
    assert "held against what the settings say: model as configured → openai:small" in made
    assert "smallest rise" in made
    assert "0 of 200 pairs seen in shadow" in call(home, "release", "start", "small")
    assert "small is canaried, 5 % of conversations." in call(
        home, "release", "advance", "small", "--reason", "in a hurry"
    )
    assert "small is rolled_back, 0 %" in call(home, "release", "rollback")
    (row,) = json.loads(call(home, "release", "list", "--json"))
    assert (row["name"], row["state"], row["reason"]) == (
        "small",
        "rolled_back",
        "taken back by hand",
    )
    shown = json.loads(call(home, "release", "show", "small", "--json"))
    assert [guard["guard"] for guard in shown["guards"]] == [
        "failed",
        "flagged",
        "edited",
        "slowed",
        "dearer",
    ]
    assert shown["next"] is None


def test_mistakes_are_said_in_words_with_their_exit_code(home: Path) -> None:
    assert "cannot name a release" in call(home, "release", "create", "A b", *NEW, exit_code=4)
    assert "There is no prompt" in call(
        home, "release", "create", "x", "--prompt", "rewrite_and_polish.v77", exit_code=5
    )
    assert "names no vendor" in call(
        home, "release", "create", "x", "--model", "nothing", exit_code=3
    )
    assert "There is no release gone" in call(home, "release", "show", "gone", exit_code=5)
    assert "nothing to take back" in call(home, "release", "rollback", exit_code=6)
    call(home, "release", "create", "warm", "--temperature", "0.9")
    assert "No model is configured" in call(home, "release", "start", "warm", exit_code=6)
    assert "say why" in call(home, "release", "promote", "warm", exit_code=4)


def test_a_simulation_needs_no_project() -> None:
    words = ["release", "simulate", "--old", "0.1", "--new", "0.2", "--pairs", "600"]
    done = CliRunner().invoke(app, [*words, "--runs", "100", "--per-day", "50", "--json"])
    assert done.exit_code == 0, done.output
    found = json.loads(done.output)
    assert found["rolled_back"] > 0.9
    assert found["false_rollbacks"] <= 0.05
    assert found["median_days"] == pytest.approx(found["median_pairs"] / 50)
    again = CliRunner().invoke(app, [*words, "--runs", "100", "--per-day", "50", "--json"])
    assert again.output == done.output


def test_drift_says_when_there_is_nothing(home: Path) -> None:
    said = call(home, "drift")
    assert "No alarms." in said
    assert "Nothing is watched yet" in said
    assert json.loads(call(home, "drift", "--json")) == {"alarms": [], "streams": []}
    assert "There is no alarm" in call(
        home, "drift", "--close", "alm_x", "--reason", "r", exit_code=5
    )
