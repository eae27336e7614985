"""Budgets as people see and set them: rate buckets, what is closed and why, money."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from copydesk.core.account import Account
from copydesk.core.errors import ContentInvalid, NotFound
from copydesk.core.findings import Finding
from copydesk.core.money import Period, parse_dollars
from copydesk.distribution.budget import allowed, from_stored, resets_at, room
from copydesk.distribution.budget_money import purses
from copydesk.distribution.closing import account_key, app_key, bucket_key
from copydesk.platforms.kit.contract import Platform
from copydesk.platforms.kit.pace import Pace
from copydesk.platforms.kit.registry import load_platform
from copydesk.store import UnitOfWork
from copydesk.store.budgets import Bucket
from copydesk.work.models.money import purses as purses_for_models


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLine:
    """One bucket. `used` counts what is reserved too; times are aware UTC.

    `calls` in `seconds` are 0 for what has no pace and is only closed. `accounts` share it.
    """

    platform: str
    scope: str
    name: str
    accounts: tuple[str, ...]
    calls: int = 0
    seconds: int = 0
    used: int = 0
    left: int = 0
    resets_at: datetime | None = None
    closed_until: datetime | None = None
    closed_because: str = ""


class SpentOn(StrEnum):
    """What money goes to."""

    PLATFORMS = "platforms"
    MODELS = "models"


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyLine:
    """What an account ("": the whole workspace) spent in a period, in micro-dollars.

    `limit` and `left` are None without a budget: then spending is only recorded. What models cost
    is of the whole workspace always.
    """

    account: str
    period: Period
    spent: int
    limit: int | None
    left: int | None
    resets_at: datetime
    spent_on: SpentOn = SpentOn.PLATFORMS


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetReport:
    """Everything about budgets in a workspace."""

    rates: tuple[RateLine, ...]
    money: tuple[MoneyLine, ...]


async def report_budgets(unit: UnitOfWork, workspace_id: str) -> BudgetReport:
    """Return every bucket, closing, allowance and spending of a workspace."""
    accounts = await unit.accounts.all(workspace_id)
    return BudgetReport(
        rates=await _rates(unit, accounts), money=await _money(unit, workspace_id, accounts)
    )


async def set_budget(
    unit: UnitOfWork,
    workspace_id: str,
    account: str,
    period: Period,
    amount: str | None,
    spent_on: SpentOn = SpentOn.PLATFORMS,
) -> None:
    """Set what may be spent in a period: `amount` in dollars such as `12.50`, None for no limit.

    `account` names an account, "" means the whole workspace, as it has to for models. What waits
    for money is looked at again. Raises `NotFound` for the account, `ContentInvalid` for the amount
    or for the models of one account.
    """
    if spent_on is SpentOn.MODELS:
        await _set_for_models(unit, workspace_id, account, period, amount)
        return
    account_id = (await unit.accounts.by_name(workspace_id, account)).id if account else ""
    await unit.budgets.allow(workspace_id, account_id, period, _micros(period, amount))
    for waiting in await unit.budgets.wake_waiting(workspace_id, account_id):
        unit.hint("courier", waiting)


async def _set_for_models(
    unit: UnitOfWork, workspace_id: str, account: str, period: Period, amount: str | None
) -> None:
    if account:
        raise ContentInvalid(
            [
                Finding(
                    code="not_by_account",
                    field="account",
                    message="what models may cost is set for the whole workspace",
                    remedy="Leave the account out.",
                )
            ]
        )
    await unit.model_calls.allow(workspace_id, period, _micros(period, amount))


def _micros(period: Period, amount: str | None) -> int | None:
    try:
        return None if amount is None else parse_dollars(amount)
    except ValueError as error:
        raise ContentInvalid(
            [
                Finding(
                    code="amount_invalid",
                    field=period,
                    message=str(error),
                    remedy="Give dollars, such as 12.50.",
                )
            ]
        ) from error


async def _rates(unit: UnitOfWork, accounts: list[Account]) -> tuple[RateLine, ...]:
    wanted: dict[str, tuple[Platform, Pace | None, list[str]]] = {}
    for account in accounts:
        try:
            platform = load_platform(account.platform)
        except NotFound:
            continue
        for pace in platform.manifest.pace:
            key = bucket_key(platform, account, pace)
            wanted.setdefault(key, (platform, pace, []))[2].append(account.name)
        for key in (account_key(account), app_key(platform, account)):
            wanted.setdefault(key, (platform, None, []))[2].append(account.name)
    stored = await unit.budgets.all(list(wanted))
    lines = [
        _line(unit.now, platform, pace, tuple(names), stored.get(key))
        for key, (platform, pace, names) in wanted.items()
    ]
    return tuple(line for line in lines if line.calls or line.closed_until)


def _line(
    now: datetime,
    platform: Platform,
    pace: Pace | None,
    accounts: tuple[str, ...],
    bucket: Bucket | None,
) -> RateLine:
    closed = bucket is not None and bucket.closed_until is not None and bucket.closed_until > now
    until = bucket.closed_until if bucket is not None and closed else None
    because = bucket.closed_because if bucket is not None and closed else ""
    if pace is None:
        return RateLine(
            platform=platform.name,
            scope=bucket.scope if bucket else "",
            name="every call",
            accounts=accounts,
            closed_until=until,
            closed_because=because,
        )
    fill = from_stored(bucket.fill if bucket else {})
    calls, left = allowed(pace, fill), room(pace, fill, now)
    return RateLine(
        platform=platform.name,
        scope=pace.scope,
        name=pace.name or "calls",
        accounts=accounts,
        calls=calls,
        seconds=pace.seconds,
        used=max(0, calls - left),
        left=left,
        resets_at=resets_at(pace, fill, now),
        closed_until=until,
        closed_because=because,
    )


async def _money(
    unit: UnitOfWork, workspace_id: str, accounts: list[Account]
) -> tuple[MoneyLine, ...]:
    names = {account.id: account.name for account in accounts} | {"": ""}
    lines: list[MoneyLine] = []
    limited: set[tuple[str, str]] = set()
    for purse in await purses(unit, workspace_id):
        id, period = purse.allowance.account_id, Period(purse.allowance.period)
        if id not in names:
            continue  # of an account that was removed
        limited.add((id, period))
        lines.append(
            MoneyLine(
                account=names[id],
                period=period,
                spent=purse.spent,
                limit=purse.allowance.micros,
                left=purse.left,
                resets_at=purse.resets_at,
            )
        )
    for period in Period:
        spent: Mapping[str, int] = await unit.budgets.spent(workspace_id, period.starts(unit.now))
        lines += [
            MoneyLine(
                account=names[id],
                period=period,
                spent=micros,
                limit=None,
                left=None,
                resets_at=period.ends(unit.now),
            )
            for id, micros in spent.items()
            if id in names and (id, period) not in limited
        ]
    lines += await _models(unit, workspace_id)
    return tuple(sorted(lines, key=lambda line: (line.account, line.spent_on, line.period)))


async def _models(unit: UnitOfWork, workspace_id: str) -> list[MoneyLine]:
    limited = {purse.period: purse for purse in await purses_for_models(unit, workspace_id)}
    lines = []
    for period in Period:
        purse = limited.get(period)
        spent = await unit.model_calls.spent(workspace_id, period.starts(unit.now))
        if purse is None and not spent:
            continue  # nobody has a model, or it costs nothing that is known
        lines.append(
            MoneyLine(
                account="",
                period=period,
                spent=spent,
                limit=purse.limit if purse else None,
                left=purse.left if purse else None,
                resets_at=period.ends(unit.now),
                spent_on=SpentOn.MODELS,
            )
        )
    return lines
