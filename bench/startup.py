"""Time to start: the help page of the command, the server's imports, and until `up` serves.

Beside them what a bare interpreter takes, so that the machine can be told from the program.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import aiohttp

from bench._report import Report, date_of, parser

_DASHBOARD = re.compile(r"Dashboard\s+(http://[^/\s]+)/")


def wall(*command: str) -> float:
    """Return the seconds a command takes."""
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - began


async def until_served(home: Path) -> float:
    """Return the seconds from starting `up` until its health page answers."""
    began = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "copydesk", "up", "--home", str(home), "--port", "0"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert process.stdout is not None
    try:
        async for line in process.stdout:
            if found := _DASHBOARD.search(line.decode()):
                await _answer(found[1])
                return time.perf_counter() - began
        raise SystemExit("`copydesk up` ended before it served.")
    finally:
        process.terminate()
        await process.wait()


async def _answer(url: str) -> None:
    async with aiohttp.ClientSession() as session, session.get(f"{url}/health/ready") as answer:
        await answer.read()


def main(arguments: argparse.Namespace) -> None:
    runs: dict[str, list[float]] = defaultdict(list)
    python = sys.executable
    with tempfile.TemporaryDirectory(prefix="copydesk-bench-") as folder:
        home = Path(folder) / "home"
        first = asyncio.run(until_served(home))
        for _ in range(arguments.repeat):
            runs["bare"].append(wall(python, "-c", "pass"))
            runs["help"].append(wall(python, "-m", "copydesk", "--help"))
            runs["server"].append(wall(python, "-c", "import copydesk.server"))
            runs["up"].append(asyncio.run(until_served(home)))
    report = Report("startup", date_of(arguments), {"repeat": arguments.repeat})
    report.add("python -c pass", runs["bare"], "s")
    report.add("copydesk --help", runs["help"], "s, goal 0.3")
    report.add("import copydesk.server", runs["server"], "s, the interpreter's start included")
    report.add("copydesk up serves, first time", [first], "s, with a new project")
    report.add("copydesk up serves, warm", runs["up"], "s, goal 2")
    times = [ours / bare for ours, bare in zip(runs["help"], runs["bare"], strict=True)]
    report.add("--help in bare starts", times)
    report.show(as_json=arguments.json)


if __name__ == "__main__":
    main(parser(__doc__, repeat=5).parse_args())
