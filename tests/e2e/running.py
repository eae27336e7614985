"""copydesk as its users run it: a process of its own, watched from outside."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
COPYDESK = Path(sys.executable).parent / "copydesk"

#: Seconds; far above what anything takes here, on a machine that does much else besides: who waits
#: longer has found something stuck.
PATIENCE = 600.0


class Running:
    """A running process; what it says is kept in a file."""

    def __init__(
        self, command: Sequence[str | Path], log: Path, environment: dict[str, str] | None = None
    ) -> None:
        self.log = log
        with log.open("wb") as sink:
            self.process = subprocess.Popen(
                [str(part) for part in command],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PYTHONUNBUFFERED": "1", **(environment or {})},
                start_new_session=True,
            )

    @property
    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def wait_for(self, words: str) -> str:
        """Wait until it has said `words`; return all it said."""
        ends = time.monotonic() + PATIENCE
        while words not in self.said:
            if self.process.poll() is not None and words not in self.said:
                raise AssertionError(
                    f"ended ({self.process.returncode}) before {words!r}:\n{self.said}"
                )
            assert time.monotonic() < ends, f"never said {words!r}:\n{self.said}"
            time.sleep(0.02)
        return self.said

    def stop(self) -> int:
        """Ask it to stop, as a service manager does, and return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)

    def kill(self) -> None:
        """Kill it and what it has started, without warning."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(PATIENCE)

    def wait(self) -> int:
        return self.process.wait(PATIENCE)

    def wait_until(self, is_so: Callable[[], bool], what: str) -> None:
        """Wait until `is_so`, looking again and again, as long as it runs."""
        ends = time.monotonic() + PATIENCE
        while not is_so():
            assert self.process.poll() is None, f"ended before {what}:\n{self.said}"
            assert time.monotonic() < ends, f"never {what}:\n{self.said}"
            time.sleep(0.2)


def copydesk(
    *arguments: str | Path,
    environment: dict[str, str] | None = None,
    stdin: str = "",
) -> Any:
    """Run one command to its end; return the JSON document it prints with --json."""
    done = subprocess.run(
        [str(COPYDESK), *map(str, arguments), "--json"],
        cwd=ROOT,
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
        env={**os.environ, **(environment or {})},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
