"""`audit`, `consent`, `export` and `eval`: documents on request, words for people, exit codes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from copydesk.cli.evaluating import read_version
from copydesk.cli.main import app
from copydesk.core.release import NO_MODEL

LETTER = "From: Ada <ada@example.org>\nSubject: The lamp\n\nThe lamp A-17 looks lovely.\n"
CASE = {"schema": "copydesk.case.v1", "text": "I want 49.99 EUR back.", "language": "en"}

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("COPYDESK_HOME", str(tmp_path / "home"))

    def invoke(*arguments: object, code: int = 0) -> Result:
        done = CliRunner().invoke(app, [str(a) for a in arguments])
        assert done.exit_code == code, (done.exit_code, done.output, done.exception)
        return done

    return invoke


def document(done: Result) -> Any:
    return json.loads(done.stdout)


def rows(done: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_from_a_message_to_a_label_a_case_and_back(run: Run, tmp_path: Path) -> None:
    letter = tmp_path / "lamp.eml"
    letter.write_text(LETTER)
    run("init", "--approve", "earned")
    run("ingest", letter, "--wait")
    (review,) = document(run("review", "list", "--json"))
    assert "has not earned going out by itself" in review["reasons"][0]
    run("review", "reject", review["id"], "--because", "wrong_fact", "--reason", "it is A-18")
    status = document(run("audit", "status", "--json"))
    assert status["approve"] == "earned"
    assert [(c["bad"], c["judged"], c["earned"]) for c in status["classes"]] == [(1, 1, False)]
    assert "153" not in run("audit", "status").stdout
    assert "152 more good ones" in run("audit", "status").stdout

    kept = run("export", "feedback", "--as", "labels")
    assert kept.stdout == ""
    assert "nobody allowed them to leave: 1" in kept.stderr
    run("consent", "allow", "channel:email", "--licence", "CC0")
    (label,) = rows(run("export", "feedback", "--as", "labels"))
    assert (label["label"], label["licence"]) == ("bad", "CC0")
    assert rows(run("export", "feedback", "--as", "labels")) == []
    assert rows(run("export", "feedback", "--as", "labels", "--again")) == [label]

    (case,) = document(run("eval", "list", "--json"))
    assert case["because"] == "wrong_fact: it is A-18"
    assert document(run("eval", "--json"))["passed"] == 1
    run("eval", "export", tmp_path / "cases")
    assert document(run("eval", "--corpus", tmp_path / "cases", "--json"))["passed"] == 1
    run("eval", "retire", case["id"])
    assert document(run("eval", "list", "--json")) == []
    run("eval", "add", review["id"], "--must-say", "the A-18")
    failed = run("eval", code=12)
    assert "facts_kept: lost: the A-18" in failed.stdout


def test_files_and_stories_need_no_project(run: Run, tmp_path: Path) -> None:
    cases = tmp_path / "cases"
    cases.mkdir()
    (cases / "refund.json").write_text(json.dumps(CASE))
    found = document(
        run("eval", "--corpus", cases, "--narratives", "2", "--model", "none", "--json")
    )
    assert [r["id"] for r in found["results"]] == ["refund", "story-0", "story-1"]
    assert found["results"][0]["passed"]
    assert not (tmp_path / "home").exists()
    compared = document(run("eval", "--corpus", cases, "--compare", "rules", "scripted", "--json"))
    assert (compared["both_pass"], compared["worse"], compared["mcnemar_p"]) == (1, False, 1.0)


def test_a_case_that_fails_fails_the_run(run: Run, tmp_path: Path) -> None:
    (tmp_path / "refund.json").write_text(json.dumps({**CASE, "must_say": ["94.99 EUR"]}))
    done = run("eval", "--corpus", tmp_path, "--model", "none", code=12)
    assert "FAIL  refund  rules" in done.stdout
    assert "facts_kept: lost: 94.99 EUR" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["eval"], 3),
        (["eval", "--corpus", "nowhere"], 5),
        (["eval", "--narratives", "1", "--prompt", "rewrite_and_polish.v99"], 5),
        (["eval", "--narratives", "1", "--model", "fax:1"], 3),
        (["eval", "--narratives", "1", "--model", "none", "--compare", "rules", "scripted"], 2),
        (["export", "feedback", "--as", "labels", "--bare"], 2),
        (["export", "feedback", "--as", "poem"], 2),
    ],
)
def test_what_cannot_be_done_is_said(run: Run, arguments: list[str], code: int) -> None:
    done = run(*arguments, code=code)
    assert "Traceback" not in done.output
    assert done.stderr


def test_policy_and_restart(run: Run) -> None:
    run("init")
    changed = document(run("audit", "policy", "--share", "0.05", "--low", "0.1", "--json"))
    assert changed == {
        "audit_share": 0.05,
        "second_share": 0.1,
        "targets": {"low": 0.1, "medium": 0.02},
    }
    assert document(run("audit", "policy", "--json")) == changed
    assert "0 to 1" in run("audit", "policy", "--share", "3", code=4).stderr
    done = run("audit", "restart", "--reason", "new style guide", "--language", "de")
    assert done.stdout == "Counting anew: language de.\n"
    assert "two people" in run("review", "agreement").stdout
    assert "accepted alike" in run("review", "candidates").stdout


@pytest.mark.parametrize(
    ("name", "prompt", "model"),
    [
        ("", "", ""),
        ("rules", "", NO_MODEL),
        ("rewrite_and_polish.v1", "rewrite_and_polish.v1", ""),
        ("openai:m@http://127.0.0.1:1/v1", "", "openai:m@http://127.0.0.1:1/v1"),
        (
            "rewrite_and_polish.v1@openai:m@http://127.0.0.1:1/v1",
            "rewrite_and_polish.v1",
            "openai:m@http://127.0.0.1:1/v1",
        ),
    ],
)
def test_a_version_is_a_prompt_a_model_or_both(name: str, prompt: str, model: str) -> None:
    found = read_version(name)
    assert (found.prompt, found.model) == (prompt, model)
