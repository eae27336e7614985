"""Adding accounts: settings are checked before anything is stored, secrets sealed."""

from __future__ import annotations

from collections.abc import Mapping

from copydesk.core.account import Account
from copydesk.core.errors import ContentInvalid
from copydesk.core.findings import Severity
from copydesk.platforms.kit.registry import load_platform
from copydesk.work.desk import Desk


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
    """Add an account on a platform.

    Raises `NotFound` for an unknown platform, `ContentInvalid` with every wrong or missing setting,
    `Conflict` when the name is taken.
    """
    declared = load_platform(platform)
    findings = [
        finding
        for finding in declared.check_settings(settings, secrets)
        if finding.severity is Severity.ERROR
    ]
    if findings:
        raise ContentInvalid(findings)
    defaults = {s.key: s.default for s in declared.settings if s.default and not s.secret}
    async with desk.store.begin(actor) as unit:
        return await unit.accounts.add(
            workspace_id=desk.workspace_id,
            name=name,
            platform=platform,
            settings={**defaults, **settings},
            secrets=desk.vault.seal(secrets),
            inbox=inbox,
        )
