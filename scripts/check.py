"""Runs what CI runs, one stage after the other, and stops at the first that fails.

The tests come last, those that are not slow on every core. Afterwards every stage is listed with
its time, and pytest's own summary lines are printed again as the very last ones.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
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
        ["-m", "not slow", "-n", str(min((os.cpu_count() or 1) + 1, 4)), "--dist", "loadfile"],
    ),
    ("slow tests", ["-m", "slow"]),
]

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
        passed, summary = pytest(*arguments)
        summaries.append(summary)
        times.append((name, time.monotonic() - start))
        if not passed:
            return report(times, name, summaries)
    return report(times, None, summaries)


if __name__ == "__main__":
    sys.exit(main())
