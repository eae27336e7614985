"""`copydesk probe`: known answers now, a text of one's own, and the list of what was found."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from copydesk.cli.main import app


@pytest.fixture
def home(tmp_path: Path) -> Path:
    made = tmp_path / "home"
    assert CliRunner().invoke(app, ["init", "--home", str(made)]).exit_code == 0
    return made


def copydesk(home: Path, *arguments: str, given: str = "") -> Result:
    return CliRunner().invoke(app, [*arguments, "--home", str(home)], input=given)


def test_probes_are_sent_and_listed(home: Path) -> None:
    sent = copydesk(home, "probe", "send", "number_changed", "intact", "--seed", "4", "--json")
    assert sent.exit_code == 0, sent.output
    assert [one["state"] for one in json.loads(sent.stdout)] == ["caught", "cleared"]
    listed = copydesk(home, "probe", "list")
    assert listed.stdout.splitlines()[0].split()[:2] == ["state", "kind"]
    assert len(listed.stdout.splitlines()) == 3
    assert "No probe" in copydesk(home, "probe", "list", "--state", "missed").stdout


def test_an_unknown_kind_is_named_with_those_that_there_are(home: Path) -> None:
    wrong = copydesk(home, "probe", "send", "spelling")
    assert wrong.exit_code == 2
    assert "number_changed" in wrong.output


def test_a_text_of_ones_own_comes_out_on_standard_output(home: Path) -> None:
    text = "hi, order ORD-4821 still not here!!"
    words = copydesk(home, "probe", "text", "-", given=text)
    assert words.stdout.strip() == "Hi, order ORD-4821 still not here!"
    assert "similarity" in words.stderr
    data = json.loads(copydesk(home, "probe", "text", "--json", given=text).stdout)
    assert data["text"] == "Hi, order ORD-4821 still not here!"
    assert data["issues"] == []


def test_messages_with_known_facts_are_written_as_files(tmp_path: Path) -> None:
    folder = tmp_path / "inbox"
    arguments = ["probe", "write", str(folder), "--count", "3", "--channel", "email"]
    said = CliRunner().invoke(app, [*arguments, "--language", "de", "--length", "300"])
    lines = [json.loads(line) for line in said.stdout.splitlines()]
    assert sorted(line["file"] for line in lines) == sorted(p.name for p in folder.iterdir())
    for line in lines:
        mail = (folder / line["file"]).read_bytes()
        assert mail.startswith(b"From: ")
        assert line["language"] == "de"
        assert len(line["facts"]) > 5
    odd = CliRunner().invoke(app, ["probe", "write", str(folder), "--language", "tlh"])
    assert odd.exit_code == 2


def test_a_file_that_is_not_there_is_named(home: Path) -> None:
    done = copydesk(home, "probe", "text", "nowhere.txt")
    assert (done.exit_code, "nowhere.txt cannot be read" in done.stderr) == (5, True)
