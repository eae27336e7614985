"""The page of budgets: what is left of every rate limit, what is closed, what was spent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from copydesk.core.money import dollars
from copydesk.server.views.frame import Frame
from copydesk.work.accounts.budgeting import MoneyLine, RateLine, SpentOn


@dataclass(frozen=True, slots=True, kw_only=True)
class RateView:
    """One rate limit in words; `closed_until` goes before everything else."""

    heading: str
    about: tuple[str, ...]
    usage: str
    resets_at: datetime | None
    closed_until: datetime | None
    closed_because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyView:
    """What was spent in one period, in words."""

    heading: str
    period: str
    usage: str
    resets_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetsView:
    """The page of budgets."""

    frame: Frame
    rates: tuple[RateView, ...]
    money: tuple[MoneyView, ...]


def rate_view(line: RateLine) -> RateView:
    """Return one rate limit as it is shown."""
    usage = (
        f"{line.used} of {line.calls} calls used or reserved, {line.left} left in {line.seconds} s"
    )
    return RateView(
        heading=", ".join(line.accounts),
        about=(line.platform, f"limit of the {line.scope}", line.name),
        usage=usage if line.calls else "",
        resets_at=line.resets_at,
        closed_until=line.closed_until,
        closed_because=line.closed_because,
    )


def money_view(line: MoneyLine) -> MoneyView:
    """Return what was spent in a period as it is shown."""
    usage = f"{dollars(line.spent)} spent, no limit"
    if line.limit is not None and line.left is not None:
        usage = f"{dollars(line.spent)} of {dollars(line.limit)} spent, {dollars(line.left)} left"
    return MoneyView(
        heading="Models" if line.spent_on is SpentOn.MODELS else line.account or "All accounts",
        period="today" if line.period == "day" else "this month",
        usage=usage,
        resets_at=line.resets_at,
    )
