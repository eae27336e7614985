"""Money: what a platform charges is reserved before the intent and taken back if nothing happened.

Without a budget spending is only recorded; with one, what it does not cover waits for the next
period. A delivery costs once, however often it is tried: a reservation that a crash has orphaned is
the one that the next try finds. The parts of a thread are paid for one by one, each right before
it. Accounts on platforms without prices never cost a statement here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from copydesk.core.account import Account
from copydesk.core.delivery import Delivery, Outgoing
from copydesk.core.money import Period, dollars
from copydesk.core.outcomes import (
    AuthExpired,
    AuthRevoked,
    Misconfigured,
    Outcome,
    RateLimited,
    Refused,
    Unavailable,
)
from copydesk.core.states import DeliveryState
from copydesk.distribution.threads import told
from copydesk.platforms.kit.contract import Platform
from copydesk.store import Store, UnitOfWork
from copydesk.store.budgets import Allowance, Paid
from copydesk.store.deliveries import Change

#: Answers that say that nothing was applied, so that nothing is charged.
_FREE = (AuthExpired, AuthRevoked, Misconfigured, RateLimited, Refused, Unavailable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Purse:
    """What one allowance still gives: `left` micro-dollars until `resets_at` (aware UTC)."""

    allowance: Allowance
    spent: int
    resets_at: datetime

    @property
    def left(self) -> int:
        """Return what may still be spent, in micro-dollars."""
        return max(0, self.allowance.micros - self.spent)

    @property
    def name(self) -> str:
        """Return what people call it."""
        whose = "account" if self.allowance.account_id else "workspace"
        per = "daily" if self.allowance.period == Period.DAY else "monthly"
        return f"the {per} budget of the {whose}, {dollars(self.allowance.micros)}"


async def purses(
    unit: UnitOfWork,
    workspace_id: str,
    *,
    account_id: str | None = None,
    excluding: Sequence[Paid] = (),
    locked: bool = False,
) -> list[Purse]:
    """Return the purses of a workspace, or those that an account's deliveries are paid from.

    `excluding` is what has been paid for and does not count; `locked` as in `Budgets.allowances`.
    """
    allowances = await unit.budgets.allowances(workspace_id, locked=locked)
    if account_id is not None:
        allowances = [a for a in allowances if a.account_id in {"", account_id}]
    found: list[Purse] = []
    spent: dict[str, Mapping[str, int]] = {}
    for allowance in allowances:
        period = Period(allowance.period)
        if period not in spent:
            spent[period] = await unit.budgets.spent(
                workspace_id, period.starts(unit.now), excluding=excluding
            )
        by_account = spent[period]
        micros = (
            by_account.get(allowance.account_id, 0)
            if allowance.account_id
            else sum(by_account.values())
        )
        found.append(Purse(allowance=allowance, spent=micros, resets_at=period.ends(unit.now)))
    return found


class Payer:
    """Pays for the deliveries of one account."""

    def __init__(self, store: Store, platform: Platform, account: Account) -> None:
        self._store = store
        self._platform = platform
        self._account = account
        self._charges = bool(platform.manifest.price)

    async def afford(
        self, ready: Sequence[tuple[Delivery, Outgoing]]
    ) -> list[tuple[Delivery, Outgoing]]:
        """Reserve what the deliveries cost and return those that are paid for, in order.

        The others wait for the next period, or are held when they cost more than a whole one has.
        """
        if not self._charges or not ready:
            return list(ready)
        costs = {_paid(out): self._platform.price(out, self._account) for _, out in ready}
        if not any(costs.values()):
            return list(ready)
        going: list[tuple[Delivery, Outgoing]] = []
        paid: dict[Paid, int] = {}
        waiting: list[Change] = []
        async with self._store.begin("courier") as unit:
            found = await purses(
                unit,
                self._account.workspace_id,
                account_id=self._account.id,
                excluding=list(costs),
                locked=True,
            )
            for delivery, out in ready:
                cost = costs[_paid(out)]
                total = sum(paid.values())
                empty = [purse for purse in found if total + cost > purse.left]
                if cost and empty:
                    waiting.append(_wait(delivery, cost, empty))
                    continue
                if cost:
                    paid[_paid(out)] = cost
                going.append((delivery, out))
            if paid:
                await unit.budgets.spend(self._account.workspace_id, self._account.id, paid)
            if waiting:
                await unit.deliveries.move_all(waiting)
        return going

    async def settle(self, outcomes: Sequence[tuple[Outgoing, Outcome | None]]) -> None:
        """Take back what was reserved for what was certainly not applied."""
        if not self._charges:
            return
        free = [_paid(out) for out, o in outcomes if o is None or isinstance(o, _FREE)]
        if free:
            async with self._store.begin("courier") as unit:
                await unit.budgets.refund(free)


def _paid(out: Outgoing) -> Paid:
    return Paid(out.delivery_id, out.part)


def _wait(delivery: Delivery, cost: int, empty: Sequence[Purse]) -> Change:
    hopeless = next((purse for purse in empty if cost > purse.allowance.micros), None)
    if hopeless is not None:
        reason = told(f"it costs {dollars(cost)}, more than {hopeless.name} ever has", delivery)
        return Change(
            delivery=delivery,
            to=DeliveryState.HELD,
            reason=reason,
            values={
                "reason_code": "too_expensive",
                "reason": reason,
                "remedy": "Raise the budget (copydesk budgets set), then send it.",
            },
        )
    purse = max(empty, key=lambda one: one.resets_at)
    reason = f"{purse.name}, is spent; it goes on at {purse.resets_at:%Y-%m-%d %H:%M} UTC"
    return Change(
        delivery=delivery,
        to=DeliveryState.SNOOZED,
        reason=reason,
        values={
            "wake_at": purse.resets_at,
            "reason_code": "budget_spent",
            "reason": reason,
            "remedy": "Nothing to do, or raise the budget: copydesk budgets set",
        },
    )
