"""`copydesk style` at the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from copydesk.cli.main import app


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COPYDESK_HOME", str(tmp_path / "home"))
    run("init", "--approve", "automatic")


def run(*arguments: str, code: int = 0, stdin: str = "") -> Result:
    done = CliRunner().invoke(app, arguments, input=stdin)
    assert done.exit_code == code, done.output
    return done


def test_a_style_guide_is_set_shown_changed_and_taken_away(tmp_path: Path) -> None:
    assert "no style guide" in run("style", "show").stdout
    file = tmp_path / "style.md"
    file.write_text("# Dates\n\nWrite 3 March.\n", encoding="utf-8")
    assert "version 1" in run("style", "set", str(file)).stdout
    assert run("style", "show").stdout.startswith("# Dates")
    found = json.loads(run("style", "set", "-", "--json", stdin="Be brief.").stdout)
    assert found == {"version": 2, "text": "Be brief."}
    run("style", "set", "-", stdin="")
    assert json.loads(run("style", "show", "--json").stdout) == {"version": 3, "text": ""}


def test_what_is_no_text_is_refused(tmp_path: Path) -> None:
    run("style", "set", str(tmp_path / "missing.md"), code=5)
    picture = tmp_path / "style.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(64))
    run("style", "set", str(picture), code=4)
    assert "no style guide" in run("style", "show").stdout
