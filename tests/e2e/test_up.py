"""`copydesk up` on the example inbox: published, at rest, stopped on request, and once for all."""

from __future__ import annotations

import json
import subprocess
import urllib.request
from pathlib import Path

import feedparser
import pytest

from copydesk.core.states import DeliveryState, PostState, SubmissionState
from tests.e2e.outcome import in_git, on_site, rows
from tests.e2e.running import COPYDESK, ROOT, Running

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("git_program")]

EXAMPLES = sorted(p for p in (ROOT / "examples/inbox").iterdir() if p.is_file())


def published(home: Path) -> dict[str, str]:
    """Everything a reader or a remote can see, as text by path."""
    seen = {
        str(path.relative_to(home)): path.read_text(errors="replace")
        for folder in ("site", "sandbox")
        for path in sorted((home / folder).rglob("*"))
        if path.is_file() and path.suffix in {".html", ".md", ".xml", ".json", ".jsonl"}
    }
    log = ["git", "-C", str(home / "archive.git"), "log", "--format=%H %s"]
    seen["git"] = subprocess.run(log, capture_output=True, text=True, check=True).stdout
    return seen


def test_the_example_inbox_is_carried_to_rest_and_only_once(tmp_path: Path) -> None:
    home = tmp_path / "home"
    command: list[str | Path] = [COPYDESK, "up", "--home", home, "--inbox", "examples/inbox"]
    command += ["--approve", "automatic", "--port", "0"]
    running = Running(command, tmp_path / "first.log")
    try:
        said = running.wait_for("At rest")
        address = said.split("Dashboard  ")[1].split("/login")[0]
        with urllib.request.urlopen(f"{address}/login") as page:
            assert page.status == 200
        site = said.split("Site       ")[1].split()[0]
        with urllib.request.urlopen(f"{site}feed.xml") as feed:
            served = feedparser.parse(feed.read())
        assert running.stop() == 0
    finally:
        running.kill()
    assert "Stopped." in running.said
    assert "Traceback" not in running.said

    found = rows(f"sqlite:///{home / 'copydesk.db'}")
    assert found.stuck == []
    # one chat of the examples holds two conversations
    assert len([s for s in found.submissions if not s.parent_id]) == len(EXAMPLES)
    assert {s.state for s in found.submissions if s.parent_id} == {SubmissionState.COMPOSED}
    assert {s.state for s in found.submissions if not s.parent_id} == {
        SubmissionState.COMPOSED,
        SubmissionState.UNPACKED,
    }
    assert found.approved
    held = {p.id for p in found.posts if p.state is PostState.HELD}
    assert held, "the legal threat among the examples must wait for a person"
    assert {d.state for d in found.deliveries} == {DeliveryState.DELIVERED}
    assert len(found.deliveries) == 3 * len(found.approved)

    assert set(on_site(home / "site")) == found.approved
    assert sorted(in_git(home / "archive.git").values()) == [1] * len(found.approved)
    (lines,) = (home / "sandbox").glob("acc_*.jsonl")
    keys = [json.loads(line)["key"] for line in lines.read_text().splitlines()]
    assert sorted(keys) == sorted(d.key for d in found.deliveries if d.account_id == lines.stem)
    assert len(served.entries) == len(found.approved)
    for name in ("feed.xml", "atom.xml"):
        parsed = feedparser.parse((home / "site" / name).read_bytes())
        assert not parsed.bozo, parsed.get("bozo_exception")
        assert len({entry.id for entry in parsed.entries}) == len(found.approved)
    items = json.loads((home / "site/feed.json").read_text())["items"]
    assert len(items) == len(found.approved)

    before = published(home)
    again = Running([*command, "--until-idle"], tmp_path / "second.log")
    assert again.wait() == 0
    assert published(home) == before
    assert rows(f"sqlite:///{home / 'copydesk.db'}") == found


def test_one_command_from_a_checkout_starts_it(tmp_path: Path) -> None:
    command: list[str | Path] = [ROOT / "dev", "up", "--home", tmp_path / "home", "--port", "0"]
    running = Running(command, tmp_path / "dev.log")
    try:
        said = running.wait_for("At rest")
        # one chat of the examples holds two conversations
        assert f"{len(EXAMPLES) + 2} taken in" in said
        assert running.stop() == 0
    finally:
        running.kill()
    assert list((tmp_path / "home/site/posts").glob("*/index.html"))
