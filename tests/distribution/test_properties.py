"""Couriers, breakers and people in any order against a platform that lies; the truth is known.

The platform takes or does not take what it is sent, and says whatever it likes about it. Time, a
killed worker, a person and an outage come in between in whatever order hypothesis finds. After each
step the promise has to hold, and in the end, with a platform that behaves, everything has ended.

A usual run tries few orders; `pytest --hypothesis-profile thorough` tries many.
"""

from __future__ import annotations

import asyncio
import random
import shutil
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from copydesk.config import Settings
from copydesk.core.account import Account
from copydesk.core.delivery import Delivery, Outgoing, part_key, parts_out
from copydesk.core.errors import Conflict
from copydesk.core.outcomes import (
    Absent,
    Accepted,
    AuthExpired,
    Existence,
    Inconclusive,
    Landed,
    Misconfigured,
    Outcome,
    Published,
    RateLimited,
    Ready,
    Refused,
    Unavailable,
    Unknown,
)
from copydesk.core.states import MAY_HAVE_LANDED, SETTLED, AccountState, BreakerState
from copydesk.core.states import DeliveryState as S
from copydesk.distribution.breaker import BreakerPolicy, resting_until
from copydesk.distribution.budget_lumps import Budgets
from copydesk.distribution.retry import LIMITS
from copydesk.distribution.threads import PARTLY
from copydesk.distribution.vault import open_vault
from copydesk.platforms.kit import registry
from copydesk.platforms.kit.manifest import Reconcile
from copydesk.store import open_store
from copydesk.store.letters import Wanted
from copydesk.testing.clocks import StoppedClock
from copydesk.testing.contract import ClosedTransport
from copydesk.work.accounts.breakers import breaker_ids
from copydesk.work.accounts.connecting import add_account
from copydesk.work.accounts.trying import try_account
from copydesk.work.deliveries.redriving import redrive
from copydesk.work.deliveries.settling import Decision, decide_delivery
from copydesk.work.desk import Desk
from tests.distribution import scripted as scripted_module
from tests.distribution.carrying import account_now, add_posts, carry, deliveries
from tests.distribution.scripted import Remote, Scripted
from tests.store_fixtures import ordered_ids

T = TypeVar("T")

DELAY = 20.0
POLICY = BreakerPolicy(account_failures=3, host_failures=4, longest=60.0)


class KilledError(BaseException):
    """The worker dies here."""


class Liar:
    """A platform that does one thing and says another. `shown_at` is when a listing has it."""

    def __init__(self, clock: StoppedClock) -> None:
        self.clock = clock
        self.taken: Counter[str] = Counter()
        self.shown_at: dict[str, datetime] = {}
        self.waiting: dict[str, str] = {}
        self.plan: list[str] = []
        self.calls: list[tuple[str, str]] = []
        self.behaves = False

    def step(self, name: str, outgoing: Outgoing) -> str:
        self.calls.append((name, outgoing.delivery_id))
        return "well" if self.behaves or not self.plan else self.plan.pop(0)

    def take(self, key: str) -> None:
        self.taken[key] += 1
        # within the read delay it promises, but not at once
        self.shown_at.setdefault(key, self.clock.now() + timedelta(seconds=DELAY - 1))

    async def commit(self, outgoing: Outgoing) -> Outcome:
        key = outgoing.key
        match self.step("commit", outgoing):
            case "away":
                return Unavailable("not reached")
            case "lost-before":
                return Unknown("reset")
            case "lost-after":
                self.take(key)
                return Unknown("the answer was lost")
            case "error-after":
                self.take(key)
                raise RuntimeError("the spoke broke on the answer")
            case "killed-before":
                raise KilledError
            case "killed-after":
                self.take(key)
                raise KilledError
            case "limited":
                return RateLimited(retry_after=45)
            case "refused":
                return Refused("body", "not like this", "Change it.")
            case "expired":
                return AuthExpired()
            case "misconfigured":
                return Misconfigured("no such board", "Name one that exists.")
            case "accepted":
                self.take(key)
                return Accepted({"job": key})
            case _:
                self.take(key)
                return Published(f"remote-{key}")

    async def find(self, outgoing: Outgoing) -> Existence:
        if self.step("find", outgoing) in {"away", "lost-before", "lost-after", "error-after"}:
            return Inconclusive("the listing could not be read")
        shown_at = self.shown_at.get(outgoing.key)
        if shown_at is not None and shown_at <= self.clock.now():
            return Landed(f"remote-{outgoing.key}")
        return Absent("complete listing")  # which is true, and may prove nothing yet

    async def check(self, outgoing: Outgoing) -> Ready | Outcome:
        if outgoing.handles.get("accepted"):
            self.calls.append(("check", outgoing.delivery_id))
            return Published(f"remote-{outgoing.key}")
        return Ready(outgoing.handles)


LIES = [
    # what does the most harm is tried most often
    "lost-after",
    "lost-after",
    "lost-after",
    "well",
    "away",
    "lost-before",
    "lost-after",
    "error-after",
    "killed-before",
    "killed-after",
    "limited",
    "refused",
    "expired",
    "misconfigured",
    "accepted",
]


@asynccontextmanager
async def desk_in(folder: Path, migrated: Path, clock: StoppedClock) -> AsyncIterator[Desk]:
    """A desk on a fresh database file."""
    shutil.copy(migrated, folder / "copydesk.db")
    database = f"sqlite:///{folder / 'copydesk.db'}"
    store = await open_store(database, clock, ordered_ids(clock), migrate=False)
    async with store.begin("test") as unit:
        workspace = await unit.workspaces.ensure("desk", "automatic")
    yield Desk(
        settings=Settings(home=folder, database=database, port=0),
        store=store,
        clock=clock,
        ids=store.ids,
        workspace_id=workspace.id,
        transport=ClosedTransport(),
        vault=open_vault("", folder),
        random=random.Random(7),
        budgets=Budgets(store),
    )
    await store.close()


class Deliveries(RuleBasedStateMachine):
    """What may happen to deliveries, in any order."""

    migrated: ClassVar[Path]

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="copydesk-machine-"))
        self.runner = asyncio.Runner()
        self.clock = StoppedClock()
        self.liar = Liar(self.clock)
        self.patch = pytest.MonkeyPatch()
        self.posts = 0
        self.owners = 0
        self.closed_until: dict[str, datetime] = {}
        self.vouched: set[str] = set()

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    @initialize(find=st.booleans(), parts=st.sampled_from([1, 3]))
    def open(self, find: bool, parts: int) -> None:
        platform = Scripted(Remote(self.clock))
        platform.parts = parts
        platform.declare(reconcile=Reconcile(find=find, delay=DELAY, looks=3))
        script = platform.remote.script
        for name in ("commit", "find", "check"):
            script[name] = _Endless(getattr(self.liar, name))
        self.patch.setattr(scripted_module, "PLATFORM", platform, raising=False)
        known = {**registry.platform_modules(), "scripted": scripted_module.__name__}
        self.patch.setattr(registry, "platform_modules", lambda: known)
        registry.load_platform.cache_clear()
        self.context = desk_in(self.folder, self.migrated, self.clock)
        self.desk: Desk = self.do(self.context.__aenter__())
        self.accounts: list[Account] = [
            self.do(
                add_account(
                    self.desk,
                    "scripted",
                    name,
                    settings={},
                    secrets={},
                    inbox=True,
                    actor="test",
                )
            )
            for name in ("one", "two")
        ]

    def teardown(self) -> None:
        if hasattr(self, "desk"):
            self.settle_everything()
            self.do(self.context.__aexit__(None, None, None))
        self.runner.close()
        self.patch.undo()
        registry.load_platform.cache_clear()
        shutil.rmtree(self.folder, ignore_errors=True)

    # -- what may happen --------------------------------------------------------------------------

    @rule()
    def write(self) -> None:
        if self.posts < 6:
            self.posts += 1
            self.do(add_posts(self.desk, f"post {self.posts}"))

    @rule(lies=st.lists(st.sampled_from(LIES), min_size=1, max_size=6))
    def scheme(self, lies: list[str]) -> None:
        self.liar.plan = lies

    @rule(seconds=st.sampled_from([0.5, 3.0, 15.0, 30.0, 120.0, 4000.0]))
    def wait(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @rule(which=st.integers(0, 1))
    def work(self, which: int) -> None:
        account = self.do(account_now(self.desk, self.accounts[which]))
        breakers = self.do(self._breakers(account))
        before = len(self.liar.calls)
        now = self.clock.now()
        self.owners += 1
        try:
            self.do(carry(self.desk, account, f"worker/{self.owners}", POLICY))
        except KilledError:
            self.clock.advance(11)  # its lease runs out
        calls = self.liar.calls[before:]
        if account.paused_until and account.paused_until > now:
            assert not calls, "no call while the platform asks for rest"
        if account.state is AccountState.BLOCKED:
            assert not calls, "no call for a blocked account"
        if resting_until(breakers, now):
            assert not calls, "no call while a breaker is open"

    @rule(which=st.integers(0, 20), decision=st.sampled_from(Decision))
    def decide(self, which: int, decision: Decision) -> None:
        found = self.do(deliveries(self.desk))
        if not found:
            return
        one = found[which % len(found)]
        key = key_now(one)
        if decision is Decision.SEND and one.reason_code in MAY_HAVE_LANDED:
            if self.liar.taken[key]:
                return  # a person has looked, and it is there
            self.vouched.add(key)
        if decision is Decision.LANDED and not self.liar.taken[key]:
            return
        try:
            self.do(self._decide(one, decision))
        except Conflict:
            assert one.state not in {S.HELD, S.FAILED, S.BLOCKED}

    @rule(state=st.sampled_from([S.FAILED, S.HELD, S.BLOCKED]))
    def redrive(self, state: S) -> None:
        wanted = Wanted(states=(state,))
        dry = self.do(redrive(self.desk, wanted, dry_run=True, actor="test"))
        done = self.do(redrive(self.desk, wanted, actor="test"))
        assert done.counts == dry.counts

    @rule(which=st.integers(0, 1))
    def mend(self, which: int) -> None:
        self.do(try_account(self.desk, self.accounts[which].name, actor="test"))

    @rule(which=st.integers(0, 1))
    def stir(self, which: int) -> None:
        """Whatever rests is looked at before its time, as after an account was mended."""
        self.do(self._stir(self.accounts[which]))
        self.work(which)

    async def _stir(self, account: Account) -> None:
        async with self.desk.store.begin("person") as unit:
            await unit.deliveries.wake_resting(account.id)

    async def _decide(self, one: Delivery, decision: Decision) -> None:
        async with self.desk.store.begin("person") as unit:
            landed_at = f"https://scripted.example/remote-{key_now(one)}"
            url = landed_at if decision is Decision.LANDED else ""
            await decide_delivery(unit, one.id, decision, url=url)

    async def _breakers(self, account: Account) -> list[Any]:
        async with self.desk.store.read() as unit:
            return list((await unit.breakers.of(breaker_ids(account))).values())

    # -- what holds after each of them ------------------------------------------------------------

    @precondition(lambda self: hasattr(self, "desk"))
    @invariant()
    def nothing_is_there_twice(self) -> None:
        assert max(self.liar.taken.values(), default=0) <= 1

    @precondition(lambda self: hasattr(self, "desk"))
    @invariant()
    def every_delivery_can_be_explained(self) -> None:
        for one in self.do(deliveries(self.desk)):
            assert (one.wake_at is None) == (one.state in SETTLED), f"{one.state} is stuck"
            for cause, most in LIMITS.items():
                assert one.spent.get(cause, 0) <= most, "tries end"
            out = parts_out(one.handles)
            for number, part in enumerate(out):
                key = part_key(one.key, number)
                assert part.id == f"remote-{key}", "each part has its own place"
                assert self.liar.taken[key] == 1, "a part is out only if it is there"
            if one.state is S.DELIVERED:
                assert self.liar.taken[one.key] == 1, "delivered only if it is there"
                assert len(out) == one.handles.get("of", 0) or one.reason_code == PARTLY
            if one.state in {S.FAILED, S.EXPIRED}:
                assert not self.liar.taken[key_now(one)], "wrongly failed"
            if one.state is S.CANCELLED:
                assert not out, "what stands there is not forgotten"
            if one.state in {S.HELD, S.FAILED, S.BLOCKED}:
                assert one.reason
                assert one.reason_code
                assert one.remedy

    # -- and in the end ---------------------------------------------------------------------------

    def settle_everything(self) -> None:
        """A platform that behaves and a person who mends the accounts: everything ends."""
        self.liar.behaves = True
        left: list[Delivery] = []
        for _ in range(400):
            for account in self.accounts:
                self.do(try_account(self.desk, account.name, actor="test"))
                self.owners += 1
                self.do(carry(self.desk, account, f"last/{self.owners}", POLICY))
            left = [d for d in self.do(deliveries(self.desk)) if d.state not in SETTLED]
            if not left:
                break
            self.clock.advance(61)
        assert not left, [(d.id, d.state, d.reason) for d in left]
        self.nothing_is_there_twice()
        self.every_delivery_can_be_explained()
        for account in self.accounts:
            assert all(
                b.state is not BreakerState.HALF_OPEN for b in self.do(self._breakers(account))
            )


def key_now(one: Delivery) -> str:
    """The key of the call in flight."""
    return part_key(one.key, len(parts_out(one.handles)))


class _Endless(list[Any]):
    """A script that always says the same: ask the liar."""

    def __init__(self, answer: Any) -> None:
        super().__init__([answer])

    def pop(self, index: Any = -1) -> Any:
        return self[0]


def test_whatever_happens_the_promise_holds(migrated_file: Path) -> None:
    Deliveries.migrated = migrated_file
    run_state_machine_as_test(
        Deliveries,
        settings=settings(
            max_examples=max(1, settings().max_examples // 12),
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
