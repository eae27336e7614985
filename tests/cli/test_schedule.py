"""Scheduling at the command line: what is asked, what it became, and what is refused before."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from copydesk.cli.main import app

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command in a project with one sandbox account, `box`."""
    monkeypatch.setenv("COPYDESK_HOME", str(tmp_path / "home"))

    def invoke(*arguments: object, code: int = 0) -> Result:
        done = CliRunner().invoke(app, [str(a) for a in arguments])
        assert done.exit_code == code, (done.exit_code, done.output, done.exception)
        assert "Traceback" not in done.output
        return done

    invoke("init", "--approve", "automatic")
    invoke("accounts", "add", "sandbox", "--name", "box")
    return invoke


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def make(title: str, head: str = "") -> Path:
        path = tmp_path / f"{title}.md"
        path.write_text(f"---\ntitle: {title}\n{head}---\n\nWords about {title}.\n")
        return path

    return make


def document(result: Result) -> Any:
    return json.loads(result.stdout)


def test_a_time_is_resolved_listed_moved_and_cancelled(
    run: Run, write: Callable[..., Path]
) -> None:
    post = write("lamp")
    berlin = ("--zone", "Europe/Berlin")
    done = run("publish", post, "--to", "box", "--at", "2027-03-28 02:30", *berlin, "--json")
    assert "does not exist in Europe/Berlin" in done.stderr
    shown = run("publish", post, "--to", "box", "--at", "2027-03-28 02:30", *berlin)
    assert "Sun 2027-03-28 03:30 Europe/Berlin" in shown.stdout
    (row,) = document(done)
    assert row["due_at"] == "2027-03-28T01:30:00+00:00"
    (listed,) = document(run("schedule", "list", "--days", "400", "--json"))
    assert (listed["id"], listed["asked"]) == (row["id"], "2027-03-28 02:30")
    again = run("publish", post, "--to", "box", "--at", "2027-04-01 09:00", *berlin, "--json")
    assert document(again)[0]["id"] == row["id"]
    moved = run("schedule", "move", row["id"], "--at", "2027-10-31 02:30", *berlin)
    assert "happens twice" in moved.stderr
    assert "Sun 2027-10-31 02:30 Europe/Berlin" in moved.stdout
    run("schedule", "move", row["id"], code=2)
    run("schedule", "move", row["id"], "--at", "2020-01-01T09:00Z", code=4)
    run("schedule", "cancel", row["post_id"], "--reason", "rain")
    run("schedule", "cancel", row["id"], code=6)
    assert document(run("schedule", "list", "--days", "400", "--json")) == []
    assert "rain" in run("status", row["id"]).stdout


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (("--at", "2027-12-01 09:00"), "time_without_zone"),
        (("--at", "noon"), "time_invalid"),
        (("--at", "2020-01-01T09:00Z"), "time_passed"),
        (("--at", "2027-12-01 09:00", "--zone", "Berlin"), "zone_unknown"),
        (("--queue", "news"), "queue_unknown"),
    ],
)
def test_bad_times_are_refused_by_publish_and_validate(
    run: Run, write: Callable[..., Path], options: tuple[str, ...], code: str
) -> None:
    post = write("lamp")
    refused = run("publish", post, "--to", "box", *options, code=4)
    assert f"[{code}]" in refused.stderr
    assert refused.stderr.count(". ") >= 1
    checked = run("validate", post, "--to", "box", *options, "--json", code=4)
    assert code in [finding["code"] for finding in document(checked)["findings"]]
    assert document(run("schedule", "list", "--json")) == []
    assert "0 of 0 deliveries" in run("status").stdout


def test_a_series_without_rule_start_and_zone_is_told_all_three(
    run: Run, write: Callable[..., Path]
) -> None:
    refused = run("schedule", "add-series", "empty", write("lamp"), "--to", "box", code=4)
    for field in ("rule", "start", "zone"):
        assert f"{field}: it is missing [{field}_missing]." in refused.stderr


def test_the_file_itself_may_say_when(run: Run, write: Callable[..., Path]) -> None:
    naive = write("lamp", "publish_at: 2027-12-01 09:00\n")
    assert "[time_without_zone]" in run("publish", naive, "--to", "box", code=4).stderr
    zoned = write("desk", "publish_at: 2027-12-01 09:00:00\nzone: Europe/Berlin\n")
    (row,) = document(run("publish", zoned, "--to", "box", "--json"))
    assert row["due_at"] == "2027-12-01T08:00:00+00:00"
    aware = write("chair", "publish_at: 2027-12-01T09:00:00+02:00\n")
    (row,) = document(run("publish", aware, "--to", "box", "--json"))
    assert row["due_at"] == "2027-12-01T07:00:00+00:00"
    (row,) = document(run("publish", write("mat", "publish_at: 2020-01-01T09:00Z\n"),
                          "--to", "box", "--now", "--json"))  # fmt: skip
    assert row["state"] == "scheduled"
    run("publish", zoned, "--to", "box", "--now", "--at", "2027-12-01T09:00Z", code=2)


def test_timetables_queues_and_series(run: Run, write: Callable[..., Path]) -> None:
    shown = run(
        *("timetable", "set", "box", "--zone", "Europe/Berlin", "--window", "mon-fri 09:00-18:00"),
        *("--queue", "news: mon 09:00,10:00", "--spacing", "30m", "--late", "skip"),
    )
    assert "windows: mon-fri 09:00-18:00" in shown.stdout
    refused = run("timetable", "set", "box", "--quiet", "daily 00:00-24:00", code=4)
    assert "[window_never_opens]" in refused.stderr
    run("timetable", "set", "box", "--clear", "nonsense", code=2)
    rows = [
        document(run("publish", write(name), "--to", "box", "--queue", "news", "--json"))[0]
        for name in ("one", "two")
    ]
    assert [row["asked"][-5:] for row in rows] == ["09:00", "10:00"]
    cleared = document(run("timetable", "set", "box", "--clear", "queues", "--json"))
    assert cleared["queues"] == []
    series = ("schedule", "add-series", "tips", write("tip"), "--to", "box")
    when = ("--start", "2026-01-01 09:00", "--zone", "Europe/Berlin")
    never = run(*series, "--rule", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", *when, code=4)
    assert "[series_never_happens]" in never.stderr
    circle = run(*series, "--rule", "FREQ=DAILY", *when, "--include", "tips", code=4)
    assert "[series_cyclic]" in circle.stderr
    assert document(run("schedule", "series", "list", "--json")) == []
    run(*series, "--rule", "FREQ=DAILY", *when)
    assert "tips: running" in run("schedule", "series", "list").stdout
    run("schedule", "series", "pause", "tips")
    run("schedule", "series", "resume", "tips")
    assert "ended by a person" in run("schedule", "series", "end", "tips").stdout
    run("schedule", "series", "end", "tips", code=6)
    run("schedule", "series", "end", "other", code=5)
    assert run("schedule", "feed").stdout.strip().endswith("/calendar.ics")
