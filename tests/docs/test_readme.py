"""The README's flow does what it says when it is pasted."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
#: A dozen starts of the command line.
pytestmark = pytest.mark.slow

TESTED = re.compile(r"<!-- tested -->\n```sh\n(.*?)```", re.DOTALL)


def flows() -> list[str]:
    return TESTED.findall((ROOT / "README.md").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def pasted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Where the flow was pasted, and what it printed."""
    folder = tmp_path_factory.mktemp("pasted")
    path = f"{Path(sys.executable).parent}:{os.defpath}"
    done = subprocess.run(
        ["sh", "-eu", "-c", "\n".join(flows())],
        cwd=folder,
        env={"PATH": path, "HOME": str(folder)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder, done.stdout


def test_the_flow_publishes_the_file_and_the_accepted_letter(pasted: tuple[Path, str]) -> None:
    folder, _ = pasted
    pages = sorted(p.name for p in (folder / "public/posts").iterdir())
    assert len(pages) == 2
    assert pages[0] == "hello"
    letter = (folder / "public/posts" / pages[1] / "index.html").read_text(encoding="utf-8")
    assert "LS-1042" in letter


def test_publishing_again_sends_nothing(pasted: tuple[Path, str]) -> None:
    folder, _ = pasted
    taken = list((folder / "news/sandbox").rglob("*"))
    assert taken, "the sandbox keeps what it was sent in a file"
    sent = "".join(p.read_text(encoding="utf-8") for p in taken if p.is_file())
    assert sent.count('"action": "create"') == 1


def test_every_line_of_output_is_plain(pasted: tuple[Path, str]) -> None:
    _, output = pasted
    assert "fit to publish" in output
    assert "held" in output
    assert "At rest" in output
    assert "Traceback" not in output


def test_the_flow_stays_short() -> None:
    [flow] = flows()
    assert len([line for line in flow.splitlines() if line.strip()]) <= 20
