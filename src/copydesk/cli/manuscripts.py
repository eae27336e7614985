"""What a file would become on platforms in general and on accounts of the project: the plans that
`validate` and `render` show."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from copydesk.core.account import Account
    from copydesk.core.findings import Finding
    from copydesk.distribution.plans import Plan
    from copydesk.transformation.forms import Form
    from copydesk.work.deliveries.manuscripts import Manuscript
    from copydesk.work.deliveries.times import Wish

File = Annotated[Path, typer.Argument(metavar="FILE.md", help="A Markdown file.")]


async def plans_for(
    file: Path,
    platforms: list[str],
    accounts: list[str],
    home: Path | None,
    *,
    wish: Wish | None = None,
    form: Form | None = None,
) -> tuple[Manuscript, list[Plan]]:
    """Return the file and its plans for `platforms` (or `["all"]`) in general and for `accounts` by
    name; `form` is asked for where a platform has it."""
    from copydesk.core.clock import SystemClock
    from copydesk.core.ids import IdFactory
    from copydesk.platforms.kit.registry import platform_modules
    from copydesk.work.deliveries.manuscripts import read_manuscript
    from copydesk.work.deliveries.publishing import preview_plans, sample_account
    from copydesk.work.deliveries.rendering import in_form

    if not platforms and not accounts:
        raise typer.BadParameter(
            f"say for which platforms (--for all, {', '.join(platform_modules())})"
            " or accounts (--to NAME)"
        )
    manuscript = await read_manuscript(file)
    clock = SystemClock()
    wanted = list(platform_modules()) if platforms == ["all"] else platforms
    plans: list[Plan] = []
    if wanted:
        samples = [sample_account(platform) for platform in wanted]
        if form is not None:
            manuscript, samples = in_form(manuscript, samples, form)
        plans += preview_plans(manuscript, samples, clock.now(), IdFactory(clock))
    if accounts:
        plans += await _account_plans(manuscript, accounts, home, wish, form)
    return manuscript, plans


async def _account_plans(
    manuscript: Manuscript,
    accounts: list[str],
    home: Path | None,
    wish: Wish | None,
    form: Form | None,
) -> list[Plan]:
    from copydesk.config import find_home, load_settings
    from copydesk.work.deliveries.publishing import preview
    from copydesk.work.deliveries.rendering import in_form
    from copydesk.work.desk import open_desk

    async with open_desk(load_settings(find_home(home))) as desk:
        async with desk.store.read() as unit:
            targets: list[Account] = [
                await unit.accounts.by_name(desk.workspace_id, name) for name in accounts
            ]
        if form is not None:
            manuscript, targets = in_form(manuscript, targets, form)
        return await preview(desk, manuscript, targets, wish=wish)


def finding_row(finding: Finding) -> dict[str, Any]:
    """Return a finding as JSON data."""
    return {
        "code": finding.code,
        "field": finding.field,
        "message": finding.message,
        "remedy": finding.remedy,
        "severity": finding.severity,
    }
