"""`copydesk render`: what one file becomes everywhere, before anything is sent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from copydesk.cli.manuscripts import File, finding_row, plans_for
from copydesk.cli.options import AsJson, For, Home, To, names
from copydesk.cli.output import describe, fail, hint, run, show
from copydesk.core.errors import InputRefused
from copydesk.transformation.forms import Form

if TYPE_CHECKING:
    from copydesk.core.findings import Loss
    from copydesk.work.deliveries.rendering import Rendered


def render(
    file: File,
    for_: For = None,
    to: To = None,
    form: Annotated[
        Form | None,
        typer.Option("--form", help="Ask for this form wherever a platform has it."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Write a file for each platform or account."),
    ] = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Show what a file becomes: how it reads, part by part, and what it loses. Sends nothing.

    On platforms in general with --for, on accounts of the project with --to. With --json also the
    payload that would be sent. What would be refused is shown too; `validate` says only that.
    """
    made = run(_rendered(file, names(for_), names(to), form, home))
    if out is not None:
        try:
            written = _write(made, out)
        except OSError as error:
            problem = f"{error.filename or out} cannot be written: {error.strerror}."
            fail(InputRefused("unwritable", problem, remedy="Name another folder with --out."))
        for path in written:
            hint(f"written: {path}")
    if out is None or as_json:
        show([_data(one) for one in made], as_json, lambda: _words(made))


async def _rendered(
    file: Path, platforms: list[str], accounts: list[str], form: Form | None, home: Path | None
) -> list[Rendered]:
    from copydesk.work.deliveries.rendering import rendered

    manuscript, plans = await plans_for(file, platforms, accounts, home, form=form)
    return [rendered(plan, manuscript.content) for plan in plans]


def _data(one: Rendered) -> dict[str, Any]:
    return {
        "account": one.account,
        "platform": one.platform,
        "recipient": one.recipient,
        "form": one.form,
        "valid": one.valid,
        "text": one.text,
        "parts": list(one.parts),
        "payload": dict(one.payload),
        "losses": [_loss_row(loss) for loss in one.losses],
        "findings": [finding_row(finding) for finding in one.findings],
    }


def _loss_row(loss: Loss) -> dict[str, str]:
    return {"what": loss.what, "how": loss.how, "why": loss.why, "kind": loss.kind}


def _words(made: list[Rendered]) -> list[str]:
    lines: list[str] = []
    for one in made:
        parts = f", {len(one.parts)} parts" if len(one.parts) > 1 else ""
        who = one.account if one.account == one.platform else f"{one.account} ({one.platform})"
        lines.append(f"── {who}: {one.form}{parts} {one.recipient}".rstrip())
        for number, part in enumerate(one.parts, start=1):
            lines += [f"· {number}" for _ in one.parts[1:2]]
            lines += [part, ""]
        lines += [f"  not carried over: {x.what} {x.how} ({x.kind}): {x.why}" for x in one.losses]
        lines += [f"  {finding.severity}: {describe(finding)}" for finding in one.findings]
        lines.append("")
    return lines[:-1]


def _write(made: list[Rendered], folder: Path) -> list[Path]:
    """Write what people read as `NAME.txt` and the payload as `NAME.json`; return the paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths: list[Path] = []
    taken: dict[str, int] = {}
    for one in made:
        taken[one.account] = number = taken.get(one.account, 0) + 1
        name = one.account if number == 1 else f"{one.account}-{number}"
        for ending, text in (
            (".txt", "\n".join(_words([one]))),
            (".json", json.dumps(_data(one), ensure_ascii=False, indent=2, default=str)),
        ):
            path = folder / f"{name}{ending}"
            path.write_text(f"{text}\n", encoding="utf-8")
            paths.append(path)
    return paths
