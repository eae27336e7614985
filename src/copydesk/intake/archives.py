"""Archives: the files in a zip, bounded before anything is unfolded.

What a zip claims about sizes is checked while it is read. A file in it that cannot be read is left
out with a note that names it; the zip itself is kept, so nothing is lost.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from dataclasses import dataclass
from typing import Final

from copydesk.core.errors import InputRefused

_MAX_FILES: Final = 10_000
_MAX_FILE: Final = 100 * 1024 * 1024
_MAX_TOTAL: Final = 1024 * 1024 * 1024
#: Text unfolds to ten or twenty times its size; a bomb to a thousand times.
_MAX_RATIO: Final = 200
_MAGIC: Final = b"PK\x03\x04"


def is_archive(raw: bytes) -> bool:
    """Whether `raw` is a zip of files; office documents are zips too, but of one document."""
    if not raw.startswith(_MAGIC):
        return False
    return not any(mark in raw[:4000] for mark in (b"[Content_Types].xml", b"mimetypeapplication/"))


@dataclass(frozen=True, slots=True)
class Archive:
    """The paths of the files in a zip, sorted, and notes about those that are left out."""

    paths: tuple[str, ...]
    notes: tuple[str, ...]
    _zip: zipfile.ZipFile

    def load(self, path: str) -> bytes:
        """Return the bytes of a file. One that is damaged comes as what says so when it is read."""
        info = self._zip.getinfo(path)
        try:
            with self._zip.open(info) as file:
                # one byte beyond what it says: a zip that lies is found out here
                return file.read(info.file_size + 1)
        except (zipfile.BadZipFile, zlib.error, NotImplementedError, OSError, EOFError) as error:
            return _MAGIC + f" damaged: {error}".encode("utf-8", "replace")


def open_archive(raw: bytes) -> Archive:
    """Return the zip in `raw`. Raises `InputRefused`: `bad_archive`, `archive_bomb`."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(raw))
        listed = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError) as error:
        raise InputRefused(
            "bad_archive", f"The zip cannot be read: {error}.", remedy="Zip the files again."
        ) from error
    wanted = [info for info in listed if not _is_hidden(info)]
    total = sum(info.file_size for info in wanted)
    ratios = (i.file_size / max(1, i.compress_size) for i in wanted if i.file_size > 1 << 20)
    if len(listed) > _MAX_FILES or total > _MAX_TOTAL or max(ratios, default=0) > _MAX_RATIO:
        raise InputRefused(
            "archive_bomb",
            f"The zip holds {len(listed):,} files of {total:,} bytes together; at most "
            f"{_MAX_FILES:,} files, {_MAX_TOTAL:,} bytes and {_MAX_RATIO} times its size are "
            "unfolded.",
            remedy="Send its files in smaller zips, or by themselves.",
        )
    why = {info.filename: _why_left_out(info) for info in wanted}
    paths = tuple(sorted(path for path, reason in why.items() if not reason))
    notes = tuple(
        f"“{path[:100]}” was left out: {reason}." for path, reason in why.items() if reason
    )
    if not paths:
        raise InputRefused(
            "bad_archive",
            " ".join(("The zip holds no file that can be read.", *notes[:5])),
            remedy="Zip the messages themselves, without a password.",
        )
    return Archive(paths, notes[:50], archive)


def _is_hidden(info: zipfile.ZipInfo) -> bool:
    parts = info.filename.split("/")
    return info.is_dir() or parts[0] == "__MACOSX" or any(part.startswith(".") for part in parts)


def _why_left_out(info: zipfile.ZipInfo) -> str:
    if info.flag_bits & 1:
        return "it is locked with a password"
    if info.file_size > _MAX_FILE:
        return f"it has {info.file_size:,} bytes; {_MAX_FILE:,} are taken"
    if info.filename.lower().endswith(".zip"):
        return "it is a zip inside a zip"
    return ""
