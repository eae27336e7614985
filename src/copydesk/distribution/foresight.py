"""Foresight: what the rate budgets will not let through is not marked as being sent.

Without it a round commits its intents, and the gate before the calls refuses all but the first: on
a platform that takes a post a minute, each minute costs some steps for each of those that wait.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import takewhile

from copydesk.core.account import Account
from copydesk.core.delivery import Action, Delivery
from copydesk.core.outcomes import Accepted, Outcome, Published
from copydesk.distribution.budget_gate import BudgetGate
from copydesk.distribution.closing import close_scope
from copydesk.platforms.kit.transport import Closed
from copydesk.store import Store

#: What a delivery that waits for a rate budget says.
_CODE = "rate_limited"


class Foresight:
    """Asks the budgets of one leased account before its deliveries are sent; `gate` None: it has
    none."""

    def __init__(self, store: Store, account: Account, gate: BudgetGate | None) -> None:
        self._store = store
        self._account = account
        # of a batch one call serves many: what a delivery takes is less than a whole one
        counts = gate is not None and gate.platform.manifest.pace and not gate.batches
        self._gate = gate if counts else None

    async def let_through(self, due: Sequence[Delivery]) -> Sequence[Delivery]:
        """Return those of `due` whose calls the budgets allow now, in order.

        Where they allow none, all that is awake for the same action rests until they do; where they
        close the account, it rests as a whole. Whose calls were never seen goes alone.
        """
        if self._gate is None or not due:
            return due
        fares = self._gate.fares
        known = list(takewhile(lambda d: fares.of(d.account_id, d.action) is not None, due))
        if not known:
            return due[:1]
        of_action: dict[Action, list[Delivery]] = defaultdict(list)
        for delivery in known:
            of_action[delivery.action].append(delivery)
        through: set[str] = set()
        for action, some in of_action.items():
            fare = fares.of(self._account.id, action) or {}
            try:
                times = await self._gate.left(fare, len(some))
            except Closed as closed:
                await self._rest(some, closed)
                if closed.scope != "endpoint":
                    return ()
            else:
                through |= {delivery.id for delivery in some[:times]}
        return [delivery for delivery in known if delivery.id in through]

    def learn(
        self,
        sent: Sequence[Delivery],
        outcomes: Sequence[Outcome | None],
        taken: Mapping[str, int],
    ) -> None:
        """Remember what a round took, if it tells what each delivery takes: all of one action, and
        taken by the platform."""
        actions = {delivery.action for delivery in sent}
        whole = all(isinstance(outcome, Published | Accepted) for outcome in outcomes)
        if self._gate is not None and len(actions) == 1 and whole:
            self._gate.fares.learn(self._account.id, actions.pop(), taken, len(sent))

    async def _rest(self, waiting: Sequence[Delivery], closed: Closed) -> None:
        assert self._gate is not None
        reason = f"{closed.reason}; until {closed.until.isoformat()}"
        async with self._store.begin("courier") as unit:
            if closed.scope == "endpoint":
                action = waiting[0].action
                await unit.letters.postpone_action(
                    self._account.id, action, closed.until, _CODE, reason
                )
                return
            # the others stay as they are: nobody is sent to a resting account, and they may be many
            await unit.schedules.wait([d.id for d in waiting], closed.until, _CODE, reason)
            await close_scope(
                unit,
                self._gate.platform,
                self._account,
                "account",
                closed.until,
                closed.reason,
            )
