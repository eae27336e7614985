"""A database that is missing, empty or none, and ids that name nothing: what helps is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.test_commands import Run, home, project, run

__all__ = ["home", "project", "run"]


@pytest.mark.parametrize("command", [("status",), ("worker",), ("up", "--until-idle")])
def test_a_missing_database_is_not_made_anew(
    command: tuple[str, ...], project: Run, home: Path
) -> None:
    file = home / "copydesk.db"
    for lost in home.glob("copydesk.db*"):
        lost.unlink()
    said = project(*command, code=3).stderr
    assert f"is missing: {file}" in said
    assert "Restore it from a backup" in said
    assert not file.exists(), "a new one knows nothing of what went out"


def test_an_empty_database_is_no_project(project: Run, home: Path) -> None:
    for lost in home.glob("copydesk.db*"):
        lost.unlink()
    (home / "copydesk.db").touch()
    assert "is empty" in project("status", code=3).stderr
    assert (home / "copydesk.db").stat().st_size == 0


def test_a_file_that_is_no_database_is_named_with_what_helps(project: Run, home: Path) -> None:
    file = home / "copydesk.db"
    for lost in home.glob("copydesk.db*"):
        lost.unlink()
    file.write_text("a text of somebody's, long enough to be looked at\n" * 40)
    said = project("status", code=8).stderr
    assert f"sqlite:///{file} cannot be used: file is not a database" in said
    assert "Restore the file from a backup" in said


def test_addresses_are_shown_as_settings_name_them(project: Run, home: Path) -> None:
    assert f"database: sqlite:///{home / 'copydesk.db'}" in project("doctor").stdout


@pytest.mark.parametrize(
    ("command", "listed"),
    [
        (("status", "dlv_none"), "/deliveries"),
        (("status", "pst_none"), "copydesk status SUBMISSION"),
        (("status", "sub_none"), "copydesk ingest"),
        (("inspect", "dlv_none"), "/deliveries"),
        (("metrics", "pst_none"), "copydesk status SUBMISSION"),
        (("schedule", "cancel", "dlv_none"), "/deliveries"),
    ],
)
def test_an_unknown_id_comes_with_where_ids_are_listed(
    command: tuple[str, ...], listed: str, project: Run
) -> None:
    said = project(*command, code=5).stderr
    assert "There is no " in said
    assert listed in said
