"""The first start: local accounts, so that something is published before anything is connected."""

from __future__ import annotations

import shutil

from copydesk.core.account import Account
from copydesk.work.accounts.connecting import put_account
from copydesk.work.desk import Desk

SITE = "site"
ARCHIVE = "archive"
SANDBOX = "sandbox"


async def ensure_local_accounts(desk: Desk, site_url: str) -> list[Account]:
    """Give a workspace without accounts three that never leave this machine; return those made.

    A site in the project folder, served at `site_url`; an archive in a git repository beside it
    (where git is installed); and a sandbox. All take approved posts from the inbox.
    """
    home = desk.settings.home
    wanted: list[tuple[str, str, dict[str, str]]] = [
        (
            SITE,
            "site",
            {"path": str(home / "site"), "url": site_url, "title": desk.settings.workspace},
        ),
    ]
    if shutil.which("git"):
        remote = {"remote": str(home / "archive.git"), "create": "true"}
        wanted.append((ARCHIVE, "git", remote))
    wanted.append((SANDBOX, "sandbox", {}))
    # together or not at all: a first start that is killed in between begins anew
    async with desk.store.begin("up") as unit:
        if await unit.accounts.all(desk.workspace_id):
            return []
        return [
            await put_account(unit, desk, platform, name, settings=settings, secrets={}, inbox=True)
            for name, platform, settings in wanted
        ]
