"""`copydesk platform`: which platforms there are, and the start of a new one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from copydesk.cli.options import AsJson
from copydesk.cli.output import columns, fail, hint, show

if TYPE_CHECKING:
    from collections.abc import Mapping

app = typer.Typer(help="List platforms and start a new one.", no_args_is_help=True)


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """List every platform that is found, ours and those of other packages."""
    from copydesk.platforms.kit.registry import platform_modules

    rows = [_row(name, module) for name, module in platform_modules().items()]
    heads = ("name", "title", "tier", "auth", "forms", "from")
    show(
        rows, as_json, lambda: columns([tuple(row[head] for head in heads) for row in rows], heads)
    )


@app.command()
def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Lower-case letters, digits and _.")],
    into: Annotated[
        Path | None,
        typer.Option(
            help="Write a package of your own into this folder, instead of into the checkout.",
            file_okay=False,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Start a platform: a folder that works against a made-up API, with its tests.

    In a checkout of copydesk it becomes src/copydesk/platforms/NAME, elsewhere (or with --into) a
    package with an entry point. Nothing else has to be edited. Its contract suite then lists what
    is left to find out.
    """
    from copydesk.core.clock import SystemClock
    from copydesk.core.errors import CopydeskError
    from copydesk.platforms.kit.scaffold import scaffold_in_tree, scaffold_package

    today = SystemClock().now().date()
    checkout = into is None and Path("src/copydesk/platforms").is_dir()
    try:
        files = (scaffold_in_tree if checkout else scaffold_package)(name, today)
        root = Path() if checkout else into or Path(f"copydesk-{name}")
        written = _write(root, files)
    except CopydeskError as error:
        fail(error)
    show(
        {"platform": name, "folder": str(root), "files": written},
        as_json,
        lambda: [f"wrote {path}" for path in written],
    )
    tests = f"tests/platforms/{name}" if checkout else f"{root}/tests"
    steps = "" if checkout else f"pip install -e {root.resolve()}, then "
    if not as_json:
        hint(f"Now: {steps}pytest {tests}. What fails is what is left to do.")


def _row(name: str, module: str) -> dict[str, Any]:
    from copydesk.platforms.kit.quality import read_quality
    from copydesk.platforms.kit.registry import load_platform

    manifest = load_platform(name).manifest
    return {
        "name": name,
        "title": manifest.title,
        "summary": manifest.summary,
        "tier": read_quality(module).tier.value,
        "auth": manifest.auth,
        "forms": ", ".join(manifest.forms),
        "from": "copydesk" if module.startswith("copydesk.platforms.") else module,
    }


def _write(root: Path, files: Mapping[str, str]) -> list[str]:
    """Write `files` below `root`; raise `Conflict` before anything when one is there already."""
    from copydesk.core.errors import Conflict

    there = [path for path in files if (root / path).exists()]
    if there:
        raise Conflict(
            f"{root / there[0]} is there already, so nothing was written.",
            remedy="Give another name, or another folder with --into.",
        )
    for path, text in files.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    return [str(root / path) for path in files]
