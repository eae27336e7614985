"""`copydesk parse`: whatever goes in is accounted for, and one bad file stops no other."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest
from typer.testing import CliRunner

from copydesk.cli.main import app

LETTER = (
    "From: Ada <ada@example.org>\nSubject: Re: The lamp\nMessage-ID: <b@example.org>\n"
    "In-Reply-To: <a@example.org>\nReferences: <a@example.org>\n\n"
    "It still flickers. Please send order 4711 again.\n\n"
    "On Mon, 2 Nov 2026 at 10:00, Desk <desk@example.org> wrote:\n> Is the lamp well?\n"
)


@pytest.fixture
def letter(tmp_path: Path) -> Path:
    path = tmp_path / "letter.eml"
    path.write_text(LETTER)
    return path


def test_one_file_is_one_document_that_tiles_the_text(letter: Path) -> None:
    done = CliRunner().invoke(app, ["parse", str(letter), "--json"])
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert said["reply"] == "It still flickers. Please send order 4711 again."
    assert said["language"] == "en"
    assert said["thread"]["root"] == "a@example.org"
    places = [(s["start"], s["end"]) for s in said["segments"]]
    assert places[0][0] == 0
    assert places[-1][1] == len(said["text"])
    assert all(before[1] == after[0] for before, after in pairwise(places))
    quotes = [s for s in said["segments"] if s["kind"] == "quote"]
    assert quotes
    assert all(s["dropped_because"] for s in quotes)
    assert not any("dropped_because" in s for s in said["segments"] if s["kind"] == "authored")


def test_many_files_are_lines_and_a_bad_one_is_a_line_too(letter: Path) -> None:
    (letter.parent / "picture.eml").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(200))
    (letter.parent / "z.txt").write_text("The lamp is fine again, thank you.\n")
    done = CliRunner().invoke(app, ["parse", str(letter.parent), "--json"])
    assert done.exit_code == 4
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [Path(line["file"]).name for line in lines] == ["letter.eml", "picture.eml", "z.txt"]
    assert lines[1]["problem"] == "binary"
    assert lines[1]["message"]
    assert lines[2]["reply"] == "The lamp is fine again, thank you."


def test_standard_input_and_a_given_source() -> None:
    done = CliRunner().invoke(app, ["parse", "-", "--source", "email", "--json"], input=LETTER)
    assert json.loads(done.stdout)["source"] == "email"
    wrong = CliRunner().invoke(app, ["parse", "-", "--source", "fax"], input=LETTER)
    assert wrong.exit_code == 2


def test_people_see_what_was_left_out_and_why(letter: Path) -> None:
    done = CliRunner().invoke(app, ["parse", str(letter)])
    assert "It still flickers." in done.stdout
    assert "left out: quote" in done.stdout
    missing = CliRunner().invoke(app, ["parse", str(letter.parent / "none.eml")])
    assert missing.exit_code == 4
    assert "cannot be read" in missing.output


def test_a_file_that_holds_several_is_a_line_for_each(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_text('id,name,message\n1,Ann,"Hello,\nyou"\n2,Bob,"x"y\n3,Cy,All is well\n')
    done = CliRunner().invoke(app, ["parse", str(path), "--json"])
    assert done.exit_code == 4, "one row cannot be read"
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["part"] for line in lines] == [f"export-{n}.csv" for n in (1, 2, 3)]
    assert [line.get("reply") for line in lines] == ["Hello,\nyou", None, "All is well"]
    assert lines[1]["problem"] == "bad_csv"
    assert lines[0]["key"] != lines[2]["key"]


def test_a_chat_shows_what_answers_what(tmp_path: Path) -> None:
    path = tmp_path / "help.irc"
    path.write_text(
        "[10:02] <ann> hi, why does the export stop after 500 rows?\n"
        "[10:03] -!- dan has joined #help\n"
        "[10:03] <bob> ann: which version is that?\n"
        "[10:04] <cy> hello everyone, how do I turn on dark mode on my phone?\n"
        "[10:05] <ann> bob: 4.2\n[10:06] <dan> cy: in Settings\n"
    )
    said = json.loads(CliRunner().invoke(app, ["parse", str(path), "--json"]).stdout)
    thread = said["thread"]
    assert [link["line"] for link in thread["links"]] == [0, 2, 3, 4, 5]
    assert [link["answers_line"] for link in thread["links"]] == [None, 0, None, 2, 3]
    assert all(0 < link["confidence"] <= 1 and link["why"] for link in thread["links"])
    assert [talk["participants"] for talk in thread["conversations"]] == [
        ["ann", "bob"], ["cy", "dan"],
    ]  # fmt: skip
    first = thread["messages"][1]
    assert (
        said["text"][first["start"] : first["end"]] == "[10:03] <bob> ann: which version is that?\n"
    )
    shown = CliRunner().invoke(app, ["parse", str(path)])
    assert "2 conversations" in shown.stdout


def test_a_slack_export_may_be_a_folder(tmp_path: Path) -> None:
    tmp_path = tmp_path / "chats/export"
    tmp_path.mkdir(parents=True)
    (tmp_path / "help").mkdir()
    (tmp_path / "channels.json").write_text("[]")
    (tmp_path / "users.json").write_text('[{"id": "U1", "real_name": "Ann Lee"}]')
    day = [{"user": "U1", "text": "The lamp flickers.", "ts": "1793786400.000100"}]
    (tmp_path / "help/2026-11-04.json").write_text(json.dumps(day))
    above = CliRunner().invoke(app, ["parse", str(tmp_path.parent), "--json"])
    done = CliRunner().invoke(app, ["parse", str(tmp_path), "--json"])
    assert above.stdout.splitlines() == done.stdout.splitlines()
    (said,) = map(json.loads, done.stdout.splitlines())
    assert (said["part"], said["author"], said["reply"]) == (
        "help.json", "Ann Lee", "The lamp flickers.",
    )  # fmt: skip
