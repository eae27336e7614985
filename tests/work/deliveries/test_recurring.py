"""Series make deliveries by themselves, keep their hour, and make up for one missed time only."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from copydesk.core.errors import Conflict, ContentInvalid, NotFound
from copydesk.core.post import Tier
from copydesk.core.recurrence import Series
from copydesk.core.states import AccountState, DeliveryState, PostState, SeriesState
from copydesk.core.timetable import LatePolicy
from copydesk.core.timing import Timing
from copydesk.core.zones import wall_of, zone_of
from copydesk.distribution.moving import cancel, retime
from copydesk.store.credentials import Lifetimes
from copydesk.store.tables import blobs
from copydesk.testing.clocks import StoppedClock
from copydesk.transformation.content import read_markdown_file
from copydesk.work.deliveries.manuscripts import Manuscript
from copydesk.work.deliveries.occurrences import HORIZON, ending_credentials, plan_series
from copydesk.work.deliveries.publishing import publish, put_post, settle_post
from copydesk.work.deliveries.recurring import (
    SeriesForm,
    add_series,
    change_sources,
    pause_series,
    resume_series,
)
from copydesk.work.deliveries.settling import Decision, decide_delivery
from copydesk.work.deliveries.times import Wish
from copydesk.work.deliveries.timetables import TimetableForm, set_timetable
from copydesk.work.desk import Desk
from tests.distribution.carrying import carry, carry_to_rest, deliveries, sandbox_has
from tests.store_fixtures import AddSandbox

BERLIN = zone_of("Europe/Berlin")


def manuscript(title: str, body: str = "Words.") -> Manuscript:
    file = read_markdown_file(f"# {title}\n\n{body}", filename=f"{title}.md")
    return Manuscript(source_key=f"file:{title}", file=file, images=())


async def start(desk: Desk, rule: str, *titles: str, name: str = "tips", **more: str) -> Series:
    form = SeriesForm(
        name=name,
        rule=rule,
        start=more.pop("start", "2026-11-01 09:00"),
        zone="Europe/Berlin",
        accounts=["sandbox"],
        **more,  # type: ignore[arg-type]
    )
    return await add_series(desk, form, [manuscript(title) for title in titles], actor="ada")


async def now_of(desk: Desk, found: Series) -> Series:
    async with desk.store.read() as unit:
        return await unit.series.get(found.id)


async def test_occurrences_are_planned_ahead_in_turn_each_with_its_own_key(
    desk: Desk, clock: StoppedClock, sandbox_account: AddSandbox
) -> None:
    account = await sandbox_account()
    await start(desk, "FREQ=WEEKLY;BYDAY=MO,TH", "one", "two")
    planned = await deliveries(desk)
    assert [f"{wall_of(d.due_at, BERLIN):%a %H:%M}" for d in planned] == [
        "Mon 09:00",
        "Thu 09:00",
        "Mon 09:00",
        "Thu 09:00",
    ]
    assert planned[0].post_id == planned[2].post_id != planned[1].post_id
    assert len({d.key for d in planned}) == 4
    for delivery in planned:
        clock.advance((delivery.due_at - clock.now()).total_seconds())
        await carry(desk, account)
    assert len(sandbox_has(desk, account)) == 4


async def test_a_series_goes_on_by_itself_and_ends_with_its_rule(
    desk: Desk, clock: StoppedClock, sandbox_account: AddSandbox
) -> None:
    await sandbox_account()
    made = await start(desk, "FREQ=DAILY;INTERVAL=10;UNTIL=20270110", "one")
    seen = 0
    for _ in range(12):
        found = await now_of(desk, made)
        if found.wake_at is None:
            break
        clock.advance((found.wake_at - clock.now()).total_seconds())
        async with desk.store.read() as unit:
            due = await unit.workers.due(unit.now)
        assert due["series"] == [made.id]
        await plan_series(desk, made.id)
        ahead = [d for d in await deliveries(desk) if d.due_at > clock.now()]
        assert all(d.due_at - clock.now() <= HORIZON for d in ahead)
        seen = len(await deliveries(desk))
    due_days = [wall_of(d.due_at, BERLIN) for d in await deliveries(desk)]
    assert [f"{day:%m-%d}" for day in due_days] == ["12-01", "12-11", "12-21", "12-31", "01-10"]
    assert seen == 5
    assert (await now_of(desk, made)).wake_at is None


async def test_planning_twice_plans_once(
    desk: Desk, clock: StoppedClock, sandbox_account: AddSandbox
) -> None:
    await sandbox_account()
    made = await start(desk, "FREQ=DAILY", "one")
    before = len(await deliveries(desk))
    await plan_series(desk, made.id)
    await plan_series(desk, made.id)
    assert len(await deliveries(desk)) == before


async def test_after_an_outage_only_the_last_missed_time_is_made_up_for(
    desk: Desk, clock: StoppedClock, sandbox_account: AddSandbox
) -> None:
    await sandbox_account()
    made = await start(desk, "FREQ=DAILY", "one")
    before = {d.id for d in await deliveries(desk)}
    clock.advance(timedelta(days=60).total_seconds())
    await plan_series(desk, made.id)
    fresh = [d for d in await deliveries(desk) if d.id not in before]
    late = [d for d in fresh if d.due_at <= clock.now()]
    assert len(late) == 1
    assert clock.now() - late[0].due_at < timedelta(days=1)
    assert len(fresh) - 1 == 14


@pytest.mark.parametrize("days", [7, 30])
async def test_an_outage_does_not_end_in_a_flood_of_what_was_planned_before_it(
    desk: Desk, clock: StoppedClock, sandbox_account: AddSandbox, days: int
) -> None:
    account = await sandbox_account()
    made = await start(desk, "FREQ=DAILY", "one", "two")
    clock.advance(timedelta(days=days).total_seconds())
    await carry(desk, account)
    await plan_series(desk, made.id)
    await carry(desk, account)
    assert len(sandbox_has(desk, account)) == 1
    gone = [d for d in await deliveries(desk) if d.due_at <= clock.now()]
    assert [d.state for d in gone] == [DeliveryState.EXPIRED] * (len(gone) - 1) + [
        DeliveryState.DELIVERED
    ]
    assert clock.now() - gone[-1].due_at < timedelta(days=1)
    assert "only the last missed time is made up for" in gone[0].reason
    assert f"schedule move {gone[0].id}" in gone[0].remedy


async def test_what_a_person_sends_again_goes_though_its_series_has_gone_on(
    desk: Desk, clock: StoppedClock, sandbox_account: AddSandbox
) -> None:
    account = await sandbox_account()
    form = SeriesForm(
        name="tips",
        rule="FREQ=DAILY",
        start="2026-11-01 09:00",
        zone="Europe/Berlin",
        accounts=["sandbox"],
        late=LatePolicy.ASK,
    )
    await add_series(desk, form, [manuscript("one")], actor="ada")
    first = (await deliveries(desk))[0]
    clock.advance((first.due_at - clock.now()).total_seconds() + 3600)
    await carry(desk, account)
    async with desk.store.read() as unit:
        assert (await unit.deliveries.get(first.id)).state is DeliveryState.HELD
    clock.advance(timedelta(days=3).total_seconds())
    async with desk.store.begin("ada") as unit:
        await decide_delivery(unit, first.id, Decision.SEND)
    await carry(desk, account)
    async with desk.store.read() as unit:
        assert (await unit.deliveries.get(first.id)).state is DeliveryState.DELIVERED


async def test_occurrences_that_wait_for_their_distance_are_not_missed(
    desk: Desk, clock: StoppedClock, sandbox_account: AddSandbox
) -> None:
    account = await sandbox_account()
    async with desk.store.begin("ada") as unit:
        await set_timetable(unit, desk.workspace_id, "sandbox", TimetableForm(spacing="30m"))
    await start(desk, "FREQ=DAILY;COUNT=3;BYMINUTE=0,10,20", "one", start="2026-11-22 09:00")
    done = await carry_to_rest(desk, account, clock)
    assert [d.state for d in done] == [DeliveryState.DELIVERED] * 3
    assert clock.now() - done[0].due_at >= timedelta(hours=1)


async def test_a_series_that_is_over_before_it_begins_is_refused(
    desk: Desk, sandbox_account: AddSandbox
) -> None:
    await sandbox_account()
    with pytest.raises(ContentInvalid) as caught:
        await start(desk, "FREQ=DAILY;COUNT=3", "one", start="2026-10-01 09:00")
    assert [(f.code, f.field) for f in caught.value.findings] == [("series_over", "rule")]
    with pytest.raises(ContentInvalid) as caught:
        await start(desk, "FREQ=DAILY", "one", start="1990-10-01 09:00")
    assert [f.field for f in caught.value.findings] == ["start"]


@pytest.mark.parametrize("name", ["", " ", "pst_1", "a,b", "x" * 101])
async def test_what_cannot_name_a_series_is_refused(
    desk: Desk, sandbox_account: AddSandbox, name: str
) -> None:
    await sandbox_account()
    with pytest.raises(ContentInvalid) as caught:
        await start(desk, "FREQ=DAILY", "one", name=name)
    assert [(f.code, f.field) for f in caught.value.findings] == [("name_invalid", "name")]


async def test_a_pause_leaves_out_what_would_have_been(
    desk: Desk, clock: StoppedClock, sandbox_account: AddSandbox
) -> None:
    await sandbox_account()
    made = await start(desk, "FREQ=DAILY", "one")
    async with desk.store.begin("ada") as unit:
        await pause_series(unit, desk.workspace_id, "tips")
    assert {d.state for d in await deliveries(desk)} == {DeliveryState.CANCELLED}
    clock.advance(timedelta(days=5).total_seconds())
    await plan_series(desk, made.id)
    assert {d.state for d in await deliveries(desk)} == {DeliveryState.CANCELLED}
    async with desk.store.begin("ada") as unit:
        assert (await resume_series(unit, desk.workspace_id, "tips")).state is SeriesState.RUNNING
    going = [d for d in await deliveries(desk) if d.state is DeliveryState.SCHEDULED]
    assert going
    assert all(d.due_at > clock.now() for d in going)


async def test_a_series_that_cannot_go_on_is_paused_with_the_reason(
    desk: Desk, clock: StoppedClock, sandbox_account: AddSandbox
) -> None:
    account = await sandbox_account()
    made = await start(desk, "FREQ=DAILY", "one")
    async with desk.store.begin("ada") as unit:
        await unit.accounts.move(
            await unit.accounts.get(account.id), AccountState.REMOVED, "not ours any more"
        )
    found = await now_of(desk, made)
    assert found.wake_at is not None
    clock.advance((found.wake_at - clock.now()).total_seconds())
    await plan_series(desk, made.id)
    paused = await now_of(desk, made)
    assert paused.state is SeriesState.PAUSED
    assert "were removed" in paused.reason


async def test_a_circle_cannot_be_made_by_changing_what_is_there(
    desk: Desk, sandbox_account: AddSandbox
) -> None:
    await sandbox_account()
    await start(desk, "FREQ=DAILY;COUNT=40", "one", name="a")
    form = SeriesForm(
        name="b",
        rule="FREQ=DAILY;COUNT=40",
        start="2026-11-01 09:00",
        zone="Europe/Berlin",
        accounts=["sandbox"],
        include=["a"],
    )
    await add_series(desk, form, actor="ada")
    with pytest.raises(ContentInvalid) as caught:
        async with desk.store.begin("ada") as unit:
            await change_sources(unit, desk.workspace_id, "a", include=["b"])
    assert caught.value.findings[0].code == "series_cyclic"
    assert "a → b → a" in caught.value.findings[0].message


@pytest.mark.parametrize("elsewhere", [False, True])
async def test_a_series_goes_through_no_post_that_was_not_approved_here(
    desk: Desk, clock: StoppedClock, sandbox_account: AddSandbox, elsewhere: bool
) -> None:
    await sandbox_account()
    made = await start(desk, "FREQ=DAILY", "one")
    async with desk.store.begin("ada") as unit:
        post, _ = await put_post(unit, desk, manuscript("two"))
        if elsewhere:
            other = await unit.workspaces.ensure("other", "person")
            post, _ = await unit.posts.add(
                workspace_id=other.id,
                source_key="file:theirs",
                content=manuscript("theirs").content,
                tier=Tier.PERSON,
            )
            await settle_post(unit, post, "theirs", unit.now)
    refused = NotFound if elsewhere else Conflict
    with pytest.raises(refused, match=post.id):
        async with desk.store.begin("ada") as unit:
            await change_sources(unit, desk.workspace_id, "tips", posts=[post.id])
    assert (await now_of(desk, made)).sources == made.sources


async def test_a_post_that_is_held_again_is_passed_over_until_it_is_approved(
    desk: Desk, clock: StoppedClock, sandbox_account: AddSandbox
) -> None:
    await sandbox_account()
    made = await start(desk, "FREQ=DAILY", "one", "two")
    before = {d.id for d in await deliveries(desk)}
    first, second = made.sources
    async with desk.store.begin("ada") as unit:
        await unit.posts.move(await unit.posts.get(first), PostState.HELD, reason="an audit")
    clock.advance(timedelta(days=10).total_seconds())
    await plan_series(desk, made.id)
    fresh = [d for d in await deliveries(desk) if d.id not in before]
    assert fresh
    assert {d.post_id for d in fresh} == {second}
    async with desk.store.begin("ada") as unit:
        await unit.posts.move(await unit.posts.get(second), PostState.HELD, reason="an audit")
    clock.advance(timedelta(days=10).total_seconds())
    await plan_series(desk, made.id)
    found = await now_of(desk, made)
    assert found.state is SeriesState.PAUSED
    assert "approved" in found.reason


async def test_publishing_the_post_itself_leaves_its_occurrences_alone(
    desk: Desk, clock: StoppedClock, sandbox_account: AddSandbox
) -> None:
    account = await sandbox_account()
    await start(desk, "FREQ=DAILY", "one")
    waiting = {d.id for d in await deliveries(desk)}
    done = await publish(desk, manuscript("one"), ["sandbox"], wish=Wish(), actor="ada")
    assert done.deliveries[0].id not in waiting
    await carry(desk, account)
    async with desk.store.read() as unit:
        states = {(await unit.deliveries.get(id)).state for id in waiting}
    assert states == {DeliveryState.SCHEDULED}


async def test_one_occurrence_is_called_off_and_the_others_stay(
    desk: Desk, clock: StoppedClock, sandbox_account: AddSandbox
) -> None:
    await sandbox_account()
    made = await start(desk, "FREQ=DAILY", "one")
    first = (await deliveries(desk))[0]
    async with desk.store.begin("ada") as unit:
        await cancel(unit, first)
    found = await now_of(desk, made)
    assert found.wake_at is not None
    clock.advance((found.wake_at - clock.now()).total_seconds())
    await plan_series(desk, made.id)
    again = [d for d in await deliveries(desk) if d.due_at == first.due_at]
    assert [d.state for d in again] == [DeliveryState.CANCELLED]


async def test_a_post_whose_image_is_gone_is_refused_before_anything_is_planned(
    desk: Desk, sandbox_account: AddSandbox
) -> None:
    from copydesk.core.post import Media

    await sandbox_account()
    data = b"not really a picture"
    picture = manuscript("one", "Look: ![A lamp](lamp.png)")
    async with desk.store.begin("test") as unit:
        digest = await unit.workspaces.keep(data)
    media = Media(name="lamp.png", content_type="image/png", sha256=digest, size=len(data))
    whole = Manuscript(source_key=picture.source_key, file=picture.file, images=((media, data),))
    done = await publish(desk, whole, ["sandbox"], wish=Wish(), actor="ada")
    async with desk.store.begin("test") as unit:
        await unit.connection.execute(sa.delete(blobs).where(blobs.c.sha256 == digest))
    form = SeriesForm(
        name="tips",
        rule="FREQ=DAILY",
        start="2026-11-01 09:00",
        zone="Europe/Berlin",
        accounts=["sandbox"],
        posts=[done.post.id],
    )
    before = await deliveries(desk)
    with pytest.raises(ContentInvalid) as caught:
        await add_series(desk, form, actor="ada")
    found = caught.value.findings[0]
    assert (found.code, found.field) == ("media_missing", "sandbox: media lamp.png")
    assert "image beside it" in found.remedy
    assert await deliveries(desk) == before
    async with desk.store.read() as unit:
        assert await unit.series.all(desk.workspace_id) == []


@pytest.mark.parametrize("what", ["called off", "moved"])
async def test_what_a_person_took_out_does_not_come_back_after_a_pause(
    desk: Desk, clock: StoppedClock, sandbox_account: AddSandbox, what: str
) -> None:
    await sandbox_account("left")
    await sandbox_account("right")
    form = SeriesForm(
        name="tips",
        rule="FREQ=DAILY",
        start="2026-11-01 09:00",
        zone="Europe/Berlin",
        accounts=["left", "right"],
    )
    await add_series(desk, form, [manuscript("one")], actor="ada")
    planned = await deliveries(desk)
    taken, beside = [d for d in planned if d.due_at == planned[0].due_at]
    later = Timing(due_at=taken.due_at + timedelta(minutes=7))
    async with desk.store.begin("ada") as unit:
        if what == "called off":
            await cancel(unit, taken)
        else:
            account = await unit.accounts.get(taken.account_id)
            await retime(unit, taken, account, later)
        await pause_series(unit, desk.workspace_id, "tips")
        await resume_series(unit, desk.workspace_id, "tips")
    waiting = {
        (d.account_id, d.due_at)
        for d in await deliveries(desk)
        if d.state is DeliveryState.SCHEDULED
    }
    before = {(d.account_id, d.due_at) for d in planned}
    gone = {(taken.account_id, taken.due_at)}
    instead = {(taken.account_id, later.due_at)} if what == "moved" else set()
    assert (beside.account_id, beside.due_at) in waiting
    assert waiting == before - gone | instead


async def test_an_unknown_series_is_told_with_those_there_are(
    desk: Desk, sandbox_account: AddSandbox
) -> None:
    await sandbox_account()
    await start(desk, "FREQ=DAILY", "one")
    with pytest.raises(ContentInvalid) as caught:
        await start(desk, "FREQ=DAILY", name="more", include=["hints"])  # type: ignore[arg-type]
    (finding,) = caught.value.findings
    assert (finding.field, finding.remedy) == ("include", "Known: tips.")


async def test_who_makes_a_series_is_told_of_a_credential_that_ends_before_it(
    desk: Desk, clock: StoppedClock, sandbox_account: AddSandbox
) -> None:
    account = await sandbox_account()
    found = await start(desk, "FREQ=DAILY;COUNT=9", "one", start="2026-11-22 09:00")
    async with desk.store.begin("test") as unit:
        assert await ending_credentials(unit, found) == []
        for days, expected in ((20, []), (3, ["credential_ends_before"])):
            ends_at = clock.now() + timedelta(days=days)
            current = await unit.accounts.get(account.id)
            assert await unit.credentials.store(
                current.id,
                current.generation,
                desk.vault.seal({"access_token": "x"}),
                Lifetimes(expires_at=ends_at, ends_at=ends_at),
                auth="oauth2",
                scopes="publish",
            )
            assert [one.code for one in await ending_credentials(unit, found)] == expected
        paused = await pause_series(unit, desk.workspace_id, "tips")
        assert await ending_credentials(unit, paused) == []
