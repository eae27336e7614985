"""The site's folder: whole-file writes, one writer at a time, and whose file is whose.

A file appears complete or not at all: it is written under a temporary name in its own folder,
fsynced, renamed, and the folder is fsynced. Only files recorded as ours are replaced or removed.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

STATE: Final = ".copydesk"
_TEMPORARY: Final = ".copydesk-tmp"


class Folder:
    """A site's folder. Paths are relative, with `/`; every method may raise `OSError`."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder alone among all processes; the kernel lets go when a holder dies."""
        state = self.root / STATE
        (state / "posts").mkdir(parents=True, exist_ok=True)
        with (state / "lock").open("a+b") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def exists(self, path: str) -> bool:
        """Tell whether there is anything at `path`, a dangling link included."""
        return os.path.lexists(self.root / path)

    def read(self, path: str) -> bytes | None:
        """Return the bytes of `path`, None where there is no such file."""
        with suppress(FileNotFoundError):
            return (self.root / path).read_bytes()
        return None

    def write(self, path: str, data: bytes) -> None:
        """Put `data` at `path`, whole or not at all, and on disk when this returns."""
        target = self.root / path
        self._make_folder(target.parent)
        temporary = target.with_name(f".{target.name}{_TEMPORARY}")
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
        _sync_folder(target.parent)

    def remove(self, path: str) -> None:
        """Remove the file at `path`, its unfinished copy, and folders that are empty then. That it
        was there is no longer on disk when this returns."""
        self.discard_unfinished(path)
        try:
            (self.root / path).unlink()
            removed = True
        except (FileNotFoundError, NotADirectoryError):
            removed = False
        left = self.root
        for parent in Path(path).parents:
            left = self.root / parent
            if not parent.name:
                break
            try:
                left.rmdir()
            except OSError:
                break  # not empty or gone: somebody's file keeps it
        if removed:
            _sync_folder(left)

    def discard_unfinished(self, path: str) -> None:
        """Remove the unfinished copy that a dead writer of `path` left."""
        target = self.root / path
        with suppress(FileNotFoundError, NotADirectoryError):
            target.with_name(f".{target.name}{_TEMPORARY}").unlink()

    def read_json(self, path: str) -> Any:
        """Return the JSON at `path`, None where there is no file.

        Raises `ValueError` for broken JSON: our own writes are whole, so somebody changed it.
        """
        data = self.read(path)
        if data is None:
            return None
        try:
            return json.loads(data)
        except ValueError as error:
            raise ValueError(f"{self.root / path} is not readable: {error}") from error

    def write_json(self, path: str, value: Mapping[str, Any]) -> None:
        """Put `value` at `path` as JSON."""
        text = json.dumps(value, ensure_ascii=False, sort_keys=True, indent=1)
        self.write(path, text.encode("utf-8", "backslashreplace"))

    def names(self, path: str) -> list[str]:
        """Return the sorted names in the folder `path`, without unfinished copies."""
        with suppress(FileNotFoundError):
            names = (entry.name for entry in (self.root / path).iterdir())
            return sorted(name for name in names if not name.endswith(_TEMPORARY))
        return []

    def _make_folder(self, folder: Path) -> None:
        if folder.is_dir():
            return
        self._make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
