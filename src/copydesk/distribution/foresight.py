"""Foresight: what the rate budgets will not let through is not marked as being sent.

Without it a round commits its intents, and the gate before the calls refuses all but the first: on
a platform that takes a post a minute, each minute costs some steps for each of those that wait.
What waits for a budget rests in the state it is in, whichever of its calls the budget counts.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Awaitable, Mapping, Sequence
from datetime import datetime
from itertools import takewhile

from copydesk.core.account import Account
from copydesk.core.delivery import Action, Delivery, Outgoing
from copydesk.core.outcomes import Accepted, Outcome, Pending, Published, RateLimited, Ready
from copydesk.distribution.budget_gate import BudgetGate
from copydesk.distribution.closing import close_scope
from copydesk.distribution.fares import noted, preparing
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
        self._gate = gate if gate is not None and gate.platform.manifest.pace else None

    async def let_through(
        self, due: Sequence[Delivery], outgoing: Mapping[str, Outgoing]
    ) -> Sequence[Delivery]:
        """Return those of `due` whose calls the budgets allow now, preparing included, in order.

        Where they allow none, what waits for them rests until they do; where they close the
        account, it rests as a whole. Whose calls were never seen goes alone.
        """
        through = await self._let_commit(due)
        if self._gate is None:
            return through
        alike: dict[tuple[Action, str], list[Delivery]] = defaultdict(list)
        for delivery in through:
            alike[delivery.action, preparing(delivery, outgoing[delivery.id])].append(delivery)
        fares = self._gate.fares
        going = {delivery.id for delivery in through}
        for (action, step), some in alike.items():
            first = fares.of(self._account.id, action, step)
            if not first:
                continue
            fare = Counter(fares.of(self._account.id, action) or {}) + Counter(first)
            try:
                times = await self._gate.left(fare, len(some))
            except Closed as closed:
                await self._rest(some, closed)
                if closed.scope != "endpoint":
                    return ()
                times = 0
            going -= {delivery.id for delivery in some[times:]}
        return [delivery for delivery in through if delivery.id in going]

    async def let_commit(
        self, ready: Sequence[tuple[Delivery, Outgoing]], taken: Mapping[str, int]
    ) -> Sequence[tuple[Delivery, Outgoing]]:
        """Return those of `ready` for whose commit preparing, which took `taken`, left enough."""
        if not taken:
            return ready
        going = {d.id for d in await self._let_commit([delivery for delivery, _ in ready])}
        return [one for one in ready if one[0].id in going]

    async def watch(
        self,
        delivery: Delivery,
        going: Outgoing,
        prepared: Awaitable[Ready | Pending | Outcome],
    ) -> Ready | Pending | Outcome:
        """Return what preparing a delivery comes to, and remember what it took."""
        if self._gate is None:
            return await prepared
        with noted() as taken:
            answer = await prepared
        if isinstance(answer, Ready | Pending):
            step = preparing(delivery, going)
            self._gate.fares.learn(self._account.id, going.action, taken, step=step)
        return answer

    def closed_by(self, answer: Outcome) -> Closed | None:
        """Return which budget kept a call from being made, None where one was made."""
        if self._gate is None or not isinstance(answer, RateLimited) or answer.until is None:
            return None
        return Closed(answer.until, answer.scope, answer.reason) if answer.reason else None

    async def rest(self, refused: Sequence[tuple[Delivery, Closed]]) -> None:
        """Let what a budget kept from being prepared rest until that is open again."""
        waiting: dict[tuple[datetime, str, str], list[Delivery]] = defaultdict(list)
        for delivery, closed in refused:
            waiting[closed.until, closed.scope, closed.reason].append(delivery)
        for closing, deliveries in waiting.items():
            await self._rest(deliveries, Closed(*closing))

    def learn(
        self,
        sent: Sequence[Delivery],
        outcomes: Sequence[Outcome | None],
        taken: Mapping[str, int],
    ) -> None:
        """Remember what a round took, if it tells what each delivery takes: all of one action, and
        taken by the platform. A batch is one call, whatever became of each."""
        if self._gate is None:
            return
        actions = {delivery.action for delivery in sent}
        got_through = [isinstance(outcome, Published | Accepted) for outcome in outcomes]
        if len(actions) == 1 and (any if self._gate.batches else all)(got_through):
            times = 1 if self._gate.batches else len(sent)
            self._gate.fares.learn(self._account.id, actions.pop(), taken, times)

    async def _let_commit(self, due: Sequence[Delivery]) -> Sequence[Delivery]:
        if self._gate is None or not due:
            return due
        fares = self._gate.fares
        known = list(takewhile(lambda d: fares.of(d.account_id, d.action) is not None, due))
        if not known:
            return due if self._gate.batches else due[:1]
        of_action: dict[Action, list[Delivery]] = defaultdict(list)
        for delivery in known:
            of_action[delivery.action].append(delivery)
        through: set[str] = set()
        for action, some in of_action.items():
            fare = fares.of(self._account.id, action) or {}
            try:
                times = await self._gate.left(fare, 1 if self._gate.batches else len(some))
            except Closed as closed:
                await self._rest(some, closed, with_all=action)
                if closed.scope != "endpoint":
                    return ()
            else:
                through |= {d.id for d in (some if self._gate.batches else some[:times])}
        return [delivery for delivery in known if delivery.id in through]

    async def _rest(
        self, waiting: Sequence[Delivery], closed: Closed, *, with_all: Action | None = None
    ) -> None:
        """Let `waiting` rest until what is closed opens; where that is an endpoint without which
        nothing of an action goes, all that is awake `with_all` of that rests with them."""
        assert self._gate is not None
        reason = f"{closed.reason}; until {closed.until.isoformat()}"
        async with self._store.begin("courier") as unit:
            if closed.scope == "endpoint" and with_all is not None:
                await unit.letters.postpone_action(
                    self._account.id, with_all, closed.until, _CODE, reason
                )
                return
            # the others stay as they are: nobody is sent to a resting account, and they may be many
            await unit.schedules.wait([d.id for d in waiting], closed.until, _CODE, reason)
            if closed.scope != "endpoint":
                await close_scope(
                    unit,
                    self._gate.platform,
                    self._account,
                    "account",
                    closed.until,
                    closed.reason,
                )
