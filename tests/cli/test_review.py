"""Reviewing at the command line: what a person types, and what they are told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from copydesk.cli.main import app
from tests.cli.test_commands import Run, document, home, run

__all__ = ["home", "run"]

LETTER = (
    "From: Eve <eve@example.net>\nSubject: Refund\n\n"
    "i want my refund of $450 by Friday  or my lawyer will sue you .\n"
)


@pytest.fixture
def project(run: Run) -> Run:
    """A project in which a person approves everything."""
    run("init", "--approve", "person")
    run("accounts", "add", "sandbox", "--name", "box", "--inbox")
    # which decisions another person takes as well hangs on ids, and these are of chance
    run("audit", "policy", "--second", "0")
    return run


@pytest.fixture
def held(project: Run, tmp_path: Path) -> str:
    """A review of a message that threatens, which is critical."""
    letter = tmp_path / "legal.eml"
    letter.write_text(LETTER)
    project("ingest", letter, "--wait", "--json")
    (review,) = document(project("review", "list", "--json"))
    assert review["risk"] == "critical"
    return str(review["id"])


def suggestions(project: Run, held: str) -> list[dict[str, Any]]:
    return list(document(project("review", "show", held, "--json"))["suggestions"])


def test_a_review_is_shown_with_both_texts_and_numbered_changes(project: Run, held: str) -> None:
    shown = project("review", "show", held).stdout
    (readable,) = [line for line in shown.splitlines() if "readability: LIX" in line]
    assert readable.endswith(")"), "what is about no words shows none"
    assert "i want my refund of $450 by Friday  or" in shown
    assert "I want my refund of $450 by Friday or" in shown
    assert "   1 opened     fluency: 'i' → 'I'" in shown
    assert "never sent" in shown, "what happens at the deadline is said"


def test_one_change_is_rejected_edited_and_taken_back(project: Run, held: str) -> None:
    project("review", "reject", held, 1, code=4)
    row = document(project("review", "reject", held, 1, "--because", "tone", "--json"))
    assert (row["state"], row["reason_code"]) == ("rejected", "tone")
    document(project("review", "edit", held, 1, "We", "--json"))
    assert "We want my refund" in document(project("review", "show", held, "--json"))["text"]
    states = [document(project("review", "undo", held, 1, "--json"))["state"] for _ in range(2)]
    assert states == ["rejected", "opened"]
    project("review", "undo", held, 1, code=6)
    project("review", "accept", held, 99, code=5)
    project("review", "reject", held, 1, "--because", "whim", code=2)


def test_another_person_is_told_who_has_it_and_may_be_handed_it(project: Run, held: str) -> None:
    project("review", "accept", held, 1, "--as", "ada")
    refused = project("review", "reject", held, 1, "--because", "tone", "--as", "ben", code=6)
    assert "ada works on" in refused.stderr
    assert "is with ben" in project("review", "assign", held, "ben", "--as", "ada").stdout
    over = ("review", "reject", held, 1, "--because", "tone", "--as", "ben")
    assert "cli:ada left suggestion 1 accepted" in project(*over, code=6).stderr
    assert "rejected" in project(*over, "--over").stdout
    assert "free for anybody" in project("review", "release", held, "--as", "ben").stdout
    assert document(project("review", "list", "--mine", "--as", "ben", "--json")) == []


def test_critical_risk_takes_two_names(project: Run, held: str) -> None:
    first = project("review", "accept", held, "--rest", "--as", "ada").stdout
    assert "takes two people" in first
    project("review", "accept", held, "--as", "ada", code=6)
    assert "is approved" in project("review", "accept", held, "--as", "ben").stdout
    assert document(project("review", "list", "--json")) == []


def test_a_text_goes_back_and_comes_again(project: Run, held: str, tmp_path: Path) -> None:
    file = tmp_path / "new.md"
    file.write_text("I want my refund of $450 by Friday.\n")
    project("review", "send-back", held, "--to", "author", "--reason", "Less angry, please")
    assert document(project("review", "list", "--state", "returned", "--json"))[0]["id"] == held
    project("review", "accept", held, code=6)
    project("review", "answer", held, "--file", file)
    shown = document(project("review", "show", held, "--json"))
    assert (shown["state"], shown["text"]) == ("opened", "I want my refund of $450 by Friday.")
    file.write_text("I want my refund of $450 by Friday, please.\n")
    project("review", "edit", held, "--file", file, "--as", "ada")
    assert document(project("review", "show", held, "--json"))["text"].endswith("please.")


def test_next_takes_the_most_urgent_one(project: Run, held: str) -> None:
    assert document(project("review", "next", "--as", "ada", "--json"))["id"] == held
    assert "Nothing waits" in project("review", "next", "--as", "ben").stdout
    project("review", "list", "--state", "whatever", code=2)


@pytest.mark.parametrize(
    ("raw", "code", "why"),
    [(None, 5, "cannot be read"), (b"caf\xe9", 4, "is not UTF-8 text")],
    ids=["missing", "latin-1"],
)
def test_a_text_that_cannot_be_read_is_named(
    tmp_path: Path, raw: bytes | None, code: int, why: str
) -> None:
    path = tmp_path / "text.md"
    if raw is not None:
        path.write_bytes(raw)
    for command in ("edit", "answer"):
        done = CliRunner().invoke(app, ["review", command, "rev_1", "--file", str(path)])
        assert (done.exit_code, why in done.stderr) == (code, True)
