"""Redriving, settling and removing from the command line."""

from __future__ import annotations

import json

from typer.testing import CliRunner

from copydesk.cli.main import app
from tests.cli.test_commands import Run, article, home, project, run

__all__ = ["article", "home", "project", "run"]


def test_what_failed_is_listed_and_sent_again(project: Run, article: object) -> None:
    project("accounts", "add", "sandbox", "--name", "lossy", "--set", "fault=refused")
    (sent,) = json.loads(
        project("publish", article, "--to", "lossy", "--wait", "--json", code=10).stdout
    )
    assert sent["state"] == "held"
    assert "Nothing waits that fits." in project("redrive").stdout
    listed = project("redrive", "--state", "held", "--dry-run").stdout
    assert sent["id"] in listed
    assert "1 would be sent again" in listed
    done = json.loads(project("redrive", sent["id"], "--json").stdout)
    assert done["counts"] == {"sent": 1}
    told = json.loads(project("status", sent["id"], "--json").stdout)
    assert told["state"] == "scheduled"
    assert json.loads(told["payload"])
    assert told["tries"][0]["payload_sha256"] == told["payload_sha256"]
    project("redrive", "--state", "delivered", code=4)
    assert "failed, held" in project("redrive", "--state", "nonsense", code=2).stderr
    assert "Known accounts: box" in project("redrive", "--account", "lossi", code=5).stderr
    assert "sandbox" in project("redrive", "--platform", "sandpit", code=5).stderr
    naive = project("redrive", "--since", "2026-12-01T09:00", code=4).stderr
    assert "--zone" not in naive, "there is no such option"
    project("redrive", "--did-not-land", code=4)
    project("redrive", "dlv_nobody", code=5)


def test_connecting_names_the_setting_that_is_missing(project: Run) -> None:
    """What stood there was the half of an address that nobody had written."""
    said = project("accounts", "connect", "box", code=4).stderr
    assert "auth_url: it is missing" in said
    assert "--set auth_url=" in said
    said = project("accounts", "connect", "toots", "--platform", "mastodon", code=4).stderr
    assert said.count("error:") == 1, said
    assert "base_url" in said


def test_an_account_is_removed_once_somebody_is_sure(project: Run) -> None:
    unsure = CliRunner().invoke(app, ["accounts", "remove", "box"], input="n\n")
    assert unsure.exit_code == 1
    assert "cannot be undone" in unsure.stderr
    nobody = CliRunner().invoke(app, ["accounts", "remove", "nobody"], input="n\n")
    assert nobody.exit_code == 5
    assert "cannot be undone" not in nobody.stderr, "nothing to be sure about"
    removed = json.loads(project("accounts", "remove", "box", "--yes", "--json").stdout)
    assert removed["state"] == "removed"
    project("accounts", "test", "box", code=5)
    project("accounts", "add", "sandbox", "--name", "box")


def test_what_rests_says_why_and_what_to_do(project: Run, article: object) -> None:
    when = ("--at", "2030-01-01T09:00Z", "--json")
    (row,) = json.loads(project("publish", article, "--to", "box", *when).stdout)
    assert "Removed box; 1 delivery cancelled." in project("accounts", "remove", "box", "-y").stdout
    for id in (row["id"], row["post_id"]):
        said = project("status", id).stdout
        assert said.count("the account was removed\n") >= 1
        assert "    Publish it to another account" in said
