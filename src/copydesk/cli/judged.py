"""JSON lines of texts with what they were made from, as `check` and `calibrate` read them."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from copydesk.cli.output import fail

_FIELDS = ("text", "source", "seed", "context", "language", "domain", "label")


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One line. `label` is `good`, `bad`, or "" where nobody has judged it."""

    number: int
    id: Any
    text: str
    source: str
    seed: str
    context: str
    language: str
    domain: str
    label: str


def read_lines(path: Path, *, labelled: bool = False) -> Iterator[Judged]:
    """Yield the lines of a file, or of standard input for `-`.

    A line that is none ends the run with its number and exit code 4; `labelled` says that each has
    to have a label.
    """
    for number, line in _lines(path):
        yield _read(number, line, labelled)


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    from copydesk.core.errors import NotFound

    try:
        with nullcontext(sys.stdin.buffer) if path == Path("-") else path.open("rb") as file:
            yield from ((n, line) for n, line in enumerate(file, 1) if line.strip())
    except OSError as error:
        fail(NotFound(f"The file {path} cannot be read: {error.strerror}."))


def _read(number: int, line: bytes, labelled: bool) -> Judged:
    try:
        given = json.loads(line.decode("utf-8-sig"))
    except UnicodeDecodeError:
        _refuse(number, "is not UTF-8 text", labelled)
    except (ValueError, RecursionError):
        _refuse(number, "is not JSON", labelled)
    if not isinstance(given, dict):
        _refuse(number, "is not a JSON object", labelled)
    if "text" not in given or not ("source" in given or "seed" in given):
        _refuse(number, "lacks `text`, or both `source` and `seed`", labelled)
    fields = {key: "" if given.get(key) is None else given[key] for key in _FIELDS}
    if isinstance(fields["context"], list):
        fields["context"] = "\n\n".join(map(str, fields["context"]))
    for key, value in fields.items():
        if not isinstance(value, str):
            _refuse(number, f"has no text in `{key}`", labelled)
    if labelled and fields["label"] not in ("good", "bad"):
        _refuse(number, "has no `label` that is good or bad", labelled)
    return Judged(number=number, id=given.get("id", number), **fields)


def _refuse(number: int, why: str, labelled: bool) -> NoReturn:
    from copydesk.core.errors import InputRefused

    label = ', "label": "good"' if labelled else ""
    fail(
        InputRefused(
            "bad_line",
            f"Line {number} {why}; the lines before it were read.",
            remedy='A line looks like {"id": "1", "source": "…", "seed": "…", "text": "…"'
            f"{label}}}.",
        )
    )
