"""`copydesk costs` at the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from copydesk.cli.main import app


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A project in which no model was ever asked."""
    monkeypatch.setenv("COPYDESK_HOME", str(tmp_path / "home"))
    run("init", "--approve", "automatic")


def run(*arguments: str, code: int = 0) -> Result:
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == code, done.output
    return done


def test_without_calls_it_says_so() -> None:
    assert run("costs").stdout.startswith("No model was asked from ")
    report = json.loads(run("costs", "--by", "day", "--json").stdout)
    assert (report["calls"], report["cost_usd"], report["lines"]) == (0, 0, [])


def test_a_budget_is_shown() -> None:
    run("budgets", "set", "--models", "--monthly", "20")
    assert "$0.00 of the monthly budget for models, $20.00, are spent" in run("costs").stdout


def test_designs_are_reckoned_without_asking_anybody() -> None:
    lines = ("--model", "openai:gpt-6.1-sol", "--light-model", "openai:gpt-6-luna")
    pytest.importorskip("genai_prices", reason="the extra [llm] is not installed")
    assert "$8.30" in run("estimate", *lines).stdout
    designs = json.loads(run("estimate", *lines, "--json").stdout)
    costs = [design["cost_usd"] for design in designs]
    assert costs == sorted(costs, reverse=True)
    run("estimate", code=3)
    run("estimate", *lines, "--untouched", "0.7", "--light", "0.7", code=2)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--by", "colour"), 2, "tier, model, capability, day"),
        (("--since", "yesterday"), 4, "since: 'yesterday' is neither a day nor an ISO 8601 time"),
        (("--since", "2026-11-02", "--until", "2026-11-01"), 4, "end after it begins"),
        (("--since", "2020-01-01", "--until", "2026-11-01"), 4, "400 days"),
    ],
    ids=["by", "since", "backwards", "long"],
)
def test_what_makes_no_sense_is_refused(arguments: tuple[str, ...], code: int, words: str) -> None:
    assert words in run("costs", *arguments, code=code).stderr
