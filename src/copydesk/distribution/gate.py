"""The gate before a platform: lets deliveries through, or one of them to see, or none.

It asks nobody while all goes well: the breakers in the way of an account come with the look that
begins a round. Rows are written only when something failed, or works again.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import timedelta

import structlog

from copydesk.core.account import Account
from copydesk.core.breaker import Breaker
from copydesk.core.delivery import Delivery
from copydesk.core.states import BreakerState
from copydesk.distribution.breaker import (
    BreakerPolicy,
    Pulse,
    closed,
    learn,
    resting_until,
    scopes,
)
from copydesk.distribution.retry import Cause
from copydesk.store import Store

_log = structlog.get_logger(__name__)

#: What a delivery that was let through in vain has spent; where its outcome is unknown it is looks.
_SPENT = (Cause.OUTAGE, Cause.RESTED)


class Gate:
    """The breakers that guard one account during one courier run."""

    def __init__(
        self,
        store: Store,
        account: Account,
        host: str,
        pulse: Pulse,
        policy: BreakerPolicy,
        source: random.Random,
    ) -> None:
        self._store = store
        self._account = account
        self._policy = policy
        self._random = source
        self._scopes = scopes(account.id, account.platform, host, policy)
        self._known: Sequence[Breaker] = ()
        self.pulse = pulse
        self.probe = ""

    @property
    def host_breaker_id(self) -> str:
        """Return the id of the breaker shared with the other accounts of the host, or ""."""
        return self._scopes[0].id if len(self._scopes) > 1 else ""

    async def let_through(
        self, awake: Sequence[Delivery], breakers: Sequence[Breaker]
    ) -> Sequence[Delivery]:
        """Return the deliveries for which calls may be made in this round.

        All of them while `breakers` are closed; none while one rests (they are looked at again
        afterwards, and no try is counted); else, if nobody else has a probe, one: that which was
        looked up and let through least often, for it may be the others that the platform stumbles
        over.
        """
        self.pulse.begin()
        self.probe = ""
        self._known = breakers
        if not awake or not any(breaker.stands_in_the_way for breaker in breakers):
            return awake
        now = self._store.clock.now()
        async with self._store.begin("courier") as unit:
            if resting_until(breakers, now) is None:
                term = now + timedelta(seconds=self._policy.term)
                probe = min(awake, key=_tries)
                if _tries(probe):
                    # fewer may have been behind it in line than are looked at together
                    first = await unit.letters.bring_forward(self._account.id, _SPENT, term)
                    at_hand = [delivery for delivery in awake if delivery.id == first]
                    if not at_hand:
                        return ()  # the next round finds it first in line
                    (probe,) = at_hand
                ids = [breaker.id for breaker in breakers]
                if await unit.breakers.claim(ids, probe.id, term):
                    self.probe = probe.id
                    return [probe]
            current = await unit.breakers.of([breaker.id for breaker in breakers])
            resting = resting_until(tuple(current.values()), now)
            if resting is None or resting.open_until is None:
                return ()  # it closed this moment: the next round finds it so
            until = resting.open_until
            if resting.state is BreakerState.HALF_OPEN:
                # the probe mostly tells long before its term is over
                until = min(until, now + timedelta(seconds=self._policy.first))
            # not all at the same moment: the first that gets through tells how things are
            until += timedelta(seconds=self._random.uniform(0, self._policy.first))
            where = resting.host or self._account.name
            await unit.letters.postpone_account(
                self._account.id,
                until,
                f"{where} is left alone ({resting.reason}); "
                f"no call before {until:%Y-%m-%d %H:%M:%S} UTC",
            )
        return ()

    async def learn(self) -> None:
        """Take in how the platform was felt in this round; see `distribution.breaker.learn`."""
        pulse = self.pulse
        troubled = any(b.failures or b.stands_in_the_way for b in self._known)
        if not pulse.failures and not troubled:
            return
        now = self._store.clock.now()
        async with self._store.begin("courier") as unit:
            rows = await unit.breakers.locked([scope.id for scope in self._scopes])
            for scope in sorted(self._scopes, key=lambda scope: scope.id):
                was = rows.get(scope.id) or closed(scope)
                now_is = learn(
                    was,
                    scope,
                    pulse,
                    account_id=self._account.id,
                    probe=self.probe,
                    now=now,
                    policy=self._policy,
                    source=self._random,
                )
                if now_is is not was:
                    await unit.breakers.put(now_is, was, self._account.workspace_id)
                if now_is.state is not was.state:
                    _log.warning(
                        "breaker",
                        account=self._account.name,
                        host=scope.host,
                        was=was.state,
                        now=now_is.state,
                        reason=now_is.reason,
                    )


def _tries(delivery: Delivery) -> int:
    """Return how often a delivery may have been let through in vain, as `bring_forward` counts."""
    return delivery.looks + sum(delivery.spent.get(cause, 0) for cause in _SPENT)
