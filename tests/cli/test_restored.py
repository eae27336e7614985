"""The way of the how-to: back up, lose the database, put it back, say so, go on."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from tests.cli.test_commands import Run, article, home, project, run, sandbox_lines

__all__ = ["article", "home", "project", "run"]


def test_a_restored_desk_sends_nothing_twice(project: Run, home: Path, article: Path) -> None:
    project("publish", article, "--to", "box")
    here, backup = home / "copydesk.db", home.parent / "backup.db"
    with closing(sqlite3.connect(here)) as live, closing(sqlite3.connect(backup)) as kept:
        live.backup(kept)
    project("publish", article, "--to", "box", "--wait")
    assert len(sandbox_lines(home)) == 1

    for lost in home.glob("copydesk.db*"):
        lost.unlink()
    shutil.copy(backup, here)
    tried = project("restored", "--dry-run").stdout
    assert "box: 1 due since then; looked up before anything is sent." in tried
    assert tried.endswith("Nothing was changed.\n")
    assert json.loads(project("restored", "--json").stdout)["looked_up"] == {"box": 1}
    assert project("restored").stdout.endswith("Nothing has come due since.\n")
    (found,) = json.loads(project("publish", article, "--to", "box", "--wait", "--json").stdout)
    assert found["state"] == "delivered"
    assert len(sandbox_lines(home)) == 1
