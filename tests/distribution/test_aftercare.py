"""After publishing, through planning and couriers, on both stores: nothing lost, nothing silent."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from copydesk.core.account import Account
from copydesk.core.delivery import Action, Delivery
from copydesk.core.errors import ContentInvalid
from copydesk.core.standing import Stands
from copydesk.core.states import DeliveryState
from copydesk.distribution.inspection import next_look
from copydesk.distribution.plans import Intended
from copydesk.platforms.kit.lifecycle import Window
from copydesk.platforms.sandbox.ledger import Ledger
from copydesk.testing.clocks import NOON, StoppedClock
from copydesk.transformation.content import read_markdown_file
from copydesk.work.accounts.connecting import change_account
from copydesk.work.deliveries.inspecting import inspect_account, inspect_now
from copydesk.work.deliveries.manuscripts import Manuscript
from copydesk.work.deliveries.publishing import Publication, preview, publish
from copydesk.work.deliveries.settling import Decision, decide_delivery
from copydesk.work.deliveries.times import Wish
from copydesk.work.deliveries.unpublishing import Taken, plan_withdrawals, unpublish
from copydesk.work.desk import Desk
from tests.distribution.carrying import carry, carry_to_rest, deliveries
from tests.distribution.scripted import Scripted
from tests.store_fixtures import AddSandbox

AddAccount = Callable[..., Coroutine[Any, Any, Account]]


def manuscript(text: str = "We open on Sunday.", **fields: str) -> Manuscript:
    front = "".join(f"{key}: {value}\n" for key, value in {"title": "Hours", **fields}.items())
    file = read_markdown_file(f"---\n{front}---\n\n{text}\n", filename="hours.md")
    return Manuscript(source_key="file:hours.md", file=file, images=())


async def put_out(
    desk: Desk, account: Account, clock: StoppedClock, given: Manuscript | None = None
) -> Publication:
    done = await publish(desk, given or manuscript(), [account.name], actor="test")
    found = await carry_to_rest(desk, account, clock)
    assert found[-1].state is DeliveryState.DELIVERED, found[-1].reason
    return done


async def take_down(desk: Desk, done: Publication) -> None:
    async with desk.store.begin("test") as unit:
        await unpublish(unit, done.post)


def ledger(desk: Desk, account: Account) -> Ledger:
    return Ledger(desk.settings.home / "sandbox", account.id)


def edit_there(desk: Desk, account: Account, id: str, title: str = "Closed") -> None:
    kept = ledger(desk, account).newest(id)
    assert kept is not None
    payload = {**kept["payload"], "title": title}
    line = {"id": id, "key": "somebody", "received_at": NOON.isoformat(), "payload": payload}
    ledger(desk, account).accept(line, once=False)


async def now(desk: Desk, delivery: Delivery) -> Delivery:
    async with desk.store.read() as unit:
        return await unit.deliveries.get(delivery.id)


# ---------------------------------------------------------------- taking down


async def test_a_post_is_taken_down_once_and_published_anew_after_that(
    desk: Desk, clock: StoppedClock, sandbox_account: AddSandbox
) -> None:
    account = await sandbox_account()
    done = await put_out(desk, account, clock)
    await take_down(desk, done)
    await take_down(desk, done)
    first, removal = await carry_to_rest(desk, account, clock)
    assert (removal.action, removal.state) == (Action.DELETE, DeliveryState.DELIVERED)
    assert removal.target_id == first.remote_id
    assert [line.get("action") for line in ledger(desk, account).posts()] == ["create", "delete"]

    again = await put_out(desk, account, clock)
    assert again.plans[0].intended is Intended.CREATE
    last = (await deliveries(desk))[-1]
    assert last.action is Action.CREATE
    assert last.remote_id != first.remote_id
    assert len({first.key, removal.key, last.key}) == 3
    assert (await publish(desk, manuscript(), ["sandbox"], actor="test")).plans[
        0
    ].intended is Intended.NOTHING


@pytest.mark.parametrize(
    ("fault", "removals"),
    [("error_after_accept", 1), ("lost_response", 1), ("reset_before_accept", 1), ("html", 1)],
)
async def test_a_removal_with_a_lying_answer_happens_exactly_once(
    desk: Desk, clock: StoppedClock, sandbox_account: AddSandbox, fault: str, removals: int
) -> None:
    account = await sandbox_account()
    done = await put_out(desk, account, clock)
    await change_account(desk, "sandbox", settings={"fault": fault}, secrets={}, actor="test")
    await take_down(desk, done)
    *_, removal = await carry_to_rest(desk, account, clock)
    assert removal.state is DeliveryState.DELIVERED
    assert ledger(desk, account).newest(removal.target_id) is None
    acts = [line.get("action") for line in ledger(desk, account).posts()]
    assert acts.count("delete") == removals
    async with desk.store.read() as unit:
        states = [event.to_state for event in await unit.events.history([removal.id])]
    assert DeliveryState.UNKNOWN in states


async def test_what_was_removed_there_already_counts_as_taken_down(
    desk: Desk, clock: StoppedClock, sandbox_account: AddSandbox
) -> None:
    account = await sandbox_account()
    done = await put_out(desk, account, clock)
    (first,) = await deliveries(desk)
    line = {"id": first.remote_id, "key": "k", "received_at": NOON.isoformat(), "action": "delete"}
    ledger(desk, account).accept(line, once=False)
    await take_down(desk, done)
    *_, removal = await carry_to_rest(desk, account, clock)
    assert removal.state is DeliveryState.DELIVERED


async def test_what_was_not_sent_yet_is_cancelled(
    desk: Desk, clock: StoppedClock, sandbox_account: AddSandbox
) -> None:
    account = await sandbox_account()
    later = clock.now() + timedelta(hours=3)
    wish = Wish(at=later.isoformat())
    done = await publish(desk, manuscript(), [account.name], wish=wish, actor="test")
    async with desk.store.read() as unit:
        (plan,) = await plan_withdrawals(unit, done.post)
    assert plan.taken is Taken.CANCEL
    await take_down(desk, done)
    clock.advance(4 * 3600)
    await carry(desk, account)
    assert [d.state for d in await deliveries(desk)] == [DeliveryState.CANCELLED]
    assert ledger(desk, account).posts() == []


async def test_nothing_is_taken_down_while_its_outcome_is_not_known(
    desk: Desk, clock: StoppedClock, sandbox_account: AddSandbox
) -> None:
    account = await sandbox_account(fault="lost_response", read_delay="60")
    done = await publish(desk, manuscript(), [account.name], actor="test")
    await carry(desk, account)
    (first,) = await deliveries(desk)
    assert first.state is DeliveryState.UNKNOWN
    with pytest.raises(ContentInvalid) as refused:
        await take_down(desk, done)
    assert refused.value.findings[0].code == "in_flight"
    assert len(await deliveries(desk)) == 1


async def test_a_platform_that_cannot_delete_says_so_before_anything_happens(
    desk: Desk, clock: StoppedClock, platform: Scripted, account: Account, sandbox: None
) -> None:
    done = await put_out(desk, account, clock)
    platform.declare(can_delete=False, no_delete="Send a correction.")
    with pytest.raises(ContentInvalid) as refused:
        await take_down(desk, done)
    (finding,) = refused.value.findings
    assert (finding.code, finding.remedy) == ("cannot_delete", "Send a correction.")
    assert len(await deliveries(desk)) == 1

    day = Window(within=86_400, source="its manual", checked=NOON.date())
    platform.declare(can_delete=True, deletes=day)
    clock.advance(86_401)
    with pytest.raises(ContentInvalid, match="have passed"):
        await take_down(desk, done)


async def test_publishing_again_calls_off_a_removal_that_is_not_through(
    desk: Desk, clock: StoppedClock, sandbox_account: AddSandbox
) -> None:
    account = await sandbox_account()
    done = await put_out(desk, account, clock)
    await take_down(desk, done)
    again = await publish(desk, manuscript(), [account.name], actor="test")
    assert again.plans[0].intended is Intended.KEEP
    first, removal = await carry_to_rest(desk, account, clock)
    assert removal.state is DeliveryState.CANCELLED
    assert ledger(desk, account).newest(first.remote_id) is not None


# ---------------------------------------------------------------- looking again


async def test_posts_are_looked_at_on_schedule_and_an_edit_there_is_told(
    desk: Desk, clock: StoppedClock, sandbox_account: AddSandbox
) -> None:
    account = await sandbox_account()
    await put_out(desk, account, clock)
    (post,) = await deliveries(desk)
    assert post.inspect_at == clock.now() + timedelta(hours=1)
    async with desk.store.read() as unit:
        assert await unit.aftercare.accounts_to_inspect(clock.now()) == []

    clock.advance(3601)
    async with desk.store.read() as unit:
        assert await unit.aftercare.accounts_to_inspect(clock.now()) == [account.id]
    await inspect_account(desk, account.id)
    post = await now(desk, post)
    assert (post.standing, post.state) == (Stands.AS_PUBLISHED, DeliveryState.DELIVERED)
    assert post.inspect_at == NOON + timedelta(days=1)

    edit_there(desk, account, post.remote_id)
    clock.advance(86_400)
    await inspect_account(desk, account.id)
    post = await now(desk, post)
    assert post.standing == Stands.CHANGED
    assert "title was changed there" in post.standing_note
    clock.advance(7 * 86_400)
    await inspect_account(desk, account.id)
    post = await now(desk, post)
    assert post.inspect_at is None
    async with desk.store.read() as unit:
        told = [e for e in await unit.events.history([post.id]) if e.data.get("standing")]
    assert [e.data["standing"] for e in told] == ["changed"]


async def test_a_look_that_tells_nothing_keeps_what_was_known(
    desk: Desk, clock: StoppedClock, sandbox_account: AddSandbox
) -> None:
    account = await sandbox_account()
    await put_out(desk, account, clock)
    (post,) = await deliveries(desk)
    edit_there(desk, account, post.remote_id)
    (seen,) = await inspect_now(desk, [post.id], actor="test")
    assert seen.delivery.standing == Stands.CHANGED
    await change_account(desk, "sandbox", settings={"find": "no"}, secrets={}, actor="test")
    (seen,) = await inspect_now(desk, [post.id], actor="test")
    assert type(seen.standing).__name__ == "Inconclusive"
    assert seen.delivery.standing == Stands.CHANGED


async def test_what_was_replaced_is_not_looked_at_any_more(
    desk: Desk, clock: StoppedClock, sandbox_account: AddSandbox
) -> None:
    account = await sandbox_account()
    await put_out(desk, account, clock)
    await put_out(desk, account, clock, manuscript("We open on Monday."))
    first, second = await deliveries(desk)
    clock.advance(3601)
    await inspect_account(desk, account.id)
    first, second = await now(desk, first), await now(desk, second)
    assert (first.standing, first.inspect_at) == ("", None)
    assert second.standing == Stands.AS_PUBLISHED


def test_looks_end() -> None:
    schedule = (3600.0, 86_400.0)
    assert next_look(schedule, NOON, NOON) == NOON + timedelta(hours=1)
    assert next_look(schedule, NOON, NOON + timedelta(hours=2)) == NOON + timedelta(days=1)
    assert next_look(schedule, NOON, NOON + timedelta(days=2)) is None
    assert next_look((), NOON, NOON) is None


# ---------------------------------------------------------------- nobody's edit is overwritten


async def test_an_edit_there_stands_in_the_way_of_an_update_until_a_person_insists(
    desk: Desk, clock: StoppedClock, sandbox_account: AddSandbox
) -> None:
    account = await sandbox_account()
    await put_out(desk, account, clock)
    (post,) = await deliveries(desk)
    edit_there(desk, account, post.remote_id)
    await inspect_now(desk, [post.id], actor="test")
    changed = manuscript("We open on Monday.")
    (plan,) = await preview(desk, changed, [account])
    assert (plan.intended, plan.errors[0].code) == (Intended.REFUSE, "changed_there")
    with pytest.raises(ContentInvalid, match="changed it on the platform"):
        await publish(desk, changed, [account.name], actor="test")

    await publish(desk, changed, [account.name], overwrite=True, actor="test")
    *_, update = await carry_to_rest(desk, account, clock)
    assert (update.action, update.state) == (Action.UPDATE, DeliveryState.DELIVERED)
    kept = ledger(desk, account).newest(post.remote_id)
    assert kept is not None
    assert "Monday" in kept["payload"]["markdown"]


async def test_an_edit_nobody_has_seen_yet_holds_the_update_back(
    desk: Desk, clock: StoppedClock, sandbox_account: AddSandbox
) -> None:
    account = await sandbox_account()
    await put_out(desk, account, clock)
    (post,) = await deliveries(desk)
    edit_there(desk, account, post.remote_id)
    await publish(desk, manuscript("We open on Monday."), [account.name], actor="test")
    *_, update = await carry_to_rest(desk, account, clock)
    assert (update.state, update.reason_code) == (DeliveryState.HELD, "changed_there")
    assert update.attempts == 0
    assert (await now(desk, post)).standing == Stands.CHANGED

    async with desk.store.begin("test") as unit:
        await decide_delivery(unit, update.id, Decision.SEND)
    *_, update = await carry_to_rest(desk, account, clock)
    assert update.state is DeliveryState.DELIVERED


async def test_what_was_removed_there_is_published_again_only_when_asked(
    desk: Desk, clock: StoppedClock, sandbox_account: AddSandbox
) -> None:
    account = await sandbox_account()
    await put_out(desk, account, clock)
    (post,) = await deliveries(desk)
    line = {"id": post.remote_id, "key": "k", "received_at": NOON.isoformat(), "action": "delete"}
    ledger(desk, account).accept(line, once=False)
    await inspect_now(desk, [post.id], actor="test")
    (plan,) = await preview(desk, manuscript(), [account])
    assert plan.errors[0].code == "gone_there"
    await publish(desk, manuscript(), [account.name], overwrite=True, actor="test")
    *_, again = await carry_to_rest(desk, account, clock)
    assert (again.action, again.state) == (Action.CREATE, DeliveryState.DELIVERED)


async def test_an_unknown_update_is_found_or_sent_again(
    desk: Desk, clock: StoppedClock, sandbox_account: AddSandbox
) -> None:
    for number, fault in enumerate(["lost_response", "reset_before_accept"]):
        name = f"sandbox-{number}"
        account = await sandbox_account(name)
        given = replace(manuscript(), source_key=f"file:{number}.md")
        await put_out(desk, account, clock, given)
        await change_account(desk, name, settings={"fault": fault}, secrets={}, actor="test")
        changed = replace(manuscript("We open on Monday."), source_key=f"file:{number}.md")
        await publish(desk, changed, [name], actor="test")
        *_, update = await carry_to_rest(desk, account, clock)
        assert update.state is DeliveryState.DELIVERED
        lines = ledger(desk, account).posts()
        assert [line["key"] for line in lines].count(update.key) == 1


async def test_a_window_to_edit_closes(
    desk: Desk, clock: StoppedClock, platform: Scripted, account: Account, sandbox: None
) -> None:
    platform.declare(edits=Window(within=1800, times=1, source="its manual", checked=NOON.date()))
    await put_out(desk, account, clock)
    (once,) = await preview(desk, manuscript("Monday."), [account])
    assert once.intended is Intended.UPDATE
    await put_out(desk, account, clock, manuscript("Monday."))
    (twice,) = await preview(desk, manuscript("Tuesday."), [account])
    assert twice.errors[0].code == "window_closed"
    assert "times, which have been used" in twice.errors[0].message
