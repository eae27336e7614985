"""What a person says about a delivery that waits for one is done, from every waiting state."""

from __future__ import annotations

import pytest

from copydesk.core.delivery import Delivery
from copydesk.core.errors import ContentInvalid
from copydesk.core.states import DeliveryState
from copydesk.store.deliveries import Change
from copydesk.work.connecting import add_account
from copydesk.work.desk import Desk
from copydesk.work.settling import Decision, decide_delivery
from tests.distribution.carrying import add_posts, deliveries
from tests.store_fixtures import AddSandbox


@pytest.mark.parametrize("waiting", [DeliveryState.FAILED, DeliveryState.BLOCKED])
async def test_a_person_may_say_that_it_landed(
    waiting: DeliveryState, desk: Desk, sandbox_account: AddSandbox
) -> None:
    await sandbox_account()
    await add_posts(desk, "one")
    (scheduled,) = await deliveries(desk)
    async with desk.store.begin("courier") as unit:
        await unit.deliveries.move(Change(delivery=scheduled, to=waiting, reason="as it happens"))
    async with desk.store.begin("ada") as unit:
        url = "https://example.org/one"
        settled = await decide_delivery(unit, scheduled.id, Decision.LANDED, url=url)
    assert settled.state is DeliveryState.DELIVERED
    assert settled.url == url
    async with desk.store.read() as unit:
        assert (await unit.events.history([scheduled.id]))[-1].actor == "ada"


async def held_one(desk: Desk, code: str = "unknown") -> Delivery:
    await add_posts(desk, "one")
    (scheduled,) = await deliveries(desk)
    async with desk.store.begin("courier") as unit:
        values = {"reason_code": code, "handles": {"job": 1}, "spent": {"absent": 2}, "looks": 3}
        await unit.deliveries.move(
            Change(delivery=scheduled, to=DeliveryState.HELD, reason="as it happens", values=values)
        )
        return await unit.deliveries.get(scheduled.id)


@pytest.mark.parametrize(
    "url",
    ["not an address", "ftp://example.org/one", "https://", "https://exa mple.org", "javascript:1"],
)
async def test_an_address_that_leads_nowhere_is_refused_by_name(
    url: str, desk: Desk, sandbox_account: AddSandbox
) -> None:
    await sandbox_account()
    held = await held_one(desk)
    with pytest.raises(ContentInvalid) as refused:
        async with desk.store.begin("ada") as unit:
            await decide_delivery(unit, held.id, Decision.LANDED, url=url)
    assert [(f.field, f.code) for f in refused.value.findings] == [("url", "url_invalid")]
    assert (await deliveries(desk))[0].state is DeliveryState.HELD


@pytest.mark.parametrize(
    ("url", "id"),
    [
        ("https://social.example/@newsroom/110", "110"),
        ("https://social.example/@newsroom/110/", "110"),
        ("https://elsewhere.example/@newsroom@social.example/99", ""),
        ("https://social.example/@newsroom", ""),
        ("", ""),
    ],
)
async def test_the_id_of_what_a_person_found_is_the_platforms_own(
    url: str, id: str, desk: Desk
) -> None:
    """Later changes are made to that id; an address in its place would change nothing."""
    await add_account(
        desk,
        "mastodon",
        "social",
        settings={"base_url": "https://social.example"},
        secrets={"access_token": "t0ken"},
        inbox=True,
        actor="test",
    )
    held = await held_one(desk)
    async with desk.store.begin("ada") as unit:
        settled = await decide_delivery(unit, held.id, Decision.LANDED, url=url)
    assert (settled.state, settled.url, settled.remote_id) == (DeliveryState.DELIVERED, url, id)


async def test_what_is_sent_again_begins_anew_but_remembers_its_calls(
    desk: Desk, sandbox_account: AddSandbox
) -> None:
    await sandbox_account()
    held = await held_one(desk)
    async with desk.store.begin("ada") as unit:
        again = await decide_delivery(unit, held.id, Decision.SEND)
    assert again.state is DeliveryState.SCHEDULED
    assert (again.handles, again.spent, again.looks) == ({}, {}, 0)
    assert again.key == held.key, "the platform still knows it by the same key"
