"""API versions side by side: which an account uses, moving one to another and back, what ends."""

from __future__ import annotations

from dataclasses import dataclass

from copydesk.core.account import Account
from copydesk.core.errors import ContentInvalid, NotFound
from copydesk.core.findings import Finding
from copydesk.distribution.versions import Ending, endings, version_in_use
from copydesk.platforms.kit.lifecycle import Version
from copydesk.platforms.kit.registry import load_platform
from copydesk.store import UnitOfWork
from copydesk.work.desk import Desk


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownVersion:
    """A version an account could use."""

    version: Version
    in_use: bool
    pinned: bool


async def known_versions(desk: Desk, name: str) -> list[KnownVersion]:
    """Return the versions the account called `name` could use, the pinned one first.

    Raises `NotFound` for an unknown account.
    """
    async with desk.store.read() as unit:
        account = await unit.accounts.by_name(desk.workspace_id, name)
    return versions_of(account)


def versions_of(account: Account) -> list[KnownVersion]:
    """Return the versions `account` could use, the pinned one first; none where its platform is
    not installed any more."""
    try:
        platform = load_platform(account.platform)
    except NotFound:
        return []
    used = version_in_use(account, platform)
    manifest = platform.manifest
    return [
        KnownVersion(version=v, in_use=v.version == used, pinned=v.version == manifest.api.version)
        for v in (manifest.api, *manifest.versions)
    ]


async def move_to_version(desk: Desk, name: str, to: str, *, actor: str) -> Account:
    """Let an account use version `to` of its platform's API from now on, "" the pinned one.

    What was rendered before goes out as it was rendered. Raises `NotFound` for an unknown account,
    `ContentInvalid` for a version its platform does not speak.
    """
    async with desk.store.begin(actor) as unit:
        account = await unit.accounts.by_name(desk.workspace_id, name)
        return await set_version(unit, account, to)


async def set_version(unit: UnitOfWork, account: Account, to: str) -> Account:
    """Let `account` use version `to`; see `move_to_version`."""
    manifest = load_platform(account.platform).manifest
    known = [v.version for v in (manifest.api, *manifest.versions)]
    if to and to not in known:
        raise ContentInvalid(
            [
                Finding(
                    code="api_version_unknown",
                    field="version",
                    message=f"{manifest.title} is not spoken in version {to!r} here",
                    remedy=f"Known: {', '.join(known)}.",
                )
            ]
        )
    wanted = "" if to == manifest.api.version else to
    if wanted == account.api_version:
        return account
    before = account.api_version or manifest.api.version
    after = wanted or manifest.api.version
    return await unit.accounts.adjust(
        account, api_version=wanted, reason=f"API version {before} → {after}"
    )


async def endings_of(desk: Desk) -> list[tuple[Account, Ending]]:
    """Return what ends of the API versions that the accounts of the workspace use."""
    async with desk.store.read() as unit:
        accounts = await unit.accounts.all(desk.workspace_id)
        notices = {
            (notice.account_id, notice.api_version): notice
            for notice in await unit.aftercare.notices(desk.workspace_id)
        }
    today = desk.clock.now().date()
    found: list[tuple[Account, Ending]] = []
    for account in accounts:
        try:
            platform = load_platform(account.platform)
        except NotFound:
            continue
        found += [(account, ending) for ending in endings(account, platform, notices, today)]
    return found
