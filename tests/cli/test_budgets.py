"""`copydesk budgets` at the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from copydesk.cli.main import app


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A project with an account on a platform that names its limits."""
    monkeypatch.setenv("COPYDESK_HOME", str(tmp_path / "home"))
    run("init", "--approve", "automatic")
    run(
        *("accounts", "add", "mastodon", "--name", "news"),
        *("--set", "base_url=https://social.example"),
        stdin="access_token=hidden-token",
    )


def run(*arguments: str, code: int = 0, stdin: str = "") -> Result:
    done = CliRunner().invoke(app, arguments, input=stdin)
    assert done.exit_code == code, done.output
    return done


def test_limits_are_listed() -> None:
    words = run("budgets", "list").stdout
    assert "media uploads" in words
    assert "0 of 300 in 300 s" in words
    report = json.loads(run("budgets", "list", "--json").stdout)
    assert {line["name"] for line in report["rates"]} >= {"all calls", "media uploads"}


def test_a_budget_is_set_shown_and_taken_away() -> None:
    shown = run("budgets", "set", "--account", "news", "--daily", "0.50", "--monthly", "10").stdout
    assert "$0.50" in shown
    assert "$10.00" in shown
    assert "$0.50" in run("budgets", "list").stdout
    run("budgets", "set", "--account", "news", "--daily", "none", "--monthly", "none")
    assert json.loads(run("budgets", "list", "--json").stdout)["money"] == []


def test_what_cannot_be_a_budget_is_refused() -> None:
    assert "dollars" in run("budgets", "set", "--daily", "much", code=4).stderr
    assert "nobody" in run("budgets", "set", "--account", "nobody", "--daily", "1", code=5).stderr
    run("budgets", "set", code=2)


def test_what_models_may_cost_is_set_apart_from_platforms() -> None:
    shown = run("budgets", "set", "--models", "--daily", "2.50").stdout
    assert "models" in shown
    (line,) = json.loads(run("budgets", "list", "--json").stdout)["money"]
    assert (line["spent_on"], line["limit"], line["account"]) == ("models", 2_500_000, "")
    refused = run("budgets", "set", "--models", "--account", "news", "--daily", "1", code=4)
    assert "whole workspace" in refused.stderr
    run("budgets", "set", "--models", "--daily", "none")
    assert json.loads(run("budgets", "list", "--json").stdout)["money"] == []
