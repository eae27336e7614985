"""A worker dies at any step: afterwards everything is there once and nothing is left behind."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from copydesk.core.account import Account
from copydesk.core.delivery import Outgoing
from copydesk.core.outcomes import Inconclusive, Pending, Published, RateLimited, Ready, Unknown
from copydesk.core.states import DeliveryState
from copydesk.distribution.records import LEASE, Records
from copydesk.platforms.kit.manifest import Idempotency, Reconcile
from copydesk.store import Store
from copydesk.testing.clocks import StoppedClock
from copydesk.work.desk import Desk
from tests.distribution.carrying import add_posts, carry, carry_to_rest, deliveries
from tests.distribution.scripted import Remote, Scripted

TITLES = ("one", "two", "three")


class Killed(BaseException):
    """The process is gone: nothing in it runs on, not even its clean-up."""


#: Where a worker may die, in the order of a round: a method, before or after it, its how manieth.
RECORDS = [
    ("look", "after", 1),
    ("look", "after", 2),
    ("abandon", "after", 1),
    ("store_handles", "before", 1),
    ("store_handles", "after", 1),
    ("wait_for_platform", "before", 1),
    ("wait_for_platform", "after", 1),
    ("wake", "after", 2),
    ("intend", "before", 1),
    ("intend", "after", 1),
    ("intend", "after", 2),
    ("receive", "before", 1),
    ("receive", "after", 1),
    ("receive", "before", 2),
    ("not_called", "before", 1),
    ("not_called", "after", 1),
    ("see", "before", 1),
    ("see", "after", 1),
]
CALLS = [("commit", when, n) for n in (1, 2, 3) for when in ("before", "after")]
LOOKS = [("find", "before", 1), ("find", "after", 1)]


class Death:
    """Dies at one step, once; from then on the process writes nothing more."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, step: str, when: str, which: int) -> None:
        self._step, self._when, self._which = step, when, which
        self.seen = 0
        self.struck = False
        self.buried = False
        release = Records.release

        async def released(records: Records) -> None:
            if self.buried or not self.struck:
                await release(records)

        monkeypatch.setattr(Records, "release", released)

    def wrap(self, method: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def dying(*args: Any, **options: Any) -> Any:
            self.seen += 1
            dies = self.seen == self._which and not self.struck
            if dies and self._when == "before":
                self.struck = True
                raise Killed
            answer = await method(*args, **options)
            if dies:
                self.struck = True
                raise Killed
            return answer

        return dying


def misbehave(remote: Remote) -> None:
    """A run in which every step happens: one waits, one gets lost, one is told to rest."""

    async def lost(outgoing: Outgoing) -> Unknown:
        remote.take(outgoing)
        return Unknown("reset")

    remote.script = {
        "prepare": [Pending(retry_after=1, handles={"c": 1}), Ready({"c": 2})],
        "commit": [lost, RateLimited(retry_after=5)],
    }


async def die_and_go_on(desk: Desk, clock: StoppedClock, account: Account, death: Death) -> None:
    """Carry until death strikes, then let other workers carry everything to rest."""
    for number in range(10):
        try:
            await carry(desk, account, f"mortal/{number}")
        except Killed:
            break
        async with desk.store.read() as unit:
            upcoming = await unit.workers.next_wake(unit.now)
        if upcoming is not None:
            clock.advance((upcoming - clock.now()).total_seconds())
    death.buried = True
    assert death.struck, "this step never happened: the test proves nothing"
    clock.advance(LEASE + 1)


@pytest.mark.parametrize(("step", "when", "which"), RECORDS)
async def test_death_while_writing(
    step: str,
    when: str,
    which: int,
    desk: Desk,
    clock: StoppedClock,
    remote: Remote,
    account: Account,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    misbehave(remote)
    await add_posts(desk, *TITLES)
    if step == "abandon":
        await leave_sending(desk, clock, account, monkeypatch)
    death = Death(monkeypatch, step, when, which)
    monkeypatch.setattr(Records, step, death.wrap(getattr(Records, step)))
    await die_and_go_on(desk, clock, account, death)
    found = await carry_to_rest(desk, account, clock)
    assert {d.state for d in found} == {DeliveryState.DELIVERED}
    assert sorted(remote.count().values()) == [1, 1, 1]


async def leave_sending(
    desk: Desk, clock: StoppedClock, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An earlier worker died between its intents and its calls."""
    with monkeypatch.context() as patch:
        death = Death(patch, "intend", "after", 1)
        patch.setattr(Records, "intend", death.wrap(Records.intend))
        await die_and_go_on(desk, clock, account, death)
    assert DeliveryState.SENDING in {d.state for d in await deliveries(desk)}


@pytest.mark.parametrize(("step", "when", "which"), CALLS + LOOKS)
async def test_death_around_a_call(
    step: str,
    when: str,
    which: int,
    desk: Desk,
    clock: StoppedClock,
    platform: Scripted,
    remote: Remote,
    account: Account,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if step == "find":
        misbehave(remote)
    await add_posts(desk, *TITLES)
    death = Death(monkeypatch, step, when, which)
    connect = platform.connect

    def mortal(session: Any) -> Any:
        client = connect(session)
        monkeypatch.setattr(client, step, death.wrap(getattr(client, step)))
        return client

    monkeypatch.setattr(platform, "connect", mortal)
    await die_and_go_on(desk, clock, account, death)
    found = await carry_to_rest(desk, account, clock)
    assert {d.state for d in found} == {DeliveryState.DELIVERED}
    assert sorted(remote.count().values()) == [1, 1, 1]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("which", [1, 2, 3])
@pytest.mark.parametrize("shows", [False, True])
async def test_death_around_a_call_that_no_look_can_settle(
    when: str,
    which: int,
    shows: bool,
    desk: Desk,
    clock: StoppedClock,
    platform: Scripted,
    remote: Remote,
    account: Account,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Only the one delivery whose call may have been made waits for a person, also where it can be
    looked up and may not show yet, as with a mailing."""
    platform.declare(reconcile=Reconcile(find=shows, absence=False))
    remote.script["find"] = [Inconclusive("it may be on its way")] * 20
    await add_posts(desk, *TITLES)
    death = Death(monkeypatch, "commit", when, which)
    connect = platform.connect

    def mortal(session: Any) -> Any:
        client = connect(session)
        monkeypatch.setattr(client, "commit", death.wrap(client.commit))
        return client

    monkeypatch.setattr(platform, "connect", mortal)
    await die_and_go_on(desk, clock, account, death)
    found = await carry_to_rest(desk, account, clock)
    states = [d.state for d in found]
    assert states[which - 1] is DeliveryState.HELD
    assert states.count(DeliveryState.DELIVERED) == 2
    copies = remote.count()
    assert copies[found[which - 1].key] == (1 if when == "after" else 0)
    assert max(copies.values()) == 1


@pytest.mark.parametrize("when", ["before", "after"])
async def test_death_around_a_batch_of_calls(
    when: str,
    desk: Desk,
    clock: StoppedClock,
    platform: Scripted,
    remote: Remote,
    account: Account,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A platform that takes a key once may simply be told everything again."""
    platform.declare(batch=10, idempotency=Idempotency.CLIENT_ID, reconcile=Reconcile(find=False))
    remote.script["find"] = [Inconclusive("it cannot be asked") for _ in TITLES]
    known: set[str] = set()

    def take_once(outgoing: Outgoing) -> Any:
        if outgoing.key not in known:
            known.add(outgoing.key)
            return take(outgoing)
        return Published(f"again-{outgoing.key}")

    take = remote.take
    monkeypatch.setattr(remote, "take", take_once)
    await add_posts(desk, *TITLES)
    death = Death(monkeypatch, "commit_batch", when, 1)
    connect = platform.connect

    def mortal(session: Any) -> Any:
        client = connect(session)
        monkeypatch.setattr(client, "commit_batch", death.wrap(client.commit_batch))
        return client

    monkeypatch.setattr(platform, "connect", mortal)
    await die_and_go_on(desk, clock, account, death)
    found = await carry_to_rest(desk, account, clock)
    assert {d.state for d in found} == {DeliveryState.DELIVERED}
    assert sorted(remote.count().values()) == [1, 1, 1]


async def test_a_receipt_that_arrives_after_somebody_called_it_unknown_still_counts(
    desk: Desk, store: Store, clock: StoppedClock, remote: Remote, account: Account
) -> None:
    """The answer of a worker believed dead is the truth, whoever holds the lease by then."""
    from copydesk.distribution.records import _abandoned

    async def overtaken(outgoing: Outgoing) -> Any:
        async with store.begin("other") as unit:
            sending = await unit.deliveries.get(outgoing.delivery_id)
            await unit.deliveries.move(_abandoned(sending, unit.now))
        return remote.take(outgoing)

    remote.script["commit"] = [overtaken]
    await add_posts(desk, *TITLES)
    found = await carry_to_rest(desk, account, clock)
    assert {d.state for d in found} == {DeliveryState.DELIVERED}
    assert sorted(remote.count().values()) == [1, 1, 1]
    assert len(remote.times("find")) == 0
