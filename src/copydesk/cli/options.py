"""Options that many commands share, so that they read the same everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def _nearest_home(context: typer.Context, home: Path | None) -> Path | None:
    """Return --home of this command, or the one given before it."""
    outer = context.parent
    while home is None and outer is not None:
        home = outer.params.get("home")
        outer = outer.parent
    return home


Home = Annotated[
    Path | None,
    typer.Option(
        "--home",
        help="The project folder (or COPYDESK_HOME; default .copydesk).",
        callback=_nearest_home,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Wait = Annotated[bool, typer.Option("--wait", help="Do the work here and wait for the outcome.")]
Timeout = Annotated[float, typer.Option(help="With --wait: give up waiting after so many seconds.")]
To = Annotated[
    list[str] | None,
    typer.Option("--to", help="Account names, separated by commas; may be repeated."),
]
For = Annotated[
    list[str] | None,
    typer.Option("--for", help="Platform names, separated by commas, or `all`; may be repeated."),
]


def names(given: list[str] | None) -> list[str]:
    """Return the names in comma-separated, repeatable options, in order and once each."""
    parts = (part.strip() for option in given or () for part in option.split(","))
    return list(dict.fromkeys(part for part in parts if part))


def take_home(home: Home = None) -> None:
    """Let `--home` stand before the verb too; the verb finds it there."""
