"""Adding and changing accounts: settings are checked before anything is stored, secrets sealed."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from copydesk.core.account import Account
from copydesk.core.errors import ConfigError, ContentInvalid
from copydesk.core.findings import Finding, Severity
from copydesk.platforms.kit.auth import CREDENTIAL_KEYS
from copydesk.platforms.kit.contract import Platform
from copydesk.platforms.kit.registry import load_platform
from copydesk.store import UnitOfWork
from copydesk.work.desk import Desk

#: What `--to` can name: no comma, no space at the ends, nothing that breaks a line.
_NAME: Final = re.compile(r"[^\s,\x00-\x1f\x7f](?:[^,\x00-\x1f\x7f]{0,62}[^\s,\x00-\x1f\x7f])?")


async def add_account(
    desk: Desk,
    platform: str,
    name: str,
    *,
    settings: Mapping[str, str],
    secrets: Mapping[str, str],
    inbox: bool,
    actor: str,
) -> Account:
    """Add an account in a unit of work of its own; see `put_account`."""
    async with desk.store.begin(actor) as unit:
        return await put_account(
            unit, desk, platform, name, settings=settings, secrets=secrets, inbox=inbox
        )


async def put_account(
    unit: UnitOfWork,
    desk: Desk,
    platform: str,
    name: str,
    *,
    settings: Mapping[str, str],
    secrets: Mapping[str, str],
    inbox: bool,
) -> Account:
    """Add an account on a platform.

    A secret that the platform can make up and that was not given is made and kept in
    `made_secrets`, for the operator to hand on.

    Raises `NotFound` for an unknown platform, `ContentInvalid` with every wrong or missing setting
    or a name that `--to` could not name, `Conflict` when the name is taken.
    """
    declared = load_platform(platform)
    made = {
        setting.key: setting.generate(os.urandom(32))
        for setting in declared.settings
        if setting.generate and not secrets.get(setting.key)
    }
    secrets = {**secrets, **made}
    refuse([*name_findings(name), *check_given(declared, settings, secrets)])
    defaults = {s.key: s.default for s in declared.settings if s.default and not s.secret}
    account = await unit.accounts.add(
        workspace_id=desk.workspace_id,
        name=name,
        platform=platform,
        settings={**defaults, **settings},
        secrets=desk.vault.seal(secrets),
        inbox=inbox,
    )
    if made:
        path = made_secrets(desk.settings.home, account)
        await asyncio.to_thread(_keep, path, made)
    return account


async def change_account(
    desk: Desk, name: str, *, settings: Mapping[str, str], secrets: Mapping[str, str], actor: str
) -> Account:
    """Give an account other settings or secrets; what is not given stays as it is.

    Stored secrets that the key does not open count as not given. What an account publishes next
    uses the new ones; a blocked account goes on once it has been tried. Raises `NotFound` for an
    unknown account, `ContentInvalid` with every wrong or missing setting.
    """
    async with desk.store.begin(actor) as unit:
        account = await unit.accounts.by_name(desk.workspace_id, name)
        try:
            kept = desk.vault.open(await unit.accounts.secrets(account.id))
        except ConfigError:
            kept = {}
        settings_now = {**account.settings, **settings}
        secrets_now = {**kept, **secrets}
        refuse(check_given(load_platform(account.platform), settings_now, secrets_now))
        await unit.accounts.change(
            account,
            settings=settings_now,
            secrets=desk.vault.seal(secrets_now),
            reason=f"changed: {', '.join(sorted({*settings, *secrets})) or 'nothing'}",
            pasted=bool(secrets),
        )
        return await unit.accounts.get(account.id)


def made_secrets(home: Path, account: Account) -> Path:
    """Return the file that holds the secrets made for `account`; there is none if none were."""
    return home / "secrets" / f"{account.id}.txt"


def check_given(
    platform: Platform, settings: Mapping[str, str], secrets: Mapping[str, str]
) -> list[Finding]:
    """Return what is wrong with an account's settings and secrets.

    What belongs to a credential that was obtained by connecting is no setting, and not looked at.
    """
    declared = {setting.key for setting in platform.settings}
    given = {k: v for k, v in secrets.items() if k in declared or k not in CREDENTIAL_KEYS}
    return platform.check_settings(settings, given)


def refuse(findings: Sequence[Finding]) -> None:
    """Raise `ContentInvalid` with every error among `findings`."""
    errors = [finding for finding in findings if finding.severity is Severity.ERROR]
    if errors:
        raise ContentInvalid(errors)


def _keep(path: Path, made: Mapping[str, str]) -> None:
    path.parent.mkdir(mode=0o700, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.writelines(f"{key}={value}\n" for key, value in made.items())


def name_findings(name: str) -> list[Finding]:
    """Return what keeps `name` from naming an account."""
    if _NAME.fullmatch(name):
        return []
    return [
        Finding(
            code="name_invalid",
            field="name",
            message=f"{name!r} cannot name an account",
            remedy="Use 1 to 64 characters without commas, line breaks and spaces at the ends.",
        )
    ]
