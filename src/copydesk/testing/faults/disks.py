"""A disk so small that it can be filled: what PostgreSQL keeps a database on while its space ends.

A file system of its own in memory, which only root may mount.
"""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from copydesk.testing.faults.rig import NotApplicable

#: In megabytes: some for a fresh database, and little more.
_SIZE: Final = 96

_CHUNK: Final = bytes(1 << 16)


@dataclass(frozen=True, slots=True)
class SmallDisk:
    """A mounted file system. `folder` is where a tablespace may lie."""

    folder: Path

    def fill(self) -> None:
        """Take all the space there is."""
        with self._filler.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(_CHUNK)
            except OSError:
                return

    def free(self) -> None:
        """Give the space back."""
        self._filler.unlink(missing_ok=True)

    @property
    def _filler(self) -> Path:
        return self.folder.parent / "filler"


@asynccontextmanager
async def small_disk() -> AsyncIterator[SmallDisk]:
    """Mount a small disk in a temporary folder; raises `NotApplicable` where that may not be."""
    mounted = await asyncio.to_thread(tempfile.mkdtemp, prefix="copydesk-disk-")
    try:
        folder = await asyncio.to_thread(_mount, Path(mounted))
        try:
            yield SmallDisk(folder)
        finally:
            await asyncio.to_thread(_run, "umount", "--lazy", mounted)
    finally:
        await asyncio.to_thread(shutil.rmtree, mounted, ignore_errors=True)


def _mount(place: Path) -> Path:
    place.chmod(0o755)  # the server may run as somebody else
    if not _run("mount", "-t", "tmpfs", "-o", f"size={_SIZE}m,mode=1777", "tmpfs", str(place)):
        raise NotApplicable("only root may mount a disk so small that it can be filled")
    folder = place / "tablespace"
    folder.mkdir()
    return folder


def _run(*command: str) -> bool:
    if shutil.which(command[0]) is None:
        return False
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
