"""Locks the Python requirements with hashes, and checks that the locks are current.

`lock.py` rewrites `requirements/*.txt` from pyproject.toml with uv, keeping the pinned versions
unless `--upgrade` is given. `--check` needs no network: it compares a digest kept in each file and
refuses addresses and undocumented dependencies. `--prune` removes what the lock no longer lists.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = Path("requirements")
LOCKS: dict[str, list[str]] = {
    "runtime": ["pyproject.toml"],
    "dev": ["pyproject.toml", "--all-extras", "--group", "dev", "-c", "requirements/runtime.txt"],
    "node": ["--group", "node"],
}
OURS = {"copydesk", "pip", "setuptools", "wheel"}


def project() -> dict[str, object]:
    table = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return {
        "python": table["project"]["requires-python"],
        "runtime": table["project"]["dependencies"],
        "extras": table["project"]["optional-dependencies"],
        "groups": table["dependency-groups"],
    }


def digest() -> str:
    return hashlib.sha256(json.dumps(project(), sort_keys=True).encode()).hexdigest()[:16]


def normal(requirement: str) -> str:
    name = re.split(r"[\[<>=!~; ]", requirement.strip(), maxsplit=1)[0]
    return re.sub(r"[-_.]+", "-", name).lower()


def direct() -> set[str]:
    parts = project()
    lists = [parts["runtime"], *parts["extras"].values(), *parts["groups"].values()]  # type: ignore[attr-defined, misc]
    return {normal(requirement) for one in lists for requirement in one}


def locked(name: str) -> set[str]:
    text = (ROOT / FOLDER / f"{name}.txt").read_text(encoding="utf-8")
    return {normal(line) for line in text.splitlines() if re.match(r"[A-Za-z0-9]", line)}


def lock(options: list[str]) -> int:
    for name, inputs in LOCKS.items():
        target = FOLDER / f"{name}.txt"
        print(f"locking {target} …", flush=True)
        command = ["uv", "pip", "compile", *inputs, "--universal", "--python-version", "3.11"]
        command += ["--generate-hashes", "--no-emit-index-url", "--no-header", "--quiet"]
        done = subprocess.run(
            [*command, "--output-file", str(target), *options],
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            check=False,
        )
        if done.returncode:
            return done.returncode
        path = ROOT / target
        body = path.read_text(encoding="utf-8")
        head = (
            f"# Made by ./dev lock from pyproject.toml; not to be edited.\n# inputs: {digest()}\n"
        )
        path.write_text(head + body, encoding="utf-8")
    return check()


def check() -> int:
    problems = []
    for name in LOCKS:
        path = FOLDER / f"{name}.txt"
        text = (ROOT / path).read_text(encoding="utf-8")
        if f"# inputs: {digest()}\n" not in text:
            problems.append(f"{path} is older than pyproject.toml: run ./dev lock")
        if "://" in text or re.search(r"^-", text, re.MULTILINE):
            problems.append(f"{path} holds an address or an option line")
    told = (ROOT / "docs/dependencies.md").read_text(encoding="utf-8").lower()
    problems += [
        f"docs/dependencies.md has no line for {name}"
        for name in sorted(direct())
        if f"| `{name}` |" not in told
    ]
    print("\n".join(problems) or "locks are current")
    return 1 if problems else 0


def prune() -> int:
    """Remove installed packages that neither the development nor the node lock lists."""
    here = {normal(found.metadata["Name"]) for found in metadata.distributions()}
    extra = sorted(here - locked("dev") - locked("node") - OURS)
    if extra:
        command = [sys.executable, "-m", "pip", "uninstall", "-qq", "--yes", *extra]
        return subprocess.run(command, check=False).returncode
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, prog="./dev lock")
    parser.add_argument("--check", action="store_true", help="only compare, without network")
    parser.add_argument("--prune", action="store_true", help="uninstall what is not locked")
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions allowed")
    parser.add_argument("--upgrade-package", action="append", default=[], metavar="NAME")
    asked = parser.parse_args()
    if asked.check:
        return check()
    if asked.prune:
        return prune()
    options = ["--upgrade"] if asked.upgrade else []
    options += [part for name in asked.upgrade_package for part in ("--upgrade-package", name)]
    return lock(options)


if __name__ == "__main__":
    sys.exit(main())
