"""The sandbox's memory: `<account>.jsonl`, one line for every post it took.

A line is there, synced to disk, before the sandbox answers, so the file survives `kill -9` and says
independently of copydesk's own records what was published how often. Beside it,
`<account>.faults.jsonl` has one line for every call that went wrong on purpose, and
`<account>.told.jsonl` one for every callback that was taken.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


class Ledger:
    """The files of one account in `folder`. Blocking: call it from a thread.

    Safe with several processes: every step happens under a lock on the posts file.
    """

    def __init__(self, folder: Path, account_id: str) -> None:
        self.path = folder / f"{account_id}.jsonl"
        self._posts = _Lines(self.path)
        self._faults = _Lines(folder / f"{account_id}.faults.jsonl")
        self._told = _Lines(folder / f"{account_id}.told.jsonl")

    def accept(self, entry: Mapping[str, Any], *, once: bool) -> dict[str, Any]:
        """Keep `entry` and return it with its `id`.

        With `once`, an entry whose `key` is known already is not kept again: the first is returned.
        """
        with self._locked():
            posts = self._posts.read()
            if once:
                for post in posts:
                    if post["key"] == entry["key"]:
                        return post
            kept = {"id": entry.get("id") or str(len(posts) + 1), **entry}
            self._posts.append(kept)
            return kept

    def posts(self) -> list[dict[str, Any]]:
        """Return everything taken so far, oldest first."""
        with self._locked():
            return list(self._posts.read())

    def newest(self, id: str) -> dict[str, Any] | None:
        """Return the newest line about post `id`, None without one or when that removed it."""
        found = next((post for post in reversed(self.posts()) if post["id"] == id), None)
        return None if found is None or found.get("action") == "delete" else found

    def was_removed(self, id: str) -> bool:
        """Tell whether there was a post `id` that has been removed since."""
        found = next((post for post in reversed(self.posts()) if post["id"] == id), None)
        return found is not None and found.get("action") == "delete"

    def take_fault(self, fault: str, times: int) -> bool:
        """Tell whether this call is one of the first `times` to suffer `fault`, and count it."""
        with self._locked():
            struck = sum(line["fault"] == fault for line in self._faults.read())
            if struck >= times:
                return False
            self._faults.append({"fault": fault})
            return True

    def was_told(self, key: str) -> bool:
        """Tell whether a callback about the post with `key` was taken."""
        with self._locked():
            return any(line["key"] == key for line in self._told.read())

    def note_told(self, key: str) -> None:
        """Remember that a callback about the post with `key` was taken."""
        with self._locked():
            self._told.append({"key": key})

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        is_new = not self.path.exists()
        with self.path.open("ab") as handle:
            # released by the kernel when the process dies, unlike a lock file
            fcntl.flock(handle, fcntl.LOCK_EX)
            if is_new:
                _sync_folder(self.path.parent)
            yield


@dataclass(slots=True)
class _Lines:
    """A file of JSON lines that only grows; what was read once is not read again."""

    path: Path
    _read: list[dict[str, Any]] = field(default_factory=list)
    _offset: int = 0

    def read(self) -> list[dict[str, Any]]:
        """Return all complete lines. One torn by a crash was never acknowledged: it is left out."""
        if not self.path.exists():
            return self._read
        with self.path.open("rb") as handle:
            handle.seek(self._offset)
            fresh = handle.read()
        complete = fresh[: fresh.rfind(b"\n") + 1]
        self._offset += len(complete)
        for line in complete.splitlines():
            try:
                self._read.append(json.loads(line))
            except ValueError:
                continue
        return self._read

    def append(self, record: Mapping[str, Any]) -> None:
        """Write `record` as one line and sync it. Raises `OSError` when the disk refuses it."""
        line = json.dumps(record, ensure_ascii=False, sort_keys=True).encode() + b"\n"
        with self.path.open("ab") as handle:
            if handle.tell() > self._offset:
                line = b"\n" + line
            handle.write(line)
            handle.flush()
            os.fsync(handle.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
