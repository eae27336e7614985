"""Sending again what had stopped: only what is safe, at a pace, and as the dry run said."""

from __future__ import annotations

from datetime import timedelta

import pytest

from copydesk.core.delivery import Delivery
from copydesk.core.errors import ContentInvalid, NotFound
from copydesk.core.states import MAY_HAVE_LANDED, DeliveryState
from copydesk.store.deliveries import Change
from copydesk.store.letters import Wanted
from copydesk.testing.clocks import StoppedClock
from copydesk.work.accounts.removing import remove_account
from copydesk.work.deliveries.redriving import Redriven, Verdict, redrive
from copydesk.work.desk import Desk
from tests.distribution.carrying import add_posts, carry_to_rest, deliveries, sandbox_has
from tests.store_fixtures import AddSandbox

STATE = DeliveryState


async def stop(desk: Desk, delivery: Delivery, to: DeliveryState, code: str) -> None:
    async with desk.store.begin("courier") as unit:
        await unit.deliveries.move(
            Change(
                delivery=delivery,
                to=to,
                reason="as it happens",
                values={"reason_code": code, "spent": {"absent": 3}},
            )
        )


async def stopped(desk: Desk, count: int, code: str = "attempts_used_up") -> list[Delivery]:
    await add_posts(desk, *(f"post {n}" for n in range(count)))
    for delivery in await deliveries(desk):
        await stop(desk, delivery, STATE.HELD if code in MAY_HAVE_LANDED else STATE.FAILED, code)
    return await deliveries(desk)


def verdicts(done: Redriven) -> dict[str, int]:
    return {verdict.value: number for verdict, number in done.counts.items()}


async def test_a_dry_run_says_exactly_what_then_happens(
    desk: Desk, clock: StoppedClock, sandbox_account: AddSandbox
) -> None:
    account = await sandbox_account()
    before = await stopped(desk, 5)
    dry = await redrive(desk, Wanted(), dry_run=True, actor="ada")
    assert verdicts(dry) == {"sent": 5}
    assert await deliveries(desk) == before, "a dry run changes nothing"
    done = await redrive(desk, Wanted(), actor="ada", reason="the outage is over")
    assert verdicts(done) == verdicts(dry)
    assert [one.delivery.id for one in done.looked] == [one.delivery.id for one in dry.looked]
    after = await deliveries(desk)
    assert {d.state for d in after} == {STATE.SCHEDULED}
    assert {tuple(d.spent.items()) for d in after} == {()}, "all tries are before it again"
    async with desk.store.read() as unit:
        last = (await unit.events.history([after[0].id]))[-1]
    assert (last.actor, last.reason) == ("ada", "the outage is over")
    await carry_to_rest(desk, account, clock)
    assert set(sandbox_has(desk, account).values()) == {1}
    assert verdicts(await redrive(desk, Wanted(), actor="ada")) == {}, "nothing is left to redrive"


async def test_many_do_not_leave_at_once(
    desk: Desk, clock: StoppedClock, sandbox_account: AddSandbox
) -> None:
    await sandbox_account()
    await stopped(desk, 30)
    await redrive(desk, Wanted(), actor="ada")
    moments = [d.wake_at for d in await deliveries(desk)]
    known = [moment for moment in moments if moment is not None]
    assert len(set(known)) == 30
    assert known == sorted(known), "in their order"
    assert known[0] == clock.now(), "the first one need not wait"


@pytest.mark.parametrize("code", sorted(MAY_HAVE_LANDED))
async def test_what_may_have_landed_is_never_sent_with_others(
    code: str, desk: Desk, sandbox_account: AddSandbox
) -> None:
    await sandbox_account()
    held = await stopped(desk, 3, code)
    wanted = Wanted(states=(STATE.HELD, STATE.FAILED))
    assert verdicts(await redrive(desk, wanted, actor="ada")) == {"may-have-landed": 3}
    ids = [d.id for d in held]
    assert verdicts(await redrive(desk, wanted, ids=ids, actor="ada")) == {"may-have-landed": 3}
    with pytest.raises(ContentInvalid, match="one delivery at a time"):
        await redrive(desk, Wanted(), ids=ids, did_not_land=True, actor="ada")
    with pytest.raises(ContentInvalid, match="one delivery at a time"):
        await redrive(desk, wanted, did_not_land=True, actor="ada")
    one = await redrive(desk, Wanted(), ids=ids[:1], did_not_land=True, actor="ada")
    assert verdicts(one) == {"sent": 1}
    assert [d.state for d in await deliveries(desk)] == [STATE.SCHEDULED, STATE.HELD, STATE.HELD]


async def test_filters_narrow_and_the_limit_can_be_gone_on_from(
    desk: Desk, clock: StoppedClock, sandbox_account: AddSandbox
) -> None:
    await sandbox_account("first")
    await sandbox_account("second")
    early = await stopped(desk, 2)
    began = clock.now()
    clock.advance(3600)
    (late_post,) = await add_posts(desk, "late")
    for delivery in (await deliveries(desk))[len(early) :]:
        await stop(desk, delivery, STATE.FAILED, "attempts_used_up")

    async def would(wanted: Wanted) -> int:
        return verdicts(await redrive(desk, wanted, dry_run=True, actor="ada")).get("sent", 0)

    assert await would(Wanted()) == 6
    assert await would(Wanted(account="first")) == 3
    assert await would(Wanted(platform="sandbox")) == 6
    assert await would(Wanted(platform="mastodon")) == 0
    assert await would(Wanted(reason_code="refused")) == 0
    assert await would(Wanted(post_id=late_post)) == 2
    assert await would(Wanted(since=began + timedelta(minutes=1))) == 2
    assert await would(Wanted(until=began + timedelta(minutes=1))) == 4
    assert await would(Wanted(states=(STATE.HELD,))) == 0
    sent = []
    for _ in range(3):
        done = await redrive(desk, Wanted(), limit=2, actor="ada")
        sent.append((verdicts(done).get("sent"), done.more))
    assert sent == [(2, True), (2, True), (2, False)]


async def test_states_that_cannot_be_sent_again_are_named(desk: Desk) -> None:
    with pytest.raises(ContentInvalid, match="delivered cannot be sent again"):
        await redrive(desk, Wanted(states=(STATE.DELIVERED,)), actor="ada")
    with pytest.raises(NotFound):
        await redrive(desk, Wanted(), ids=["dlv_nobody"], actor="ada")


async def test_an_account_that_was_removed_sends_nothing_more(
    desk: Desk, clock: StoppedClock, sandbox_account: AddSandbox
) -> None:
    account = await sandbox_account("gone")
    await add_posts(desk, "one", "two", "three")
    scheduled, unknown, failed = await deliveries(desk)
    await stop(desk, failed, STATE.FAILED, "attempts_used_up")
    async with desk.store.begin("courier") as unit:
        sending = Change(delivery=unknown, to=STATE.SENDING, values={"wake_at": clock.now()})
        await unit.deliveries.move(sending)
    removed = await remove_account(desk, "gone", actor="ada")
    assert (removed.cancelled, removed.held, removed.sending) == (1, 0, 1)
    async with desk.store.read() as unit:
        assert await unit.accounts.secrets(account.id) == b""
        assert await unit.accounts.all(desk.workspace_id) == []
    found = {d.id: d for d in await carry_to_rest(desk, account, clock)}
    assert found[scheduled.id].state is STATE.CANCELLED
    assert found[scheduled.id].reason_code == "account_removed"
    assert "another account" in found[scheduled.id].remedy
    assert found[unknown.id].state is STATE.HELD, "it may have landed, and nobody can ask any more"
    assert found[failed.id].state is STATE.FAILED
    assert sandbox_has(desk, account) == {}
    assert verdicts(await redrive(desk, Wanted(), actor="ada")) == {
        Verdict.ACCOUNT_REMOVED.value: 1
    }
    assert (await sandbox_account("gone")).id != account.id, "the name is free again"
