"""How commands speak: results on standard output, errors on standard error with an exit code."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from datetime import date, datetime
from enum import Enum
from typing import Any, Final, NoReturn, TypeVar

import typer

from copydesk.core.errors import ContentInvalid, CopydeskError
from copydesk.core.findings import Finding

T = TypeVar("T")

NOT_SETTLED = 9
NOT_DELIVERED = 10
NOT_HEALTHY = 11
CASES_FAILED = 12

#: What a terminal obeys instead of showing it. Much of what is printed was written by strangers,
#: who could hide a line with it or put another in its place.
_OBEYED: Final = re.compile(r"\r(?!\n)|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a command's work; a `CopydeskError` becomes words on standard error and its exit code."""
    try:
        return asyncio.run(work)
    except CopydeskError as error:
        fail(error)
    except KeyboardInterrupt:
        typer.echo("Stopped.", err=True)
        raise typer.Exit(130) from None


def fail(error: CopydeskError) -> NoReturn:
    """Say what happened and what to do, then exit with the error's code."""
    if isinstance(error, ContentInvalid) and error.findings:
        for finding in error.findings:
            hint(f"error: {describe(finding)}")
    else:
        hint(f"error: {error.message}")
    if error.remedy:
        hint(f"  {error.remedy}")
    raise typer.Exit(error.exit_code)


def describe(finding: Finding) -> str:
    """Return a finding as one line."""
    remedy = f" {finding.remedy}" if finding.remedy else ""
    where = f"{finding.field}: " if finding.field else ""
    return f"{where}{finding.message} [{finding.code}].{remedy}"


def hint(words: str) -> None:
    """Say on standard error what to do next."""
    typer.echo(harmless(words), err=True)


def harmless(text: str) -> str:
    """Return `text` with U+FFFD for every character that would steer the terminal."""
    return _OBEYED.sub("\ufffd", text)


def shortened(text: str, most: int) -> str:
    """Return `text` in at most `most` characters; what is cut shows as an ellipsis."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def emit(data: Any) -> None:
    """Print one JSON document."""
    typer.echo(json.dumps(data, ensure_ascii=False, indent=2, default=_plain))


def show(data: Any, as_json: bool, words: Callable[[], Iterable[str]]) -> None:
    """Print `data` as JSON, or the lines of `words`."""
    if as_json:
        emit(data)
    else:
        for line in words():
            typer.echo(harmless(line))


def show_table(
    rows: Sequence[Any],
    as_json: bool,
    heads: Sequence[str],
    cells: Callable[[Any], Sequence[str]],
    *,
    none: str,
) -> None:
    """Print `rows` as JSON, or the `cells` of each under `heads`; `none` is said where none are."""
    show(rows, as_json, lambda: columns([cells(row) for row in rows], heads) if rows else [none])


def columns(rows: Sequence[Sequence[str]], heads: Sequence[str]) -> list[str]:
    """Return rows as aligned columns under their heads."""
    table = [list(heads), *[[str(cell) for cell in row] for row in rows]]
    widths = [max(len(row[n]) for row in table) for n in range(len(heads))]
    return [
        "  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in table
    ]


def log_to_stderr(*, verbose: bool) -> None:
    """Send log lines to standard error, warnings and worse unless `verbose`."""
    import logging

    import structlog

    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.LogfmtRenderer(bool_as_flag=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.INFO if verbose else logging.WARNING
        ),
        # looked up for every line: standard error may be replaced while we run
        logger_factory=lambda *_: structlog.PrintLogger(file=sys.stderr),
    )


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return dict(value)
    if hasattr(value, "__dataclass_fields__"):
        return {name: getattr(value, name) for name in value.__dataclass_fields__}
    raise TypeError(f"{type(value).__name__} has no JSON form")
