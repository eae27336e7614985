"""The courier: the only code that publishes. One per account at a time, held by a lease.

It takes the lease, opens the account's client, keeps the lease alive while the rounds (`rounds`)
carry what is due, and gives it back.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import structlog

from copydesk.core.account import Account, Lease
from copydesk.core.errors import ConfigError, NotFound, StoreUnavailable
from copydesk.core.post import Media
from copydesk.core.states import DeliveryState
from copydesk.distribution.breaker import BreakerPolicy, Pulse
from copydesk.distribution.budget_gate import BudgetGate
from copydesk.distribution.calls import words
from copydesk.distribution.credentials import Credentials
from copydesk.distribution.opened import OpenAccount
from copydesk.distribution.records import ACTOR, LEASE, MARGIN, RENEWAL, Records
from copydesk.distribution.retry import RetryPolicy
from copydesk.distribution.rounds import MOST, Rounds
from copydesk.distribution.turns import Seat, Turns
from copydesk.distribution.vault import Vault
from copydesk.platforms.kit.names import Names
from copydesk.platforms.kit.registry import load_platform
from copydesk.platforms.kit.transport import Observer, Transport
from copydesk.store import Store
from copydesk.store.accounts import LeaseLost

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class CourierTools:
    """What couriers work with. `owner` names this process in leases; `observers` see every call,
    `closed_until` tells until when a rate limit keeps an account from being asked anything,
    `budget` is the gate of its rate budgets."""

    store: Store
    transport: Transport
    vault: Vault
    home: Path
    owner: str
    policy: RetryPolicy = field(default_factory=RetryPolicy)
    breaker: BreakerPolicy = field(default_factory=BreakerPolicy)
    random: random.Random = field(default_factory=random.Random)
    turns: Turns = field(default_factory=Turns)
    names: Names = field(default_factory=Names)
    stopping: Callable[[], bool] = lambda: False
    observers: Callable[[Account], Sequence[Observer]] = lambda _: ()
    closed_until: Callable[[Account], datetime | None] = lambda _: None
    budget: Callable[[Account], BudgetGate | None] = lambda _: None
    #: reaches public addresses only: for looking at pages that authors name
    public: Transport | None = None

    def credentials(self) -> Credentials:
        """Return what opens the accounts' credentials and keeps them good."""
        return Credentials(
            store=self.store,
            vault=self.vault,
            transport=self.transport,
            names=self.names,
            home=self.home,
            owner=self.owner,
            source=self.random,
            observers=self.observers,
        )


class Courier:
    """Carries one account's due deliveries, round by round, until none is left."""

    def __init__(self, tools: CourierTools, account_id: str) -> None:
        self._tools = tools
        self._store = tools.store
        self._account_id = account_id

    async def run(self) -> int:
        """Carry what is due, in turns with others, and return how many deliveries were looked at.

        0 if another courier has the account. Raises `LeaseLost` when it could not be kept; calls
        end before it does.
        """
        lane = await self._lane()
        carried = 0
        while True:
            async with self._tools.turns.seat(lane, self._store.clock.monotonic) as seat:
                carried += await self._take_turn(seat)
            if not seat.gave_way or self._tools.stopping():
                return carried

    async def _lane(self) -> str:
        if known := self._tools.turns.known.get(self._account_id):
            return known
        async with self._store.read() as unit:
            account = await unit.accounts.get(self._account_id)
        return self._tools.turns.lane_of(account)

    async def _take_turn(self, seat: Seat) -> int:
        began = asyncio.get_running_loop().time()
        now = self._store.clock.now()
        lease = await self._store.journal.lease(
            self._account_id, self._tools.owner, now, now + timedelta(seconds=LEASE)
        )
        if lease is None:
            return 0
        try:
            async with asyncio.timeout_at(began + LEASE - MARGIN) as term:
                renewing = asyncio.create_task(self._renew(lease, term))
                try:
                    return await self._carry(lease, seat, term)
                finally:
                    renewing.cancel()
        except TimeoutError as error:
            raise LeaseLost(
                f"The lease of account {self._account_id} could not be kept."
            ) from error
        finally:
            await Records(self._store, lease).release()

    async def _carry(self, lease: Lease, seat: Seat, term: asyncio.Timeout) -> int:
        async with self._store.read() as unit:
            account, sealed = await unit.accounts.opened(self._account_id)
        rounds = await self._open(account, sealed, lease)
        if rounds is None:
            return await self._let_wait(lease)
        rounds.end_with(lambda: _is_over(term))
        carried = 0
        try:
            while not self._tools.stopping() and (seen := await rounds.carry()):
                carried += seen
                if seat.is_over:
                    seat.gave_way = True
                    break
        finally:
            await rounds.close()
        if not carried:
            await self._put_off()
        return carried

    async def _put_off(self) -> None:
        # a clock that was put back leaves what is awake and not due any more: no round looks at
        # that, and each sweep would send a courier for it until then
        async with self._store.read() as unit:
            early = await unit.letters.wakes_early(self._account_id)
        if early:
            async with self._store.begin(ACTOR) as unit:
                await unit.letters.rest_until_due(self._account_id)

    async def _let_wait(self, lease: Lease) -> int:
        # no client, so no call: each delivery has to say itself what it waits for
        records = Records(self._store, lease)
        waited = 0
        while (look := await records.look(MOST)).awake:
            broken_off = [d for d in look.awake if d.state is DeliveryState.SENDING]
            await records.abandon(broken_off, LEASE)
            rest = [d for d in look.awake if d.state is not DeliveryState.SENDING]
            await records.wait_for_account(rest, look.account)
            waited += len(look.awake)
        return waited

    async def _renew(self, lease: Lease, term: asyncio.Timeout) -> None:
        # a call may take minutes, the lease lasts seconds: that we live is said here, and whether
        # the lease is still ours is asked again before every intent
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(RENEWAL)
            began = loop.time()
            try:
                await Records(self._store, lease).hold()
                term.reschedule(began + LEASE - MARGIN)
            except LeaseLost:
                term.reschedule(began)
                return
            except StoreUnavailable as error:
                _log.warning("lease_not_renewed", account=lease.account_id, reason=error.message)

    async def _open(self, account: Account, sealed: bytes, lease: Lease) -> Rounds | None:
        try:
            platform = load_platform(account.platform)
            credentials = self._tools.credentials()
            opened = credentials.open(account, sealed)
        except (NotFound, ConfigError) as error:
            await Records(self._store, lease).block(account, f"{error.message} {error.remedy}")
            return None
        pulse = Pulse()
        try:
            open_account = OpenAccount(credentials, platform, opened, self._load_media, (pulse,))
        except Exception as error:
            # settings a spoke chokes on: a person has to mend them, and no other account waits
            _log.exception("connect_failed", account=account.name, platform=account.platform)
            await Records(self._store, lease).block(account, f"connecting failed: {words(error)}")
            return None
        return Rounds(self._tools, platform, account, open_account, lease, pulse)

    async def _load_media(self, media: Media) -> bytes:
        async with self._store.read() as unit:
            return await unit.workspaces.load(media.sha256)


def _is_over(term: asyncio.Timeout) -> bool:
    ends = term.when()
    return ends is not None and asyncio.get_running_loop().time() >= ends
