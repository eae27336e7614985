"""Runs what CI runs, one stage after the other, and stops at the first that fails.

The tests come last, those that are not slow on every core. Afterwards every stage is listed with
its time, and pytest's own summary lines are printed again as the very last ones.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHON = sys.executable
STAGES: list[tuple[str, list[str]]] = [
    ("locks", [PYTHON, "scripts/lock.py", "--check"]),
    ("file sizes", [PYTHON, "scripts/filesizes.py"]),
    ("format", ["ruff", "format", "--check", "--quiet", "."]),
    ("lint", ["ruff", "check", "--quiet", "--output-format", "concise", "."]),
    ("layers", ["lint-imports", "--no-logo"]),
    ("types", [PYTHON, "-m", "mypy", "--no-error-summary"]),
]
if (ROOT / "scripts/docs.py").is_file():
    STAGES.append(("docs", [PYTHON, "scripts/docs.py", "--check"]))

#: Tests that kill processes and count what is left have the machine to themselves.
TESTS: list[tuple[str, list[str]]] = [
    # one worker more than cores: tests wait for disks and servers for nearly half of their time
    (
        "tests",
        # in the order found: files of few tests, browsers' among them, are the longest
        [
            *("-m", "not slow", "-n", str(min((os.cpu_count() or 1) + 1, 4))),
            *("--dist", "loadfile", "--no-loadscope-reorder"),
        ],
    ),
    ("slow tests", ["-m", "slow"]),
]

#: Where files are kept in memory on Linux, and the room there has to be.
MEMORY, ROOM = "/dev/shm", 8 * 2**30

HINTS = {"format": "./dev fix", "lint": "./dev fix", "docs": "./dev fix", "locks": "./dev lock"}


def quiet(command: list[str]) -> bool:
    """Run a stage; its output is shown only when it fails."""
    done = subprocess.run(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode:
        print(f"\n{done.stdout.strip()}\n", flush=True)
    return done.returncode == 0


def pytest(*arguments: str) -> tuple[bool, str]:
    """Run tests with their output passed on as it comes; returns the summary line too."""
    command = [PYTHON, "-m", "pytest", *arguments]
    if sys.stdout.isatty():
        command.append("--color=yes")
    tail = b""
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as running:
        assert running.stdout is not None
        while chunk := running.stdout.read1(4096):  # type: ignore[attr-defined]
            sys.stdout.buffer.write(chunk)
            sys.stdout.buffer.flush()
            tail = (tail + chunk)[-20_000:]
    plain = re.sub(r"\x1b\[[0-9;]*m", "", tail.decode(errors="replace"))
    lines = [line for line in plain.splitlines() if re.fullmatch(r"=+ .* in [\d.]+s.* =+", line)]
    return running.returncode == 0, lines[-1] if lines else "pytest ended without a summary"


@contextmanager
def in_memory() -> Iterator[list[str]]:
    """Make a folder in memory for the tests' files, and tell pytest to use it; where there is no
    room for that, tell it nothing.

    What a test writes does not outlive it, and waiting for the disk was two fifths of their time.
    """
    folder = ""
    with suppress(OSError):
        if shutil.disk_usage(MEMORY).free > ROOM:
            folder = tempfile.mkdtemp(prefix="copydesk-tests-", dir=MEMORY)
    if not folder:
        yield []
        return
    try:
        yield [f"--basetemp={folder}/t", "-o", "tmp_path_retention_policy=failed"]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def report(times: list[tuple[str, float]], failed: str | None, summaries: list[str]) -> int:
    print("\nstage          seconds")
    for name, seconds in times:
        print(f"{name:<12} {seconds:>9.1f}{'   FAILED' if name == failed else ''}")
    print(f"{'total':<12} {sum(seconds for _, seconds in times):>9.1f}")
    if failed:
        hint = f" (try {HINTS[failed]})" if failed in HINTS else ""
        print(f"\ncheck stopped at: {failed}{hint}")
    for summary in summaries:
        print(summary)
    return 1 if failed else 0


def main() -> int:
    times: list[tuple[str, float]] = []
    for name, command in STAGES:
        print(f"{name} …", flush=True)
        start = time.monotonic()
        passed = quiet(command)
        times.append((name, time.monotonic() - start))
        if not passed:
            return report(times, name, [])
    summaries: list[str] = []
    for name, arguments in TESTS:
        print(f"{name} …", flush=True)
        start = time.monotonic()
        with in_memory() as more:
            passed, summary = pytest(*arguments, *more)
        summaries.append(summary)
        times.append((name, time.monotonic() - start))
        if not passed:
            return report(times, name, summaries)
    return report(times, None, summaries)


if __name__ == "__main__":
    sys.exit(main())
