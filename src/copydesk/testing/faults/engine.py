"""The real engine on a clock the kit moves: the worker's handlers, fed by the sweep.

What a worker does in hours happens in seconds: everything that is due is done, then the clock goes
on to whatever comes next. Only the waiting is left out.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from copydesk.config import Settings
from copydesk.core.account import Account
from copydesk.core.clock import Clock
from copydesk.core.delivery import Delivery
from copydesk.core.errors import StoreUnavailable
from copydesk.core.post import Tier
from copydesk.core.states import SETTLED, DeliveryState, PostState
from copydesk.distribution.planning import plan, schedule
from copydesk.store import Hint, Outbox, UnitOfWork
from copydesk.store.unit import SilentOutbox
from copydesk.testing.clocks import StoppedClock
from copydesk.testing.faults.rig import EngineRig
from copydesk.testing.loopback import ImpatientTransport
from copydesk.work.accounts.connecting import add_account, change_account
from copydesk.work.accounts.trying import try_account
from copydesk.work.desk import Desk, open_desk
from copydesk.work.jobs import Handlers, Kind
from copydesk.work.sweep import sweep
from copydesk.work.worker import Worker

#: How long a call may take, in real seconds: long enough for a loaded machine, short for a hang.
IMPATIENCE: Final = 0.6

#: What has no end after this much engine time is stuck, in seconds.
PATIENCE: Final = 1800.0

#: How often work that is due at one and the same moment is looked at again: a failing disk must not
#: keep the clock from moving on.
ROUNDS: Final = 5

#: How far the clock moves on at once, in engine seconds, while there was work a moment ago. Without
#: any, each step is twice the one before.
STRIDE: Final = 30.0

#: How long a person takes to mend a blocked account, in engine seconds.
PERSON: Final = 60.0


class Hints:
    """A runtime that only keeps what it is offered: the kit itself runs it."""

    def __init__(self) -> None:
        self.offered: list[Hint] = []

    @property
    def outbox(self) -> Outbox:
        """Return an outbox that loses every hint: the sweep has to find all work in rows."""
        return SilentOutbox()

    async def offer(self, hints: Sequence[Hint]) -> None:
        """Keep hints."""
        self.offered += [hint for hint in hints if hint.at is None]

    def share(self, couriers: int | None) -> None:
        """Nobody else takes from this queue."""

    async def run(self, handlers: Handlers, stopping: object) -> None:
        """Do nothing."""

    async def close(self) -> None:
        """Do nothing."""


@asynccontextmanager
async def open_engine_desk(database: str, home: Path, clock: Clock) -> AsyncIterator[Desk]:
    """Open a desk as a worker does, with a transport that does not wait long."""
    settings = Settings(home=home, database=database)
    async with open_desk(settings, clock=clock, approve="automatic") as desk:
        yield replace(desk, transport=ImpatientTransport(desk.transport, IMPATIENCE))


async def connect_account(desk: Desk, rig: EngineRig, address: str) -> Account:
    """Add the rig's account."""
    return await add_account(
        desk,
        rig.platform,
        "under-test",
        settings=rig.settings(address),
        secrets=rig.secrets(),
        inbox=False,
        actor="faults",
    )


async def plan_posts(
    desk: Desk,
    rig: EngineRig,
    account: Account,
    count: int,
    due_at: datetime | None = None,
    first: int = 0,
) -> dict[str, str]:
    """Plan `count` posts of the rig for its account, due at `due_at` (aware; None: now); return the
    marker of each post by its id."""
    markers: dict[str, str] = {}
    async with desk.store.begin("faults") as unit:
        for number in range(first, first + count):
            marker = f"kit-{number:04d}"
            post, revision = await unit.posts.add(
                workspace_id=desk.workspace_id,
                source_key=f"faults:{marker}",
                content=rig.content(marker),
                tier=Tier.PERSON,
            )
            plans = await plan(unit, post, revision, [account], unit.now)
            await schedule(unit, post, revision, plans, due_at or unit.now)
            # a courier holds what is due of a post that is not out; citing is nobody's fault here
            post = await unit.posts.move(post, PostState.APPROVED)
            await unit.posts.move(post, PostState.DISTRIBUTED, published_at=unit.now, cite_at=None)
            markers[post.id] = marker
    return markers


async def all_deliveries(desk: Desk) -> list[Delivery]:
    """Return every delivery of the desk."""
    found: list[Delivery] = []
    async with desk.store.read() as unit:
        before = ""
        while page := await unit.deliveries.newest(desk.workspace_id, before=before, limit=500):
            found += page
            before = page[-1].id
    return found


async def seconds_to_wake(unit: UnitOfWork, workspace_id: str) -> float:
    """Return how long nothing will happen: until a row wakes or an account's rest is over; 0 when
    neither is to be expected."""
    now = unit.now
    moments = [
        await unit.workers.next_wake(now),
        *(account.paused_until for account in await unit.accounts.all(workspace_id)),
    ]
    waits = [(moment - now).total_seconds() for moment in moments if moment and moment > now]
    return max(0.01, min(waits)) if waits else 0.0


@dataclass
class Engine:
    """One worker's work, without its waiting. `clock` is the true time that is moved on."""

    desk: Desk
    clock: StoppedClock
    account: Account
    rig: EngineRig
    before_tick: Callable[[], None] | None = None
    on_tick: Callable[[], None] | None = None
    patience: float = PATIENCE
    mended: int = 0
    hints: Hints = field(default_factory=Hints)

    def __post_init__(self) -> None:
        self.worker = Worker(desk=self.desk, runtime=self.hints)

    async def work(self) -> int:
        """Do everything that is due now, once; return how many jobs that were."""
        try:
            await sweep(self.desk, self.hints)
        except StoreUnavailable:
            return 0
        offered, self.hints.offered = self.hints.offered, []
        handlers = self.worker.handlers()
        for hint in offered:
            await handlers[Kind(hint.kind)](hint.subject_id)
        return len(offered)

    async def run_to_rest(self) -> bool:
        """Work and move the clock until every delivery has settled; False if patience ran out."""
        ends = self.clock.now() + timedelta(seconds=self.patience)
        still, stride = 0, STRIDE
        while True:
            done = await self.work()
            stride = STRIDE if done else stride
            states = await self._states()
            if states is not None and not set(states) - SETTLED:
                if DeliveryState.BLOCKED not in states or self.mended >= 3:
                    return DeliveryState.BLOCKED not in states
                await self._call_a_person()
                continue
            if self.clock.now() >= ends:
                return False
            # work at one and the same moment may go on for some rounds, not for ever
            still = still + 1 if done else 0
            if not done or still > ROUNDS:
                still = 0
                if self.before_tick is not None:
                    self.before_tick()
                self._pass(await self._until_next(stride))
                stride *= 2

    def _pass(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.rig.tick()
        if self.on_tick is not None:
            self.on_tick()

    async def _states(self) -> list[DeliveryState] | None:
        try:
            async with self.desk.store.read() as unit:
                counts = await unit.deliveries.counts(self.desk.workspace_id)
        except StoreUnavailable:
            return None
        return [DeliveryState(state) for state in counts]

    async def _until_next(self, most: float) -> float:
        """Return how many seconds to move on: to the next row that wakes, one second at least
        where a dead worker's lease or an absent database is waited for, `most` at most."""
        try:
            async with self.desk.store.read() as unit:
                return min(most, await seconds_to_wake(unit, self.desk.workspace_id) or 1.0)
        except StoreUnavailable:
            return 1.0

    async def _call_a_person(self) -> None:
        """The account is blocked: somebody mends it, says so, and the rest goes on."""
        self.mended += 1
        self._pass(PERSON)
        secrets = self.rig.mend()
        if secrets:
            await change_account(
                self.desk, self.account.name, settings={}, secrets=secrets, actor="faults"
            )
        await try_account(self.desk, self.account.name, actor="faults")
