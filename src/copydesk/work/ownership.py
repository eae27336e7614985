"""The owner's token: made on first run, kept in a file that only the owner can read."""

from __future__ import annotations

import asyncio
import os
import secrets
from pathlib import Path

from copydesk.work.desk import Desk

TOKEN_FILE = "owner.token"


async def owner_token(desk: Desk) -> str:
    """Return the owner's token for the web and the API, making it on first use.

    The database holds its hash only; the file is what `copydesk up` prints the sign-in link from.
    """
    path = desk.settings.home / TOKEN_FILE
    token = await asyncio.to_thread(_read_or_make, path)
    async with desk.store.begin("init") as unit:
        if await unit.tokens.find(token) is None:
            await unit.tokens.add(desk.workspace_id, token, label="owner", role="owner")
    return token


def _read_or_make(path: Path) -> str:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="ascii").strip()
    token = secrets.token_urlsafe(32)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(token + "\n")
    return token
