"""A bare repository whose hooks misbehave."""

from __future__ import annotations

import importlib
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import ClassVar, Final

from copydesk.core.clock import Clock
from copydesk.testing.faults.catalogue import Fault
from copydesk.testing.faults.rig import EngineRig, marker_in

#: Hooks run in the receiving end, whose death is what a broken connection looks like. Each counts
#: its runs in a file and strikes every second one, three times in all.
_HOOK: Final = """#!/bin/sh
n=$(($(cat {count} 2>/dev/null || echo 0) + 1)); echo $n >{count}
if [ $((n % 2)) = 1 ] && [ $n -le 5 ]; then echo >>{struck}; {action}; fi
exit 0
"""
_ACTIONS: Final[Mapping[Fault, tuple[str, str]]] = {
    # refs are updated when post-receive runs, but not yet reported
    Fault.RESPONSE_LOST: ("post-receive", "kill -9 $PPID"),
    Fault.RESET_BEFORE_ACCEPT: ("pre-receive", "kill -9 $PPID"),
    Fault.HANG: ("post-receive", "exec sleep 3"),
    Fault.REFUSED: ("pre-receive", "echo 'this is spam' >&2; exit 1"),
}
_WHY: Final[Mapping[Fault, str]] = {
    Fault.ERROR_AFTER_ACCEPT: "once the ref has moved, git reports success or nothing",
}
_PATIENCE: Final = 1.5
_LOCKED: Final = timedelta(seconds=20)


class GitRig(EngineRig):
    """One branch of a repository on this machine."""

    spoke: ClassVar[str] = "git"
    platform: ClassVar[str] = "git"

    def __init__(self, *, folder: Path, home: Path, clock: Clock) -> None:
        super().__init__(folder=folder, home=home, clock=clock)
        self._remote = folder / "remote.git"
        self._locked_until: datetime | None = None
        self._seconds = 0.0

    async def open(self) -> None:
        """Make the repository; pushes may take no longer than it takes to see a hang."""
        if shutil.which("git") is None:
            self.not_applicable("the git program is not installed")
        self._git("init", "--bare", "--quiet", "--initial-branch=main", str(self._remote))
        clone = importlib.import_module("copydesk.platforms.git.clone")
        self._seconds = clone.REMOTE_SECONDS

    async def close(self) -> None:
        """Give git its time back."""
        clone = importlib.import_module("copydesk.platforms.git.clone")
        clone.REMOTE_SECONDS = self._seconds or clone.REMOTE_SECONDS  # type: ignore[attr-defined]

    def settings(self, address: str) -> Mapping[str, str]:
        """Return the account's settings."""
        return {"remote": str(self._remote)}

    def copies(self) -> Counter[str]:
        """Count how often each file that is there was added in the history of the branch."""
        heads = self._git("-C", str(self._remote), "for-each-ref", "refs/heads/main")
        if not heads:
            return Counter()
        log = self._git(
            "-C", str(self._remote), "log", "--diff-filter=A", "--name-only", "--format=", "main"
        )
        added = Counter(marker_in(line) for line in log.splitlines() if line.endswith(".md"))
        return Counter({marker: n for marker, n in added.items() if self._path(marker)})

    def shown(self, marker: str) -> str:
        """Return the post's file in the branch."""
        return (
            self._git("-C", str(self._remote), "show", f"main:{path}")
            if (path := self._path(marker))
            else ""
        )

    def edit_there(self, marker: str, words: str) -> None:
        """Push another version of the file."""
        with self._checkout() as tree:
            file = tree / self._path(marker)
            file.write_text(f"{file.read_text().rstrip()} {words}\n")

    def remove_there(self, marker: str) -> None:
        """Push a commit without the file."""
        with self._checkout() as tree:
            (tree / self._path(marker)).unlink()

    def _path(self, marker: str) -> str:
        names = self._git("-C", str(self._remote), "ls-tree", "-r", "--name-only", "main")
        found = (n for n in names.splitlines() if n.endswith(".md") and marker_in(n) == marker)
        return next(found, "")

    @contextmanager
    def _checkout(self) -> Iterator[Path]:
        tree = self.folder / "somebody"
        self._git("clone", "--quiet", str(self._remote), str(tree))
        yield tree
        who = ("-c", "user.name=Somebody", "-c", "user.email=somebody@example.org")
        self._git("-C", str(tree), *who, "commit", "--quiet", "--all", "-m", "By hand")
        # not by a push, which the hooks would see
        self._git("-C", str(self._remote), "fetch", "--quiet", str(tree), "main:main")
        shutil.rmtree(tree)

    def strike(self, fault: Fault, deliveries: int) -> None:
        """Install a hook, or lock the branch."""
        if fault is Fault.NONE:
            return
        if fault is Fault.LOCKED:
            (self._remote / "refs/heads").mkdir(parents=True, exist_ok=True)
            (self._remote / "refs/heads/main.lock").touch()
            self._locked_until = self.clock.now() + _LOCKED
            return
        if fault not in _ACTIONS:
            self.not_applicable(_WHY.get(fault, "a push over a path has no such answer"))
        if fault is Fault.HANG:
            clone = importlib.import_module("copydesk.platforms.git.clone")
            clone.REMOTE_SECONDS = _PATIENCE  # type: ignore[attr-defined]
        name, action = _ACTIONS[fault]
        hook = self._remote / "hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(
            _HOOK.format(count=self.folder / "count", struck=self.folder / "struck", action=action)
        )
        hook.chmod(0o755)

    @property
    def struck(self) -> int:
        """Return how often a hook struck."""
        path = self.folder / "struck"
        lines = path.read_text().count("\n") if path.exists() else 0
        return lines + (self._locked_until is not None)

    def tick(self) -> None:
        """Let the lock go when its time is over."""
        if self._locked_until is not None and self.clock.now() >= self._locked_until:
            (self._remote / "refs/heads/main.lock").unlink(missing_ok=True)

    def kill_when_accepted(self, pid_file: Path) -> None:
        """Let the next push kill the process named in `pid_file` once its refs are updated."""
        hook = self._remote / "hooks" / "post-receive"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(
            f"#!/bin/sh\n[ -s {pid_file} ] && kill -9 $(cat {pid_file}) && rm {pid_file}\n"
        )
        hook.chmod(0o755)

    def _git(self, *arguments: str) -> str:
        done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=True)
        return done.stdout
