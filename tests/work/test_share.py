"""How many couriers a worker leaves to the others, and for how long."""

from __future__ import annotations

import itertools
from collections import Counter
from math import ceil

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from copydesk.work.share import A_FEW, LEFT_FOR, Share

ACCOUNTS = [f"acc_{number}" for number in range(20)]


def test_what_falls_due_at_one_moment_is_shared_out() -> None:
    assert Share().reckon(ACCOUNTS, couriers=0, workers=2, at=5.0) == 10
    assert Share().reckon(ACCOUNTS, couriers=0, workers=3, at=5.0) == 7


def test_couriers_under_way_count() -> None:
    """Two workers with ten each, and four more accounts: twelve for each, not two."""
    assert Share().reckon(ACCOUNTS[:4], couriers=20, workers=2, at=5.0) == 12


@pytest.mark.parametrize("workers", [0, 1])
def test_one_worker_takes_all(workers: int) -> None:
    assert Share().reckon(ACCOUNTS, couriers=0, workers=workers, at=5.0) is None


def test_a_few_are_never_too_many() -> None:
    assert Share().reckon(ACCOUNTS[:1], couriers=0, workers=8, at=5.0) == A_FEW


def test_what_the_others_do_not_take_is_not_left_to_them_for_long() -> None:
    share = Share()
    assert share.reckon(ACCOUNTS, couriers=0, workers=2, at=5.0) == 10
    assert share.reckon(ACCOUNTS[10:], couriers=10, workers=2, at=5.0 + LEFT_FOR / 2) == 10
    assert share.reckon(ACCOUNTS[10:], couriers=10, workers=2, at=5.0 + LEFT_FOR) is None
    # they are taken, and others come: these are left for as long again
    assert share.reckon(ACCOUNTS[:10], couriers=10, workers=2, at=5.0 + LEFT_FOR) == 10


#: How long a worker that died counts as one that works, and how long its couriers seem to be at it.
SEEN_FOR, LEASED_FOR = 15.0, 10.0


class Workers(RuleBasedStateMachine):
    """Workers that come, go and sweep as they will, over accounts that fall due."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.numbers = itertools.count()
        self.shares: dict[int, Share] = {}
        self.looked: dict[int, dict[int, float]] = {}  # by worker: accounts, and seen since when
        self.waiting: list[int] = []
        self.carried: dict[int, int] = {}  # by account: its worker
        self.died: dict[int, float] = {}

    @initialize(count=st.integers(1, 4))
    def begin(self, count: int) -> None:
        for _ in range(count):
            self.join()

    @rule()
    def join(self) -> None:
        worker = next(self.numbers)
        self.shares[worker], self.looked[worker] = Share(), {}

    @rule(count=st.integers(1, 60))
    def fall_due(self, count: int) -> None:
        self.waiting += itertools.islice(self.numbers, count)

    @rule(seconds=st.floats(0.02, 2))
    def wait(self, seconds: float) -> None:
        self.now += seconds
        for worker, at in list(self.died.items()):
            if self.now - at >= LEASED_FOR:
                left = [account for account, by in self.carried.items() if by == worker]
                self.waiting += left
                for account in left:
                    del self.carried[account]
            if self.now - at >= SEEN_FOR:
                del self.died[worker]

    @rule(at=st.integers(0))
    def die(self, at: int) -> None:
        if len(self.shares) > 1:
            worker = sorted(self.shares)[at % len(self.shares)]
            del self.shares[worker], self.looked[worker]
            self.died[worker] = self.now

    @rule(at=st.integers(0))
    def finish(self, at: int) -> None:
        if self.carried:
            del self.carried[sorted(self.carried)[at % len(self.carried)]]

    @rule(at=st.integers(0))
    def sweep(self, at: int) -> None:
        self.take(sorted(self.shares)[at % len(self.shares)])

    @rule()
    def sweep_all_at_once(self) -> None:
        """When everybody works, everything is taken at once, and nobody takes more than a share."""
        if self.died:
            return
        in_all = len(self.waiting) + len(self.carried)
        longest = max(
            (self.now - t for one in self.looked.values() for t in one.values()), default=0
        )
        before = Counter(self.carried.values())
        for worker in sorted(self.shares):
            self.take(worker)
        assert not self.waiting
        if longest < LEFT_FOR and len(self.shares) > 1:
            fair = max(A_FEW, ceil(in_all / len(self.shares)))
            after = Counter(self.carried.values())
            assert all(after[worker] <= max(fair, before[worker]) for worker in self.shares)

    def take(self, worker: int) -> None:
        seen = {account: self.looked[worker].get(account, self.now) for account in self.waiting}
        self.looked[worker] = seen
        most = self.shares[worker].reckon(
            map(str, self.waiting),
            couriers=len(self.carried),
            workers=len(self.shares) + len(self.died),
            at=self.now,
        )
        has = sum(by == worker for by in self.carried.values())
        room = len(self.waiting) if most is None else max(0, most - has)
        taken, self.waiting = self.waiting[:room], self.waiting[room:]
        for account in taken:
            assert account not in self.carried
            self.carried[account] = worker
        late = [account for account in self.waiting if self.now - seen[account] >= LEFT_FOR]
        assert not late, "whoever has seen them wait for so long takes them"


TestWorkers = Workers.TestCase
TestWorkers.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
