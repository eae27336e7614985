"""`copydesk check`: texts held against their sources, a line for a line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from copydesk.cli.main import app
from tests.generation.tiny_models import listener

SEED = "The lamp arrived on 3 March and flickers. It cost 45 euros. Please do not send another."
GOOD = "The lamp arrived on 3 March and flickers. It cost 45 euros. Please don't send another."


def check(*lines: Any) -> Result:
    text = "".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines)
    return CliRunner().invoke(app, ["check", "--jsonl", "-"], input=text)


def rows(done: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_faithful_edit_passes() -> None:
    (row,) = rows(check({"id": "a", "source": "", "seed": SEED, "text": GOOD}))
    assert (row["id"], row["verdict"], row["findings"]) == ("a", "pass", [])
    assert row["score"] > 0.5


@pytest.mark.parametrize(
    ("before", "after"),
    [("3 March", "4 March"), ("45 euros", "54 euros"), ("Please do not send", "Please send")],
)
def test_a_changed_fact_is_found_and_shown(before: str, after: str) -> None:
    (row,) = rows(check({"id": 1, "seed": SEED, "text": SEED.replace(before, after)}))
    assert row["verdict"] in {"flag", "fail"}
    assert row["score"] < 1
    assert any(f["span"] or f["message"] for f in row["findings"])


def test_what_the_source_supports_is_no_invention() -> None:
    text = f"{SEED} The order number is 4711."
    bare = {"id": 1, "seed": SEED, "text": text}
    (alone,) = rows(check(bare))
    (supported,) = rows(check({**bare, "source": "Order number 4711, one lamp."}))
    assert any("4711" in f["span"] for f in alone["findings"])
    assert not any("4711" in f["span"] for f in supported["findings"])


def test_without_a_seed_leaving_out_is_allowed_and_inventing_is_not() -> None:
    kept, invented = rows(
        check(
            {"id": "kept", "source": SEED, "text": "The lamp flickers."},
            {"id": "invented", "source": SEED, "text": "The lamp cost 54 euros."},
        )
    )
    assert kept["verdict"] == "pass"
    assert invented["verdict"] == "fail"


def test_risk_is_told_and_decides_nothing() -> None:
    text = "I will sue you, and my lawyer agrees."
    (row,) = rows(check({"id": 1, "seed": text, "text": text}))
    assert row["verdict"] == "pass"
    assert row["risk"]["class"] in {"high", "critical"}


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("not json", "Line 2 is not JSON"),
        ("[1]", "Line 2 is not a JSON object"),
        ({"id": 2, "text": "x"}, "Line 2 lacks"),
        ({"id": 2, "text": 5, "source": "x"}, "Line 2 has no text in `text`"),
    ],
)
def test_a_bad_line_is_named_and_loses_nothing_before_it(line: Any, why: str) -> None:
    done = check({"id": 1, "seed": SEED, "text": GOOD}, line, {"id": 3, "seed": "x", "text": "x"})
    assert done.exit_code == 4
    assert why in done.stderr
    assert [row["id"] for row in rows(done)] == [1]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["check", "--jsonl", str(tmp_path / "none.jsonl")])
    assert done.exit_code == 5
    assert "none.jsonl" in done.stderr


@pytest.mark.parametrize(
    ("seed", "text", "verdict"),
    [
        ("", "Mara likes warm tea.", "pass"),
        ("", "Mara likes warm cinnamon.", "flag"),
        ("Mara likes the tea.", "Mara likes the tea. Guests enjoy fresh flowers there.", "pass"),
        ("Mara likes the tea.", "Mara likes the tea. Guests enjoy warm cinnamon there.", "flag"),
        ("Mara likes the tea.", "Mara likes 4 warm teas.", "flag"),
    ],
)
def test_a_faithfulness_model_of_your_own_is_asked_where_rules_are_not_sure(
    tmp_path: Path, seed: str, text: str, verdict: str
) -> None:
    folder = listener(tmp_path / "own", text, to="cinnamon")
    line = json.dumps({"source": "Mara likes the tea.", "seed": seed, "text": text})
    done = CliRunner().invoke(
        app, ["check", "--jsonl", "-", "--faithfulness", str(folder)], input=line
    )
    (row,) = rows(done)
    assert row["verdict"] == verdict
    read = [finding for finding in row["findings"] if finding["check"] == "faithfulness"]
    assert bool(read) is ("4" not in text), "a value is no matter of opinion"
    assert all("cinnamon" in finding["span"] for finding in read[1:])


def test_a_model_that_is_not_there_is_said_before_anything_is_read(tmp_path: Path) -> None:
    done = CliRunner().invoke(
        app, ["check", "--jsonl", "-", "--faithfulness", str(tmp_path / "none")], input="{}"
    )
    assert done.exit_code == 3
    assert "there is no folder" in done.output


@pytest.mark.parametrize(
    ("line", "why"),
    [(b'{"text":"b\xff"}', "is not UTF-8 text"), (b"[" * 100_000, "is not JSON")],
    ids=["not UTF-8", "nested"],
)
def test_a_line_nobody_can_read_is_named(tmp_path: Path, line: bytes, why: str) -> None:
    path = tmp_path / "lines.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"id": 1, "seed": "a", "text": "a"}\n' + line + b"\n")
    done = CliRunner().invoke(app, ["check", "--jsonl", str(path)])
    assert [row["id"] for row in rows(done)] == [1]
    assert (done.exit_code, f"Line 2 {why}" in done.stderr) == (4, True)
