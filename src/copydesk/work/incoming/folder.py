"""Folders as a channel: every file put into a watched folder is taken in, once."""

from __future__ import annotations

import asyncio
import io
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

import structlog

from copydesk.core.errors import CopydeskError
from copydesk.work.desk import Desk
from copydesk.work.incoming.submitting import submit

_log = structlog.get_logger(__name__)

#: Seconds between looks at a folder. A file is taken once it has not changed between two looks.
PAUSE = 1.0

#: A file as a look sees it: size in bytes and time of change in nanoseconds.
_Seen = tuple[int, int]


def files_in(paths: Sequence[Path]) -> list[Path]:
    """Return the files at and below `paths`, sorted, hidden ones left out.

    A folder that is one export (Slack unfolds into hundreds of files that mean nothing alone) is
    returned itself. A path that does not exist is returned as it is, for its reader to report.
    """
    found: list[Path] = []
    for path in paths:
        if not path.is_dir():
            found.append(path)
            continue
        exports = {file.parent for file in path.rglob("users.json") if _is_export(file.parent)}
        found += sorted(
            [
                *exports,
                *(
                    p
                    for p in path.rglob("*")
                    if p.is_file()
                    and exports.isdisjoint(p.parents)
                    and not any(q.startswith(".") for q in p.relative_to(path).parts)
                ),
            ]
        )
    return list(dict.fromkeys(found))


def read_file(path: Path) -> bytes:
    """Return the bytes of a file, of standard input for `-`, or of a folder that is one export as
    a zip: the same files give the same bytes. Raises `OSError`."""
    if path == Path("-"):
        return sys.stdin.buffer.read()
    if not path.is_dir():
        return path.read_bytes()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(path.rglob("*.json")):
            # a date of its own would make other bytes of the same files
            archive.writestr(zipfile.ZipInfo(str(file.relative_to(path))), file.read_bytes())
    return out.getvalue()


def _is_export(path: Path) -> bool:
    return (path / "users.json").is_file() and (path / "channels.json").is_file()


class WatchedFolder:
    """Takes in what lies in some paths, and what is put there later."""

    def __init__(self, desk: Desk, paths: Sequence[Path]) -> None:
        self._desk = desk
        self._paths = tuple(paths)
        self._seen: dict[Path, _Seen] = {}
        self._taken: dict[Path, _Seen] = {}

    async def watch(self, stopping: asyncio.Event) -> None:
        """Look again and again until `stopping`."""
        while not stopping.is_set():
            await self.look()
            try:
                async with asyncio.timeout(PAUSE):
                    await stopping.wait()
            except TimeoutError:
                continue

    async def look(self, *, settled: bool = False) -> int:
        """Take in what is new and complete; return how many files.

        With `settled` every file counts as complete, as at start-up.
        """
        current = await asyncio.to_thread(self._scan)
        ready = [
            path
            for path, seen in current.items()
            if self._taken.get(path) != seen and (settled or self._seen.get(path) == seen)
        ]
        self._seen = current
        self._taken = {path: seen for path, seen in self._taken.items() if path in current}
        for path in ready:
            await self._take(path, current[path])
        return len(ready)

    def _scan(self) -> dict[Path, _Seen]:
        current: dict[Path, _Seen] = {}
        for path in files_in(self._paths):
            try:
                # a folder that is one export is as new as the newest file in it
                inside = list(path.rglob("*.json")) if path.is_dir() else [path]
                stats = [file.stat() for file in inside]
            except OSError:
                continue  # moved away between listing and looking
            current[path] = (sum(s.st_size for s in stats), max(s.st_mtime_ns for s in stats))
        return current

    async def _take(self, path: Path, seen: _Seen) -> None:
        try:
            raw = await asyncio.to_thread(read_file, path)
            await submit(self._desk, raw, filename=path.name, actor="folder")
        except OSError as error:
            _log.warning("file_unreadable", file=path.name, error=str(error))
            return
        except CopydeskError as error:
            _log.warning("file_not_taken", file=path.name, error=str(error))
        self._taken[path] = seen
