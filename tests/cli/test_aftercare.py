"""`unpublish`, `inspect`, `accounts version` and `doctor`, as a person types them."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from copydesk.platforms.kit.lifecycle import Version
from copydesk.platforms.sandbox import Sandbox
from tests.cli.test_commands import Run, article, document, home, project, run, sandbox_lines

__all__ = ["article", "home", "project", "run"]


def test_a_file_is_published_looked_at_and_taken_down(
    project: Run, home: Path, article: Path
) -> None:
    project("publish", article, "--to", "box", "--wait")
    (seen,) = document(project("inspect", "--all", "--json"))
    assert seen["standing"] == "as_published"

    (line,) = sandbox_lines(home)
    (path,) = (home / "sandbox").glob("acc_*.jsonl")
    edited = {**line, "key": "somebody", "payload": {**line["payload"], "title": "Darker"}}
    with path.open("a") as file:
        file.write(json.dumps(edited) + "\n")
    (seen,) = document(project("inspect", seen["id"], "--json", code=11))
    assert (seen["standing"], "title" in seen["note"]) == ("changed", True)
    article.write_text(article.read_text().replace("warm", "cold"))
    refused = project("publish", article, "--to", "box", code=4)
    assert "changed_there" in refused.stderr
    assert "--overwrite" in refused.stderr
    project("publish", article, "--to", "box", "--overwrite", "--wait")

    (plan,) = document(project("unpublish", article, "--dry-run", "--json"))
    assert (plan["change"], plan["delivery"]) == ("delete", "")
    (done,) = document(project("unpublish", article, "--wait", "--json"))
    assert (done["change"], done["state"]) == ("delete", "delivered")
    assert sandbox_lines(home)[-1]["action"] == "delete"
    (again,) = document(project("unpublish", article, "--wait", "--json"))
    assert again["change"] == "nothing"
    article.unlink()
    assert "nothing" in project("unpublish", article).stdout


def test_a_thread_is_shown_and_measured_by_its_parts(project: Run, article: Path) -> None:
    project("accounts", "add", "sandbox", "--name", "long", "--set", "parts=3")
    (row,) = document(project("publish", article, "--to", "long", "--wait", "--json"))
    assert [part["id"] for part in row["parts"]] == ["1", "2", "3"]
    told = project("status", row["id"]).stdout
    assert "part 2 of 3" in told
    assert "part 3, try 1" in told
    (found,) = document(project("metrics", row["id"], "--json"))
    assert [part["counts"]["replies"] for part in found["parts"]] == [1, 1, 0]
    assert found == document(project("metrics", article, "--json"))[0]
    told = project("metrics", row["id"]).stdout
    assert "2 of 3" in told
    assert "together" in told


def test_what_was_never_published_cannot_be_taken_down(project: Run, article: Path) -> None:
    project("unpublish", article, code=5)
    project("unpublish", "pst_nowhere", code=5)
    project("inspect", code=2)


def test_one_account_tries_another_version(project: Run, home: Path, article: Path) -> None:
    rows = document(project("accounts", "version", "box", "--to", "2", "--json"))
    assert [row["version"] for row in rows if row["in_use"]] == ["2"]
    project("publish", article, "--to", "box", "--wait")
    assert sandbox_lines(home)[-1]["api"] == "2"
    project("accounts", "version", "box", "--to", "9", code=4)
    project("accounts", "version", "box", "--to", "2", "--back", code=2)
    rows = document(project("accounts", "version", "box", "--back", "--json"))
    assert [row["version"] for row in rows if row["in_use"]] == ["1"]
    row = document(project("accounts", "wait-for-link", "box", "true", "--json"))
    assert row["wait_for_link"] is True


def test_the_doctor_fails_a_build_when_a_version_is_over(
    project: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    over = Version(version="1", sunset=date(2020, 1, 1), source="https://example.org/end")
    manifest = Sandbox.manifest.model_copy(update={"api": over})
    monkeypatch.setattr(Sandbox, "manifest", manifest)
    rows = document(project("doctor", "--json", code=11))
    (row,) = [row for row in rows if row["check"] == "api box"]
    assert not row["ok"]
    assert "ended on 2020-01-01" in row["message"]
    assert "--to 2" in row["remedy"]
