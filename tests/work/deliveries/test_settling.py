"""What a person says about a delivery that waits for one is done, from every waiting state."""

from __future__ import annotations

from pathlib import Path

import pytest

from copydesk.core.account import Account
from copydesk.core.delivery import Action, Delivery
from copydesk.core.errors import ContentInvalid
from copydesk.core.states import AccountState, DeliveryState
from copydesk.platforms.kit.registry import load_platform
from copydesk.store.deliveries import Change
from copydesk.testing.clocks import StoppedClock
from copydesk.work.accounts.connecting import add_account
from copydesk.work.deliveries.settling import Decision, decide_delivery
from copydesk.work.deliveries.unpublishing import unpublish
from copydesk.work.desk import Desk
from tests.distribution.carrying import add_posts, carry, carry_to_rest, deliveries
from tests.store_fixtures import AddSandbox

SHA = "0123456789abcdef0123456789abcdef01234567"


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


@pytest.mark.parametrize(
    ("platform", "settings", "url", "id"),
    [
        ("site", {"url": "https://a.example/blog"}, "https://a.example/blog/posts/one/", "post"),
        ("site", {"url": "https://a.example/blog"}, "", "post"),
        ("site", {"url": "https://a.example/blog"}, "https://a.example/posts/one/", ""),
        ("git", {"remote": "https://g.example/a/b"}, f"https://g.example/a/b/commit/{SHA}", SHA),
        ("git", {"remote": "git@g.example:a/b"}, f"https://g.example/a/b/commit/{SHA}/", SHA),
        ("git", {"remote": "/srv/b.git"}, "https://a.example/posts/one/", "post"),
        (
            "git",
            {"remote": "/srv/b.git", "url": "https://a.example"},
            "https://a.example/1",
            "post",
        ),
        ("git", {"remote": "/srv/b.git", "url": "https://a.example"}, "https://b.example/1", ""),
        ("git", {"remote": "/srv/b.git"}, "", "post"),
        ("webhook", {"url": "https://in.example/hook"}, "https://a.example/1", "key"),
        ("sandbox", {}, "https://sandbox.example/posts/12", "12"),
        ("sandbox", {}, "https://sandbox.example/v2/entries/12/", "12"),
        ("sandbox", {}, "https://sandbox.example/about", ""),
    ],
)
async def test_each_platform_knows_what_it_would_have_been_told(
    platform: str, settings: dict[str, str], url: str, id: str, desk: Desk, sandbox: None
) -> None:
    await add_account(desk, "sandbox", "one", settings={}, secrets={}, inbox=True, actor="test")
    delivery = await held_one(desk)
    account = Account(
        id="acc_1",
        workspace_id=desk.workspace_id,
        name="one",
        platform=platform,
        state=AccountState.CONNECTED,
        settings=settings,
    )
    expected = {"post": delivery.post_id, "key": delivery.key}.get(id, id)
    assert load_platform(platform).remote_id(url, account, delivery) == expected


async def test_a_site_knows_its_post_by_the_same_id_whoever_says_that_it_is_there(
    desk: Desk, tmp_path: Path
) -> None:
    settings = {"path": str(tmp_path / "site"), "url": "https://a.example/"}
    account = await add_account(
        desk, "site", "site", settings=settings, secrets={}, inbox=True, actor="test"
    )
    await add_posts(desk, "one")
    await carry(desk, account)
    (delivered,) = await deliveries(desk)
    assert delivered.state is DeliveryState.DELIVERED
    assert delivered.remote_id
    told = load_platform("site").remote_id(delivered.url, account, delivered)
    assert told == delivered.remote_id


async def test_what_a_person_found_can_be_taken_down_again(
    desk: Desk, sandbox_account: AddSandbox, clock: StoppedClock
) -> None:
    account = await sandbox_account(fault="lost_response", find="no")
    (post_id,) = await add_posts(desk, "one")
    (held,) = await carry_to_rest(desk, account, clock)
    assert held.state is DeliveryState.HELD
    async with desk.store.begin("ada") as unit:
        url = "https://sandbox.example/posts/1"
        await decide_delivery(unit, held.id, Decision.LANDED, url=url)
    async with desk.store.begin("ada") as unit:
        await unpublish(unit, await unit.posts.get(post_id))
    _, removal = await carry_to_rest(desk, account, clock)
    assert (removal.action, removal.state) == (Action.DELETE, DeliveryState.DELIVERED)
    assert removal.target_id == "1"
