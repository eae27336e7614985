"""Putting a chat right at the command line."""

from __future__ import annotations

from pathlib import Path

from tests.cli.test_commands import Run, document, home, run
from tests.work.incoming.test_regrouping import LOG

__all__ = ["home", "run"]


def test_a_message_is_moved_by_its_number(run: Run, tmp_path: Path) -> None:
    run("init", "--approve", "person")
    log = tmp_path / "day.log"
    log.write_text(LOG)
    taken = run("ingest", log, "--wait").stdout
    log_id = next(word.strip(":,.") for word in taken.split() if word.startswith("sub_"))
    found = document(run("conversation", "list", log_id, "--json"))
    mail, lamp = (row["id"] for row in found)
    assert [row["begins"][:9] for row in found] == ["ann: hell", "bob: hi, "]
    words = run("conversation", "show", lamp).stdout
    assert "a conversation of sub_" in words
    assert "3 " in words
    assert f"  {mail}  ann: hello all" in words
    run("conversation", "move", lamp, 3, code=2)
    moved = document(run("conversation", "move", lamp, 3, "--to", mail, "--as", "ada", "--json"))
    assert set(moved["replaced"]) == {lamp, mail}
    history = run("status", moved["log_id"]).stdout
    assert moved["log_id"] == log_id
    assert "moved: 2 conversations anew, 2 replaced" in history
    run("conversation", "move", lamp, 3, "--alone", code=6)
    run("conversation", "show", moved["log_id"], code=5)
