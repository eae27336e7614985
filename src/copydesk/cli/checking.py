"""`copydesk validate` and `plan`: what would happen, before anything does."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from copydesk.cli.manuscripts import File, finding_row, plans_for
from copydesk.cli.options import AsJson, At, For, Home, Queue, To, Zone, names, wish_of
from copydesk.cli.output import describe, run, show, show_table
from copydesk.core.findings import Finding, Severity

if TYPE_CHECKING:
    from copydesk.core.account import Account
    from copydesk.distribution.plans import Plan
    from copydesk.work.deliveries.times import Wish


def validate(
    file: File,
    for_: For = None,
    to: To = None,
    at: At = None,
    zone: Zone = None,
    queue: Queue = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Say what platforms or accounts would refuse. Sends nothing.

    Platforms in general with --for, accounts of the project with --to; for accounts also whether
    the time can be, of the options or of the front matter. What is wrong with the file itself is
    told without a platform.
    """
    wish = wish_of(at=at, zone=zone, queue=queue)
    notes, plans = run(_judged(file, names(for_), names(to), home, wish))
    unreadable = [finding for finding in notes if finding.severity is Severity.ERROR]
    rows: list[dict[str, Any]] = [
        {"account": "", "platform": "", **finding_row(f)} for f in unreadable
    ]
    rows += [
        {"account": p.account.name, "platform": p.account.platform, **finding_row(f)}
        for p in plans
        for f in p.findings
    ]
    valid = not unreadable and not any(p.errors for p in plans)
    data = {
        "file": str(file),
        "valid": valid,
        "checked": [p.account.name for p in plans],
        "notes": [finding_row(finding) for finding in notes],
        "findings": rows,
    }
    show(
        data,
        as_json,
        lambda: [
            *(f"{file.name}: {f.severity}: {describe(f)}" for f in notes),
            *(f"{p.account.name}: {f.severity}: {describe(f)}" for p in plans for f in p.findings),
            f"{file.name}: " + ("fit to publish." if valid else "would be refused."),
        ],
    )
    if not valid:
        raise typer.Exit(4)


async def _judged(
    file: Path, platforms: list[str], accounts: list[str], home: Path | None, wish: Wish | None
) -> tuple[tuple[Finding, ...], list[Plan]]:
    """Return what is to be said about the file itself, and its plans: none when it has errors."""
    from copydesk.core.errors import ContentInvalid

    try:
        manuscript, plans = await plans_for(file, platforms, accounts, home, wish=wish)
    except ContentInvalid as error:
        return tuple(error.findings), []
    return manuscript.file.findings, plans


def plan(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="A folder of Markdown files.")],
    to: To = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Show what publishing a folder would change. Sends nothing.

    Hidden files, and what accounts such as a website wrote into the folder, are left out.
    """
    from copydesk.config import find_home, load_settings
    from copydesk.core.errors import CopydeskError, NotFound
    from copydesk.work.deliveries.manuscripts import read_manuscript
    from copydesk.work.deliveries.publishing import preview as preview_manuscript
    from copydesk.work.desk import open_desk

    async def work() -> list[dict[str, Any]]:
        if not directory.is_dir():
            raise NotFound(f"There is no folder {directory}.")
        rows: list[dict[str, Any]] = []
        async with open_desk(load_settings(find_home(home))) as desk:
            async with desk.store.read() as unit:
                accounts = await unit.accounts.all(desk.workspace_id)
                outputs = _folders_written(accounts)
                if to:
                    accounts = [
                        await unit.accounts.by_name(desk.workspace_id, name) for name in names(to)
                    ]
            for path in _manuscripts(directory, outputs):
                try:
                    plans = await preview_manuscript(desk, await read_manuscript(path), accounts)
                except CopydeskError as error:
                    rows.append(_plan_row(path, "", "refuse", str(error)))
                    continue
                for p in plans:
                    why = "; ".join(describe(f) for f in p.errors)
                    change = "refuse" if p.errors else p.intended.value
                    rows.append(_plan_row(path, p.account.name, change, why))
        return rows

    rows = run(work())
    show_table(
        rows,
        as_json,
        ("change", "file", "account", "reason"),
        lambda r: (r["change"], r["file"], r["account"], r["reason"]),
        none=f"No Markdown files in {directory}, or no accounts.",
    )
    if any(row["change"] == "refuse" for row in rows):
        raise typer.Exit(4)


def _folders_written(accounts: list[Account]) -> set[Path]:
    from copydesk.platforms.kit.registry import load_platform

    return {
        Path(folder)
        for account in accounts
        for setting in load_platform(account.platform).settings
        if setting.is_path and (folder := account.settings.get(setting.key))
    }


def _manuscripts(directory: Path, outputs: set[Path]) -> list[Path]:
    """Return the Markdown files of a folder; not hidden ones, nor what accounts wrote there."""
    found = []
    for path in sorted(directory.rglob("*.md")):
        inner = path.relative_to(directory).parts
        is_ours = any(folder in outputs for folder in path.absolute().parents)
        if not is_ours and not any(part.startswith(".") for part in inner):
            found.append(path)
    return found


def _plan_row(path: Path, account: str, change: str, reason: str) -> dict[str, Any]:
    return {"file": str(path), "account": account, "change": change, "reason": reason}
