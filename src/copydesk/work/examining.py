"""Examining an installation and a project: what works, what does not, what to do about it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from copydesk.core.account import Account
from copydesk.core.errors import ConfigError
from copydesk.core.states import AccountState, WebhookState
from copydesk.core.webhook import Webhook
from copydesk.distribution.notices import notice_of
from copydesk.distribution.versions import Ending, Urgency
from copydesk.intake.typos import typos_program
from copydesk.platforms.kit.registry import platform_modules
from copydesk.work.breakers import stopped
from copydesk.work.desk import Desk
from copydesk.work.health import measure
from copydesk.work.versions import endings_of, versions_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """One thing looked at. A `warning` is fine for now, but not for long."""

    check: str
    ok: bool
    message: str
    remedy: str = ""
    warning: bool = False


def examine_installation(python: tuple[int, ...]) -> Iterator[Examined]:
    """Look at what copydesk stands on."""
    version = ".".join(map(str, python))
    yield Examined(
        check="python", ok=python >= (3, 11), message=version, remedy="Use 3.11 or newer."
    )
    yield Examined(
        check="platforms",
        ok=bool(platform_modules()),
        message=", ".join(platform_modules()),
        remedy="The installation is incomplete; install copydesk again.",
    )
    git = shutil.which("git")
    yield Examined(
        check="git",
        ok=True,
        message="found" if git else "not installed: accounts on the git platform will not work",
    )
    yield Examined(
        check="spelling",
        ok=True,
        message="found" if typos_program() else "not installed: misspellings stay as they are",
    )


async def examine(desk: Desk) -> list[Examined]:
    """Look at a project: its database, its accounts and whether work is being done."""
    where = desk.store.engine.url.render_as_string(hide_password=True)
    found = [Examined(check="database", ok=True, message=where)]
    async with desk.store.read() as unit:
        accounts = await unit.accounts.all(desk.workspace_id)
        sealed = [await unit.accounts.secrets(account.id) for account in accounts]
    found.append(_key(desk, sealed))
    for account in accounts:
        blocked = account.state is AccountState.BLOCKED
        found.append(
            Examined(
                check=f"account {account.name}",
                ok=not blocked,
                message=account.reason if blocked else f"{account.platform}, {account.state}",
                remedy=f"Mend it, then: copydesk accounts test {account.name}" if blocked else "",
            )
        )
    found += [
        Examined(
            check=f"credential {account.name}",
            ok=not notice.urgent,
            warning=True,
            message=notice.problem,
            remedy=notice.remedy,
        )
        for account in accounts
        if (notice := notice_of(account, desk.clock.now())).problem
    ]
    found += [_ending(account, ending) for account, ending in await endings_of(desk)]
    async with desk.store.read() as unit:
        found += [
            Examined(
                check=f"platform {one.what}",
                ok=False,
                message=f"{one}; it stops {', '.join(one.accounts)}",
                remedy="Nothing to do if it comes back by itself; `copydesk accounts test` asks.",
            )
            for one in await stopped(unit, accounts)
        ]
    async with desk.store.read() as unit:
        found += [_webhook(webhook) for webhook in await unit.webhooks.all(desk.workspace_id)]
    health = await measure(desk)
    found.append(
        Examined(
            check="work",
            ok=health.working or (not health.due and not health.workers),
            message=_work(health.workers, health.due, health.problems),
            remedy="Start `copydesk up` or `copydesk worker`.",
        )
    )
    return found


def _ending(account: Account, ending: Ending) -> Examined:
    # fails while there is a week left, before the vendor does: this can stand in a nightly build
    others = [known.version.version for known in versions_of(account) if not known.in_use]
    remedy = "Update copydesk, which brings the spoke's next version."
    if others:
        remedy = f"Try another: copydesk accounts version {account.name} --to {others[-1]}"
    return Examined(
        check=f"api {account.name}",
        ok=ending.urgency not in {Urgency.URGENT, Urgency.OVER},
        warning=ending.urgency is Urgency.WARNING,
        message=f"{ending.words} ({ending.urgency})",
        remedy=remedy,
    )


def _webhook(webhook: Webhook) -> Examined:
    disabled = webhook.state is WebhookState.DISABLED
    message = f"{webhook.url} is told what happens"
    if disabled:
        message = f"{webhook.url} is disabled: {webhook.reason}"
    elif webhook.failing_since is not None:
        message = f"{webhook.url} fails since {webhook.failing_since:%Y-%m-%d %H:%M} UTC"
    again = f"copydesk webhooks enable {webhook.id} --backlog replay (or skip)"
    return Examined(
        check=f"webhook {webhook.id}",
        ok=not disabled,
        warning=not disabled and webhook.failing_since is not None,
        message=message,
        remedy=again if disabled else f"copydesk webhooks show {webhook.id}",
    )


def _key(desk: Desk, sealed: Sequence[bytes]) -> Examined:
    try:
        opened = [desk.vault.open(secrets) for secrets in sealed]
    except ConfigError as error:
        return Examined(check="key", ok=False, message=error.message, remedy=error.remedy)
    count = sum(bool(secrets) for secrets in opened)
    return Examined(check="key", ok=True, message=f"opens the credentials of {count} accounts")


def _work(workers: int, due: int, problems: tuple[str, ...]) -> str:
    if not workers and not due:
        return "nothing is due and no worker is running"
    return "; ".join(problems) or f"{workers} at work, {due} rows due"
