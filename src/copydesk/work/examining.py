"""Examining an installation and a project: what works, what does not, what to do about it."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from copydesk.core.account import Account
from copydesk.core.breaker import Breaker
from copydesk.core.errors import ConfigError
from copydesk.core.money import dollars
from copydesk.core.states import AccountState, BreakerState, WebhookState
from copydesk.core.webhook import Webhook
from copydesk.distribution.notices import notice_of
from copydesk.distribution.vault import KEY_FILE, readers_of
from copydesk.distribution.versions import Ending, Urgency
from copydesk.intake.typos import typos_program
from copydesk.platforms.kit.authorities import NoAuthorities, secured
from copydesk.platforms.kit.registry import platform_modules
from copydesk.work.accounts.breakers import stopped
from copydesk.work.accounts.versions import endings_of, versions_of
from copydesk.work.desk import Desk
from copydesk.work.drift.probing import WEEK, missed_for_certain
from copydesk.work.health import measure
from copydesk.work.models.breakers import resting
from copydesk.work.models.money import Purse, purses
from copydesk.work.models.opening import Configured, configured_models

if TYPE_CHECKING:
    from copydesk.work.writing.faithfulness import FaithfulnessReader


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
    yield _authorities()
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


def _authorities() -> Examined:
    try:
        secured()
    except NoAuthorities as error:
        return Examined(check="certificates", ok=False, message=error.problem, remedy=error.remedy)
    return Examined(check="certificates", ok=True, message="authorities are known")


async def examine(desk: Desk) -> list[Examined]:
    """Look at a project: its database, its accounts and whether work is being done."""
    found = [Examined(check="database", ok=True, message=desk.store.address)]
    async with desk.store.read() as unit:
        accounts = await unit.accounts.all(desk.workspace_id)
        sealed = [await unit.accounts.secrets(account.id) for account in accounts]
    found += [_key(desk, sealed), *_key_file(desk)]
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
    found += await _models(desk)
    if desk.faithfulness is not None:
        found.append(await _faithfulness(desk.faithfulness))
    async with desk.store.read() as unit:
        found += [_webhook(webhook) for webhook in await unit.webhooks.all(desk.workspace_id)]
    found.append(await _probes(desk))
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
        message=ending.words,
        remedy=remedy,
    )


async def _models(desk: Desk) -> list[Examined]:
    try:
        models = configured_models(desk.settings)
    except ConfigError as error:
        return [Examined(check="models", ok=False, message=error.message, remedy=error.remedy)]
    if not models:
        return [
            Examined(check="models", ok=True, message="none is configured: rules do the writing")
        ]
    async with desk.store.read() as unit:
        away = await resting(unit, [model.address.label for model in models])
        budgets = await purses(unit, desk.workspace_id)
    now = desk.clock.now()
    found = [_model(model, away.get(model.address.label), budgets, now) for model in models]
    return found + [
        Examined(
            check=f"budget for models ({purse.period})",
            ok=True,
            warning=True,
            message=f"{dollars(purse.spent)} of {purse.name}, are spent",
            remedy="Raise it: copydesk budgets set --models; `copydesk costs` shows for what.",
        )
        for purse in budgets
        if purse.runs_low
    ]


def _model(
    model: Configured, away: Breaker | None, budgets: Sequence[Purse], now: datetime
) -> Examined:
    stands_in = " (stands in)" if "fallback" in model.setting else ""
    role = "judging" if model.is_judge else model.tier
    check = f"{role} model {model.address.label}{stands_in}"
    if importlib.util.find_spec("pydantic_ai") is None:
        remedy = "Install it with: pip install 'copydesk[llm]'"
        return Examined(check=check, ok=False, message="needs the extra [llm]", remedy=remedy)
    if model.lacks_key:
        remedy = f"Set COPYDESK_{model.setting.upper()}_KEY."
        return Examined(check=check, ok=False, message="its key is not set", remedy=remedy)
    if away is not None and not away.trips:
        until = f" until {away.open_until:%H:%M:%S} UTC" if away.open_until else ""
        if away.state is BreakerState.HALF_OPEN:
            until = ", and one call was let through to see"
        return Examined(
            check=check,
            ok=True,
            warning=True,
            message=f"wants to be left alone{until}: {away.reason}",
            remedy="Nothing to do: messages wait for it, up to an hour after they arrived.",
        )
    if away is not None:
        return Examined(
            check=check,
            ok=False,
            message=f"does not answer: {away.reason}",
            remedy="Nothing to do if it comes back by itself; then `copydesk rework` has written "
            "again what the rules had to write meanwhile.",
        )
    limits, price = model.facts.limits, model.facts.describe_price(now)
    window = f"takes {limits.window:,} tokens"
    if limits.price_cliff is not None:
        window += f", {limits.price_cliff:,} before they cost more"
    return Examined(
        check=check,
        ok=True,
        warning=not price and bool(budgets),
        message=f"{window}; answers with at most {limits.output:,}; "
        f"{price or 'what it costs is not known'}",
        remedy="No budget holds what costs an unknown sum: state its price in `model_facts`.",
    )


async def _faithfulness(reader: FaithfulnessReader) -> Examined:
    check = f"faithfulness model {reader.folder.name}"
    try:
        model = await reader.open()
    except ConfigError as error:
        return Examined(
            check=check,
            ok=False,
            message=f"{'; '.join(error.problems)}; texts go on without it",
            remedy=error.remedy,
        )
    return Examined(check=check, ok=True, message=f"loads and answers: {model.name}")


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


async def _probes(desk: Desk) -> Examined:
    async with desk.store.read() as unit:
        counts = await unit.probes.counts(desk.workspace_id, unit.now - WEEK)
    missed = missed_for_certain(counts)
    sent = sum(counts.values())
    message = f"{sent} {'message' if sent == 1 else 'messages'} with a known answer in seven days"
    if missed:
        message += f"; what must be noticed was missed: {', '.join(sorted(missed))}"
    return Examined(
        check="probes",
        ok=not missed,
        message=message,
        remedy="`copydesk probe list --state missed` shows them. Let people approve until it is "
        "mended: copydesk init --approve person.",
    )


def _key(desk: Desk, sealed: Sequence[bytes]) -> Examined:
    try:
        opened = [desk.vault.open(secrets) for secrets in sealed]
    except ConfigError as error:
        return Examined(check="key", ok=False, message=error.message, remedy=error.remedy)
    count = sum(bool(secrets) for secrets in opened)
    return Examined(check="key", ok=True, message=f"opens the credentials of {count} accounts")


def _key_file(desk: Desk) -> Iterator[Examined]:
    # told, never refused at the start: where a group shares a mounted secret on purpose, or a copy
    # came back with other rights, a desk that stands still would do more harm than the file does
    path = desk.settings.home / KEY_FILE
    if not desk.settings.key and (readers := readers_of(path)):
        yield Examined(
            check="key file",
            ok=readers != "everybody",
            warning=True,
            message=f"{readers} of this machine can read or replace {path}, which opens every "
            "credential",
            remedy=f"chmod 700 {path.parent} && chmod 600 {path} ; if somebody may have read it: "
            "copydesk vault rotate, then copydesk vault prune.",
        )


def _work(workers: int, due: int, problems: tuple[str, ...]) -> str:
    if not workers and not due:
        return "nothing is due and no worker is running"
    return "; ".join(problems) or f"{workers} at work, {due} rows due"
