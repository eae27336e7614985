"""`copydesk count`: how long texts are, in the units that platforms count in. Needs no project."""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any

import typer

from copydesk.cli.output import fail
from copydesk.core.errors import InputRefused, NotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Unit(StrEnum):
    """The units of `transformation.counting.UNITS`; what counts them is loaded when it counts."""

    X_WEIGHTED = "x-weighted"
    GRAPHEMES = "graphemes"
    UTF16 = "utf16"
    UTF8 = "utf8"
    CODEPOINTS = "codepoints"


def count(
    text: Annotated[
        str | None,
        typer.Argument(help="The text; without it standard input, less its last line end."),
    ] = None,
    unit: Annotated[Unit, typer.Option("--unit", help="What to count.")] = Unit.GRAPHEMES,
    jsonl: Annotated[
        Path | None,
        typer.Option(
            "--jsonl", metavar="FILE", help="JSON lines of {id, text}; - for standard input."
        ),
    ] = None,
) -> None:
    """Print how long a text is in a unit.

    x-weighted as X counts (an address 23, an emoji 2); graphemes: characters as people see them;
    utf16 and utf8: code units and bytes; codepoints. With --jsonl a JSON line {id, length} for each
    line read, as it is read. A line that cannot be counted is named on standard error, the others
    are counted all the same, and the exit code is 4.
    """
    from copydesk.transformation.counting import UNITS

    measure = UNITS[unit.value]
    if jsonl is None:
        given = text if text is not None else _read_all()
        typer.echo(measure(given))
        return
    if text is not None:
        raise typer.BadParameter("give a text or --jsonl, not both")
    if (missed := _count_lines(jsonl, measure)) > 0:
        fail(
            InputRefused(
                "bad_line",
                f"{missed} lines could not be counted; every other line was.",
                remedy='A line looks like {"id": "1", "text": "…"}.',
            )
        )


def _count_lines(path: Path, measure: Callable[[str], int]) -> int:
    """Print a line for each line that can be counted; return how many could not."""
    missed = 0
    for number, line in _lines(path):
        try:
            id, text = _given(line)
        except ValueError as error:
            typer.echo(f"error: line {number} {error}", err=True)
            missed += 1
            continue
        # ASCII alone: an id may hold half a character
        typer.echo(json.dumps({"id": number if id is None else id, "length": measure(text)}))
    return missed


def _given(line: bytes) -> tuple[Any, str]:
    """Return id and text of a line; raises `ValueError` saying what the line is or lacks."""
    try:
        given = json.loads(line.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise ValueError(f"is not UTF-8 (byte {error.start})") from error
    except (ValueError, RecursionError) as error:
        raise ValueError("is not JSON") from error
    if not isinstance(given, dict):
        raise ValueError("is not a JSON object")
    text = given.get("text")
    if not isinstance(text, str):
        raise ValueError("has no text in `text`")
    return given.get("id"), text


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    try:
        if path == Path("-"):
            yield from _numbered(sys.stdin.buffer)
            return
        with path.open("rb") as file:
            yield from _numbered(file)
    except OSError as error:
        fail(NotFound(f"The file {path} cannot be read: {error.strerror}."))


def _numbered(file: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    for number, line in enumerate(file, start=1):
        if line.strip():
            yield number, line


def _read_all() -> str:
    try:
        return sys.stdin.buffer.read().decode("utf-8").removesuffix("\n")
    except UnicodeDecodeError as error:
        fail(
            InputRefused(
                "undecodable",
                f"Standard input is not UTF-8 text (byte {error.start}).",
                remedy="Send UTF-8.",
            )
        )
