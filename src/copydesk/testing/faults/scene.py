"""The stage of a scenario: a rig, a fresh database, a desk, and clocks that can go wrong."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from copydesk.core.account import Account
from copydesk.core.clock import SystemClock
from copydesk.testing.clocks import SkewedClock, StoppedClock
from copydesk.testing.faults.catalogue import CALLS, NETWORK, Fault
from copydesk.testing.faults.databases import Databases
from copydesk.testing.faults.disks import SmallDisk, small_disk
from copydesk.testing.faults.engine import (
    PATIENCE,
    Engine,
    connect_account,
    open_engine_desk,
    plan_posts,
)
from copydesk.testing.faults.figures import Row
from copydesk.testing.faults.rig import EngineRig
from copydesk.testing.faults.rigs.tokens import SandboxOAuthRig
from copydesk.testing.faults.truth import compare
from copydesk.work.desk import Desk


@dataclass(kw_only=True)
class Scene:
    """What a scenario plays on: a rig, a fresh database, a desk, an account. `clock` is the true
    time; the engine's own may be skewed. `disk` is what PostgreSQL's database lies on where that
    is to be filled."""

    fault: Fault
    store: str
    deliveries: int
    rig: EngineRig
    home: Path
    database: str
    databases: Databases
    clock: StoppedClock
    engine_clock: SkewedClock
    desk: Desk
    disk: SmallDisk | None = None
    address: str = ""
    markers: dict[str, str] = field(default_factory=dict)

    async def account(self) -> Account:
        """Connect the rig's account and plan its posts."""
        account = await connect_account(self.desk, self.rig, self.address or self.rig.address)
        self.markers = await plan_posts(self.desk, self.rig, account, self.deliveries)
        return account

    def engine(self, account: Account, desk: Desk | None = None) -> Engine:
        """Return the engine for the account."""
        each = self.rig.seconds_each + self.rig.rest_each
        patience = PATIENCE + each * self.deliveries
        return Engine(
            desk=desk or self.desk,
            clock=self.clock,
            account=account,
            rig=self.rig,
            patience=patience,
        )

    async def row(self, note: str = "") -> Row:
        """Return what came of it."""
        return await compare(self.desk, self.rig, self.store, self.fault, self.markers, note)


@asynccontextmanager
async def scene(
    rig_type: type[EngineRig],
    store: str,
    fault: Fault,
    deliveries: int,
    databases: Databases,
) -> AsyncIterator[Scene]:
    """Set up a scene; everything of it is gone afterwards. Raises `NotApplicable`."""
    async with AsyncExitStack() as stack:
        root = Path(tempfile.mkdtemp(prefix="copydesk-scene-"))
        stack.callback(shutil.rmtree, root, ignore_errors=True)
        folder, home = root / "platform", root / "home"
        folder.mkdir()
        home.mkdir()
        # the true time begins now: processes of their own use the machine's clock
        clock = StoppedClock(SystemClock().now().replace(microsecond=0))
        engine_clock = SkewedClock(clock)
        rig = rig_type(folder=folder, home=home, clock=clock)
        await rig.open()
        stack.push_async_callback(rig.close)
        _prepare(rig, store, fault, deliveries)
        disk: SmallDisk | None = None
        if fault is Fault.DISK_FULL and store == "postgresql":
            disk = await stack.enter_async_context(small_disk())
        database = await databases.fresh(store, root, disk.folder if disk else None)
        if store == "postgresql":
            stack.push_async_callback((await databases.postgres()).drop, database)
        desk = await stack.enter_async_context(open_engine_desk(database, home, engine_clock))
        yield Scene(
            fault=fault,
            store=store,
            deliveries=deliveries,
            rig=rig,
            home=home,
            database=database,
            databases=databases,
            clock=clock,
            engine_clock=engine_clock,
            desk=desk,
            disk=disk,
        )


def _prepare(rig: EngineRig, store: str, fault: Fault, deliveries: int) -> None:
    """Let the platform misbehave, and find out early what does not apply."""
    if fault in CALLS:
        rig.strike(fault, deliveries)
    elif fault in {Fault.CLOCK_FORWARD_IN_429, Fault.CLOCK_BACK_IN_429}:
        rig.strike(Fault.RATE_LIMITED_SECONDS, deliveries)
    elif fault in NETWORK and not rig.address:
        rig.not_applicable("no network between this spoke and its platform")
    elif fault.startswith("database_") and store != "postgresql":
        rig.not_applicable("SQLite has no server that could go away")
    elif fault is Fault.QUEUE_LOST and rig.seconds_each:
        rig.not_applicable("its real worker would wait for minutes between two posts")
    elif fault is Fault.TOKEN_ROTATED and not isinstance(rig, SandboxOAuthRig):
        rig.not_applicable("this spoke has no tokens that rotate")
    elif fault is not Fault.TOKEN_ROTATED and isinstance(rig, SandboxOAuthRig):
        rig.not_applicable("see the sandbox; this one is about its tokens")
    elif fault is Fault.STALLED_WORKER:
        rig.when_accepted(None)
