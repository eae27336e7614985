"""Files named on the command line, or standard input: read whole, or refused in words."""

from __future__ import annotations

from pathlib import Path

import typer

from copydesk.cli.output import fail
from copydesk.core.errors import InputRefused, NotFound


def read_bytes(path: Path) -> bytes:
    """Return what is in the file, `-` for standard input; ends the command where it cannot."""
    if path == Path("-"):
        return typer.get_binary_stream("stdin").read()
    try:
        return path.read_bytes()
    except OSError as error:
        fail(NotFound(f"The file {path} cannot be read: {error.strerror}."))


def read_text(path: Path) -> str:
    """Return the UTF-8 text in the file; ends the command where there is none."""
    try:
        return read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        fail(
            InputRefused(
                "undecodable",
                f"{path} is not UTF-8 text (byte {error.start}).",
                remedy="Save it as UTF-8.",
            )
        )
