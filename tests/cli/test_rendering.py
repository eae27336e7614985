"""`count`, `render` and `validate`: without a project, as JSON and as words."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from copydesk.cli.counting import Unit
from copydesk.cli.main import app
from copydesk.platforms.kit.registry import load_platform, platform_modules
from copydesk.transformation.counting import UNITS

Run = Callable[..., Result]

ARTICLE = """---
title: Forty years of a local paper
canonical_url: https://desk.example/archive
summary: How we moved an archive.
platforms:
  mastodon:
    text: The author's own words.
unknown_field: 1
---

We moved an archive. {filler}

## Twins

Which articles are the same? Those that a reader would call the same. {filler}
"""


@pytest.fixture
def run() -> Run:
    def invoke(*arguments: object, code: int = 0, stdin: str | bytes = "") -> Result:
        done = CliRunner().invoke(app, [str(a) for a in arguments], input=stdin)
        assert done.exit_code == code, (done.exit_code, done.output, done.exception)
        return done

    return invoke


@pytest.fixture
def article(tmp_path: Path) -> Path:
    path = tmp_path / "archive.md"
    path.write_text(ARTICLE.replace("{filler}", "It took seven months of work. " * 40))
    return path


def by_platform(result: Result) -> dict[str, Any]:
    return {row["platform"]: row for row in json.loads(result.stdout)}


# -- count -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("unit", "length"),
    [("x-weighted", 28), ("graphemes", 17), ("utf16", 23), ("utf8", 32), ("codepoints", 20)],
)
def test_a_text_is_counted_in_each_unit(run: Run, unit: str, length: int) -> None:
    assert run("count", "--unit", unit, "👩🏽‍🚀 é https://x.org").stdout == f"{length}\n"


def test_the_units_offered_are_those_there_are() -> None:
    assert [unit.value for unit in Unit] == list(UNITS)


def test_standard_input_is_counted_without_its_last_line_end(run: Run) -> None:
    assert run("count", stdin="two\nlines\n").stdout == "9\n"
    run("count", stdin=b"\xff", code=4)


def test_lines_are_counted_and_bad_ones_named_without_losing_others(
    run: Run, tmp_path: Path
) -> None:
    lines = tmp_path / "texts.jsonl"
    lines.write_bytes(
        b'\xef\xbb\xbf{"id": "a", "text": "x"}\n\nnope\n{"id": 7, "text": "\\ud83d\\u65e5"}\n'
        b'{"text": "no id"}\n[1]\n{"id": 1, "text": 5}\n\xff\n{"id": null, "text": ""}'
    )
    done = run("count", "--unit", "utf8", "--jsonl", lines, code=4)
    assert [json.loads(line) for line in done.stdout.splitlines()] == [
        {"id": "a", "length": 1},
        {"id": 7, "length": 6},
        {"id": 5, "length": 5},
        {"id": 9, "length": 0},
    ]
    assert done.stderr.splitlines()[:5] == [
        "error: line 3 is not JSON",
        "error: line 6 is not a JSON object",
        "error: line 7 has no text in `text`",
        "error: line 8 is not UTF-8 (byte 0)",
        "error: 4 lines could not be counted; every other line was.",
    ]
    run("count", "--jsonl", tmp_path / "nowhere", code=5)
    run("count", "text", "--jsonl", lines, code=2)
    assert run("count", "--jsonl", "-", stdin='{"id": 1, "text": "é"}\n').stdout == (
        '{"id": 1, "length": 1}\n'
    )


# -- render ----------------------------------------------------------------------------------------


def test_one_command_shows_what_a_file_becomes_everywhere(run: Run, article: Path) -> None:
    made = by_platform(run("render", article, "--for", "all", "--json"))
    assert set(made) == set(platform_modules())
    assert made["mastodon"]["parts"] == ["The author's own words."]
    assert made["x"]["parts"][-1].endswith("https://desk.example/archive")
    assert made["x"]["losses"]
    assert "seven months" in made["site"]["text"]
    assert all(row["payload"] and row["form"] and "findings" in row for row in made.values())


def test_a_form_is_asked_for_where_a_platform_has_it(run: Run, article: Path) -> None:
    made = by_platform(run("render", article, "--for", "x,site", "--form", "thread", "--json"))
    assert made["x"]["form"] == "thread"
    assert len(made["x"]["parts"]) > 1
    assert made["site"]["form"] == load_platform("site").manifest.forms[0]
    run("render", article, "--for", "site", "--form", "thread", code=4)


def test_people_read_the_parts_and_what_is_lost(run: Run, article: Path) -> None:
    words = run("render", article, "--for", "x", "--form", "thread").stdout
    assert words.startswith("── x: thread, ")
    assert "\n· 2\n" in words
    assert "Twins\n\nWhich articles are the same?" in words
    assert "not carried over: " in words


def test_files_are_written_for_each_platform(run: Run, article: Path, tmp_path: Path) -> None:
    done = run("render", article, "--for", "x,site", "--form", "post", "--out", tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "site.json",
        "site.txt",
        "x.json",
        "x.txt",
    ]
    assert done.stdout == ""
    assert json.loads((tmp_path / "out/x.json").read_text())["platform"] == "x"
    assert "How we moved" in (tmp_path / "out/x.txt").read_text()


# -- validate --------------------------------------------------------------------------------------


def test_findings_name_platform_code_field_message_remedy_and_severity(
    run: Run, tmp_path: Path
) -> None:
    note = tmp_path / "note.md"
    note.write_text("Words without a title. " * 200)
    said = json.loads(run("validate", note, "--for", "all", "--json", code=4).stdout)
    assert not said["valid"]
    assert set(said["checked"]) == set(platform_modules())
    long = next(f for f in said["findings"] if f["platform"] == "linkedin")
    assert long["code"] == "text_too_long"
    assert long["severity"] == "error"
    assert long["message"]
    assert long["remedy"]
    assert long["field"]


def test_what_is_odd_about_the_file_itself_is_noted(run: Run, article: Path) -> None:
    said = json.loads(run("validate", article, "--for", "site", "--json").stdout)
    assert [note["code"] for note in said["notes"]] == ["field_unknown"]
    assert "unknown_field" in run("validate", article, "--for", "site").stdout


def test_a_folder_that_cannot_be_written_is_told_in_words(run: Run, article: Path) -> None:
    done = run("render", article, "--for", "x", "--out", article / "below", code=4)
    assert "cannot be written: Not a directory" in done.stderr
    assert "--out" in done.stderr
