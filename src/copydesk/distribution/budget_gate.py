"""The gate before every call of an account: rate budgets are asked before and learn after.

It sits in the transport, so publishing, look-ups, refreshes, tests and metrics share the budgets.
An account whose platform names no pace never costs a statement here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta

from copydesk.core.account import Account
from copydesk.core.errors import CopydeskError
from copydesk.distribution.budget import Heard
from copydesk.distribution.budget_lumps import Budgets, Lump
from copydesk.distribution.closing import account_key, app_key, bucket_key, endpoints
from copydesk.distribution.fares import Fares, note
from copydesk.platforms.kit.contract import Platform
from copydesk.platforms.kit.pace import Pace
from copydesk.platforms.kit.rate_headers import (
    Rate,
    asked_wait,
    closed_scope,
    is_limited,
    read_rates,
)
from copydesk.platforms.kit.retry_after import ends_at
from copydesk.platforms.kit.transport import Closed, NotSent, Reply

#: How long to rest after a refusal that does not say how long.
CAREFUL = timedelta(seconds=60)

#: A platform that says "nothing left" for less than this is waited for without writing it down.
FLEETING = timedelta(seconds=5)


class BudgetGate:
    """The gate of one account: an observer of its transport."""

    def __init__(self, budgets: Budgets, account: Account, platform: Platform) -> None:
        self.account = account
        self.platform = platform
        self._budgets = budgets
        self._account_key = account_key(account)
        self._app_key = app_key(platform, account)
        self._paces = [(p, bucket_key(platform, account, p)) for p in platform.manifest.pace]

    @property
    def fares(self) -> Fares:
        """Return what this process has seen publishing calls take."""
        return self._budgets.fares

    @property
    def batches(self) -> bool:
        """Return whether one call may publish several deliveries."""
        return self.platform.manifest.batch > 1

    async def before(self, method: str, url: str) -> None:
        """Take what the call costs from every bucket that counts it; raises `Closed`.

        Raises `NotSent` when the budgets cannot be read.
        """
        taken: list[tuple[Lump, int]] = []
        try:
            counted = [(p, key, c) for p, key in self._paces if (c := p.cost(method, url))]
            for _, key, cost in counted:
                note(key, cost)
            self._check_account()
            for _, key, _ in counted:
                self._budgets.check(key)
            for pace, key, cost in counted:
                taken.append((await self._budgets.take(key, pace, cost), cost))
        except Closed:
            _put_back(taken)
            raise
        except CopydeskError as error:
            _put_back(taken)
            raise NotSent(f"the rate budget could not be asked: {error.message}") from error

    async def after(self, method: str, url: str, reply: Reply) -> None:
        """Learn from an answer: close what a refusal or an empty allowance names."""
        rates = read_rates(reply.headers)
        limited = is_limited(reply)
        if not rates and not limited:
            return
        now = self._budgets.now
        if limited:
            until = ends_at(asked_wait(reply.headers, rates), now) or now + CAREFUL
            reason = f"the platform answered {reply.status} and asked us to rest"
            await self._close(method, url, rates, Closed(until, reason=reason), write=True)
        for rate in rates:
            resets = ends_at(rate.resets, now)
            if rate.remaining == 0 and resets is not None and resets > now and not limited:
                closed = Closed(resets, reason="the platform says that its limit is used up")
                await self._close(method, url, [rate], closed, write=resets - now > FLEETING)
            elif (about := self._about(method, url, rate)) is not None:
                self._budgets.heard(about, Heard(rate.limit, rate.remaining, resets))

    async def left(self, fare: Mapping[str, int], most: int) -> int:
        """Return for how many calls that cost `fare`, by bucket, there is enough: at most `most`.

        Takes nothing. Raises `Closed` where there is not enough for one.
        """
        self._check_account()
        for pace, key in self._paces:
            if cost := fare.get(key):
                most = min(most, await self._budgets.left(key, pace, cost, most))
        return most

    def _keys(self, scope: str, paces: Iterable[Pace]) -> list[str]:
        """Return the keys that a closing of `scope` shuts."""
        match scope:
            case "endpoint":
                return [bucket_key(self.platform, self.account, pace) for pace in paces]
            case "app":
                shared = [key for pace, key in self._paces if pace.scope == "app"]
                return [self._app_key, *shared]
            case _:
                return [self._account_key]

    async def _close(
        self, method: str, url: str, rates: Sequence[Rate], closed: Closed, *, write: bool
    ) -> None:
        paces = endpoints(self.platform, method, url)
        scope = closed_scope(self.platform.manifest.pace, method, url, rates)
        if scope == "endpoint" and not paces:
            scope = "account"  # an endpoint that the manifest does not name has no bucket to close
        closed = Closed(closed.until, scope, closed.reason)
        for key in self._keys(scope, paces):
            self._budgets.shut(key, closed)
        if write:
            await self._budgets.write_closed(self.platform, self.account, closed, paces)

    def _check_account(self) -> None:
        paused = self.account.paused_until
        if paused is not None and paused > self._budgets.now:
            raise Closed(paused, reason=f"the account rests until {paused:%H:%M:%S} UTC")
        self._budgets.check(self._account_key)
        self._budgets.check(self._app_key)

    def _about(self, method: str, url: str, rate: Rate) -> str | None:
        """Return the key of the bucket that `rate` tells about, None when none counts the call."""
        counted = [(pace, key) for pace, key in self._paces if pace.cost(method, url)]
        for fits in (
            [key for pace, key in counted if pace.seconds == rate.window],
            [key for pace, key in counted if pace.calls == rate.limit],
            [key for pace, key in sorted(counted, key=lambda one: one[0].calls)],
        ):
            if fits:
                return fits[0]
        return None


def _put_back(taken: Iterable[tuple[Lump, int]]) -> None:
    # into the lump they are from: in a later one they would count in a slice that leaves too early
    for lump_of, cost in taken:
        lump_of.tokens += cost
