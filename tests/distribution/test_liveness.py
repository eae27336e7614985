"""Announcements wait for the page they announce, say so, and are given to a person in time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from copydesk.core.account import Account
from copydesk.core.delivery import Delivery
from copydesk.core.errors import ContentInvalid
from copydesk.core.states import DeliveryState
from copydesk.distribution.courier import Courier
from copydesk.distribution.liveness import (
    GIVE_UP,
    LONGEST,
    SHORTEST,
    NotYet,
    There,
    judge_page,
    look_at,
    rest_after,
)
from copydesk.platforms.kit.http_transport import HttpTransport
from copydesk.platforms.kit.transport import NotSent, Reply
from copydesk.testing.clocks import NOON, StoppedClock
from copydesk.testing.loopback import LoopbackServer
from copydesk.transformation.content import read_markdown_file
from copydesk.work.accounts.connecting import add_account
from copydesk.work.deliveries.manuscripts import Manuscript
from copydesk.work.deliveries.publishing import publish
from copydesk.work.deliveries.settling import Decision, decide_delivery
from copydesk.work.desk import Desk
from tests.distribution.carrying import deliveries, tools
from tests.store_fixtures import AddSandbox

PAGE = "https://example.org/posts/hours/"


@dataclass
class Web:
    """Pages by address: the statuses they answer one after the other, the last for ever."""

    pages: dict[str, list[int]] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)

    async def call(self, method: str, url: str, **_: Any) -> Reply:
        self.asked.append((method, url))
        statuses = self.pages.get(url)
        if statuses is None:
            raise NotSent("there is no such host")
        if method == "HEAD":
            return Reply(status=405)
        return Reply(status=statuses.pop(0) if len(statuses) > 1 else statuses[0])


def manuscript(**fields: str) -> Manuscript:
    front = "".join(f"{key}: {value}\n" for key, value in {"title": "Hours", **fields}.items())
    text = f"---\n{front}---\n\nWe open. More: {PAGE}\n"
    return Manuscript(
        source_key="file:hours.md", file=read_markdown_file(text, filename="hours.md"), images=()
    )


async def carry(desk: Desk, account: Account, pages: Web) -> None:
    given = replace(tools(desk), transport=pages, public=pages)
    await Courier(given, account.id).run()


async def of(desk: Desk, account: Account) -> Delivery:
    (found,) = [d for d in await deliveries(desk) if d.account_id == account.id]
    return found


@pytest.fixture
async def site(desk: Desk, tmp_path: Path) -> Account:
    settings = {"path": str(tmp_path / "site"), "url": "https://example.org", "title": "Notes"}
    return await add_account(
        desk, "site", "blog", settings=settings, secrets={}, inbox=False, actor="test"
    )


async def wait_for_link(desk: Desk, account: Account) -> None:
    async with desk.store.begin("test") as unit:
        await unit.accounts.adjust(account, wait_for_link=True, reason="test")


async def test_an_announcement_waits_for_its_page_and_goes_when_it_is_there(
    desk: Desk, clock: StoppedClock, sandbox_account: AddSandbox
) -> None:
    account = await sandbox_account()
    await wait_for_link(desk, account)
    pages = Web({PAGE: [404, 404, 200]})
    await publish(desk, manuscript(canonical_url=PAGE), [account.name], actor="test")
    await carry(desk, account, pages)
    post = await of(desk, account)
    assert (post.state, post.reason_code) == (DeliveryState.SNOOZED, "waiting_for_link")
    assert post.reason == f"{PAGE} answers 404"
    assert post.wake_at == clock.now() + SHORTEST

    clock.advance(SHORTEST.total_seconds())
    await carry(desk, account, pages)
    post = await of(desk, account)
    assert (post.state, post.attempts) == (DeliveryState.SNOOZED, 0)
    async with desk.store.read() as unit:
        steps = [event.to_state for event in await unit.events.history([post.id])]
    assert steps == ["planned", "scheduled", "snoozed"]

    clock.advance(SHORTEST.total_seconds())
    await carry(desk, account, pages)
    assert (await of(desk, account)).state is DeliveryState.DELIVERED


async def test_what_announces_nothing_asks_nobody(desk: Desk, sandbox_account: AddSandbox) -> None:
    account = await sandbox_account()
    pages = Web()
    await publish(desk, manuscript(canonical_url=PAGE), [account.name], actor="test")
    await carry(desk, account, pages)
    post = await of(desk, account)
    assert (post.state, post.awaits, pages.asked) == (DeliveryState.DELIVERED, "", [])


async def test_after_a_day_a_person_is_asked_and_may_send_it_all_the_same(
    desk: Desk, clock: StoppedClock, sandbox_account: AddSandbox
) -> None:
    account = await sandbox_account()
    await wait_for_link(desk, account)
    pages = Web({PAGE: [404]})
    await publish(desk, manuscript(canonical_url=PAGE), [account.name], actor="test")
    looks = 0
    while (post := await of(desk, account)).state is not DeliveryState.HELD:
        await carry(desk, account, pages)
        post = await of(desk, account)
        if post.wake_at is not None:
            clock.advance((post.wake_at - clock.now()).total_seconds())
        looks += 1
        assert looks < 200
    assert clock.now() - NOON == GIVE_UP
    assert post.reason_code == "link_not_there"
    async with desk.store.begin("test") as unit:
        await decide_delivery(unit, post.id, Decision.SEND)
    await carry(desk, account, pages)
    assert (await of(desk, account)).state is DeliveryState.DELIVERED


async def test_the_page_goes_first(
    desk: Desk, clock: StoppedClock, site: Account, sandbox_account: AddSandbox
) -> None:
    account = await sandbox_account()
    given = manuscript(announce_after="blog")
    await publish(desk, given, [account.name, "blog"], actor="test")
    pages = Web({PAGE: [200]})
    await carry(desk, account, pages)
    post = await of(desk, account)
    assert post.reason == "it waits for blog, where the post is scheduled"
    assert pages.asked == []

    await carry(desk, site, pages)
    assert (await of(desk, site)).url == PAGE
    clock.advance(SHORTEST.total_seconds())
    await carry(desk, account, pages)
    assert (await of(desk, account)).state is DeliveryState.DELIVERED
    assert ("GET", PAGE) in pages.asked


async def test_a_post_that_waits_for_nobody_is_refused(
    desk: Desk, sandbox_account: AddSandbox
) -> None:
    account = await sandbox_account()
    for fields, code in (
        ({"announce_after": "blgo"}, "announce_after_unknown"),
        ({"announce_after": "link"}, "announce_after_nothing"),
    ):
        with pytest.raises(ContentInvalid) as refused:
            await publish(desk, manuscript(**fields), [account.name], actor="test")
        assert refused.value.findings[0].code == code


# ---------------------------------------------------------------- what counts as there


@pytest.mark.parametrize(
    ("reply", "there"),
    [
        (Reply(status=200), True),
        (Reply(status=204), True),
        (Reply(status=404), False),
        (Reply(status=503), False),
        (Reply(status=200, moved_to="https://www.example.org/posts/hours/"), True),
        (Reply(status=200, moved_to="https://example.org/posts/hours"), True),
        (Reply(status=200, moved_to="https://example.org/2026/hours/"), True),
        (Reply(status=200, moved_to="https://example.org/login?next=/posts/hours/"), False),
        (Reply(status=200, moved_to="https://example.org/404.html"), False),
        (Reply(status=200, moved_to="https://example.org/"), False),
    ],
)
def test_a_page_is_there_when_it_answers_and_leads_nowhere_else(reply: Reply, there: bool) -> None:
    assert isinstance(judge_page(PAGE, reply), There) is there


def test_rests_grow_and_are_bounded() -> None:
    assert rest_after(NOON, NOON) == SHORTEST
    later = NOON.replace(hour=13)
    assert SHORTEST < rest_after(NOON, later) < LONGEST
    assert rest_after(NOON, NOON + GIVE_UP) == LONGEST


class Pages(LoopbackServer):
    def routes(self) -> list[web.RouteDef]:
        async def page(_: web.Request) -> web.Response:
            return web.Response(text="here")

        async def moved(_: web.Request) -> web.Response:
            raise web.HTTPFound("/login")

        return [web.get("/page", page), web.get("/moved", moved), web.get("/login", page)]


@pytest.fixture
async def pages() -> AsyncIterator[Pages]:
    async with Pages() as server:
        yield server


async def test_only_public_addresses_are_called_and_redirects_are_seen(pages: Pages) -> None:
    private = HttpTransport(user_agent="copydesk-tests")
    public = HttpTransport(user_agent="copydesk-tests", public_only=True)
    try:
        assert isinstance(await look_at(private, f"{pages.url}/page"), There)
        gone = await look_at(private, f"{pages.url}/nowhere")
        assert isinstance(gone, NotYet)
        strayed = await look_at(private, f"{pages.url}/moved")
        assert isinstance(strayed, NotYet)
        assert strayed.why.endswith("/login")
        hits = len(pages.hits)
        refused = await look_at(public, f"{pages.url}/page")
        assert isinstance(refused, NotYet)
        assert "not a public address" in refused.why
        assert isinstance(await look_at(private, "file:///etc/passwd"), NotYet)
        assert len(pages.hits) == hits
    finally:
        await private.close()
        await public.close()
